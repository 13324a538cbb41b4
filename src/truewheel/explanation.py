"""What the words of a tool that failed mean to somebody who builds a Python package.

Here the facts are collected that decide it; which words mean what is :mod:`~truewheel.planning.build_errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model.errors import EngineError
from .model.project import ProjectFile
from .model.request import Request
from .system import host
from .system.project.pyproject_toml import build_requires

if TYPE_CHECKING:
    from .system.warm.area import BuildArea


def add_explanation(
    error: EngineError, request: Request, project_file: ProjectFile, area: BuildArea
) -> None:
    """Add to a failure why it happened and what to do, when the tools have said something that is understood."""
    if not error.said:
        return
    # Builds that go well need none of it.
    from .planning.build_errors import Circumstances, diagnosis
    from .system.warm.slots import without_room

    target = host.running_target()
    circumstances = Circumstances(
        requires=build_requires(project_file.table),
        installed=host.installed_distributions(),
        system=target.system,
        python=f"{target.version[0]}.{target.version[1]}",
        variables=frozenset(request.environ),
        headers=host.has_headers(target),
        full=without_room(area, request.environ),
    )
    found = diagnosis(error.said, circumstances)
    if found is not None:
        error.context = (*error.context, found.because)
        error.hint = found.cure
