"""No item is lost and none is doubled, whatever ends a wait while a value is on its way.

Every path on which a wait may end early races against a hand-over, items numbered, so that the sum of what arrived
can be compared with what was sent. GORT_TEST_TIMES=1000000 for a long run.
"""

from __future__ import annotations

import asyncio
import random
import threading

import gort
import pytest
from gort import context
from support import goroutine, times

ITEMS = times(2000)
CAPACITIES = pytest.mark.parametrize("capacity", [0, 1, 5])


def pause(numbers: random.Random) -> None:
    """Sometimes nothing, sometimes about as long as the waits of the other side."""
    chance = numbers.random()
    if chance < 0.3:
        gort.sleep(numbers.random() * 0.0004)
    elif chance < 0.6:
        gort.yield_now()


def ends_soon(numbers: random.Random) -> dict:
    """The keywords for a wait that is about to end, one way or another."""
    kind = numbers.randrange(5)
    if kind == 0:
        return {"timeout": numbers.random() * 0.0004}
    if kind == 1:
        return {"timeout": 0}
    if kind == 2:
        return {"ctx": context.with_timeout(context.background(), numbers.random() * 0.0004)}
    ctx = context.with_cancel(context.background())
    gort.go(canceled_soon, ctx, numbers.random() * 0.0003 if kind == 3 else 0)
    return {"ctx": ctx}


def canceled_soon(ctx: context.Context, delay: float) -> None:
    if delay:
        gort.sleep(delay)
    ctx.cancel()


ENDED = (gort.Timeout, gort.Canceled, gort.DeadlineExceeded)


def send_patiently(chan: gort.Chan, items: range) -> None:
    numbers = random.Random(items.start)
    for item in items:
        pause(numbers)
        chan.send(item)


def send_impatiently(chan: gort.Chan, items: range) -> None:
    """An item whose send ended early has not been sent, and is tried again."""
    numbers = random.Random(items.start)
    for item in items:
        while True:
            try:
                chan.send(item, **ends_soon(numbers))
                break
            except ENDED:
                pause(numbers)


def select_send_impatiently(chan: gort.Chan, items: range) -> None:
    numbers = random.Random(items.start)
    silent = gort.Chan()
    for item in items:
        while True:
            try:
                gort.select(gort.recv(silent), gort.send(chan, item), **ends_soon(numbers))
                break
            except ENDED:
                pause(numbers)


def receive_patiently(chan: gort.Chan, seed: int) -> list:
    numbers = random.Random(seed)
    got = []
    for item in chan:
        got.append(item)
        pause(numbers)
    return got


def receive_impatiently(chan: gort.Chan, seed: int) -> list:
    numbers = random.Random(seed)
    got = []
    while True:
        try:
            got.append(chan.recv(**ends_soon(numbers)))
        except ENDED:
            pause(numbers)
        except gort.Closed:
            return got


def select_receive_impatiently(chan: gort.Chan, seed: int) -> list:
    numbers = random.Random(seed)
    silent = gort.Chan()
    got = []
    while True:
        try:
            chosen = gort.select(gort.recv(chan), gort.recv(silent), **ends_soon(numbers))
        except ENDED:
            pause(numbers)
            continue
        if not chosen.ok:
            return got
        got.append(chosen.value)


def receive_by_trying(chan: gort.Chan, _: int) -> list:
    got = []
    while True:
        try:
            got.append(chan.try_recv())
        except gort.WouldBlock:
            gort.yield_now()
        except gort.Closed:
            return got


def shares(parts: int) -> list:
    size = ITEMS // parts
    return [range(part * size, (part + 1) * size) for part in range(parts)]


@goroutine
@CAPACITIES
@pytest.mark.parametrize("receive", [receive_impatiently, select_receive_impatiently, receive_by_trying])
@pytest.mark.parametrize("send", [send_patiently, send_impatiently, select_send_impatiently])
def test_between_goroutines(send, receive, capacity):
    chan, senders = gort.Chan(capacity), gort.WaitGroup()
    parts = shares(3)
    receivers = [gort.go(receive, chan, seed) for seed in range(2)]
    for part in parts:
        senders.go(send, chan, part)
    senders.wait()
    chan.close()
    assert sorted(sum((receiver.join() for receiver in receivers), [])) == list(range(parts[-1].stop))


@goroutine
@CAPACITIES
@pytest.mark.parametrize("send", [send_impatiently, select_send_impatiently])
def test_impatient_senders_and_a_patient_receiver(send, capacity):
    chan, senders = gort.Chan(capacity), gort.WaitGroup()
    parts = shares(3)
    receiver = gort.go(receive_patiently, chan, 1)
    for part in parts:
        senders.go(send, chan, part)
    senders.wait()
    chan.close()
    got = receiver.join()
    assert sorted(got) == list(range(parts[-1].stop))
    for part in parts:  # retrying does not disturb the order
        own = [item for item in got if item in part]
        assert own == sorted(own)


@CAPACITIES
def test_between_plain_threads_and_goroutines(capacity):
    chan, senders = gort.Chan(capacity), gort.WaitGroup()
    parts = shares(4)
    got = []
    threads = [threading.Thread(target=lambda: got.extend(receive_impatiently(chan, 5)))]
    threads += [threading.Thread(target=send_impatiently, args=(chan, part)) for part in parts[:2]]
    for thread in threads:
        thread.start()
    for part in parts[2:]:
        senders.go(send_impatiently, chan, part)
    receiver = gort.go(receive_impatiently, chan, 7)
    for thread in threads[1:]:
        thread.join()
    senders.wait()
    chan.close()
    threads[0].join()
    assert sorted(got + receiver.join()) == list(range(parts[-1].stop))


async def canceled_at_random(awaitable, numbers: random.Random):
    """The result, or None when it was canceled in time."""
    task = asyncio.ensure_future(awaitable)
    for _ in range(numbers.randrange(4)):
        await asyncio.sleep(0)
    if numbers.random() < 0.3:
        await asyncio.sleep(numbers.random() * 0.0004)
    if numbers.random() < 0.7:
        task.cancel()
    try:
        return (await task,)
    except asyncio.CancelledError:
        return None


@CAPACITIES
def test_canceled_arecv(capacity):
    chan = gort.Chan(capacity)
    sender = gort.go(send_patiently, chan, range(ITEMS))

    async def takes():
        numbers, got = random.Random(3), []
        while len(got) < ITEMS:
            received = await canceled_at_random(chan.arecv(), numbers)
            if received:
                got.append(received[0])
        return got

    got = asyncio.run(takes())
    sender.join()
    assert sorted(got) == list(range(ITEMS))
    assert len(chan) == 0


@CAPACITIES
def test_canceled_arecv_beside_a_goroutine(capacity):
    """What the canceled one lets go reaches the other receiver."""
    chan = gort.Chan(capacity)
    sender = gort.go(lambda: (send_patiently(chan, range(ITEMS)), chan.close()))
    beside = gort.go(receive_impatiently, chan, 4)

    async def takes():
        numbers, got = random.Random(3), []
        while True:
            try:
                received = await canceled_at_random(chan.arecv(), numbers)
            except gort.Closed:
                return got
            if received:
                got.append(received[0])

    got = asyncio.run(takes())
    sender.join()
    assert sorted(got + beside.join()) == list(range(ITEMS))


@CAPACITIES
def test_canceled_asend(capacity):
    """A canceled asend has not sent, and is tried again."""
    chan = gort.Chan(capacity)
    receiver = gort.go(receive_patiently, chan, 9)

    async def gives():
        numbers = random.Random(2)
        for item in range(ITEMS):
            while await canceled_at_random(chan.asend(item), numbers) is None:
                pass

    asyncio.run(gives())
    chan.close()
    assert receiver.join() == list(range(ITEMS))


@CAPACITIES
def test_canceled_aselect(capacity):
    into, out = gort.Chan(capacity), gort.Chan(capacity)
    sender = gort.go(send_patiently, into, range(ITEMS))
    receiver = gort.go(receive_patiently, out, 9)

    async def both():
        numbers, got, sent = random.Random(2), [], 0
        while len(got) < ITEMS or sent < ITEMS:
            cases = [gort.recv(into), gort.send(out if sent < ITEMS else gort.Chan.nil(), sent)]
            done = await canceled_at_random(gort.aselect(*cases), numbers)
            if done is None:
                continue
            if done[0].index == 0:
                got.append(done[0].value)
            else:
                sent += 1
        return got

    got = asyncio.run(both())
    sender.join()
    out.close()
    assert sorted(got) == list(range(ITEMS))
    assert receiver.join() == list(range(ITEMS))


def test_wait_for_arecv():
    chan = gort.Chan()
    sender = gort.go(send_patiently, chan, range(ITEMS))

    async def takes():
        numbers, got = random.Random(3), []
        while len(got) < ITEMS:
            try:
                got.append(await asyncio.wait_for(chan.arecv(), numbers.random() * 0.0006))
            except asyncio.TimeoutError:
                pass
        return got

    got = asyncio.run(takes())
    sender.join()
    assert sorted(got) == list(range(ITEMS))


@goroutine
def test_a_semaphore_keeps_its_permits():
    semaphore = gort.Semaphore(3)
    inside = gort.AtomicInt()

    def uses(seed):
        numbers = random.Random(seed)
        for _ in range(ITEMS // 8):
            wanted = numbers.randint(1, 3)
            try:
                semaphore.acquire(wanted, **ends_soon(numbers))
            except ENDED:
                continue
            assert inside.add(wanted) <= 3
            pause(numbers)
            inside.add(-wanted)
            semaphore.release(wanted)

    for user in [gort.go(uses, seed) for seed in range(8)]:
        user.join()
    assert semaphore.try_acquire(3)
    assert not semaphore.try_acquire(1)


@goroutine
def test_a_mutex_is_free_after_waits_that_ended():
    mutex = gort.Mutex()
    inside = gort.AtomicInt()

    def uses(seed):
        numbers = random.Random(seed)
        for _ in range(ITEMS // 8):
            try:
                mutex.lock(**ends_soon(numbers))
            except ENDED:
                continue
            assert inside.add(1) == 1
            pause(numbers)
            inside.add(-1)
            mutex.unlock()

    for user in [gort.go(uses, seed) for seed in range(8)]:
        user.join()
    assert mutex.try_lock()
