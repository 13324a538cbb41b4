"""Calls a hook again, in a kept build environment.

Front ends run hooks in an environment that they delete afterwards. When that environment can be kept, the same hook
is run by the kept copy's interpreter in a process of its own, so that every path that CMake and compilers see is the
same each time. What that process prints, and how it ends, is what the hook prints and how it ends.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from ...model.build_record import ColdReason, NothingKept
from ...project_settings import precedence
from . import cache, environment, hook_process
from .environment import Variables
from .hook_process import Move

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kept_environment import KeptEnvironment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LONGEST_NAME = 65536
"""Bytes; what fits into a pipe (pipe(7)), and longer than the name of any file."""


class Refused(Exception):  # noqa: N818  # a reason, not a failure
    """The hook has to run here.

    :param reason: why the environment is not kept; ``None`` when it lasts by itself.
    """

    def __init__(self, reason: NothingKept | None = None) -> None:
        super().__init__()
        self.reason = reason


def call(hook: str, arguments: Sequence[Any], environ: Variables) -> str:
    """Run ``hook`` of the backend in the kept environment, and return what it returns.

    :param arguments: those of PEP 517: directory, config settings, metadata directory.
    :raises Refused: when it has to run here.
    :raises SystemExit: when it failed there; it has said why.
    """
    live = environment.find_isolated_environment(environ)
    if live is None:
        raise Refused
    project = _project_file()
    output, config_settings, prepared = arguments
    # The settings' own reader is not loaded here: this process only starts another one.
    mode = precedence.cache_mode(project, config_settings or {}, environ)
    if mode == "off":
        raise Refused(NothingKept(cause=ColdReason.SWITCHED_OFF))
    if environ.get("PYTHONHOME") and not sys.flags.ignore_environment:
        # Python then looks into no environment (cmdoption PYTHONHOME), and so not into the kept one.
        detail = f"{ColdReason.ENVIRONMENT_NOT_KEPT.value} (PYTHONHOME is set)"
        raise Refused(NothingKept(cause=ColdReason.ENVIRONMENT_NOT_KEPT, detail=detail))
    kept = _keep(live, environ)
    with kept.hold:
        move = _move(live, kept)
        # The directories are the front end's, and there.
        given = [output, move.value(config_settings), prepared]
        told = hook_process.letter(hook, given, _backend_path(project))
        return _run(kept, move, told, environ)


def _project_file() -> Mapping[str, object]:
    """Return the parsed ``pyproject.toml`` of the directory where hooks run; an empty table if it cannot be read."""
    try:
        text = Path("pyproject.toml").read_text(encoding="utf-8")
        document: Mapping[str, object] = tomllib.loads(text)
    except (OSError, ValueError):
        return {}  # what is wrong is told by the build itself
    return document


def _backend_path(project: Mapping[str, object]) -> list[str]:
    """Return the directories of a backend that lies in its project (PEP 517), absolute."""
    table = project.get("build-system")
    folders = table.get("backend-path", ()) if isinstance(table, dict) else ()
    if not isinstance(folders, list):
        return []
    return [os.path.abspath(folder) for folder in folders if isinstance(folder, str)]


def _keep(live: environment.LiveEnvironment, environ: Variables) -> KeptEnvironment:
    """Return the kept copy of the environment that this process runs in.

    :raises Refused: when there can be none.
    """
    from . import (
        kept_environment,
    )  # most hooks run in an environment that lasts, or in a kept one

    try:
        return kept_environment.keep(live, cache.opened(environ) / "environments")
    except cache.UnfitError as error:
        reason = NothingKept(cause=ColdReason.UNFIT_CACHE, detail=str(error))
    except kept_environment.UnsoundError as error:
        reason = NothingKept(cause=ColdReason.ENVIRONMENT_NOT_KEPT, detail=str(error))
    except OSError as error:
        reason = _not_kept(error)
    raise Refused(reason)


def _not_kept(error: OSError) -> NothingKept:
    detail = f"{ColdReason.ENVIRONMENT_NOT_KEPT.value} ({error})"
    return NothingKept(cause=ColdReason.ENVIRONMENT_NOT_KEPT, detail=detail)


def _run(
    kept: KeptEnvironment,
    move: Move,
    told: bytes,
    environ: Variables,
) -> str:
    """Run a hook in a process of the kept environment, and return what it returns there.

    :param told: see :func:`~truewheel.system.warm.hook_process.letter`.
    :raises Refused: when the environment is not there any more.
    """
    letter, answer = Pipe(), Pipe()
    with letter, answer:
        command = hook_process.command(
            kept.python, letter.reading, answer.writing, move, environ
        )
        # What was printed here is printed before what is printed there.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
        try:
            # The hold goes on to the process: it lasts as long as either of the two.
            process = subprocess.Popen(
                command,
                env=move.variables(environ),
                pass_fds=[kept.hold.descriptor, letter.reading, answer.writing],
            )
        except OSError as error:
            raise Refused(_not_kept(error)) from error
        try:
            letter.send(told)
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()  # it was interrupted, too, and cleans up
            raise
        if code:
            _refuse_what_vanished(kept)
            # A process that a signal ended has a negative code; shells call that 128 and the signal's number.
            raise SystemExit(code if code > 0 else 128 - code)
        return answer.receive()


def _refuse_what_vanished(kept: KeptEnvironment) -> None:
    """Raise :class:`Refused` when a hook cannot but have failed: somebody deleted the environment that it ran in."""
    if kept.hold.is_deleted() or not kept.is_complete():
        detail = f"the kept environment {kept.root} was deleted during the build"
        raise Refused(NothingKept(cause=ColdReason.UNFIT_CACHE, detail=detail))


class Pipe:
    """A pipe to a process, or from it: what is told needs no file, for which there may be no room."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def __enter__(self) -> None:
        """Do nothing: it is open already."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor in {self.reading, self.writing} - {-1}:
            os.close(descriptor)

    def send(self, content: bytes) -> None:
        """Write it all, and let the reader know that this is all; one that has ended is told nothing."""
        # Without a reader's end here, a reader that has ended is noticed.
        os.close(self.reading)
        self.reading = -1
        with (
            contextlib.suppress(BrokenPipeError),
            os.fdopen(self.writing, "wb", closefd=False) as target,
        ):
            target.write(content)
        os.close(self.writing)
        self.writing = -1

    def receive(self) -> str:
        """Return what a process wrote that has ended."""
        os.close(self.writing)
        self.writing = -1
        return os.read(self.reading, _LONGEST_NAME).decode("utf-8", "surrogateescape")


def _move(live: environment.LiveEnvironment, kept: KeptEnvironment) -> Move:
    """Return where things of the live environment lie in the kept one."""
    places: dict[str, str] = {}
    for site in map(str, live.sites):
        places[site] = str(kept.site)
    for scripts in map(str, live.scripts):
        places[scripts] = str(kept.scripts)
    for prefix in map(str, live.prefixes):
        places[prefix] = str(kept.root)
    for old, new in list(places.items()):
        # Programs that ask for their own path get the real one.
        places.setdefault(os.path.realpath(old), new)
    inner_first = sorted(places.items(), key=lambda place: -len(place[0]))
    return Move(root=live.root, places=tuple(inner_first))
