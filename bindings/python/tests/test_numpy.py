"""numpy inside goroutines: megabytes of C stack, callbacks that park, and settings that are a goroutine's own."""

from __future__ import annotations

import math

import gort
import pytest
from support import child, goroutine

np = pytest.importorskip("numpy")


@goroutine
def test_linear_algebra():
    """LAPACK has whole matrices on the stack."""

    def solves(seed):
        numbers = np.random.default_rng(seed)
        matrix = numbers.random((200, 200)) / 200 + np.eye(200)
        gort.yield_now()
        inverse = np.linalg.inv(matrix)
        gort.yield_now()
        values = np.linalg.svd(matrix, compute_uv=False)
        return np.allclose(matrix @ inverse, np.eye(200)) and math.isclose(values.prod(), abs(np.linalg.det(matrix)))

    assert all([handle.join() for handle in [gort.go(solves, seed) for seed in range(8)]])


def test_the_import():
    source = """
    import gort
    def main():
        def imports():
            import numpy
            return numpy.linalg.inv(numpy.eye(3)).sum()
        return {handle.join() for handle in [gort.go(imports) for _ in range(3)]}
    print(gort.run(main) == {3})
    """
    assert child(source).out == "True\n"


@goroutine
def test_callbacks_that_park():
    """Called from loops in C."""
    chan = gort.Chan()

    def doubles(x):
        gort.yield_now()
        return chan.recv() * x

    def sends():
        for _ in range(600):
            chan.send(2)

    gort.go(sends)
    wants = list(range(0, 200, 2))
    forms = [
        lambda: np.frompyfunc(doubles, 1, 1)(np.arange(100)),
        lambda: np.vectorize(doubles, otypes=[int])(np.arange(100)),
        lambda: np.apply_along_axis(lambda row: doubles(row[0]), 1, np.arange(100).reshape(100, 1)),
    ]
    for handle in [gort.go(form) for form in forms * 2]:
        assert handle.join().tolist() == wants


@goroutine
def test_errstate_belongs_to_a_goroutine():
    zero = np.zeros(1)

    def raises():
        with np.errstate(divide="raise"):
            for _ in range(10):
                gort.yield_now()
                with pytest.raises(FloatingPointError):
                    1 / zero

    def ignores():
        with np.errstate(divide="ignore"):
            for _ in range(10):
                gort.yield_now()
                assert np.isinf(1 / zero).all()

    for handle in [gort.go(fn) for fn in [raises, ignores] * 5]:
        handle.join()


@goroutine
def test_arrays_through_channels():
    """By reference, and gone with the last one."""
    chan = gort.Chan(4)
    gort.go(lambda: [chan.send(np.full(1000, i)) for i in range(100)] and chan.close())
    assert sum(int(array.sum()) for array in chan) == 1000 * sum(range(100))
