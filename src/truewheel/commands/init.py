"""``truewheel init``: a new project that builds, tests and is ready for CI at once."""

from __future__ import annotations

import os
from pathlib import Path

from ..model.errors import ExitCode, TruewheelError
from ..report.messages import new_project_text
from ..system import host
from ..templates import kinds, writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace


def run(options: SimpleNamespace) -> int:
    """Make the project; return the exit code."""
    # An empty argument is a shell variable that was not set; realpath() would take it for this directory.
    if not options.directory:
        raise TruewheelError(
            "no directory is named",
            hint="truewheel init . is for the one that you are in",
        )
    directory = os.path.realpath(options.directory)
    kind = kinds.KINDS[options.kind]
    given = options.name
    # The real directory, not the argument: "." has no name of its own.
    if given is None:
        given = kinds.derived_name(os.path.basename(directory))
    name = kinds.checked_name(given, kind)
    contents = writing.files(kind, kinds.values(name, kind))
    writing.create(Path(directory), contents)
    text = new_project_text(
        name,
        options.directory,
        contents,
        needs=kind.needs,
        for_windows=host.is_windows(),
    )
    print(text)
    return int(ExitCode.FINE)
