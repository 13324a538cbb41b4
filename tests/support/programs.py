"""Running programs: if one fails, what it printed is in the report of the test."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def run(
    *command: object, cwd: Path, environ: Mapping[str, str], status: int = 0
) -> str:
    """Run a program that must end with ``status``; return what it printed on both streams."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words,
        cwd=cwd,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == status, (
        f"{' '.join(words)}\n(status {result.returncode})\n{result.stdout}"
    )
    return result.stdout
