"""The parts of tests/run_docs.py: pages.py reads Markdown, programs.py makes programs of code blocks, links.py follows links."""
