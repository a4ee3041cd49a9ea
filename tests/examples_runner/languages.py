"""The languages of the examples: where their programs are, how one is run, and what they call things."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Mapping, NamedTuple

from harness import ROOT

BUILD = ROOT / "target" / "tests" / "examples"
VENV_PYTHON = ROOT / "target" / "venv" / "bin" / "python"

OF_C = {"cache", "echo_load", "echo_server", "loop_epoll", "loop_uv"}
OF_PYTHON = {"asyncio_bridge", "wc_imap"}


class Language(NamedTuple):
    """`lacks`: examples that it has no form for, or would say nothing new about."""

    name: str
    command: Callable[[str], list[str]]
    usage_status: int
    words: Mapping[str, str]
    lacks: set[str]

    def programs(self) -> set[str]:
        """The names of its programs; what they share begins with an underscore."""
        suffix = {"python": "py"}.get(self.name, self.name)
        paths = (ROOT / "examples" / self.name).glob(f"*.{suffix}")
        return {path.stem for path in paths if not path.stem.startswith("_")}


STATUSES = {
    "closed": "GORT_CLOSED", "misuse": "GORT_MISUSE", "close of nil": "GORT_INVALID", "canceled": "GORT_CANCELED",
    "deadline": "GORT_DEADLINE_EXCEEDED", "no error": "GORT_OK", "nothing": "0",
}
EXCEPTIONS = {
    "closed": "Closed", "misuse": "Misuse", "close of nil": "Misuse", "canceled": "Canceled",
    "deadline": "DeadlineExceeded", "no error": "None", "nothing": "None",
}


def compiled(name: str, lacks: set[str]) -> Language:
    return Language(name, lambda program: [str(BUILD / name / program)], 64, STATUSES, lacks)


def python(interpreter: Path) -> Language:
    """Warnings are errors; the status for a wrong usage is argparse's."""
    sources = ROOT / "examples" / "python"
    return Language(
        "python", lambda program: [str(interpreter), "-W", "error", str(sources / f"{program}.py")], 2, EXCEPTIONS,
        OF_C | {"skynet", "wc"},
    )


def language(name: str, interpreter: Path = VENV_PYTHON) -> Language:
    if name == "python":
        return python(interpreter)
    return compiled(name, OF_PYTHON if name == "c" else OF_C | OF_PYTHON)
