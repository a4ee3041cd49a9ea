"""The package: its names, its types, and that it is typed."""

from __future__ import annotations

import importlib.metadata
import inspect
import pathlib
import re

import gort
import pytest
from gort import context

FUNCTIONS = """go go_named run yield_now goroutine_id num_goroutine num_cpu gomaxprocs lock_os_thread unlock_os_thread
blocking shutdown stats dump recv send select aselect sleep after after_func imap imap_unordered""".split()
CLASSES = """Error Closed WouldBlock Timeout Canceled DeadlineExceeded Deadlock Misuse Goroutine Local SendChan RecvChan
Chan Case Selected Timer Ticker Mutex RWMutex WaitGroup Once Cond Semaphore Group SingleFlight Pool Map
AtomicInt""".split()


@pytest.mark.parametrize("name", FUNCTIONS + CLASSES + ["excepthook", "context"])
def test_a_name_is_there_and_exported(name):
    assert hasattr(gort, name)
    assert name in gort.__all__


def test_what_is_exported_exists():
    assert len(set(gort.__all__)) == len(gort.__all__)
    for name in gort.__all__:
        getattr(gort, name)


@pytest.mark.parametrize("name", FUNCTIONS + ["exit"])
def test_functions_are_documented(name):
    function = getattr(gort, name)
    assert callable(function) and not inspect.isclass(function)
    assert inspect.getdoc(function)


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_documented_and_say_where_they_are_from(name):
    kind = getattr(gort, name)
    assert inspect.isclass(kind)
    assert inspect.getdoc(kind) and inspect.getdoc(kind) != inspect.getdoc(kind.__mro__[1])
    assert kind.__name__ == name and kind.__module__ == "gort"


def test_context_s_names():
    names = "background todo with_cancel with_timeout with_deadline with_value without_cancel after_func"
    for name in names.split():
        assert callable(getattr(context, name)) and inspect.getdoc(getattr(context, name))
    assert inspect.isclass(context.Context)


def test_it_is_typed():
    assert pathlib.Path(gort.__file__).with_name("py.typed").is_file()


def test_the_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", gort.__version__)
    assert importlib.metadata.version("gort") == gort.__version__


def test_objects_say_what_they_are():
    chan = gort.Chan(3)
    handle = gort.go_named("worker", lambda: None)
    handle.join()
    for each, name in ((chan, "Chan"), (handle, "Goroutine"), (gort.Mutex(), "Mutex"), (gort.recv(chan), "Case")):
        assert name in repr(each)
    assert gort.Selected._fields == ("index", "value", "ok")
    assert gort.Selected(1, 2, True) == (1, 2, True)
