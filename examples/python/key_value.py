"""key_value: a context that carries a value, for itself and for what is made from it.

    key_value.py
"""

import argparse
from enum import Enum

from gort import context


class Key(Enum):
    """Keys of a type of their own, which nobody else can have by accident."""

    USER = "user"
    OTHER = "other"


def search(name: str, ctx: context.Context, key: Key) -> None:
    value = ctx.value(key)
    if value is not None:
        print(f"{name}: found key {key.value}, value: {value}")
    else:
        print(f"{name}: key not found: {key.value}")


def main() -> None:
    ctx = context.with_value(context.background(), Key.USER, "mySecretValue")
    with context.with_cancel(ctx) as child:
        search("WithValue", ctx, Key.USER)
        search("WithValue", ctx, Key.OTHER)
        search("its child", child, Key.USER)
        search("TODO", context.todo(), Key.USER)


if __name__ == "__main__":
    argparse.ArgumentParser(description="Look values up in contexts.").parse_args()
    main()
