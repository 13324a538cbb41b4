"""Which build area a build gets: a kept one that nobody else uses now, or a temporary directory when none can be kept.

Kept areas of one project, interpreter and product stand side by side in the cache directory (``builds/KEY/0``, ``1`` …),
each with a lock, so that builds at the same time do not wait for each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...model.build_record import ColdReason, NothingKept
from ...model.request import Product, Request
from . import cache, environment, locks
from .area import BuildArea
from .begun_build import LAYOUT
from .kept_area import KeptBuildArea

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .planner import Planner


@contextlib.contextmanager
def area_for(request: Request, mode: str, planner: Planner) -> Iterator[BuildArea]:
    """Give the area for one build.

    :param mode: the setting ``cache``.
    :param planner: decides how much of an earlier build may be used again.
    """
    with contextlib.ExitStack() as stack:
        area = _kept_or_temporary(request, mode, planner, stack)
        stack.callback(area.close)
        yield area
        shutil.rmtree(area.staging, ignore_errors=True)


def _kept_or_temporary(
    request: Request,
    mode: str,
    planner: Planner,
    stack: contextlib.ExitStack,
) -> BuildArea:
    """Return a kept area, else a temporary one that knows why nothing is kept."""
    nothing_kept = reason_to_keep_nothing(request, mode)
    if nothing_kept is None:
        try:
            return _kept_area(request, mode, planner, stack)
        except (OSError, cache.UnfitError) as error:
            nothing_kept = NothingKept(cause=ColdReason.UNFIT_CACHE, detail=str(error))
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="truewheel-"))
    return BuildArea(request.source, Path(folder).resolve(), nothing_kept)


def reason_to_keep_nothing(request: Request, mode: str) -> NothingKept | None:
    """Return why nothing of a build can be kept, as far as that is known before the cache is looked at."""
    if mode == "off":
        return NothingKept(cause=ColdReason.SWITCHED_OFF)
    if request.product not in (Product.WHEEL, Product.EDITABLE):
        return NothingKept(cause=ColdReason.NOT_A_WHEEL)
    # Paths of an environment that will be deleted stand in every command line; see ``reexec``.
    if environment.find_isolated_environment(request.environ) is not None:
        return NothingKept(cause=ColdReason.ENVIRONMENT_DELETED)
    return None


def _kept_area(
    request: Request,
    mode: str,
    planner: Planner,
    stack: contextlib.ExitStack,
) -> KeptBuildArea:
    """Return the first kept area of the project that is free, locked for as long as ``stack`` is open.

    :raises cache.UnfitError: when the cache directory cannot be used safely.
    """
    is_volatile = mode == "mirror" or _is_unpacked_sdist(request.source)
    is_mirrored = is_volatile and request.product is Product.WHEEL
    project = _project_of(request, is_mirrored=is_mirrored)
    store = cache.opened(request.environ)
    slots = store / "builds" / _key(request, project, is_mirrored=is_mirrored)
    slots.mkdir(parents=True, exist_ok=True, mode=0o700)
    label = slots / cache.LABEL
    label.write_text(project, encoding="utf-8", errors="backslashreplace")
    number, lock = _take_first_free(slots)
    stack.enter_context(lock)
    return KeptBuildArea(
        request,
        slots / str(number),
        is_mirrored=is_mirrored,
        planner=planner,
    )


def _take_first_free(slots: Path) -> tuple[int, locks.Lock]:
    """Lock the first slot that nobody else uses now; it may be a new one."""
    # Builds of one project at the same time have a slot each; the first one is the warmest.
    number = 0
    while (lock := locks.take(slots / f"{number}.lock")) is None:
        number += 1
    return number, lock


def _is_unpacked_sdist(source: Path) -> bool:
    """Say whether a front end unpacked this: PKG-INFO stands at its top, and no version control."""
    is_checkout = (source / ".git").exists() or (source / ".hg").exists()
    return (source / "PKG-INFO").is_file() and not is_checkout


def _key(request: Request, project: str, *, is_mirrored: bool) -> str:
    """Name the project, the interpreter and the product; what else may differ leads to a rebuild in place."""
    parts = [
        str(LAYOUT),
        project,
        str(is_mirrored),
        request.product.value,
        environment.interpreter_identity(),
    ]
    if environment.current() is None:
        parts.append(os.path.realpath(environment.prefix()))
    # Both say for which CPU a Python on macOS builds.
    parts.append(request.environ.get("ARCHFLAGS", ""))
    parts.append(request.environ.get("_PYTHON_HOST_PLATFORM", ""))
    content = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(content).hexdigest()[:16]


def _project_of(request: Request, *, is_mirrored: bool) -> str:
    """Tell a checkout by its path, an unpacked sdist by its project's name: its path is another each time."""
    info = request.source / "PKG-INFO"
    if is_mirrored and info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Name:"):
                return line
    return os.path.realpath(request.source)


# --- room on the disk -------------------------------------------------------------------------------------------

_ROOM = 50_000_000
"""Bytes; a compiler that stopped for want of room has left less."""
_NOTHING = 1_000_000
"""Bytes; with less than that, nothing that goes wrong can be blamed on anything else."""


def is_full(environ: Mapping[str, str]) -> bool:
    """Say whether the cache directory's disk has no room left for a build."""
    try:
        return shutil.disk_usage(cache.path(environ)).free < _ROOM
    except OSError:
        return True


def without_room(area: BuildArea) -> str:
    """Return the directory that a build writes to whose disk is full; empty when there is none."""
    for path in (area.root, Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            if shutil.disk_usage(path).free < _NOTHING:
                return os.fspath(path)
    return ""


def trim(limit: int | None, environ: Mapping[str, str]) -> None:
    """Keep the cache directory within ``limit`` bytes."""
    with contextlib.suppress(OSError, cache.UnfitError):
        if limit is not None:
            cache.trim(cache.opened(environ), limit)
