"""What each kind of node does: a scope whose result does not depend on the schedule.

Where the order of events is open the result is a sum or another fold that commutes; where a
channel has one sender and one receiver, or a tag says whose value it is, the fold does not
commute, so that a changed order changes the result. Children are called where their value is
needed, mostly inside goroutines, so that scopes nest to any depth and run several at a time.
"""

from __future__ import annotations

import random
from typing import Callable

from ir import (
    WAIT, Both, Case, Close, Fail, For, If, Let, Lock, Range, Recv, Scope, Select, Send, Set, Shared, Spawn, Unlock,
    While,
)
from tree import Kind, Node

HOUR = 3600 * 10**9
HOW = ("go", "go", "named", "thread", "locked")
Build = Callable[[Node, list[str]], Scope]
KINDS: dict[str, Kind] = {}
BUILD: dict[str, Build] = {}


def pattern(children: tuple[int, int] = (0, 0), **numbers: tuple[int, int]) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        name = build.__name__.rstrip("_")
        KINDS[name] = Kind(numbers, children)
        BUILD[name] = build
        return build

    return register


def fold(into: str, value: str) -> Let:
    """A fold that does not commute."""
    return Set(into, f"{into} * 1000003 + ({value})")


def value(calls: list[str], number: str = "w") -> str:
    """Some value that depends on the number, with the work of all children in it."""
    return " + ".join([f"({number} * 7919 + 13)", *(f"{call} * ({number} + 1)" for call in calls)])


@pattern(value=(1, 1000))
def constant(node: Node, calls: list[str]) -> Scope:
    return Scope([], [], str(node.numbers["value"]))


@pattern((1, 4), cap=(0, 4), how=(0, 4))
def parallel(node: Node, calls: list[str]) -> Scope:
    """Each child in a goroutine of its own; their results come by one channel."""
    n, how = len(calls), HOW[node.numbers["how"]]
    spawns = [Spawn(k, [Send("{c}", f"{call} * (w + 1)")], how) for k, call in enumerate(calls)]
    receive = [Recv("{c}", "x"), Set("{sum}", "{sum} + x")]
    return Scope(
        [Shared("chan", "c", node.numbers["cap"]), Shared("u64", "sum")],
        [*spawns, Let("x", "0"), For("i", n, receive)], "{sum}",
    )


@pattern((1, 4), how=(0, 4))
def indexed(node: Node, calls: list[str]) -> Scope:
    """Each child in a goroutine that writes to its own place; a WaitGroup joins them."""
    how = HOW[node.numbers["how"]]
    spawns = [Spawn(k, [Set("{at}[w]", call)], how) for k, call in enumerate(calls)]
    return Scope(
        [Shared("array", "at", len(calls)), Shared("u64", "h")],
        [*spawns, WAIT, For("i", len(calls), [fold("{h}", "{at}[i]")])], "{h}",
    )


@pattern((0, 2), items=(1, 200), cap0=(0, 8), cap1=(0, 8), cap2=(0, 8), how=(0, 4))
def pipeline(node: Node, calls: list[str]) -> Scope:
    """Source, two stages, fold: order holds all the way."""
    numbers = node.numbers
    shared = [Shared("chan", f"c{k}", numbers[f"cap{k}"]) for k in range(3)]
    source = Spawn(0, [For("i", numbers["items"], [Send("{c0}", "i * i + 1")]), Close("{c0}")], HOW[numbers["how"]])
    stages = [
        Spawn(k, [*Range(f"{{c{k}}}", "x", [Send(f"{{c{k + 1}}}", "x * 31 + w")]), Close(f"{{c{k + 1}}}")])
        for k in range(2)
    ]
    first = [Set("{h}", call + " + {h}") for call in calls]
    return Scope(
        [*shared, Shared("u64", "h")], [source, *stages, *first, *Range("{c2}", "y", [fold("{h}", "y")])], "{h}"
    )


@pattern((0, 1), senders=(1, 5), receivers=(1, 5), items=(1, 100), cap=(0, 20), how=(0, 4))
def fan(node: Node, calls: list[str]) -> Scope:
    """Senders, one channel, receivers that range over it; the last sender's end closes it."""
    n = node.numbers
    send = [Let("v", value(calls)), For("i", n["items"], [Send("{c}", "v + i * i")]),
        Both("must(gort_waitgroup_done(&{senders}), GORT_OK)", "senders.Done()")]
    receive = [
        Let("sum", "0"), Let("count", "0"),
        *Range("{c}", "x", [Set("sum", "sum + x * (x ^ 5)"), Set("count", "count + 1")]),
        Lock(), Set("{total}", "{total} + sum + count * 1000"), Unlock(),
    ]
    return Scope(
        [Shared("chan", "c", n["cap"]), Shared("group", "senders"), Shared("mutex", "m"), Shared("u64", "total")],
        [
            Both(f"must(gort_waitgroup_add(&{{senders}}, {n['senders']}), GORT_OK)", f"senders.Add({n['senders']})"),
            *(Spawn(k, send, HOW[n["how"]]) for k in range(n["senders"])),
            *(Spawn(k, receive) for k in range(n["receivers"])),
            Both("gort_waitgroup_wait(&{senders})", "senders.Wait()"), Close("{c}"), WAIT,
        ],
        "{total}",
    )


@pattern((0, 1), chans=(1, 10), items=(1, 60), cap=(0, 4), poll=(0, 2))
def merge(node: Node, calls: list[str]) -> Scope:
    """One select over tagged channels until all are closed: order holds within a tag."""
    n = node.numbers
    k = n["chans"]
    send = [Let("v", value(calls)), For("i", n["items"], [Send("{c}[w]", "v * (i + 1)")]), Close("{c}[w]")]
    cases = []
    for tag in range(k):
        body = [
            If(f"ok{tag} == 1", [fold(f"{{h}}[{tag}]", f"x{tag}")]),
            If(f"ok{tag} == 0", [Set(f"open{tag}", "0"), Set("left", "left - 1")]),
        ]
        cases.append(Case("recv", f"{{c}}[{tag}]", f"x{tag}", body, ok=f"ok{tag}", when=f"open{tag} == 1"))
    lets = [Let(f"{name}{tag}", start) for tag in range(k) for name, start in (("x", "0"), ("ok", "0"), ("open", "1"))]
    pause = [Both("gort_yield()", "runtime.Gosched()")]
    select = Select(cases, *[(), (pause,), ([], 20000)][n["poll"]])
    return Scope(
        [Shared("chans", "c", k, n["cap"]), Shared("array", "h", k), Shared("u64", "all")],
        [
            *(Spawn(tag, send) for tag in range(k)), *lets, Let("left", str(k)), While("left > 0", [select]),
            For("i", k, [fold("{all}", "{h}[i]")]),
        ],
        "{all}",
    )


@pattern((0, 1), chans=(2, 5), items=(1, 150), cap=(0, 4), how=(0, 4))
def scatter(node: Node, calls: list[str]) -> Scope:
    """One select that sends to whoever takes it; what arrives adds up."""
    n = node.numbers
    k = n["chans"]
    receive = [Let("sum", "0"), *Range("{c}[w]", "x", [Set("sum", "sum + x * x")]), Lock(),
        Set("{total}", "{total} + sum"), Unlock()]
    cases = [Case("send", f"{{c}}[{tag}]", "v + i") for tag in range(k)]
    return Scope(
        [Shared("chans", "c", k, n["cap"]), Shared("mutex", "m"), Shared("u64", "total")],
        [
            *(Spawn(tag, receive, HOW[n["how"]]) for tag in range(k)), Let("v", value(calls, "2")),
            For("i", n["items"], [Select(cases)]), *(Close(f"{{c}}[{tag}]") for tag in range(k)), WAIT,
        ],
        "{total}",
    )


@pattern(items=(1, 100), cap=(0, 2), how=(0, 4))
def duplex(node: Node, calls: list[str]) -> Scope:
    """Two goroutines that select to send and to receive at the same time, until both are through."""
    n = node.numbers
    body = [
        Let("sent", "0"), Let("got", "0"), Let("h", "0"), Let("x", "0"),
        While(f"sent < {n['items']} || got < {n['items']}", [Select([
            Case("send", "{c}[w]", "sent * 3 + w", [Set("sent", "sent + 1")], when=f"sent < {n['items']}"),
            Case("recv", "{c}[1 - w]", "x", [Set("got", "got + 1"), fold("h", "x")], when=f"got < {n['items']}"),
        ])]),
        Set("{at}[w]", "h"),
    ]
    return Scope(
        [Shared("chans", "c", 2, n["cap"]), Shared("array", "at", 2)],
        [Spawn(0, body, HOW[n["how"]]), Spawn(1, body), WAIT], "{at}[0] * 3 + {at}[1]",
    )


@pattern((0, 1), nanoseconds=(1, 300000), cap=(0, 3), how=(0, 4))
def timeout(node: Node, calls: list[str]) -> Scope:
    """Timeouts that must pass, and some that must not."""
    n = node.numbers
    nothing = Both("", "")
    return Scope(
        [Shared("chan", "never", n["cap"]), Shared("chan", "soon", n["cap"]), Shared("u64", "h")],
        [
            Spawn(0, [Send("{soon}", value(calls))], HOW[n["how"]]), Let("x", "0"),
            Select([Case("recv", "{never}", "x", [fold("{h}", "99")])], [fold("{h}", "2")], n["nanoseconds"]),
            Select([Case("recv", "{never}", "x", [fold("{h}", "98")])], [fold("{h}", "3")]),
            Select([Case("recv", "{never}", "x", [nothing]), Case("recv", "{soon}", "x", [fold("{h}", "x")])],
                [nothing], HOUR),
            Select([Case("recv", "{soon}", "x", [fold("{h}", "97")], when="x == 1 && x == 2")], [fold("{h}", "4")]),
        ],
        "{h}",
    )


LOCKS = (
    ("mutex", "gort_mutex_lock(&{m})", "must(gort_mutex_unlock(&{m}), GORT_OK)", "m.Lock()", "m.Unlock()"),
    ("rwmutex", "gort_rwmutex_lock(&{m})", "must(gort_rwmutex_unlock(&{m}), GORT_OK)", "m.Lock()", "m.Unlock()"),
    ("sem", "must(gort_sem_acquire(&{m}, NULL, 1), GORT_OK)", "must(gort_sem_release(&{m}, 1), GORT_OK)",
        "m.acquire(1)", "m.release(1)"),
    ("chan", "send_value({m}, 0)", "recv_value({m}, &taken)", "m <- 0", "<-m"),
)


@pattern((0, 2), lock=(0, 3), workers=(1, 8), times=(1, 100), how=(0, 4))
def counter(node: Node, calls: list[str]) -> Scope:
    """Plain memory behind each kind of lock."""
    n = node.numbers
    kind, c_lock, c_unlock, go_lock, go_unlock = LOCKS[n["lock"]]
    body = [
        Let("v", value(calls)), Let("taken", "0"),
        For("i", n["times"], [
            Both(c_lock, go_lock), Set("{n}", "{n} + v + i"),
            If("i % 16 == 3", [Both("gort_yield()", "runtime.Gosched()")]), Set("{k}", "{k} + 1"),
            Both(c_unlock, go_unlock),
        ]),
    ]
    return Scope(
        [Shared(kind, "m", 1), Shared("u64", "n"), Shared("u64", "k")],
        [*(Spawn(k, body, HOW[n["how"]] if k == 0 else "go") for k in range(n["workers"])), WAIT], "{n} * 3 + {k}",
    )


@pattern((0, 1), readers=(1, 6), writers=(1, 3), times=(1, 60), how=(0, 4))
def readers(node: Node, calls: list[str]) -> Scope:
    """Readers see what writers change together; nobody sees half."""
    n = node.numbers
    write = [
        Let("v", value(calls)),
        For("i", n["times"], [
            Both("gort_rwmutex_lock(&{m})", "m.Lock()"), Set("{a}", "{a} + v"),
            If("i % 8 == 1", [Both("gort_yield()", "runtime.Gosched()")]), Set("{b}", "{b} + v"),
            Both("must(gort_rwmutex_unlock(&{m}), GORT_OK)", "m.Unlock()"),
        ]),
    ]
    read = [
        Let("bad", "0"),
        For("i", n["times"], [
            Both("gort_rwmutex_rlock(&{m})", "m.RLock()"), If("{a} != {b}", [Set("bad", "1")]),
            Both("must(gort_rwmutex_runlock(&{m}), GORT_OK)", "m.RUnlock()"),
        ]),
        If("bad == 1", [Both("gort_rwmutex_lock(&{m})", "m.Lock()"), Set("{wrong}", "{wrong} + 1"),
                        Both("must(gort_rwmutex_unlock(&{m}), GORT_OK)", "m.Unlock()")]),
    ]
    return Scope(
        [Shared("rwmutex", "m"), Shared("u64", "a"), Shared("u64", "b"), Shared("u64", "wrong")],
        [*(Spawn(k, write) for k in range(n["writers"])),
            *(Spawn(k, read, HOW[n["how"]]) for k in range(n["readers"])), WAIT],
        "{a} + {wrong} * 1000",
    )


def cond(call: str, go: str, name: str) -> Both:
    extra = ", &{m}" if call == "wait" else ""
    return Both(f"gort_cond_{call}(&{{{name}}}{extra})", f"{name}.{go}()")


@pattern((0, 1), pairs=(1, 4), items=(1, 80), room=(1, 4), how=(0, 4))
def buffer(node: Node, calls: list[str]) -> Scope:
    """A bounded buffer of a mutex and two condition variables."""
    n = node.numbers
    put = [
        Let("v", value(calls)),
        For("i", n["items"], [
            Lock(), While(f"{{full}} == {n['room']}", [cond("wait", "Wait", "emptied")]),
            Set("{full}", "{full} + 1"), Set("{inside}", "{inside} + v + i"), cond("signal", "Signal", "filled"),
            Unlock(),
        ]),
    ]
    take = [
        For("i", n["items"], [
            Lock(), While("{full} == 0", [cond("wait", "Wait", "filled")]),
            Set("{full}", "{full} - 1"), Set("{taken}", "{taken} + 1"), cond("signal", "Signal", "emptied"), Unlock(),
        ])
    ]
    return Scope(
        [Shared("mutex", "m"), Shared("cond", "filled"), Shared("cond", "emptied"),
            *(Shared("u64", x) for x in ("full", "inside", "taken"))],
        [*(Spawn(k, put, HOW[n["how"]]) for k in range(n["pairs"])), *(Spawn(k, take) for k in range(n["pairs"])),
            WAIT],
        "{inside} * 7 + {taken} * 3 + {full}",
    )


@pattern((0, 1), workers=(1, 6), rounds=(1, 20), how=(0, 4))
def barrier(node: Node, calls: list[str]) -> Scope:
    """All meet round by round; broadcast lets them go on."""
    n = node.numbers
    body = [
        Let("v", value(calls)), Let("mine", "0"),
        For("i", n["rounds"], [
            Lock(), Set("mine", "{round}"), Set("{here}", "{here} + 1"),
            If(f"{{here}} == {n['workers']}", [
                Set("{here}", "0"), Set("{round}", "{round} + 1"), cond("broadcast", "Broadcast", "turn"),
            ]),
            While("{round} == mine", [cond("wait", "Wait", "turn")]), Set("{sum}", "{sum} + {round} * v"), Unlock(),
        ]),
    ]
    return Scope(
        [Shared("mutex", "m"), Shared("cond", "turn"), *(Shared("u64", x) for x in ("here", "round", "sum"))],
        [*(Spawn(k, body, HOW[n["how"]]) for k in range(n["workers"])), WAIT], "{sum}",
    )


@pattern((1, 1), callers=(1, 8), how=(0, 4))
def once(node: Node, calls: list[str]) -> Scope:
    """A child once, whoever comes first; all see what it did."""
    n = node.numbers
    body = [
        Both("gort_once_do(&{o}, once_body, &{made})", "o.Do(func() { made++ })"),
        Lock(), Set("{sum}", "{sum} + {made}"), Unlock(),
    ]
    return Scope(
        [Shared("once", "o"), Shared("mutex", "m"), Shared("u64", "made"), Shared("u64", "sum")],
        [*(Spawn(k, body, HOW[n["how"]]) for k in range(n["callers"])), WAIT], f"{{sum}} * 3 + {{made}} + {calls[0]}",
    )


@pattern((0, 1), capacity=(1, 6), workers=(1, 8), times=(1, 60), how=(0, 4))
def semaphore(node: Node, calls: list[str]) -> Scope:
    """Weights of all sizes; never more inside than there is room."""
    n = node.numbers
    body = [
        Let("v", value(calls)), Let("weight", "0"),
        For("i", n["times"], [
            Set("weight", f"(v + i) % {n['capacity']} + 1"),
            Both("must(gort_sem_acquire(&{s}, NULL, (int64_t)weight), GORT_OK)", "s.acquire(weight)"),
            Lock(), Set("{inside}", "{inside} + weight"),
            If(f"{{inside}} > {n['capacity']}", [Set("{wrong}", "{wrong} + 1")]),
            Set("{total}", "{total} + weight * v"), Unlock(), Lock(), Set("{inside}", "{inside} - weight"), Unlock(),
            Both("must(gort_sem_release(&{s}, (int64_t)weight), GORT_OK)", "s.release(weight)"),
        ]),
    ]
    return Scope(
        [Shared("sem", "s", n["capacity"]), Shared("mutex", "m"),
            *(Shared("u64", x) for x in ("inside", "wrong", "total"))],
        [*(Spawn(k, body, HOW[n["how"]]) for k in range(n["workers"])), WAIT], "{total} + {wrong} * 77 + {inside}",
    )


@pattern((0, 1), depth=(1, 5), cancel=(0, 4), waiters=(1, 4), how=(0, 4))
def contexts(node: Node, calls: list[str]) -> Scope:
    """A chain of contexts, one of which is canceled: what is below it ends, the rest does not."""
    n = node.numbers
    depth, at = n["depth"], n["cancel"] % n["depth"]
    shared = [Shared("ctx", "x0", "gort_ctx_background()", "context.Background()")]
    shared += [Shared("ctx", f"x{k}", f"{{x{k - 1}}}", f"{{x{k - 1}}}") for k in range(1, depth)]
    last = f"x{depth - 1}"
    wait = [
        Both(f"must(gort_chan_recv(gort_ctx_done({{{last}}}), NULL), GORT_CLOSED)", f"<-{last}.Done()"),
        Lock(), Set("{sum}", "{sum} + w + 5"), Unlock(),
    ]
    states = [Both(f"{{h}} = {{h}} * 3 + ctx_state({{x{k}}})", f"h = h*3 + ctxState(x{k})") for k in range(depth)]
    return Scope(
        [*shared, Shared("mutex", "m"), Shared("u64", "h"), Shared("u64", "sum")],
        [
            *(Spawn(k, wait, HOW[n["how"]]) for k in range(n["waiters"])), *states,
            *(Set("{h}", f"{{h}} + {call}") for call in calls),
            Both(f"gort_ctx_cancel({{x{at}}})", f"cancel_x{at}()"), *states, WAIT,
        ],
        "{h} * 31 + {sum}",
    )


@pattern((0, 1), items=(1, 60), cap=(0, 3), how=(0, 4))
def producer(node: Node, calls: list[str]) -> Scope:
    """A producer without end, whose consumer has had enough and cancels."""
    n = node.numbers
    produce = [
        Let("v", value(calls)), Let("i", "0"), Let("ended", "0"), Let("ignored", "0"),
        While("ended == 0", [
            Select([
                Case("send", "{c}", "v + i", [Set("i", "i + 1")]),
                Case("recv", "{done}", "ignored", [Set("ended", "1")]),
            ])
        ]),
    ]
    return Scope(
        [Shared("chan", "c", n["cap"]), Shared("chan", "done", 0), Shared("u64", "h")],
        [Spawn(1, produce, HOW[n["how"]]), Let("x", "0"), For("k", n["items"], [Recv("{c}", "x"), fold("{h}", "x")]),
            Close("{done}"), WAIT],
        "{h}",
    )


@pattern((0, 1), members=(1, 6), failing=(0, 6), limit=(0, 4))
def group(node: Node, calls: list[str]) -> Scope:
    """An errgroup: one fails, those who wait for its context go home."""
    n = node.numbers
    failing = n["failing"] % (n["members"] + 1)  # its number; 0: none fails
    wait = [Both("must(gort_chan_recv(gort_ctx_done(gort_group_ctx({g})), NULL), GORT_CLOSED)", "<-g.ctx.Done()")]
    limit = n["members"] + n["limit"]
    body = []
    for k in range(1, n["members"] + 1):
        work = [Let("v", value(calls)), Lock(), Set("{sum}", "{sum} + v"), Unlock()]
        if k == failing:
            work.append(Fail("w + 40"))
        elif failing:
            work += wait
        body.append(Spawn(k, work, group="{g}"))
    limits = [Both(f"must(gort_group_set_limit({{g}}, {limit}), GORT_OK)", f"g.limit({limit})")] if n["limit"] else []
    return Scope(
        [Shared("errgroup", "g"), Shared("mutex", "m"), Shared("u64", "sum"), Shared("u64", "error")],
        [*limits, *body, Both("{error} = (uint64_t)gort_group_wait({g})", "error = g.wait()")], "{sum} * 3 + {error}",
    )


@pattern((0, 1), size=(1, 12), laps=(1, 20), cap=(0, 1), how=(0, 4))
def ring(node: Node, calls: list[str]) -> Scope:
    """A token goes round; each hop changes it."""
    n = node.numbers
    size = n["size"]
    body = [
        Let("v", value(calls)), Let("token", "0"),
        For("lap", n["laps"], [
            Recv("{c}[w]", "token"), Set("token", "token * 31 + v"),
            If(f"w + 1 < {size} || lap + 1 < {n['laps']}", [Send(f"{{c}}[(w + 1) % {size}]", "token")]),
        ]),
        If(f"w + 1 == {size}", [Set("{last}", "token")]),
    ]
    cap = max(n["cap"], 1) if size == 1 else n["cap"]  # alone, it sends to itself
    return Scope(
        [Shared("chans", "c", size, cap), Shared("u64", "last")],
        [*(Spawn(k, body, HOW[n["how"]] if k == 0 else "go") for k in range(size)), Send("{c}[0]", "7"), WAIT],
        "{last}",
    )


@pattern((0, 2), cap=(1, 6), fill=(0, 6))
def closing(node: Node, calls: list[str]) -> Scope:
    """What is left in a closed channel, what comes after, and what it refuses."""
    cap = node.numbers["cap"]
    fill = min(node.numbers["fill"], cap)
    return Scope(
        [Shared("chan", "c", cap), Shared("u64", "h")],
        [
            *(Set("{h}", f"{{h}} + {call}") for call in calls), For("i", fill, [Send("{c}", "i + 5")]),
            Both("{h} = {h} * 10 + gort_chan_len({c}) * 100 + gort_chan_cap({c})",
                "h = h*10 + uint64(len(c))*100 + uint64(cap(c))"),
            Both("{h} = {h} * 10 + try_close({c})", "h = h*10 + tryClose(c)"),
            Both("{h} = {h} * 10 + try_close({c})", "h = h*10 + tryClose(c)"),
            Both("{h} = {h} * 10 + try_closed_send({c})", "h = h*10 + tryClosedSend(c)"),
            *Range("{c}", "x", [fold("{h}", "x")]), Set("x", "9"), Recv("{c}", "x", "x_ok"),
            fold("{h}", "x * 2 + x_ok"),
            Select([Case("recv", "{c}", "x", [fold("{h}", "x_ok + 3")], ok="x_ok")], [fold("{h}", "96")]),
        ],
        "{h}",
    )


@pattern((0, 1), clients=(1, 6), times=(1, 40), cap=(0, 3), how=(0, 4))
def server(node: Node, calls: list[str]) -> Scope:
    """Requests that carry the channel for the answer."""
    n = node.numbers
    client = [
        Let("v", value(calls)), Let("h", "0"), Let("x", "0"),
        For("i", n["times"], [
            Both("send_chan({requests}, {replies}[w])", "requests <- replies[w]"), Send("{replies}[w]", "v + i"),
            Recv("{answers}[w]", "x"), fold("h", "x"),
        ]),
        Lock(), Set("{sum}", "{sum} + h"), Unlock(),
    ]
    serve = [
        For("i", n["clients"] * n["times"], [
            Both("serve_one({requests}, {replies}, {answers})", "serveOne(requests, replies, answers)"),
        ])
    ]
    return Scope(
        [
            Shared("chanchan", "requests", n["cap"]), Shared("chans", "replies", n["clients"], 0), Shared("mutex", "m"),
            Shared("chans", "answers", n["clients"], 0), Shared("u64", "sum"),
        ],
        [Spawn(0, serve, HOW[n["how"]]), *(Spawn(k, client) for k in range(n["clients"])), WAIT], "{sum}",
    )


@pattern((0, 1), depth=(0, 5), fan=(1, 3))
def tree(node: Node, calls: list[str]) -> Scope:
    """Goroutines that start goroutines; each adds itself."""
    n = node.numbers
    body: list = [Lock(), Set("{sum}", f"{{sum}} + {value(calls, '3')}"), Unlock()]
    for _ in range(n["depth"]):
        body = [Lock(), Set("{sum}", "{sum} + 1 + w"), Unlock(), *(Spawn(k, body) for k in range(n["fan"]))]
    return Scope([Shared("mutex", "m"), Shared("u64", "sum")], [Spawn(1, body), WAIT], "{sum}")


@pattern((0, 1), defers=(1, 5), how=(0, 1))
def exits(node: Node, calls: list[str]) -> Scope:
    """Goexit: what is deferred runs, last first; what comes after does not."""
    n = node.numbers
    defers = [
        Both(f"must(gort_defer(defer_{k % 3}, &{{h}}), GORT_OK)", f"defer func() {{ h = h*31 + {k % 3 + 1} }}()")
        for k in range(n["defers"])
    ]
    body = [*defers, Set("{h}", value(calls)), If("w == 0", [Both("gort_exit()", "runtime.Goexit()")]),
        Set("{h}", "{h} + 1000")]
    return Scope(
        [Shared("u64", "h"), Shared("u64", "first")],
        [Spawn(0, body, HOW[n["how"]]), WAIT, Set("{first}", "{h}"), Spawn(1, body), WAIT], "{h} * 3 + {first}",
    )


@pattern((0, 1), limit=(3, 60), cap=(0, 2))
def sieve(node: Node, calls: list[str]) -> Scope:
    """Primes: a filter for each, as long as the chain is."""
    n = node.numbers
    primes = [p for p in range(2, n["limit"]) if all(p % q for q in range(2, p))]
    filters = len(primes)
    relay = [
        Let("prime", "0"), Recv("{c}[w]", "prime"), Lock(), Set("{sum}", "{sum} + prime * (w + 1)"), Unlock(),
        *Range("{c}[w]", "x", [If("x % prime != 0", [Send("{c}[w + 1]", "x")])]), Close("{c}[w + 1]"),
    ]
    return Scope(
        [Shared("chans", "c", filters + 1, n["cap"]), Shared("mutex", "m"), Shared("u64", "sum")],
        [
            *(Spawn(k, relay) for k in range(filters)), *(Set("{sum}", call) for call in calls),
            For("i", n["limit"] - 2, [Send("{c}[0]", "i + 2")]), Close("{c}[0]"),
            *Range(f"{{c}}[{filters}]", "y", []), WAIT,
        ],
        "{sum}",
    )


@pattern(sleepers=(1, 12), nanoseconds=(0, 400000), how=(0, 4))
def timers(node: Node, calls: list[str]) -> Scope:
    """Sleepers, tickers, timers that are stopped and set anew: what happens, not when."""
    n = node.numbers
    body = [
        Both(f"gort_sleep({n['nanoseconds']} * (int64_t)(w % 3))",
            f"time.Sleep({n['nanoseconds']} * time.Duration(w%3))"),
        Lock(), Set("{sum}", "{sum} + w"), Unlock(),
    ]
    return Scope(
        [Shared("mutex", "m"), Shared("u64", "sum"), Shared("u64", "facts")],
        [
            *(Spawn(k, body, HOW[n["how"]]) for k in range(n["sleepers"])),
            Both("{facts} = timer_facts()", "facts = timerFacts()"), WAIT,
        ],
        "{sum} * 64 + {facts}",
    )


@pattern((0, 1), seed=(0, 10**6), processes=(2, 6), chans=(1, 6), steps=(1, 40), cap=(0, 3), how=(0, 4))
def network(node: Node, calls: list[str]) -> Scope:
    """Processes that send and receive as they like, each channel between two of them.

    Such a network (Kahn's) comes to the same in every schedule, whether it gets stuck included:
    so it is run here first, and each process stops where it would have got stuck.
    """
    n = node.numbers
    generator = random.Random(n["seed"])
    ends = [tuple(generator.sample(range(n["processes"]), 2)) for _ in range(n["chans"])]
    plans: list[list[tuple[str, int]]] = [[] for _ in range(n["processes"])]
    for process, plan in enumerate(plans):
        mine = [("send", c) for c, (a, _) in enumerate(ends) if a == process]
        mine += [("recv", c) for c, (_, b) in enumerate(ends) if b == process]
        plan += [generator.choice(mine) for _ in range(n["steps"])] if mine else []
    reached = simulate(plans, n["chans"], n["cap"])
    spawns = []
    for process, plan in enumerate(plans):
        body: list = [Let("h", value(calls)), Let("x", "0")]
        for op, c in plan[:reached[process]]:
            body += [Send(f"{{c}}[{c}]", "h")] if op == "send" else [Recv(f"{{c}}[{c}]", "x"), fold("h", "x")]
        spawns.append(Spawn(process, [*body, Set("{at}[w]", "h")], HOW[n["how"]] if process == 0 else "go"))
    return Scope(
        [Shared("chans", "c", n["chans"], n["cap"]), Shared("array", "at", n["processes"]), Shared("u64", "all")],
        [*spawns, WAIT, For("i", n["processes"], [fold("{all}", "{at}[i]")])], "{all}",
    )


def simulate(plans: list[list[tuple[str, int]]], chans: int, cap: int) -> list[int]:
    """How many steps each process completes."""
    at, filled = [0] * len(plans), [0] * chans
    moved = True
    while moved:
        moved = False
        waiting: dict[tuple[str, int], int] = {}
        for process, plan in enumerate(plans):
            while at[process] < len(plan):
                op, c = plan[at[process]]
                if op == "send" and filled[c] < cap:
                    filled[c] += 1
                elif op == "recv" and filled[c] > 0:
                    filled[c] -= 1
                else:
                    waiting[(op, c)] = process
                    break
                at[process] += 1
                moved = True
        for c in range(chans if cap == 0 else 0):
            sender, receiver = waiting.get(("send", c)), waiting.get(("recv", c))
            if sender is not None and receiver is not None:
                at[sender] += 1
                at[receiver] += 1
                moved = True
    return at
