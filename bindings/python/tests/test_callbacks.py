"""C code that calls back into Python, and the callback parks: what the C code holds must survive it."""

from __future__ import annotations

import ctypes
import functools
import io
import itertools
import json
import pickle
import re
import sqlite3

import gort
from support import goroutine


def many(body, *args, count=20):
    """The results of that many goroutines that run body, interleaved by the parks in it."""
    return [handle.join() for handle in [gort.go(body, i, *args) for i in range(count)]]


@goroutine
def test_sort_keys():
    def sorts(i):
        def key(value):
            gort.yield_now()
            return -value

        return sorted(range(i + 10), key=key)

    assert many(sorts) == [list(reversed(range(i + 10))) for i in range(20)]


@goroutine
def test_comparisons_and_reductions():
    def compares(i):
        def compare(a, b):
            gort.sleep(0)
            return a - b

        total = functools.reduce(lambda a, b: gort.yield_now() or a + b, range(i + 5))
        return sorted([3, 1, 2], key=functools.cmp_to_key(compare)), total

    assert many(compares) == [([1, 2, 3], sum(range(i + 5))) for i in range(20)]


@goroutine
def test_regular_expressions():
    def substitutes(i):
        def replace(match):
            gort.yield_now()
            return str(int(match.group()) + i)

        return re.sub(r"\d+", replace, "1 2 3 4")

    assert many(substitutes) == [f"{1 + i} {2 + i} {3 + i} {4 + i}" for i in range(20)]


@goroutine
def test_json():
    def converts(i):
        def default(value):
            gort.yield_now()
            return str(value)

        def hook(pairs):
            gort.yield_now()
            return dict(pairs)

        text = json.dumps({"a": 1j, "b": [2j, {"c": 3j}], "i": i}, default=default)
        return json.loads(text, object_pairs_hook=hook)

    for i, result in enumerate(many(converts)):
        assert result == {"a": "1j", "b": ["2j", {"c": "3j"}], "i": i}


class Parks:
    """Parks when it is pickled, copied, compared and hashed."""

    def __init__(self, value):
        self.value = value

    def __reduce__(self):
        gort.yield_now()
        return made, (self.value,)

    def __eq__(self, other):
        gort.yield_now()
        return self.value == other.value

    def __hash__(self):
        gort.yield_now()
        return self.value % 3


def made(value):
    gort.yield_now()
    return Parks(value)


@goroutine
def test_pickle():
    def pickles(i):
        values = [Parks(i), {"k": Parks(i + 1)}]
        first, second = pickle.loads(pickle.dumps(values))
        return first.value, second["k"].value

    assert many(pickles) == [(i, i + 1) for i in range(20)]


@goroutine
def test_dictionaries():
    def looks_up(i):
        table = {Parks(j): j + i for j in range(6)}
        return [table[Parks(j)] for j in range(6)]

    assert many(looks_up) == [[j + i for j in range(6)] for i in range(20)]


@goroutine
def test_sqlite():
    def queries(i):
        def slow_add(a, b):
            gort.yield_now()
            return a + b

        connection = sqlite3.connect(":memory:")
        connection.create_function("slow_add", 2, slow_add)
        connection.create_collation("backwards", lambda a, b: gort.yield_now() or (a < b) - (a > b))
        connection.execute("create table t (n integer, s text)")
        connection.executemany("insert into t values (?, ?)", ((n, str(n)) for n in range(5)))
        rows = [row[0] for row in connection.execute("select slow_add(n, ?) from t order by s collate backwards", (i,))]
        connection.close()
        return rows

    assert many(queries, count=10) == [[n + i for n in range(4, -1, -1)] for i in range(10)]


COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))


@goroutine
def test_ctypes_callbacks():
    libc = ctypes.CDLL(None)

    def sorts(i):
        def compare(a, b):
            gort.yield_now()
            return a[0] - b[0]

        values = (ctypes.c_int * 6)(*(n + i for n in (5, 2, 4, 1, 0, 3)))
        libc.qsort(values, len(values), ctypes.sizeof(ctypes.c_int), COMPARE(compare))
        return list(values)

    assert many(sorts) == [[n + i for n in range(6)] for i in range(20)]


@goroutine
def test_the_interpreter_s_state_for_c_code():
    """PyGILState_Ensure inside a goroutine finds its thread state, whatever was switched in between."""
    api = ctypes.PyDLL(None)
    api.PyGILState_Ensure.restype = ctypes.c_int
    api.PyGILState_Release.argtypes = [ctypes.c_int]

    def ensures(i):
        for _ in range(5):
            state = api.PyGILState_Ensure()
            inner = api.PyGILState_Ensure()
            api.PyGILState_Release(inner)
            api.PyGILState_Release(state)
            gort.yield_now()
        return i

    assert many(ensures) == list(range(20))


@goroutine
def test_files_iterators_and_printing():
    def iterates(i):
        class Raw(io.RawIOBase):
            left = 10

            def readable(self):
                return True

            def readinto(self, buffer):
                gort.yield_now()
                size = min(len(buffer), 3, self.left)
                buffer[:size] = b"x" * size
                self.left -= size
                return size

        class Out(io.StringIO):
            def write(self, text):
                gort.yield_now()
                return super().write(text)

        out = Out()
        print(i, "and", i + 1, file=out)
        numbers = itertools.takewhile(lambda n: gort.yield_now() or n < i, itertools.count())
        return len(io.BufferedReader(Raw()).read()), out.getvalue(), list(map(lambda n: gort.yield_now() or n, numbers))

    assert many(iterates) == [(10, f"{i} and {i + 1}\n", list(range(i))) for i in range(20)]


@goroutine
def test_ssl_callbacks():
    import ssl

    def shakes_hands(i):
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        seen = []
        client._msg_callback = lambda *args: gort.yield_now() or seen.append(args[1])
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        connection = client.wrap_bio(into, out, server_hostname=f"host{i}")
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return len(seen) > 0 and out.pending > 100

    assert all(many(shakes_hands))
