"""Calls a hook again, in a kept build environment.

Front ends run hooks in an environment that they delete afterwards. When that environment can be kept, the same hook
is run by the kept copy's interpreter in a process of its own, so that every path that CMake and compilers see is the
same each time. What that process prints, and how it ends, is what the hook prints and how it ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...model.build_record import ColdReason, NothingKept
from ...project_settings import precedence
from . import cache, environment
from .environment import Variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kept_environment import KeptEnvironment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CHILD = (
    "import json, sys; from truewheel import backend; call = json.loads(sys.argv[1]); "
    "name = getattr(backend, call['hook'])(*call['arguments']); open(call['result'], 'w').write(name)"
)
"""What the kept interpreter runs. The result comes back in a file: hooks print what they like."""


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
    _, config_settings, _ = arguments
    # The settings' own reader is not loaded here: this process only starts another one.
    mode = precedence.cache_mode(_project_file(), config_settings or {}, environ)
    if mode == "off":
        raise Refused(NothingKept(cause=ColdReason.SWITCHED_OFF))
    kept = _keep(live, environ)
    with kept.hold:
        return _run(kept, live, hook, arguments, environ)


def _project_file() -> Mapping[str, object]:
    """Return the parsed ``pyproject.toml`` of the directory where hooks run; an empty table if it cannot be read."""
    try:
        text = Path("pyproject.toml").read_text(encoding="utf-8")
        document: Mapping[str, object] = tomllib.loads(text)
    except (OSError, ValueError):
        return {}  # what is wrong is told by the build itself
    return document


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
        detail = f"{ColdReason.ENVIRONMENT_NOT_KEPT.value} ({error})"
        reason = NothingKept(cause=ColdReason.ENVIRONMENT_NOT_KEPT, detail=detail)
    raise Refused(reason)


def _run(
    kept: KeptEnvironment,
    live: environment.LiveEnvironment,
    hook: str,
    arguments: Sequence[Any],
    environ: Variables,
) -> str:
    """Run the hook in a process of the kept environment, and return what it returns there."""
    with tempfile.TemporaryDirectory(prefix="truewheel-") as folder:
        result = Path(folder) / "name"
        told = {
            "hook": hook,
            "arguments": list(arguments),
            "result": str(result),
        }
        command = [
            str(kept.python),
            "-I",
            "-c",
            _CHILD,
            json.dumps(told),
        ]
        # The hold goes on to the process: it lasts as long as either of the two.
        process = subprocess.Popen(
            command,
            env=_moved(environ, live, kept),
            pass_fds=[kept.hold.descriptor],
        )
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()  # it was interrupted, too, and cleans up
            raise
        if code:
            # A process that a signal ended has a negative code; shells call that 128 and the signal's number.
            raise SystemExit(code if code > 0 else 128 - code)
        return result.read_text()


def _moved(
    environ: Variables,
    live: environment.LiveEnvironment,
    kept: KeptEnvironment,
) -> dict[str, str]:
    """Return the variables with every way into the live environment replaced by the same way into the kept one."""
    told = dict(environ)
    for name in ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PYTHONPATH"):
        told.pop(name, None)
    programs = _paths_outside(live.root, environ.get("PATH", ""))
    told["PATH"] = os.pathsep.join([str(kept.scripts), *programs])
    modules = _paths_outside(live.root, environ.get("PYTHONPATH", ""))
    if any(modules):
        told["PYTHONPATH"] = os.pathsep.join(filter(None, modules))
    return told


def _paths_outside(root: Path, paths: str) -> list[str]:
    """Return the directories of a list like PATH that do not lie below ``root``."""
    folders = paths.split(os.pathsep)
    return [folder for folder in folders if not Path(folder).is_relative_to(root)]
