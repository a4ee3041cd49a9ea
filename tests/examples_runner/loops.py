"""Event loops that receive from channels through a completion queue."""

from __future__ import annotations

from harness import expect_equal

from .bench import Bench, check


def receives_everything(bench: Bench, name: str) -> None:
    for limit, goroutines, primes in ((100000, 20, 9592), (1000, 1, 168), (5000, 300, 669), (0, 2, 0)):
        bounds = [limit * i // goroutines for i in range(goroutines + 1)]
        values = sum(-(-(end - start) // 1000) for start, end in zip(bounds, bounds[1:]))
        wanted = [f"{primes} primes in {values} values", "the loop's own timer ran meanwhile"]
        expect_equal(bench.run(name, limit, goroutines).lines(), wanted, f"{limit} by {goroutines}")


@check("loop_epoll")
def loop_epoll_receives_everything(bench: Bench) -> None:
    receives_everything(bench, "loop_epoll")


@check("loop_uv")
def loop_uv_receives_everything(bench: Bench) -> None:
    receives_everything(bench, "loop_uv")
