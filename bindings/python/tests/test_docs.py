"""Every example in a docstring of gort does what it says."""

from __future__ import annotations

import doctest
import inspect
from typing import Any, Iterator

import pytest

import gort
import gort.context


def documented() -> Iterator[tuple[str, Any]]:
    """Every public name and method that gort itself defines."""
    for module in (gort, gort.context):
        names = [*module.__all__, *(["exit"] if module is gort else [])]
        for name in names:
            thing = getattr(module, name)
            yield f"{module.__name__}.{name}", thing
            if inspect.isclass(thing) and not issubclass(thing, gort.Error):
                for base in thing.__mro__:
                    if base.__module__.startswith("gort"):
                        for key, member in vars(base).items():
                            if not key.startswith("_") and callable(getattr(thing, key, None)):
                                yield f"{module.__name__}.{name}.{key}", getattr(thing, key)


EXAMPLES = {name: thing for name, thing in documented() if ">>>" in (inspect.getdoc(thing) or "")}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    text = inspect.getdoc(EXAMPLES[name]) or ""
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    failures, tried = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    assert tried > 0 and failures == 0


def test_the_modules_own_example() -> None:
    assert doctest.testmod(gort, verbose=False).failed == 0
