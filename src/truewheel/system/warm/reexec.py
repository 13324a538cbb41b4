"""A hook, called again in a kept build environment.

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
from . import cache, environment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CHILD = (
    "import json, sys; from truewheel import backend; call = json.loads(sys.argv[1]); "
    "name = getattr(backend, call['hook'])(*call['arguments']); open(call['result'], 'w').write(name)"
)


class Refused(Exception):  # noqa: N818  # a reason, not a failure
    """The hook has to run here.

    :param reason: why nothing can be kept; ``None`` when the environment lasts anyway.
    """

    def __init__(self, reason: NothingKept | None = None) -> None:
        super().__init__()
        self.reason = reason


def call(hook: str, arguments: Sequence[Any]) -> str:
    """What ``hook`` of the backend returns when it runs in the kept environment.

    :param arguments: those of PEP 517: directory, config settings, metadata directory.
    :raises Refused: when it has to run here.
    :raises SystemExit: when it failed there; it has said why.
    """
    live = environment.isolated()
    if live is None:
        raise Refused
    if _is_off(arguments[1] or {}):
        raise Refused(NothingKept(cause=ColdReason.SWITCHED_OFF))
    try:
        kept = environment.keep(live, cache.opened() / "environments")
    except cache.UnfitError as error:
        raise Refused(NothingKept(cause=ColdReason.UNFIT_CACHE, detail=str(error))) from None
    except environment.UnsoundError as error:
        raise Refused(NothingKept(cause=ColdReason.ENVIRONMENT_NOT_KEPT, detail=str(error))) from None
    except OSError as error:
        detail = f"{ColdReason.ENVIRONMENT_NOT_KEPT.value} ({error})"
        raise Refused(NothingKept(cause=ColdReason.ENVIRONMENT_NOT_KEPT, detail=detail)) from None
    with kept.hold:
        return _run(kept, live, hook, arguments)


def _is_off(options: Mapping[str, Any]) -> bool:
    """Whether ``cache = off``; a look ahead, since the settings' own reader is not loaded in this process."""
    if (said := options.get("truewheel.cache") or os.environ.get("TRUEWHEEL_CACHE")) is not None:
        return bool(said == "off")
    try:
        table = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
        return bool(table["tool"]["truewheel"]["cache"] == "off")
    except (OSError, ValueError, KeyError, TypeError):
        return False  # what is wrong is told by the build itself


def _run(
    kept: environment.KeptEnvironment, live: environment.LiveEnvironment, hook: str, arguments: Sequence[Any]
) -> str:
    with tempfile.TemporaryDirectory(prefix="truewheel-") as place:
        result = Path(place) / "name"
        told = json.dumps({"hook": hook, "arguments": list(arguments), "result": str(result)})
        command = [os.fspath(kept.python), "-I", "-c", _CHILD, told]
        # The hold goes on to the process: it lasts as long as either of the two.
        process = subprocess.Popen(command, env=_environ(kept, live, os.environ), pass_fds=[kept.hold.descriptor])
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()  # it was interrupted, too, and cleans up
            raise
        if code:
            raise SystemExit(code if code > 0 else 128 - code)
        return result.read_text()


def _environ(
    kept: environment.KeptEnvironment, live: environment.LiveEnvironment, environ: Mapping[str, str]
) -> dict[str, str]:
    """The environment with every way into the live one replaced by the same way into the kept one."""
    found = {k: v for k, v in environ.items() if k not in {"VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT"}}
    ways = [p for p in environ.get("PATH", "").split(os.pathsep) if not _inside(p, live.root)]
    found["PATH"] = os.pathsep.join([os.fspath(kept.scripts), *ways])
    modules = [p for p in environ.get("PYTHONPATH", "").split(os.pathsep) if p and not _inside(p, live.root)]
    found.pop("PYTHONPATH", None)
    if modules:
        found["PYTHONPATH"] = os.pathsep.join(modules)
    return found


def _inside(path: str, root: Path) -> bool:
    return Path(path).is_relative_to(root)
