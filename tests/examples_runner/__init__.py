"""The checks of examples/c and examples/cpp: what each program must print, one module for each part of the examples.

bench.py runs a compiled program at one GORT_MAXPROCS and keeps the list of checks; build.py
compiles, and makes the tree of files that the wc programs count; the other modules register
their checks when they are imported.
"""

from . import channels, echo, goroutines, loops, memory, wc  # noqa: F401
