"""The package gort and libgort.so through ctypes in one process: two runtimes, which meet in threads only.

    python beside.py LIBGORT.SO python|ctypes     which of the two starts, and ends, first
"""

import ctypes
import os
import signal
import sys

import gort

library = ctypes.CDLL(sys.argv[1])
library.gort_chan_new.restype = ctypes.c_void_p
library.gort_chan_new.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
for name in ("gort_chan_send", "gort_chan_recv"):
    getattr(library, name).argtypes = [ctypes.c_void_p, ctypes.c_void_p]
for name in ("gort_chan_close", "gort_chan_release"):
    getattr(library, name).argtypes = [ctypes.c_void_p]
library.gort_shutdown.argtypes = [ctypes.c_int64]
library.gort_num_goroutine.restype = ctypes.c_size_t

OK, VALUES = 0, 200
PYTHONS_FIRST = sys.argv[2] == "python"


def crosses() -> None:
    """Goroutines of Python's runtime are plain threads to the other, and block in its channels."""
    channel = library.gort_chan_new(ctypes.sizeof(ctypes.c_int), 0)

    def send() -> None:
        for number in range(VALUES):
            assert gort.blocking(library.gort_chan_send, channel, ctypes.byref(ctypes.c_int(number))) == OK
        library.gort_chan_close(channel)

    sender = gort.go(send)
    value = ctypes.c_int()
    received = []
    while library.gort_chan_recv(channel, ctypes.byref(value)) == OK:
        received.append(value.value)
    sender.join()
    assert received == list(range(VALUES))
    assert library.gort_num_goroutine() == 0
    library.gort_chan_release(channel)


def own_channels() -> None:
    channel = gort.Chan()
    gort.go(lambda: [channel.send(number) for number in range(VALUES)])
    assert [channel.recv() for _ in range(VALUES)] == list(range(VALUES))


for body in (own_channels, crosses) if PYTHONS_FIRST else (crosses, own_channels):
    gort.run(body) if body is own_channels else body()

# Python's own signals arrive, and its child has two fresh runtimes.
arrived = []
signal.signal(signal.SIGUSR1, lambda number, frame: arrived.append(number))
os.kill(os.getpid(), signal.SIGUSR1)
assert arrived == [signal.SIGUSR1]
child = os.fork()
if child == 0:
    gort.run(own_channels)
    crosses()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0

if not PYTHONS_FIRST:
    assert library.gort_shutdown(-1) == OK
    gort.run(own_channels)
print("ok")
