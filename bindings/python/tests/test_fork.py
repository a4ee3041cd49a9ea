"""fork: the child has a runtime of its own and none of the parent's goroutines; multiprocessing and subprocess."""

from __future__ import annotations

import pytest
from support import child

# From 3.12 on a fork beside other threads warns.
QUIET = ["-W", "ignore::DeprecationWarning"]
PRELUDE = """
import multiprocessing, os, subprocess, sys, threading, time, gort
gate = gort.Chan()
def parked():
    gate.recv_ok()
def uses():
    chan = gort.Chan()
    group = gort.WaitGroup()
    for i in range(20):
        group.go(chan.send, i)
    gort.go(lambda: (group.wait(), chan.close()))
    gort.sleep(0.001)
    return sum(chan)
def wait_for(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


@pytest.mark.parametrize("parked", [0, 1, 100])
def test_both_go_on_after_a_fork(parked):
    source = PRELUDE + f"""
gort.run(uses)
handles = [gort.go(parked) for _ in range({parked})]
gort.run(gort.sleep, 0.001)
for _ in range(5):
    pid = os.fork()
    if pid == 0:
        ok = gort.num_goroutine() == 0 and gort.run(uses) == 190 and gort.run(uses) == 190
        os._exit(7 if ok else 1)
    assert wait_for(pid) == 7
    assert gort.run(uses) == 190
gate.close()
for handle in handles:
    handle.join()
print("done")
"""
    assert child(source, flags=QUIET).out == "done\n"


def test_a_child_that_exits_in_the_ordinary_way():
    source = PRELUDE + """
handles = [gort.go(parked) for _ in range(20)] + [gort.go(time.sleep, 1000)]
gort.run(uses)
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    print("child", gort.run(uses), flush=True)
    sys.exit(5)
assert wait_for(pid) == 5
print("parent", gort.run(uses))
"""
    assert child(source, flags=QUIET).out == "child 190\nparent 190\n"


def test_a_fork_before_the_first_use():
    source = PRELUDE + """
pid = os.fork()
if pid == 0:
    os._exit(7 if gort.run(uses) == 190 else 1)
assert wait_for(pid) == 7 and gort.run(uses) == 190
print("done")
"""
    assert child(source, flags=QUIET).out == "done\n"


def test_a_fork_inside_a_goroutine():
    source = PRELUDE + """
def forks():
    value = [1, 2, 3]
    pid = os.fork()
    if pid == 0:
        try:
            value.append(4)
            [x for x in map(str, value)]
            assert sum(value) == 10
            os._exit(7)
        finally:
            os._exit(1)
    return wait_for(pid)
def main():
    others = [gort.go(parked) for _ in range(20)]
    assert [gort.go(forks).join() for _ in range(5)] == [7] * 5
    gate.close()
    for other in others:
        other.join()
    return "done"
print(gort.run(main))
"""
    assert child(source, flags=QUIET).out == "done\n"


def test_a_fork_while_goroutines_are_busy():
    source = PRELUDE + """
stop = []
def switches():
    while not stop:
        gort.yield_now()
        gort.go(lambda: [1]).join()
for _ in range(4):
    gort.go(switches)
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        os._exit(7 if gort.run(uses) == 190 else 1)
    assert wait_for(pid) == 7
stop.append(1)
print("done", gort.run(uses))
"""
    assert child(source, flags=QUIET).out == "done 190\n"


def test_subprocess_inside_goroutines():
    source = PRELUDE + """
def asks(i):
    return subprocess.run([sys.executable, "-c", f"print({i} * 2)"], stdout=subprocess.PIPE, check=True).stdout
def main():
    handles = [gort.go(asks, i) for i in range(4)]
    return [int(handle.join()) for handle in handles]
print(gort.run(main))
"""
    assert child(source, flags=QUIET).out == "[0, 2, 4, 6]\n"


def test_a_subprocess_of_a_goroutine_can_be_terminated():
    """It has not inherited that the runtime's threads block signals."""
    source = PRELUDE + """
import signal
def ends(number):
    process = subprocess.Popen([sys.executable, "-c", "import time; print(flush=True); time.sleep(50)"],
                               stdout=subprocess.PIPE)
    process.stdout.readline()
    process.send_signal(number)
    return process.wait(), process.stdout.close()
print(gort.run(ends, signal.SIGTERM)[0], gort.run(ends, signal.SIGUSR1)[0])
"""
    assert child(source, flags=QUIET).out == "-15 -10\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("where", ["main thread", "goroutine"])
def test_multiprocessing(method, where, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        PRELUDE
        + f"""
def work(n):
    return gort.run(uses) + n
def main():
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        return pool.map(work, range(6))
if __name__ == "__main__":
    gort.go(parked)
    gort.run(uses)
    print(main() if {where!r} == "main thread" else gort.run(main))
"""
    )
    source = "import runpy, sys; sys.argv[:] = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    if method != "fork":
        # These start the program anew, by its path.
        source = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, sys.argv[1]]))"
    assert child(source, program, flags=QUIET).out == f"{[190 + n for n in range(6)]}\n"
