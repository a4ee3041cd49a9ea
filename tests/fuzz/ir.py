"""Statements that exist in Go and in C, and the two printers.

A Scope is one function `uint64 nK()`: what its goroutines share, and what it does. Names in
braces, {sum}, are shared: variables of the function in Go, fields of a struct that every
goroutine of the scope gets in C. All other names are local. Values are uint64, so that an
expression is the same text in both languages. Every scope has a WaitGroup `wg`, which counts
what is started and is waited for before the scope returns: nothing outlives it.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Sequence, Union

SHARED = re.compile(r"\{(\w+)\}")
# Type of a shared thing: the C declaration, how C makes it, how C frees it, the Go declaration.
KINDS = {
    "u64": ("uint64_t {n}", "", "", "var {n} uint64"),
    "mutex": ("gort_mutex {n}", "", "", "var {n} sync.Mutex"),
    "rwmutex": ("gort_rwmutex {n}", "", "", "var {n} sync.RWMutex"),
    "once": ("gort_once {n}", "", "", "var {n} sync.Once"),
    "cond": ("gort_cond {n}", "", "", "{n} := sync.NewCond(&m)"),
    "group": ("gort_waitgroup {n}", "", "", "var {n} sync.WaitGroup"),
    "sem": ("gort_sem {n}", "gort_sem_init(&e->{n}, {a})", "", "{n} := newSem({a})"),
    "array": ("uint64_t {n}[{a}]", "", "", "{n} := make([]uint64, {a})"),
    "chan": ("gort_chan *{n}", "e->{n} = make_chan(8, {a})", "gort_chan_release(e->{n})",
        "{n} := make(chan uint64, {a})"),
    "chans": (
        "gort_chan *{n}[{a}]",
        "for (size_t i = 0; i < {a}; i++) e->{n}[i] = make_chan(8, {b})",
        "for (size_t i = 0; i < {a}; i++) gort_chan_release(e->{n}[i])",
        "{n} := makeChans({a}, {b})",
    ),
    "chanchan": (
        "gort_chan *{n}", "e->{n} = make_chan(sizeof(gort_chan *), {a})", "gort_chan_release(e->{n})",
        "{n} := make(chan chan uint64, {a})",
    ),
    "ctx": (
        "gort_ctx *{n}", "e->{n} = gort_ctx_with_cancel({a})", "gort_ctx_release(e->{n})",
        "{n}, cancel_{n} := context.WithCancel({b})\n\tdefer cancel_{n}()",
    ),
    "errgroup": ("gort_group *{n}", "e->{n} = gort_group_new(NULL)", "gort_group_release(e->{n})", "{n} := newGroup()"),
}


class Shared(NamedTuple):
    kind: str
    name: str
    a: object = ""
    b: object = ""


class Let(NamedTuple):
    """A local variable, or with `again` a new value for one, or for a shared one."""

    name: str
    value: str
    again: bool = False


class For(NamedTuple):
    name: str
    count: object
    body: Sequence["Statement"]


class While(NamedTuple):
    condition: str
    body: Sequence["Statement"]


class If(NamedTuple):
    condition: str
    body: Sequence["Statement"]


class Both(NamedTuple):
    """One statement, said in each language."""

    c: str
    go: str


class Spawn(NamedTuple):
    """A goroutine that knows its number as `w`. how: go, named, thread, locked (all the same in Go).

    group: the errgroup it belongs to; its body may say Fail.
    """

    number: object
    body: Sequence["Statement"]
    how: str = "go"
    group: str = ""


class Case(NamedTuple):
    """op: recv or send. what: the local a value goes to, or the value. when: else the channel is nil."""

    op: str
    chan: str
    what: str
    body: Sequence["Statement"] = ()
    ok: Optional[str] = None
    when: Optional[str] = None


class Select(NamedTuple):
    """timeout: nanoseconds. otherwise: the default's or the timeout's body; None without either."""

    cases: Sequence[Case]
    otherwise: Optional[Sequence["Statement"]] = None
    timeout: Optional[int] = None


Statement = Union[Let, For, While, If, Both, Spawn, Select]


class Scope(NamedTuple):
    shared: Sequence[Shared]
    body: Sequence[Statement]
    result: str


def Set(name: str, value: str) -> Let:  # noqa: N802 - reads as a statement
    return Let(name, value, again=True)


def Send(chan: str, value: str) -> Both:  # noqa: N802
    return Both(f"send_value({chan}, {value})", f"{chan} <- {value}")


def Recv(chan: str, name: str, ok: str = "") -> Both:  # noqa: N802
    """Into a local that exists; ok: a local that becomes 1, or 0 when the channel is closed."""
    if ok:
        return Both(f"{ok} = recv_ok({chan}, &{name})", f"{ok} = recvOK({chan}, &{name})")
    return Both(f"recv_value({chan}, &{name})", f"{name} = <-{chan}")


def Range(chan: str, name: str, body: Sequence[Statement]) -> list[Statement]:  # noqa: N802
    """for name := range chan, said with the means of both."""
    return [
        Let(name, "0"), Let(f"{name}_ok", "1"), Recv(chan, name, f"{name}_ok"),
        While(f"{name}_ok == 1", [*body, Recv(chan, name, f"{name}_ok")]),
    ]


def Close(chan: str) -> Both:  # noqa: N802
    return Both(f"must(gort_chan_close({chan}), GORT_OK)", f"close({chan})")


def Lock(mutex: str = "{m}") -> Both:  # noqa: N802
    return Both(f"gort_mutex_lock(&{mutex})", f"{mutex}.Lock()")


def Unlock(mutex: str = "{m}") -> Both:  # noqa: N802
    return Both(f"must(gort_mutex_unlock(&{mutex}), GORT_OK)", f"{mutex}.Unlock()")


def Fail(value: str) -> Both:  # noqa: N802
    return Both(f"((struct start *)arg_)->error = (int)({value})", f"err = {value}")


WAIT = Both("gort_waitgroup_wait(&{wg})", "{wg}.Wait()")


class CPrinter:
    """Goroutine bodies become functions, which stand before the function that starts them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.functions: list[str] = []

    def text(self, text: str) -> str:
        return SHARED.sub(r"e->\1", text)

    def scope(self, scope: Scope) -> str:
        env = f"struct env_{self.name}"
        fields = ["gort_waitgroup wg"]
        make, free = [], []
        for one in scope.shared:
            declared, made, freed, _ = (part.replace("{n}", one.name).replace("{a}", self.text(str(one.a)))
                                        .replace("{b}", self.text(str(one.b))) for part in KINDS[one.kind])
            fields.append(declared)
            make += [made] * bool(made)
            free += [freed] * bool(freed)
        body = self.block(scope.body, 1)
        lines = [f"{env} {{", *(f"    {field};" for field in fields), "};", "", *self.functions]
        lines += [f"static uint64_t {self.name}(void)", "{", f"    {env} env, *e = &env;",
            "    memset(e, 0, sizeof env);"]
        lines += [f"    {line};" for line in make]
        lines += [body, "    gort_waitgroup_wait(&e->wg);", f"    uint64_t result_ = {self.text(scope.result)};"]
        lines += [f"    {line};" for line in free]
        return "\n".join([*lines, "    return result_;", "}", ""])

    def block(self, body: Sequence[Statement], depth: int) -> str:
        return "\n".join(self.statement(one, depth) for one in body)

    def braces(self, head: str, body: Sequence[Statement], depth: int) -> str:
        pad = "    " * depth
        return f"{pad}{head} {{\n{self.block(body, depth + 1)}\n{pad}}}"

    def statement(self, one: Statement, depth: int) -> str:
        pad = "    " * depth
        if isinstance(one, Let):
            kind = "" if one.again else "uint64_t "
            return f"{pad}{kind}{self.text(one.name)} = {self.text(one.value)};"
        if isinstance(one, For):
            return self.braces(f"for (uint64_t {one.name} = 0; {one.name} < {one.count}; {one.name}++)", one.body,
                depth)
        if isinstance(one, While):
            return self.braces(f"while ({self.text(one.condition)})", one.body, depth)
        if isinstance(one, If):
            return self.braces(f"if ({self.text(one.condition)})", one.body, depth)
        if isinstance(one, Both):
            return f"{pad}{self.text(one.c)};"
        if isinstance(one, Spawn):
            return self.spawn(one, pad)
        return self.select(one, depth)

    def spawn(self, one: Spawn, pad: str) -> str:
        body = self.block(one.body, 1)
        function = f"{self.name}_go{len(self.functions)}"
        self.functions.append(
            f"static void {function}(void *arg_)\n{{\n    struct env_{self.name} *e = ((struct start *)arg_)->env;\n"
            f"    uint64_t w = ((struct start *)arg_)->number;\n    (void)w;\n    (void)e;\n{body}\n}}\n"
        )
        number = self.text(str(one.number))
        if one.group:
            return f"{pad}start_in_group({function}, {self.text(one.group)}, e, {number});"
        return f"{pad}start_{one.how}({function}, &e->wg, e, {number});"

    def select(self, one: Select, depth: int) -> str:
        pad = "    " * depth
        inner = pad + "    "
        lines, cases = [f"{pad}{{"], []
        for k, case in enumerate(one.cases):
            chan = self.text(case.chan)
            if case.when:
                chan = f"({self.text(case.when)}) ? {chan} : NULL"
            if case.op == "send":
                lines.append(f"{inner}uint64_t send_{k} = {self.text(case.what)};")
                cases.append(f"GORT_SEND_CASE({chan}, &send_{k})")
            else:
                cases.append(f"GORT_RECV_CASE({chan}, &{case.what})")
        lines.append(f"{inner}gort_case cases_[] = {{{', '.join(cases)}}};")
        call = "gort_select(cases_, {n})"
        if one.timeout is not None:
            call = f"gort_select_timeout(cases_, {{n}}, {one.timeout})"
        elif one.otherwise is not None:
            call = "gort_select_default(cases_, {n})"
        lines.append(f"{inner}switch ({call.format(n=len(cases))}) {{")
        for k, case in enumerate(one.cases):
            lines.append(f"{inner}case {k}:")
            if case.ok:
                lines.append(f"{inner}    {case.ok} = cases_[{k}].status == GORT_OK;")
            lines += [self.block(case.body, depth + 2)] * bool(case.body) + [f"{inner}    break;"]
        lines.append(f"{inner}case GORT_NONE:")
        lines += [self.block(one.otherwise or (), depth + 2), f"{inner}    break;"]
        return "\n".join([*lines, f"{inner}default:", f"{inner}    must(GORT_INVALID, GORT_OK);", f"{inner}}}",
        f"{pad}}}"])


class GoPrinter:
    """Goroutine bodies become closures."""

    def __init__(self, name: str) -> None:
        self.name = name

    def text(self, text: str) -> str:
        return SHARED.sub(r"\1", text)

    def scope(self, scope: Scope) -> str:
        lines = [f"func {self.name}() uint64 {{", "\tvar wg sync.WaitGroup"]
        for one in scope.shared:
            made = KINDS[one.kind][3].replace("{n}", one.name)
            lines.append("\t" + made.replace("{a}", self.text(str(one.a))).replace("{b}", self.text(str(one.b))))
        lines += [f"\t_ = &{one.name}" for one in scope.shared]
        return "\n".join([*lines, self.block(scope.body, 1), "\twg.Wait()", f"\treturn {self.text(scope.result)}",
            "}", ""])

    def block(self, body: Sequence[Statement], depth: int) -> str:
        return "\n".join(self.statement(one, depth) for one in body)

    def braces(self, head: str, body: Sequence[Statement], depth: int) -> str:
        pad = "\t" * depth
        return f"{pad}{head} {{\n{self.block(body, depth + 1)}\n{pad}}}"

    def statement(self, one: Statement, depth: int) -> str:
        pad = "\t" * depth
        if isinstance(one, Let):
            name, value = self.text(one.name), self.text(one.value)
            return f"{pad}{name} = {value}" if one.again else f"{pad}var {name} uint64 = {value}\n{pad}_ = {name}"
        if isinstance(one, For):
            return self.braces(f"for {one.name} := uint64(0); {one.name} < {one.count}; {one.name}++", one.body, depth)
        if isinstance(one, While):
            return self.braces(f"for {self.text(one.condition)}", one.body, depth)
        if isinstance(one, If):
            return self.braces(f"if {self.text(one.condition)}", one.body, depth)
        if isinstance(one, Both):
            return f"{pad}{self.text(one.go)}"
        if isinstance(one, Spawn):
            body = self.block(one.body, depth + 1)
            number = self.text(str(one.number))
            if one.group:
                head = f"{self.text(one.group)}.start({number}, func(w uint64) (err uint64)"
                return f"{pad}{head} {{\n{body}\n{pad}\treturn\n{pad}}})"
            return f"{pad}start(&wg, {number}, func(w uint64) {{\n{body}\n{pad}}})"
        return self.select(one, depth)

    def select(self, one: Select, depth: int) -> str:
        pad = "\t" * depth
        lines = [f"{pad}select {{"]
        for case in one.cases:
            chan = self.text(case.chan)
            if case.when:
                chan = f"when({self.text(case.when)}, {chan})"
            if case.op == "send":
                lines.append(f"{pad}case {chan} <- {self.text(case.what)}:")
            elif case.ok:
                lines += [f"{pad}case value, open := <-{chan}:", f"{pad}\t{case.what}, {case.ok} = value, truth(open)"]
            else:
                lines.append(f"{pad}case {case.what} = <-{chan}:")
            lines += [self.block(case.body, depth + 1)] * bool(case.body)
        if one.timeout is not None:
            lines.append(f"{pad}case <-time.After({one.timeout}):")
        elif one.otherwise is not None:
            lines.append(f"{pad}default:")
        lines += [self.block(one.otherwise or (), depth + 1)] * bool(one.otherwise)
        return "\n".join([*lines, f"{pad}}}"])
