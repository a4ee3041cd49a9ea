"""The echo server and its load generator, against each other and against sockets of our own."""

from __future__ import annotations

import random
import re
import select
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

from harness import WATCHDOG_SECONDS, Failure, Outcome, decode, expect, expect_equal

from .bench import Bench, check, finish


class EchoServer:
    """A running echo_server; leaving the block stops it with SIGINT and checks how it ends."""

    def __init__(self, bench: Bench) -> None:
        self.process = bench.start("echo_server", 0)
        self.outcome: Outcome | None = None

    def __enter__(self) -> EchoServer:
        assert self.process.stdout is not None
        ready = select.select([self.process.stdout], [], [], WATCHDOG_SECONDS)[0]
        line = decode(self.process.stdout.readline()) if ready else ""
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.process.kill()
            self.process.communicate()
            raise Failure(f"the server's first line: {line!r}")
        self.port = int(found.group(1))
        return self

    def stop(self) -> Outcome:
        if self.outcome is None:
            self.process.send_signal(signal.SIGINT)
            self.outcome = finish(self.process, "echo_server", status=0)
            expect(self.outcome.out.startswith(f"signal {int(signal.SIGINT)}, stopping\n"), "the signal", self.outcome)
        return self.outcome

    def served(self) -> tuple[int, int]:
        outcome = self.stop()
        found = re.search(r"served (\d+) connections, (\d+) bytes\n$", outcome.out)
        expect(found, "the server's last line", outcome)
        return int(found.group(1)), int(found.group(2))  # type: ignore[union-attr]

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.stop()
        elif self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def load(bench: Bench, port: int, connections: int, size: int, *options: object) -> int:
    """One run of echo_load; the number of requests it made."""
    outcome = bench.run("echo_load", "-c", connections, "-s", size, *options, port)
    pattern = rf"{connections} connections, (\d+) requests of {size} bytes, 0 failed, \d+\.\d+ s\n(\d+) requests/s\n"
    found = re.fullmatch(pattern + r"p50 ([\d.]+) us, p99 ([\d.]+) us, p99\.9 ([\d.]+) us\n", outcome.out)
    expect(found, "the output", outcome)
    p50, p99, p999 = (float(text) for text in found.groups()[2:])  # type: ignore[union-attr]
    expect(0 < p50 <= p99 <= p999, "the quantiles' order", outcome)
    return int(found.group(1))  # type: ignore[union-attr]


@check("echo_load")
def echo_load_checks_every_message(bench: Bench) -> None:
    with EchoServer(bench) as server:
        expect_equal(load(bench, server.port, 1, 1, "-n", 20), 20, "requests")
        expect_equal(load(bench, server.port, 20, 64, "-n", 50), 1000, "requests")
        expect_equal(load(bench, server.port, 4, 65536, "-n", 20), 80, "requests")
        expect_equal(server.served(), (25, 20 + 1000 * 64 + 80 * 65536), "connections and bytes served")


@check("echo_load", heavy=True)
def echo_load_many_connections_and_seconds(bench: Bench) -> None:
    with EchoServer(bench) as server:
        expect_equal(load(bench, server.port, 400, 256, "-n", 20), 8000, "requests")
        timed = load(bench, server.port, 10, 64, "-t", 1)
        expect(timed > 0, "no request in a second")
        expect_equal(server.served(), (410, 8000 * 256 + timed * 64), "connections and bytes served")


@check("echo_load")
def echo_load_reports_a_dead_server(bench: Bench) -> None:
    with EchoServer(bench) as server:
        port = server.port
    outcome = bench.run("echo_load", "-c", 3, "-n", 1, port, status=1)
    expect_equal(outcome.err.count("Connection refused"), 3, "connections refused", outcome)
    expect("0 requests of 64 bytes, 3 failed" in outcome.out, "the failures are counted", outcome)


@check("echo_load")
def echo_load_notices_a_wrong_byte(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as liar, ThreadPoolExecutor(1) as pool:
        liar.settimeout(WATCHDOG_SECONDS)

        def answer_wrongly() -> None:
            connection, _ = liar.accept()
            with connection:
                data = bytearray(read_exactly(connection, 64))
                data[-1] ^= 1
                connection.sendall(data)
                connection.recv(1)

        lying = pool.submit(answer_wrongly)
        outcome = bench.run("echo_load", "-c", 1, "-n", 2, liar.getsockname()[1], status=1)
        lying.result()
    expect("differs" in outcome.err and "0 requests" in outcome.out, "the wrong byte is reported", outcome)


def read_exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        expect(piece, f"the connection ended after {len(data)} of {size} bytes")
        data += piece
    return data


@check("echo_server")
def echo_server_stops_with_grace(bench: Bench) -> None:
    payload = random.Random(1).randbytes(30000)
    with EchoServer(bench) as server:
        clients = [socket.create_connection(("127.0.0.1", server.port), WATCHDOG_SECONDS) for _ in range(10)]
        for client in clients[:5]:
            client.sendall(payload)
            expect_equal(read_exactly(client, len(payload)) == payload, True, "the echo")
        clients[0].close()
        clients[1].shutdown(socket.SHUT_WR)
        expect_equal(clients[1].recv(1), b"", "the answer to the end of the input")
        # The rest is idle, some of it was never heard of: the stop ends them all.
        connections, size = server.served()
        for client in clients[2:]:
            expect_equal(client.recv(1), b"", "what an idle client sees when the server stops")
        for client in clients:
            client.close()
    expect(5 <= connections <= 10, f"{connections} connections accepted")
    expect_equal(size, 5 * len(payload), "bytes served")


@check("echo_server")
def echo_server_refuses_a_port_in_use(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        outcome = bench.run("echo_server", other.getsockname()[1], status=1)
    expect("Address already in use" in outcome.err, "the reason is reported", outcome)
