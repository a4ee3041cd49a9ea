"""Channels in asyncio (to come)."""

from __future__ import annotations

from typing import Any


def asend(self: Any, value: Any) -> Any:
    raise NotImplementedError


def arecv(self: Any) -> Any:
    raise NotImplementedError


def values(self: Any) -> Any:
    raise NotImplementedError


def aselect(*cases: Any) -> Any:
    raise NotImplementedError
