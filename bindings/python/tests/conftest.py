"""A limit for every test, and no test leaves goroutines behind."""

from __future__ import annotations

import faulthandler
import os
import sys
from typing import Iterator

import gort
import pytest
from support import eventually, times

# For what hangs. A child has less, see support.WAIT, so that its report comes first.
TEST_SECONDS = 150 * times(2000) // 2000  # as long for as many races

sys.setswitchinterval(1e-4)  # more switches between threads, more races


def pytest_configure(config: pytest.Config) -> None:
    # A copy: during a test the real one goes to pytest.
    config.stash[REAL_STDERR] = os.dup(2)


REAL_STDERR = pytest.StashKey[int]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    faulthandler.dump_traceback_later(TEST_SECONDS, exit=True, file=item.config.stash[REAL_STDERR])
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True)
def no_goroutine_is_left() -> Iterator[None]:
    before = gort.num_goroutine()  # zero, or what a test that failed has left
    yield
    eventually(lambda: gort.num_goroutine() <= before, "the end of every goroutine")
