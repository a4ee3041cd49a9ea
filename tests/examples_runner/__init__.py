"""The checks of the examples: what each program must print, one module for each part of them.

bench.py runs a program at one GORT_MAXPROCS and keeps the list of checks; languages.py says how
that is done in each language; build.py compiles, and makes the tree of files that the wc programs
count; the other modules register their checks when they are imported.
"""

from . import channels, echo, goroutines, loops, memory, python, wc  # noqa: F401
