"""The interpreter's exit: with goroutines parked, asleep, busy or in C; exit statuses; what runs at exit."""

from __future__ import annotations

import pytest
from support import child, times

LEFT_BEHIND = {
    "parked": "gort.go(gort.Chan().recv)",
    "sleeping": "gort.go(gort.sleep, 1000)",
    "in time.sleep": "gort.go(time.sleep, 1000)",
    "busy": "gort.go(spins)",
    "busy switching": "gort.go(switches)",
    "in a thread's lock": "gort.go(threading.Event().wait)",
    "on a helper thread": "gort.go(gort.blocking, time.sleep, 1000)",
    "reading": "gort.go(os.read, os.pipe()[0], 1)",
    "not started": "[gort.go(spins) for _ in range(10)]",
    "parked deep down": "gort.go(deep, 500)",
    "waiting for a mutex": "[gort.go(mutex.lock) for mutex in [gort.Mutex()] for _ in range(3)]",
    "in an event loop": "gort.go(asyncio.run, asyncio.sleep(1000))",
    "with a timer": "[gort.after_func(1000, print), gort.Ticker(0.001), gort.after_func(0.0001, spins)]",
    "in a callback": "gort.go(sorted, [1, 2], key=lambda _: gort.Chan().recv())",
    "in a generator": "gort.go(list, (gort.Chan().recv() for _ in range(3)))",
    "an iterator": "[keep.append(gort.imap(lambda _: gort.Chan().recv(), range(9)))]",
    "a daemon thread": "threading.Thread(target=gort.Chan().recv, daemon=True).start()",
    "a context": "keep.append(context.with_timeout(context.background(), 1000))",
}

PRELUDE = """
import asyncio, os, sys, threading, time, gort
from gort import context
keep = []
def spins():
    while True:
        pass
def switches():
    while True:
        gort.yield_now()
def deep(depth):
    return deep(depth - 1) if depth else gort.Chan().recv()
"""


@pytest.mark.parametrize("how", ["return", "exception", "sys.exit"])
@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_with_goroutines_left(name, how):
    ending = {"return": "", "exception": "raise KeyError('the end')", "sys.exit": "sys.exit(3)"}[how]
    status = {"return": 0, "exception": 1, "sys.exit": 3}[how]
    source = PRELUDE + f"""
for _ in range(2):
    {LEFT_BEHIND[name]}
time.sleep(0.02)
print("ready")
{ending}
"""
    outcome = child(source, status=status, flags=["-W", "ignore"])
    assert outcome.out == "ready\n"
    assert "Fatal" not in outcome.err and ("Traceback" in outcome.err) == (how == "exception"), outcome.err


def test_system_exit_passes_through_run():
    statuses = {"sys.exit(7)": 7, "sys.exit()": 0, "sys.exit('a message')": 1, "raise SystemExit(9)": 9}
    for body, status in statuses.items():
        source = PRELUDE + f"""
def main():
    try:
        {body}
    finally:
        print("finally")
gort.run(main)
print("not reached")
"""
        assert child(source, status=status).out == "finally\n"


def test_system_exit_of_a_goroutine_comes_out_of_join():
    source = PRELUDE + """
def main():
    handle = gort.go(sys.exit, 5)
    handle.join()
gort.run(main)
"""
    child(source, status=5)


def test_os_exit_inside_a_goroutine():
    child(PRELUDE + "gort.go(os._exit, 4).join()", status=4)


AT_EXIT = {
    "run": "gort.run(lambda: gort.go(lambda: 5).join())",
    "join": "gort.go(lambda: 5).join()",
    "recv": "[chan := gort.Chan(), gort.go(chan.send, 5), chan.recv()][-1]",
    "a timer": "[chan := gort.Chan(), gort.after_func(0.001, chan.send, 5), chan.recv()][-1]",
    "a helper thread": "gort.go(lambda: [gort.go(time.sleep, 1000), gort.go(lambda: 5).join()][-1]).join()",
}


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("order", ["before the import", "after the import", "with the import"])
@pytest.mark.parametrize("name", AT_EXIT)
def test_atexit_functions_may_use_the_package(name, order, used):
    """Even those that run after the package's own, and when no goroutine has run before."""
    begin = "import atexit, time" if order == "with the import" else "import atexit, time, gort"
    register = "atexit.register(last)"
    end = "import gort\ngort.run(lambda: None)" if used else ""
    source = f"""
{register if order == "before the import" else ""}
{begin}
{register if order != "before the import" else ""}
{end}
"""
    outcome = child(f"import atexit\ndef last():\n    import gort\n    print('atexit', {AT_EXIT[name]})\n{source}")
    assert (outcome.out, outcome.err) == ("atexit 5\n", ""), outcome


def test_threads_that_outlive_the_main_thread():
    source = PRELUDE + """
chan = gort.Chan()
def receives():
    time.sleep(0.05)
    print("sum", sum(chan))
threading.Thread(target=receives).start()
def sends():
    for i in range(10):
        chan.send(i)
    chan.close()
gort.go(sends)
"""
    assert child(source).out == "sum 45\n"


def test_finalizers_at_exit_that_use_the_package():
    source = PRELUDE + """
class Last:
    def __init__(self):
        self.chan = gort.Chan(1)
    def __del__(self):
        try:
            self.chan.send(1)
            self.chan.recv()
            gort.yield_now()
            gort.go(lambda: None)
        except BaseException:
            pass
def main():
    keep.append(Last())
    thing = Last()
    gort.go(lambda: (thing, gort.Chan().recv()))
    gort.yield_now()
gort.run(main)
module_level = Last()
print("ready")
"""
    outcome = child(source)
    assert outcome.out == "ready\n" and "Fatal" not in outcome.err


def test_output_of_goroutines_is_not_lost():
    source = PRELUDE + """
def main():
    group = gort.WaitGroup()
    for i in range(100):
        group.go(sys.stdout.write, f"{i}\\n")
    group.wait()
gort.run(main)
"""
    assert sorted(map(int, child(source).out.split())) == list(range(100))


def test_exits_in_a_row():
    """Whatever the goroutines do at that very moment."""
    source = PRELUDE + """
import random
def works(seed):
    numbers = random.Random(seed)
    chan = gort.Chan(1)
    while True:
        gort.go(chan.send, [1])
        chan.recv()
        if numbers.random() < 0.1:
            gort.sleep(0.0001)
        if numbers.random() < 0.01:
            time.sleep(0.0001)
for i in range(4):
    gort.go(works, i)
threading.Thread(target=works, args=(9,), daemon=True).start()
time.sleep(float(sys.argv[1]))
print("ready")
"""
    for i in range(8):
        outcome = child(source, i * 0.003)
        assert outcome.out == "ready\n" and outcome.err == "", outcome.err


def test_exits_while_goroutines_begin():
    """And with them the threads that run them."""
    source = PRELUDE + """
chan = gort.Chan()
def computes():
    return sum(range(2000))
def begins(count):
    for i in range(count):
        gort.go([computes, chan.recv, lambda: time.sleep(0.001)][i % 3])
count, how = int(sys.argv[1]), sys.argv[2]
if how == "after run":
    gort.run(begins, count)
else:
    begins(count)
if how == "by sys.exit":
    sys.exit()
"""
    for i in range(times(24)):
        outcome = child(source, 1 + i * 7 % 40, ["at once", "after run", "by sys.exit"][i % 3])
        assert outcome == (0, "", ""), outcome


def test_threads_begin_without_the_lock_of_threading():
    """One that is stopped for good, at the exit, must not have it: the last thread takes it after that."""
    child("""
        import threading, gort
        with threading._active_limbo_lock:
            assert gort.go(threading.current_thread).join() in threading._active.values()
    """)
