"""What the package says of its types is true of what is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("mypy")


@pytest.mark.parametrize("check", [["mypy.stubtest", "gort"], ["mypy", "--strict", "-p", "gort"]], ids=lambda c: c[0])
def test_types(check: list[str], tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *check], cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=140
    )
    assert done.returncode == 0, done.stdout
