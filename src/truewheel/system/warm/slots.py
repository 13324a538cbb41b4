"""Which build area a build gets: a kept one that nobody else uses now, or a temporary directory when none can be kept.

Kept areas of one project, interpreter and product stand side by side in the cache directory (``builds/KEY/0``, ``1`` …),
each with a lock, so that builds at the same time do not wait for each other.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...model.build_record import ColdReason, NothingKept
from ...model.errors import EngineError, TruewheelError
from ...model.request import Product, Request
from . import cache, environment, locks, thrown_away, vanishing
from .area import BuildArea
from .begun_build import LAYOUT
from .kept_area import KeptBuildArea

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .planner import Planner


class CacheFailedError(Exception):
    """A build failed, and what is kept is to blame: it would not fail in a temporary directory.

    :param reason: what happened to the cache.
    """

    def __init__(self, reason: NothingKept) -> None:
        super().__init__(reason.phrase)
        self.reason = reason


@contextlib.contextmanager
def area_for(
    request: Request,
    mode: str,
    planner: Planner,
    *,
    nothing_kept: NothingKept | None = None,
) -> Iterator[BuildArea]:
    """Give the area for one build.

    :param mode: the setting ``cache``.
    :param planner: decides how much of an earlier build may be used again.
    :param nothing_kept: why there is to be no kept area; ``None`` when there may be one.
    :raises CacheFailedError: when the build fails inside, because of what became of the kept area.
    """
    with contextlib.ExitStack() as stack:
        nothing_kept = nothing_kept or reason_to_keep_nothing(request, mode)
        found = nothing_kept or _kept_area_or_reason(request, mode, planner, stack)
        if isinstance(found, NothingKept):
            yield _temporary_area(request, found, stack)
            return
        area = found
        stack.callback(area.close)
        try:
            yield area
        # Where files vanish, whatever looks for them next fails, each in its own way: also a mistake in the settings, or a
        # false promise of the wheel, may be none.
        except Exception as error:
            fault = _fault_of_cache(area, error)
            if not fault:
                raise
            reason = NothingKept(cause=ColdReason.UNFIT_CACHE, detail=fault)
            raise CacheFailedError(reason) from error
        shutil.rmtree(area.staging, ignore_errors=True)


def _temporary_area(
    request: Request, nothing_kept: NothingKept, stack: contextlib.ExitStack
) -> BuildArea:
    """Return an area that lasts as long as ``stack`` is open.

    :raises TruewheelError: when there is no place for one.
    """
    try:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="truewheel-"))
    except OSError as error:
        message = f"no temporary directory can be made ({error.strerror})"
        raise TruewheelError(message, hint=_ANOTHER_TEMPORARY) from None
    return BuildArea(
        request.source,
        Path(folder).resolve(),
        nothing_kept,
        whole=thrown_away.find_whole(request.source),
    )


def _kept_area_or_reason(
    request: Request,
    mode: str,
    planner: Planner,
    stack: contextlib.ExitStack,
) -> KeptBuildArea | NothingKept:
    """Return a kept area, else why there is none."""
    try:
        return _kept_area(request, mode, planner, stack)
    except cache.UnfitError as error:
        detail = str(error)
    except OSError as error:
        detail = str(cache.unusable(cache.path(request.environ), error))
    return NothingKept(cause=ColdReason.UNFIT_CACHE, detail=detail)


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
    whole = None
    if request.product is Product.WHEEL:
        whole = thrown_away.find_whole(request.source)
    project = _project_of(request.source, is_thrown_away=whole is not None)
    if request.product is Product.WHEEL and mode == "mirror":
        whole = whole or request.source
    store = cache.opened(request.environ)
    slots = store / "builds" / _key(request, project, is_mirrored=whole is not None)
    slots.mkdir(parents=True, exist_ok=True, mode=0o700)
    label = slots / cache.LABEL
    label.write_text(project, encoding="utf-8", errors="backslashreplace")
    number, lock = _take_first_free(slots)
    stack.enter_context(lock)
    return KeptBuildArea(
        request,
        slots / str(number),
        lock=lock,
        mirrored=whole,
        planner=planner,
    )


def _take_first_free(slots: Path) -> tuple[int, locks.Lock]:
    """Lock the first slot that nobody else uses now; it may be a new one."""
    # Builds of one project at the same time have a slot each; the first one is the warmest.
    number = 0
    while (lock := locks.take(slots / f"{number}.lock")) is None:
        number += 1
    return number, lock


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


def _project_of(source: Path, *, is_thrown_away: bool) -> str:
    """Tell a source that stays by its path, and one that is thrown away by its project: its path is another each time."""
    name = thrown_away.project_name(source) if is_thrown_away else ""
    return name or os.path.realpath(source)


# --- room on the disk -------------------------------------------------------------------------------------------

_ROOM = 50_000_000
"""Bytes; a compiler that stopped for want of room has left less."""
_NOTHING = 1_000_000
"""Bytes; with less than that, nothing that goes wrong can be blamed on anything else."""
_ANOTHER_TEMPORARY = "set TMPDIR to a directory that can be written to and has room"


def _fault_of_cache(area: KeptBuildArea, error: Exception) -> str:
    """Return in one phrase why a build failed that would not have failed elsewhere; empty when it would have.

    Whether a directory was deleted, or its disk is full, is asked of the system: what programs say of it differs.
    """
    store = cache.store_of(area.root)
    behind = _system_error_behind(error)
    deleted = f"the cache directory {store} was deleted during the build"
    if area.is_deleted():
        return deleted
    # Files may be gone while the lock beside them is still there.
    if vanishing.is_under_way(area.root):
        return deleted
    missing = area.find_missing()
    if missing:
        # A project that removes them does so each time, and is not to be built twice each time.
        area.removals.add(missing)
        return f"files of the build are gone from the cache directory {store}: {_named(missing)}"
    # Only what was listed there is looked for.
    is_lost = isinstance(behind, FileNotFoundError)
    if behind is not None and is_lost and _is_below(area.staging, behind.filename):
        return deleted
    if behind is None and not isinstance(error, EngineError):
        return ""
    if is_full(area.root):
        return f"the cache directory {store} has no room left"
    if area.was_trace_cut:
        return f"somebody wrote into the cache directory {store} during the build"
    # What else may happen to a disk: it fails, or was mounted anew to be read only.
    if behind is not None and _is_below(store, behind.filename):
        return str(cache.unusable(store, behind))
    return ""


def _named(files: frozenset[str]) -> str:
    """Return the first file, and how many more there are."""
    first = min(files)
    more = len(files) - 1
    if not more:
        return first
    return f"{first} and {more} more"


def _system_error_behind(error: BaseException) -> OSError | None:
    """Return the error of the system that an error is, or was made of; ``None`` when there is none."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError):
            return found
        found = found.__cause__
    return None


def _is_below(folder: Path, place: object) -> bool:
    """Say whether the file that an error is about lies in a directory; some errors name none, or a file's number."""
    return isinstance(place, (str, Path)) and Path(place).is_relative_to(folder)


def is_full(folder: Path) -> bool:
    """Say whether a directory has no room left for a build: its disk, its number of files, or its user's share."""
    try:
        if shutil.disk_usage(folder).free < _ROOM:
            return True
        # Only the system knows of quotas. A file without a name leaves nothing behind.
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, _ROOM)
    except OSError as error:
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return False


def without_room(area: BuildArea, environ: Mapping[str, str]) -> str:
    """Return the directory that a build writes to whose disk is full; empty when there is none."""
    # Compilers write where these say (GCC manual, "Environment Variables"), while Python then looks for another place.
    paths = [area.root]
    for name in ("TMPDIR", "TMP", "TEMP"):
        told = environ.get(name)
        if told:
            paths.append(Path(told))
    # Without any place for temporary files, there is none to be named.
    with contextlib.suppress(OSError):
        paths.append(Path(tempfile.gettempdir()))
    for path in paths:
        with contextlib.suppress(OSError):
            if shutil.disk_usage(path).free < _NOTHING:
                return os.fspath(path)
    return ""


def trim(limit: int | None, environ: Mapping[str, str]) -> None:
    """Keep the cache directory within ``limit`` bytes."""
    with contextlib.suppress(OSError, cache.UnfitError):
        if limit is not None:
            cache.trim(cache.opened(environ), limit)
