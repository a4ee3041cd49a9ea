"""shutdown: waits for every goroutine, can cancel them, and the package can be used again afterwards."""

from __future__ import annotations

from support import child

PRELUDE = """
import threading, time, gort
from gort import context
def use():
    return gort.run(lambda: sum(gort.imap(int, "1234", workers=2)))
"""


def test_true_when_no_goroutine_is_left():
    source = PRELUDE + """
print(gort.shutdown(), use(), gort.shutdown(), gort.shutdown(0), use())
gort.go(gort.sleep, 0.02)
print(gort.shutdown(), gort.num_goroutine(), use(), gort.shutdown(timeout=60))
"""
    assert child(source).out == "True 10 True True 10\nTrue 0 10 True\n"


def test_false_when_the_time_is_over():
    source = PRELUDE + """
gate = gort.Chan()
handle = gort.go(gate.recv)
print(gort.shutdown(0), gort.shutdown(timeout=0.01), gort.num_goroutine())
gate.send("still there")
print(handle.join(), gort.shutdown(), use())
"""
    assert child(source).out == "False False 1\nstill there True 10\n"


def test_cancel_runs_the_finally_blocks():
    source = PRELUDE + """
log = gort.Chan(100)
mutex, group = gort.Mutex(), gort.WaitGroup()
mutex.lock()
group.add()
def parked(wait, *args):
    try:
        try:
            wait(*args)
        except Exception:
            log.try_send("caught")
        log.try_send("after")
    finally:
        log.try_send("finally")
waits = [
    (gort.Chan().recv,), (gort.Chan().send, 1), (gort.select,), (gort.select, gort.recv(gort.Chan())), (mutex.lock,),
    (group.wait,), (gort.sleep, 1000), (gort.Semaphore(1).acquire, 2), (list, gort.Chan()),
    (gort.go(gort.Chan().recv).join,),
]
for wait in waits:
    gort.go(parked, *wait)
gort.run(gort.sleep, 0.05)
print(gort.shutdown(timeout=60, cancel=True), gort.num_goroutine())
print(len(log) == len(waits), {log.recv() for _ in range(len(log))})
print(use())
"""
    assert child(source).out == "True 0\nTrue {'finally'}\n10\n"


def test_cancel_cannot_end_what_does_not_listen():
    source = PRELUDE + """
handle = gort.go(time.sleep, 0.3)
print(gort.shutdown(timeout=0.01, cancel=True))
print(gort.shutdown(timeout=60))
"""
    assert child(source).out == "False\nTrue\n"


def test_from_many_threads():
    source = PRELUDE + """
results = []
threads = [threading.Thread(target=lambda: results.append(gort.shutdown())) for _ in range(4)]
gort.go(gort.sleep, 0.02)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(results, use())
"""
    assert child(source).out == "[True, True, True, True] 10\n"


def test_again_and_again():
    source = PRELUDE + """
for _ in range(30):
    assert use() == 10
    assert gort.shutdown(timeout=60) is True
print("done")
"""
    assert child(source).out == "done\n"


def test_cancel_ends_waits_for_a_lock_of_readers_and_writers():
    source = PRELUDE + """
mutex, held, log = gort.RWMutex(), gort.Chan(), gort.Chan(10)
def holds():
    with mutex.writer():
        held.close()
        gort.Chan().recv()
def waits(how):
    try:
        with how():
            log.send("locked")
    finally:
        log.send("finally")
gort.go(holds)
held.recv_ok()
for how in (mutex.writer, mutex.reader, mutex.writer):
    gort.go(waits, how)
gort.run(gort.sleep, 0.05)
print(gort.shutdown(timeout=60, cancel=True), mutex.try_lock(), [log.recv() for _ in range(len(log))])
"""
    assert child(source).out == "True True ['finally', 'finally', 'finally']\n"
