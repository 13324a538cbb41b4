"""A second process that sees what this one sees, and calls a hook in it.

On one side :func:`interpreter_options` and :class:`Move` say what the other process has to be told: how this interpreter
was started, where it imports from, and that things of one environment lie in another one. On the other side :func:`run`
does as it is told. What processes inherit is not spoken of here: the working directory, limits, signals, the umask.
"""

from __future__ import annotations

import contextlib
import functools
import json
import locale
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from ...model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_OPTIONS = {
    "debug": "-d",
    "dont_write_bytecode": "-B",
    "no_user_site": "-s",
    "no_site": "-S",
    "ignore_environment": "-E",
    "verbose": "-v",
    "bytes_warning": "-b",
    "quiet": "-q",
    "optimize": "-O",
    "isolated": "-I",
    "safe_path": "-P",
}
"""Of the interpreter, by the names of flags (:data:`sys.flags`); one that counts is given as often."""
_REST_OF_PATH = r"""[^\s:;,='"]*"""
"""What may follow a directory that begins a path, in a variable or an option."""
_BOOTSTRAP = (
    "import sys; _, told, result, *sys.path = sys.argv; "
    "from truewheel import backend; from truewheel.system.warm import hook_process; "
    "hook_process.run(backend, int(told), int(result))"
)
"""What the other interpreter begins with. Nothing is imported before it is said from where."""


class Move(Record):
    """Where things of a throw-away environment lie in the kept one.

    :param root: the directory that is deleted afterwards.
    :param places: old and new directories; inner ones come first.
    """

    root: Path
    places: tuple[tuple[str, str], ...]

    def text(self, text: str) -> str:
        """Return a text with the paths in it moved, as far as they are in the kept environment: uv has more in its own."""
        for old, new in self.places:
            # ``/a/lib`` is not a part of ``/a/lib64``.
            pattern = re.escape(old) + rf"(?![\w.-])({_REST_OF_PATH})"
            text = re.sub(pattern, functools.partial(_moved, new), text)
        return text

    def value(self, value: Any) -> Any:
        """Return a value of an option, which may be a list of texts, with the paths in it moved."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(part) for key, part in value.items()}
        if isinstance(value, Sequence):
            return [self.value(part) for part in value]
        return value

    def folders(self, folders: Iterable[str]) -> list[str]:
        """Return a list of directories, in their order; what the front end's own tricks need is left out."""
        found: list[str] = []
        for folder in folders:
            moved = self.text(folder)
            # Of pip's environments, two directories become one.
            is_known = moved != folder and moved in found
            if not is_known and not Path(moved).is_relative_to(self.root):
                found.append(moved)
        return found

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a process, with every way into the one environment leading into the other."""
        told = {name: self.text(value) for name, value in environ.items()}
        for name in ("PATH", "PYTHONPATH"):
            if environ.get(name):
                told[name] = os.pathsep.join(
                    self.folders(environ[name].split(os.pathsep))
                )
                if not told[name]:
                    del told[name]
        return told


def _moved(new: str, found: re.Match[str]) -> str:
    moved = new + found[1]
    return moved if os.path.exists(moved) else found[0]


# --- what the other process is told ------------------------------------------------------------------------------


def interpreter_options(environ: Mapping[str, str]) -> list[str]:
    """Return the options with which another interpreter starts as this one did.

    Variables like ``PYTHONUTF8`` are inherited, and count as they did here.
    Source: https://docs.python.org/3/using/cmdline.html
    """
    options: list[str] = []
    for name, option in _OPTIONS.items():
        # Not every Python has each of them.
        times = int(getattr(sys.flags, name, 0))
        options += [option] * times
    told = getattr(sys, "_xoptions", {})
    chosen = dict(told)
    if sys.flags.utf8_mode and environ.get("PYTHONUTF8") != "1":
        # The locale may have asked for it, and a Python puts another locale into the variables (PEP 538).
        chosen.setdefault("utf8", True)
    for name, value in chosen.items():
        text = name if value is True else f"{name}={value}"
        option = f"-X{text}"
        options.append(option)
    for choice in _own_warning_options(environ):
        options.append(f"-W{choice}")
    return options


def _own_warning_options(environ: Mapping[str, str]) -> list[str]:
    """Return the choices of warnings that no variable and no other option has made (:data:`sys.warnoptions`)."""
    made = {"default"} if sys.flags.dev_mode else set()
    if sys.flags.bytes_warning:
        made.add("default::BytesWarning")
        made.add("error::BytesWarning")
    if not sys.flags.ignore_environment:
        named = environ.get("PYTHONWARNINGS", "")
        made.update(named.split(","))
    return [choice for choice in sys.warnoptions if choice not in made]


def import_path(move: Move) -> list[str]:
    """Return the directories that the other process is to import from."""
    return move.folders(sys.path)


def missing_from_path(folders: Sequence[str]) -> list[str]:
    """Return ``backend-path``, unless this process finds it on :data:`sys.path`.

    Some front ends put it there, others look into it by a finder of their own (pyproject-hooks).
    https://peps.python.org/pep-0517/#in-tree-build-backends
    """
    known = {os.path.realpath(entry) for entry in sys.path}
    if all(os.path.realpath(folder) in known for folder in folders):
        return []
    return list(folders)


def command(
    python: Path, told: int, result: int, move: Move, environ: Mapping[str, str]
) -> list[str]:
    """Return the command that runs a hook.

    :param told: file descriptor from which it reads what it is told (:func:`letter`).
    :param result: file descriptor to which it writes what the hook returns.
    """
    return [
        str(python),
        *interpreter_options(environ),
        "-c",
        _BOOTSTRAP,
        str(told),
        str(result),
        *import_path(move),
    ]


def letter(hook: str, arguments: Sequence[Any], backend_path: Sequence[str]) -> bytes:
    """Return all that :func:`run` is told."""
    told = {
        "hook": hook,
        "arguments": list(arguments),
        "backend-path": missing_from_path(backend_path),
        "argv": sys.argv,
        "locale": locale.setlocale(locale.LC_ALL),
    }
    return json.dumps(told).encode()


# --- in the other process ----------------------------------------------------------------------------------------


class InTreeFinder:
    """Finds modules of ``backend-path`` before all others, as front ends do."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = list(folders)

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,  # noqa: ARG002  # as importlib calls it
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return where a module is; ``None`` when it is not here."""
        if "." in name:
            # Its package knows.
            return None
        return PathFinder.find_spec(name, self._folders)


def run(backend: ModuleType, told: int, result: int) -> None:
    """Call a hook as a letter says, and write down what it returns.

    :param backend: whose hook it is.
    :param told: a file descriptor; the letter is all that can be read.
    :param result: a file descriptor.
    """
    with os.fdopen(told, "rb") as source:
        call = json.loads(source.read())
    # What the hook starts is not to hold it open.
    os.set_inheritable(result, False)  # noqa: FBT003  # the standard library's
    sys.argv = call["argv"]
    if call["backend-path"]:
        sys.meta_path.insert(0, InTreeFinder(call["backend-path"]))
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_ALL, call["locale"])
    hook = getattr(backend, call["hook"])
    name = hook(*call["arguments"])
    encoded = name.encode("utf-8", "surrogateescape")
    os.write(result, encoded)
