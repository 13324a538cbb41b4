"""What a build needs only after CMake has run, imported while CMake runs.

A hook's own work takes a second, and a fifth of that would go into imports (``benchmarks/overhead.py``). While the build
tool compiles, this process waits and can do them. Nothing depends on it: whoever needs a module imports it in any case.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

_AFTER_CMAKE = (
    "packaging.tags",
    "truewheel.audit.questions",
    "truewheel.audit.verdict",
    "truewheel.system.warm.observed_inputs",
    "truewheel.system.wheels.installed",
    "truewheel.system.wheels.reading",
    "truewheel.system.wheels.writing",
    "truewheel.report.wheels",
)


def import_what_follows_cmake() -> None:
    """Import the audit, the writer and the report, and read what the binaries of this system will ask for."""
    for name in _AFTER_CMAKE:
        importlib.import_module(name)
    _load_reader()
    _load_policy()


def _load_reader() -> None:
    """Load the reader of this system's binaries: that of the format that Python itself has."""
    from . import formats

    # sniff() imports the reader for what it recognises.
    with Path(sys.executable).open("rb") as program:
        formats.sniff(program.read(formats.HEAD))


def _load_policy() -> None:
    """Load the table of what this system's platform supplies."""
    from .data_tables import table
    from .platforms import parse_platform_tag
    from .system.host import running_target

    tag = parse_platform_tag(running_target().platform_tag)
    # The one that this interpreter's own binaries are for.
    if tag is not None:
        table(f"platforms/policy/{tag.family}.json")
