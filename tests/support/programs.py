"""Running programs in tests: what they said is in the failure."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def run(*command: object, cwd: Path, environ: Mapping[str, str], status: int = 0) -> str:
    """What a program printed, on both streams; it must end with ``status``."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words, cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert result.returncode == status, f"{' '.join(words)}\n(status {result.returncode})\n{result.stdout}"
    return result.stdout
