"""Recursion inside goroutines: deep with parks in between, without end as RecursionError, in Python and in C."""

from __future__ import annotations

import textwrap

import pytest
from support import child

CASES = {
    "python recursion with parks": """
        def recurse(depth):
            gort.yield_now()
            return 1 + recurse(depth - 1) if depth else 0
        def body():
            return recurse(800)
        wanted = 800
    """,
    "endless python recursion": """
        def endless():
            return endless()
        def body():
            try:
                endless()
            except RecursionError:
                return 1
        wanted = 1
    """,
    "endless recursion that nobody catches": """
        def endless():
            return endless()
        def body():
            try:
                gort.go(endless).join()
            except RecursionError:
                return 1
        wanted = 1
    """,
    "endless __getattr__": """
        class Endless:
            def __getattr__(self, name):
                return getattr(self, name + "x")
        def body():
            try:
                Endless().a
            except RecursionError:
                return 1
        wanted = 1
    """,
    "repr of a nest": """
        nest = []
        for _ in range(100_000):
            nest = [nest]
        def body():
            try:
                repr(nest)
            except RecursionError:
                return 1
        wanted = 1
    """,
    "a chain of calls": """
        class Calls:
            def __init__(self, inner): self.inner = inner
            def __call__(self): return self.inner()
        chain = lambda: 1
        for _ in range(100_000):
            chain = Calls(chain)
        def body():
            try:
                chain()
            except RecursionError:
                return 1
        wanted = 1
    """,
    "comparing nests": """
        def nest():
            made = []
            for _ in range(100_000):
                made = [made]
            return made
        one, other = nest(), nest()
        def body():
            try:
                return one == other
            except RecursionError:
                return 1
        wanted = 1
    """,
    "json of a nest": """
        import json
        text = "[" * 100_000 + "]" * 100_000
        def body():
            try:
                json.loads(text)
            except RecursionError:
                return 1
        wanted = 1
    """,
    "a high recursion limit": """
        sys.setrecursionlimit(15000)
        def recurse(depth):
            return 1 + recurse(depth - 1) if depth else gort.yield_now() or 0
        def body():
            return recurse(12000)
        wanted = 12000
    """,
    "compiling deep expressions": """
        source = "(" * 80 + "1" + ")" * 80 + " + 1" * 300
        def body():
            return eval(source)
        wanted = 301
    """,
    "callbacks in callbacks": """
        def nested(depth):
            gort.yield_now()
            return 1 if not depth else sorted([depth], key=lambda d: nested(d - 1))[0] and 1
        def body():
            return nested(60)
        wanted = 1
    """,
    "regular expressions": r"""
        import re
        def body():
            return len(re.match(r"(?:(?:a|b)*c?)*$", "ab" * 2000).group())
        wanted = 4000
    """,
}


@pytest.mark.parametrize("case", CASES)
def test_depth(case):
    """Many goroutines at once, then again on the stacks they have left."""
    source = "import sys, gort\n" + textwrap.dedent(CASES[case]) + textwrap.dedent(
        """
        def main():
            for _ in range(2):
                results = [handle.join() for handle in [gort.go(body) for _ in range(5)]]
                assert results == [wanted] * 5, results
            return "done"
        print(gort.run(main))
        """
    )
    assert child(source).out == "done\n"


def test_a_goroutine_recurses_as_deep_as_a_thread():
    source = """
    import sys, threading, gort
    def depth():
        deepest = 0
        def recurse():
            nonlocal deepest
            deepest += 1
            recurse()
        try:
            recurse()
        except RecursionError:
            return deepest
    seen = []
    thread = threading.Thread(target=lambda: seen.append(depth()))
    thread.start()
    thread.join()
    print(abs(seen[0] - gort.go(depth).join()) < 50)
    """
    assert child(source).out == "True\n"
