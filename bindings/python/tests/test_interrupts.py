"""Signals: Ctrl-C reaches the main thread whatever the goroutines do, and Python's own handlers run."""

from __future__ import annotations

import signal
import time

import pytest
from support import Child, child

PRELUDE = """
import asyncio, os, signal, sys, threading, time, gort
from gort import context
def ready():
    print("ready\\n", end="", flush=True)  # at once: two may say it
def spins():
    ready()
    while True:
        pass
def switches():
    ready()
    while True:
        gort.yield_now()
def says_ready(fn, *args):
    ready()
    return fn(*args)
"""

# What the main thread is in when the signal comes; the line "ready" is said from there.
WAITS = {
    "run of one that is parked": "[gort.go(gort.sleep, 1000), gort.run(says_ready, gort.Chan().recv)]",
    "run of one that sleeps": "gort.run(says_ready, gort.sleep, 1000)",
    "run of one that is busy": "gort.run(spins)",
    "run of one that switches": "gort.run(switches)",
    "run of one in time.sleep": "gort.run(says_ready, time.sleep, 1000)",
    "run of one that joins": "gort.run(says_ready, gort.go(gort.sleep, 1000).join)",
    "run beside busy ones": "[gort.go(spins), gort.go(switches), gort.run(gort.sleep, 1000)]",
    "recv": "says_ready(gort.Chan().recv)",
    "recv with a timeout": "says_ready(lambda: gort.Chan().recv(timeout=1000))",
    "recv with a context": "says_ready(lambda: gort.Chan().recv(ctx=context.with_cancel(context.background())))",
    "range": "says_ready(list, gort.Chan())",
    "send": "says_ready(gort.Chan().send, 1)",
    "select": "says_ready(gort.select, gort.recv(gort.Chan()))",
    "select of nothing": "says_ready(gort.select)",
    "sleep": "says_ready(gort.sleep, 1000)",
    "join": "gort.go(says_ready, gort.sleep, 1000).join()",
    "mutex": "mutex = gort.Mutex(); mutex.lock(); says_ready(mutex.lock)",
    "rwmutex": "lock = gort.RWMutex(); lock.lock(); says_ready(lock.rlock)",
    "cond": "mutex = gort.Mutex(); mutex.lock(); says_ready(gort.Cond(mutex).wait)",
    "waitgroup": "group = gort.WaitGroup(); group.add(); says_ready(group.wait)",
    "semaphore": "says_ready(gort.Semaphore(1).acquire, 2)",
    "group": "group = gort.Group(); group.go(gort.sleep, 1000); says_ready(group.wait)",
    "imap": "says_ready(list, gort.imap(gort.sleep, [1000]))",
    "blocking": "says_ready(gort.blocking, time.sleep, 1000)",
    "shutdown": "gort.go(gort.sleep, 1000); says_ready(gort.shutdown)",
    "an event loop": "asyncio.run(waits())",
}

ASYNC_WAIT = """
async def waits():
    ready()
    await gort.Chan().arecv()
"""


@pytest.mark.parametrize("name", WAITS)
def test_ctrl_c(name):
    source = PRELUDE + ASYNC_WAIT + f"""
try:
    {WAITS[name]}
except KeyboardInterrupt:
    print("interrupted")
print("goes on")
"""
    process = Child(source)
    assert process.line() == "ready"
    outcome = process.finish(send=signal.SIGINT)
    assert outcome.out.replace("ready\n", "") == "interrupted\ngoes on\n", outcome


def test_ctrl_c_that_nobody_catches_ends_the_program():
    process = Child(PRELUDE + "gort.run(says_ready, gort.sleep, 1000)")
    assert process.line() == "ready"
    outcome = process.finish(send=signal.SIGINT, status=-signal.SIGINT)
    assert "KeyboardInterrupt" in outcome.err


def test_the_main_goroutine_s_finally_blocks_run():
    source = PRELUDE + """
gort.go(gort.sleep, 1000)  # no deadlock
def main():
    try:
        says_ready(gort.Chan().recv)
    finally:
        print("finally", flush=True)
try:
    gort.run(main)
except KeyboardInterrupt:
    print("interrupted")
"""
    process = Child(source)
    assert process.line() == "ready"
    assert process.finish(send=signal.SIGINT).out == "finally\ninterrupted\n"


def test_a_value_is_not_taken_by_an_interrupted_wait():
    source = PRELUDE + """
chan = gort.Chan()
try:
    says_ready(chan.recv)
except KeyboardInterrupt:
    pass
try:
    chan.try_send("for nobody")
except gort.WouldBlock:
    print("nobody waits")
"""
    process = Child(source)
    assert process.line() == "ready"
    assert process.finish(send=signal.SIGINT).out == "nobody waits\n"


def test_handlers_of_the_program_run_and_the_wait_goes_on():
    source = PRELUDE + """
hits = []
def handler(number, frame):
    hits.append(threading.current_thread() is threading.main_thread())
    print("hit", flush=True)
signal.signal(signal.SIGUSR1, handler)
chan = gort.Chan()
def main():
    ready()
    while len(hits) < 2:
        gort.sleep(0.001)
    return "over"
print(gort.run(main), hits)
gort.go(lambda: (ready(), gort.sleep(0.01), os.kill(os.getpid(), signal.SIGUSR1), gort.sleep(0.01), chan.send(5)))
print(chan.recv(), hits)
"""
    process = Child(source)
    assert process.line() == "ready"
    for _ in range(2):
        process.process.send_signal(signal.SIGUSR1)
        assert process.line() == "hit"
    assert process.line() == "over [True, True]"
    assert process.finish().out == "ready\nhit\n5 [True, True, True]\n"


def test_a_handler_that_raises_ends_the_wait():
    source = PRELUDE + """
class Told(Exception):
    pass
def handler(number, frame):
    raise Told
signal.signal(signal.SIGTERM, handler)
gort.go(gort.sleep, 1000)  # no deadlock
for wait in (gort.Chan().recv, lambda: gort.run(gort.Chan().recv)):
    gort.after_func(0.02, os.kill, os.getpid(), signal.SIGTERM)
    try:
        wait()
    except Told:
        print("told")
"""
    assert child(source).out == "told\ntold\n"


def test_a_handler_may_use_channels():
    source = PRELUDE + """
signals = gort.Chan(10)
signal.signal(signal.SIGUSR1, lambda number, frame: signals.try_send(number))
def main():
    ready()
    got = [signals.recv(timeout=60) for _ in range(3)]
    print(got == [signal.SIGUSR1] * 3, flush=True)
gort.run(main)
"""
    process = Child(source)
    assert process.line() == "ready"
    for i in range(3):
        process.process.send_signal(signal.SIGUSR1)
        time.sleep(0.1)  # so that the kernel does not make one of them
    assert process.finish().out == "True\n"


def test_again_and_again():
    source = PRELUDE + """
gort.go(switches)
for _ in range(int(sys.argv[1])):
    try:
        gort.run(says_ready, gort.sleep, 1000)
    except KeyboardInterrupt:
        pass
print("over")
"""
    rounds = 10
    process = Child(source, [rounds])
    assert process.line() == "ready"  # of the one that switches
    for _ in range(rounds):
        assert process.line() == "ready"
        process.process.send_signal(signal.SIGINT)
    assert process.finish().out == "over\n"


def test_an_interrupted_run_leaves_the_package_usable():
    source = PRELUDE + """
gort.go(gort.sleep, 1000)  # no deadlock
try:
    gort.run(says_ready, gort.Chan().recv)
except KeyboardInterrupt:
    pass
print(gort.run(lambda: sum(gort.imap(int, "123"))))
"""
    process = Child(source)
    assert process.line() == "ready"
    assert process.finish(send=signal.SIGINT).out == "6\n"


@pytest.mark.parametrize("wait", ["ch.recv()", "next(iter(ch))", "list(ch)"])
def test_an_exception_of_a_handler_is_raised_although_the_wait_has_ended(wait):
    source = PRELUDE + f"""
ch = gort.Chan()
def handler(*_):
    try:
        ch.try_send("what ends the wait")
    except gort.WouldBlock:  # it has not begun
        pass
    raise ValueError
signal.signal(signal.SIGUSR1, handler)
try:
    says_ready(lambda: {wait})
    print("not raised")
except ValueError:
    print("raised")
print("goes on")
"""
    process = Child(source)
    assert process.line() == "ready"
    assert process.finish(send=signal.SIGUSR1).out == "raised\ngoes on\n"
