"""What a test needs of the machine: a skip with a reason on a contributor's, a failure in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import NoReturn

import pytest

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


def missing(what: str) -> NoReturn:
    """Skip, or in CI fail, because ``what`` is not on this machine."""
    if IN_CI:
        pytest.fail(f"CI must provide {what}", pytrace=False)
    pytest.skip(f"needs {what}")


def program(name: str) -> str:
    """The path of a program on PATH."""
    found = shutil.which(name)
    return found if found is not None else missing(f"the program {name}")


def header(name: str) -> None:
    """A C header that the compiler finds."""
    command = [program("gcc"), "-E", "-include", name, "-x", "c", os.devnull]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        missing(f"the C header {name}")
