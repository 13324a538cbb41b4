"""The tries of one build: another one for projects that have settings for it, and one elsewhere when the disk is full.

scikit-build-core lets overrides hold when a build failed before (``if.failed``): without an optional part, or with
``wheel.cmake = false``. What the project has to say of failures is added to the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ...model.errors import EngineError
from ...model.project import ProjectFile
from ...model.record import replace
from ...model.request import Request
from ...project_settings.schema import bytes_of
from . import Engine
from .step_variables import variables_for_steps

if TYPE_CHECKING:
    from ..warm.area import BuildArea
    from ..warm.planner import Planner

T = TypeVar("T")
Build = Callable[[Request, ProjectFile, "BuildArea", Engine], T]
"""Builds once. The request's source is that of the build area."""
Explain = Callable[[EngineError, Request, ProjectFile, "BuildArea"], None]
"""Adds to a failure what it means."""

_RETRIED_PHASES = frozenset({"configure", "build", "install"})
"""What may go otherwise with other settings; a missing CMake, or ``fail = true``, stays."""


def build_in_area(
    request: Request,
    project_file: ProjectFile,
    build: Build[T],
    *,
    planner: Planner,
    explain: Explain,
) -> T:
    """Return what ``build`` makes, in a kept build area when there can be one.

    :param planner: decides how much of an earlier build may be used again.
    :raises EngineError: when the last try fails.
    """
    from ..warm import slots

    mode = project_file.settings.cache if project_file.may_run_cmake else "off"
    try:
        # A variable that no step gets does not make it another build.
        reaching = replace(request, environ=variables_for_steps(request.environ))
        with slots.area_for(reaching, mode, planner) as area:
            built = _build_with_retry(
                request, project_file, area, build, explain=explain
            )
    except slots.CacheFailedError as failure:
        # The disk that is full may be the cache's alone; the same build goes on elsewhere.
        with slots.area_for(
            reaching, mode, planner, nothing_kept=failure.reason
        ) as area:
            built = _build_with_retry(
                request, project_file, area, build, explain=explain
            )
    if mode != "off":
        slots.trim(bytes_of(project_file.settings.cache_limit), request.environ)
    return built


def _build_with_retry(
    request: Request,
    project_file: ProjectFile,
    area: BuildArea,
    build: Build[T],
    *,
    explain: Explain,
) -> T:
    """Build, and once more when that fails and the project has settings for a second try."""
    request = replace(request, source=area.source)
    engine = Engine(request, project_file.table)
    try:
        return build(request, project_file, area, engine)
    except EngineError as error:
        # Only the overrides tell whether there is anything to do otherwise, so the settings are read again.
        retry = Engine(request, project_file.table, retry=True)
        # Without other settings, the same build would fail in the same way.
        if not retry.retries or error.phase not in _RETRIED_PHASES:
            explain(error, request, project_file, area)
            raise _with_message(error, engine) from None
    try:
        return build(request, project_file, area, retry)
    except EngineError as error:
        explain(error, request, project_file, area)
        raise _with_message(error, retry) from None


def _with_message(error: EngineError, engine: Engine) -> EngineError:
    """Add what the project has to say of failures (``messages.after-failure``), unless it is said already."""
    message = engine.message_after_failure
    if message and message not in error.context:
        error.context = (*error.context, message)
    return error
