"""Program trees: random ones, their text, and the smaller trees next to one.

A node is a kind, numbers by name, and children; what it means is in patterns.py, where each
kind says which numbers it takes, from what least to what greatest, and how many children.
"""

from __future__ import annotations

import random
from typing import Iterator, NamedTuple


class Kind(NamedTuple):
    """numbers: name -> (least, greatest). children: least and greatest number of them."""

    numbers: dict[str, tuple[int, int]]
    children: tuple[int, int]


class Node(NamedTuple):
    kind: str
    numbers: dict[str, int]
    children: tuple["Node", ...]

    def __str__(self) -> str:
        parts = [self.kind, *(f"{name}={value}" for name, value in self.numbers.items()), *map(str, self.children)]
        return f"({' '.join(parts)})"

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()


def parse(text: str) -> Node:
    """The tree that str() gives this text for."""
    words = text.replace("(", " ( ").replace(")", " ) ").split()
    position = 0

    def node() -> Node:
        nonlocal position
        if words[position] != "(":
            raise ValueError(f"no tree: {text[:80]}")
        kind, numbers, children = words[position + 1], {}, []
        position += 2
        while words[position] != ")":
            if words[position] == "(":
                children.append(node())
            else:
                name, _, value = words[position].partition("=")
                numbers[name] = int(value)
                position += 1
        position += 1
        return Node(kind, numbers, tuple(children))

    return node()


def grow(generator: random.Random, kinds: dict[str, Kind], depth: int) -> Node:
    """A random tree of at most this depth; its leaves are constants."""
    names = [name for name in kinds if name != "constant"] if depth > 0 else ["constant"]
    name = generator.choice(names)
    kind = kinds[name]
    # The square favours small numbers, where most of the races are.
    numbers = {
        key: least + int((greatest - least + 1) * generator.random() ** 2) for key,
        (least, greatest) in kind.numbers.items()
    }
    count = max(generator.randint(*kind.children) for _ in range(2))
    children = []
    for _ in range(count):
        deeper = depth - 1 if generator.random() < 0.9 else 0
        children.append(grow(generator, kinds, deeper))
    return Node(name, numbers, tuple(children))


def smaller(node: Node, kinds: dict[str, Kind]) -> Iterator[Node]:
    """Trees that are simpler by one step, the boldest steps first."""
    if node.kind != "constant":
        yield Node("constant", {"value": 1}, ())
    yield from node.children
    kind = kinds[node.kind]
    for k in range(len(node.children)):
        if len(node.children) > kind.children[0]:
            yield node._replace(children=node.children[:k] + node.children[k + 1:])
    for name, value in node.numbers.items():
        least = kind.numbers[name][0]
        for less in sorted({least, (least + value) // 2, value - 1}):
            if least <= less < value:
                yield node._replace(numbers={**node.numbers, name: less})
    for k, child in enumerate(node.children):
        for less in smaller(child, kinds):
            yield node._replace(children=node.children[:k] + (less,) + node.children[k + 1:])
