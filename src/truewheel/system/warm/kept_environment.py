"""A build environment that stays: a copy of a front end's throw-away environment at a path that does not change.

pip, build and uv install a project's build requirements into a directory with a random name, and delete it
afterwards. Every header, tool and interpreter path on a compiler's command line changes with it, so nothing can be
reused. :func:`keep` copies such an environment once per *content* (interpreter, and each distribution's name, version
and RECORD) to a path derived from that content. Nothing here builds, and the live environment is never written to.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from ...model.record import Record
from . import cache, environment, locks
from .environment import COMPLETE, LiveEnvironment

_UNCOUNTED = frozenset(
    {
        "INSTALLER",
        "REQUESTED",
        "RECORD",
        "direct_url.json",
        "uv_cache.json",
        "uv_build.json",
    }
)
"""``.dist-info`` files that tell how, not what, was installed: they differ between front ends."""
_LONGEST_INTERPRETER_LINE = 127
"""Bytes; older kernels cut ``#!`` lines there (execve(2))."""


class UnsoundError(Exception):
    """An environment that cannot be copied soundly; the message says why."""


class KeptEnvironment(Record):
    """A copy that stays.

    :param hold: held for as long as it is used.
    """

    root: Path
    hold: locks.Lock

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "bin" / "python"

    @property
    def site(self) -> Path:
        """Its ``site-packages``."""
        return self.root / environment.venv_site()

    def is_complete(self) -> bool:
        """Say whether it is there, with its interpreter."""
        return _is_usable(self.root)

    @property
    def scripts(self) -> Path:
        """The directory for the front of ``PATH``."""
        return self.root / "bin"


def keep(live: LiveEnvironment, store: Path) -> KeptEnvironment:
    """Return the kept copy of ``live`` below ``store``, which is made when it is not there yet.

    Files are hard-linked where the file system allows it and copied elsewhere; scripts are rewritten to the copy's
    interpreter. The copy appears under its name only when it is complete.

    :raises UnsoundError: when a copy would not be equal in effect.
    :raises OSError: when ``store`` cannot be written.
    """
    if not locks.can_lock():
        raise UnsoundError("environments are only kept on POSIX systems")
    distributions = _find_distributions(live)
    if not any(
        distribution.name.startswith("truewheel-") for distribution in distributions
    ):
        raise UnsoundError("truewheel itself is not installed in it")
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = store / _key(distributions)
    hold = cache.hold(root)
    try:
        if _is_usable(root):
            cache.touch(root)
        else:
            _make_copy(distributions, live, root)
    except BaseException:
        # The copy is of no use, and may be deleted while this process goes on.
        hold.release()
        raise
    return KeptEnvironment(root=root, hold=hold)


# --- what is installed ------------------------------------------------------------------------------------------


class _Distribution(Record):
    """One installed distribution.

    :param name: that of its ``.dist-info`` directory, which has name and version.
    :param digest: the same wherever and by whatever it was installed.
    :param site: the ``site-packages`` that it is in.
    :param paths: of its files, as RECORD has them: relative to ``site``.
    """

    name: str
    digest: str
    prefix: Path
    site: Path
    paths: tuple[str, ...]


def _find_distributions(live: LiveEnvironment) -> tuple[_Distribution, ...]:
    """Return all distributions of ``live``, by name; of two with one name, that of the more important site.

    :raises UnsoundError: when one has no RECORD, or is editable.
    """
    found: dict[str, _Distribution] = {}
    for site in live.sites:
        for info in sorted(site.glob("*.dist-info")):
            distribution = _read_distribution(info, live)
            found.setdefault(distribution.name, distribution)
        _refuse_editable_installs(site)
    # The order in which a site lists them is not the same everywhere.
    names = sorted(found)
    ordered = map(found.__getitem__, names)
    return tuple(ordered)


def _refuse_editable_installs(site: Path) -> None:
    """Raise an error when something in ``site`` is imported from elsewhere, where it may change."""
    strays = [
        *sorted(site.glob("*.egg-link")),
        *site.glob("__editable__*"),
    ]
    if strays:
        raise UnsoundError(f"{strays[0].name} is an editable install")


def _read_distribution(info: Path, live: LiveEnvironment) -> _Distribution:
    """Return what RECORD says of a distribution, with a digest of it.

    RECORD: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    site = info.parent
    rows = _read_rows_of_record(info)
    if _is_editable(info):
        raise UnsoundError(f"{info.name} is an editable install")
    uncounted = {f"{info.name}/{name}" for name in _UNCOUNTED}
    # Byte code is made when a module is imported, and tells nothing new.
    digest = hashlib.sha256()
    for path, recorded in rows:
        if path not in uncounted and not path.endswith(".pyc"):
            lasting = _lasting_digest(path, recorded, site)
            digest.update(f"{path}\0{lasting}\0".encode())
    return _Distribution(
        name=info.name,
        digest=digest.hexdigest(),
        prefix=next(filter(site.is_relative_to, live.prefixes)),
        site=site,
        paths=tuple(path for path, _ in rows),
    )


def _read_rows_of_record(info: Path) -> list[tuple[str, str]]:
    """Return path and hash of each file of a distribution, sorted."""
    try:
        text = (info / "RECORD").read_text(encoding="utf-8")
    except OSError as error:
        raise UnsoundError(f"{info.name} has no RECORD") from error
    rows: list[tuple[str, str]] = []
    for row in csv.reader(text.splitlines()):
        if row:
            path, recorded, *_ = row
            rows.append((path, recorded))
    return sorted(rows)


def _is_editable(info: Path) -> bool:
    """Say whether a distribution's files lie elsewhere, where people edit them.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    origin = info / "direct_url.json"
    if not origin.is_file():
        return False
    text = origin.read_text(encoding="utf-8")
    return '"editable": true' in re.sub(r"\s+", " ", text)


def _lasting_digest(path: str, recorded: str, site: Path) -> str:
    """Return the recorded hash, except of scripts, whose first line names the environment."""
    if not path.startswith(("../", "/")):
        return recorded
    try:
        return "script" if _is_script(site / path) else recorded
    except OSError:
        return "missing"


def _key(distributions: Iterable[_Distribution]) -> str:
    """Return the name of the copy: interpreter, and content of each distribution."""
    digest = hashlib.sha256(environment.interpreter_identity().encode())
    for distribution in distributions:
        digest.update(f"\0{distribution.name}\0{distribution.digest}".encode())
    return digest.hexdigest()[:16]


# --- the copy ---------------------------------------------------------------------------------------------------


def _make_copy(
    distributions: Iterable[_Distribution],
    live: LiveEnvironment,
    root: Path,
) -> None:
    """Make the copy under another name, then give it its own."""
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=root.parent))
    try:
        _fill(draft, distributions, live, final=root)
        cache.weigh(draft)
        _publish(draft, root)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _is_usable(root: Path) -> bool:
    """Say whether there is a complete copy, and what its interpreter links to is still there."""
    return (root / COMPLETE).is_file() and (root / "bin" / "python").exists()


def _fill(
    draft: Path,
    distributions: Iterable[_Distribution],
    live: LiveEnvironment,
    *,
    final: Path,
) -> None:
    """Put a virtual environment with all distributions into ``draft``, with paths as they will be in ``final``."""
    _make_empty(draft)
    moved = {str(prefix): str(final) for prefix in live.prefixes}
    for distribution in distributions:
        for source, place in _files(distribution):
            target = draft / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if _is_program(source, place):
                _write_script(source, target, interpreter=final / "bin" / "python")
            elif source.suffix == ".pth":
                _write_path_file(source, target, moved=moved)
            else:
                _link(source, target)
    # venv wrote the draft's own path into these; nobody activates a kept environment.
    for activation in (draft / "bin").glob("[Aa]ctivate*"):
        activation.unlink()


def _is_program(source: Path, place: PurePosixPath) -> bool:
    """Say whether a file is a script with the interpreter of its environment in the first line."""
    return place.parent.name in {"bin", "Scripts"} and _is_script(source)


def _make_empty(folder: Path) -> None:
    """Make an empty virtual environment that stands on the same interpreter as this process."""
    import venv  # slow to import, and rarely needed

    environment.name_lasting_interpreter()
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)


def _files(distribution: _Distribution) -> Iterator[tuple[Path, PurePosixPath]]:
    """Yield its files that are there, and their places below the prefix of a virtual environment.

    :raises UnsoundError: when one lies outside of its environment.
    """
    for path in distribution.paths:
        # RECORD's paths begin with .. for what lies outside of site-packages.
        source = Path(os.path.normpath(distribution.site / path))
        if not source.is_relative_to(distribution.prefix):
            owner = distribution.name
            raise UnsoundError(
                f"{owner} owns {path}, which lies outside of its environment"
            )
        if source.is_file():
            yield source, _place_in_venv(source, distribution)


def _place_in_venv(source: Path, distribution: _Distribution) -> PurePosixPath:
    if source.is_relative_to(distribution.site):
        return (
            environment.venv_site() / source.relative_to(distribution.site).as_posix()
        )
    return PurePosixPath(source.relative_to(distribution.prefix).as_posix())


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _write_script(source: Path, target: Path, *, interpreter: Path) -> None:
    """Copy a script with its interpreter line replaced when that names a Python."""
    body = _without_interpreter(source.read_bytes().split(b"\n"))
    if body is None:
        _link(source, target)
        return
    path = os.fsencode(interpreter)
    is_short = len(path) + 3 < _LONGEST_INTERPRETER_LINE
    if is_short and b" " not in path:
        head = [b"#!" + path]
    else:
        # The kernel cuts long interpreter lines, and splits at blanks: a shell starts Python, to which this is a string.
        head = [
            b"#!/bin/sh",
            b"'''exec' \"" + path + b'" "$0" "$@"',
            b"' '''",
        ]
    target.write_bytes(b"\n".join([*head, *body]))
    mode = stat.S_IMODE(source.stat().st_mode)
    target.chmod(mode)


def _without_interpreter(lines: list[bytes]) -> list[bytes] | None:
    """Return the lines after those that name a Python, in either of the two usual forms; ``None`` without one."""
    is_shells = lines[0] == b"#!/bin/sh" and len(lines) > 2
    if is_shells and lines[1].startswith(b"'''exec'"):
        has_end = lines[2].startswith(b"' '''")
        return lines[3:] if has_end else lines[2:]
    if re.search(rb"python|pypy", lines[0]):
        return lines[1:]
    return None


def _write_path_file(source: Path, target: Path, *, moved: Mapping[str, str]) -> None:
    """Copy a ``.pth`` file with the paths in it moved to the copy (:mod:`site`)."""
    text = source.read_text(encoding="utf-8", errors="surrogateescape")
    for old, new in moved.items():
        text = text.replace(old, new)
    target.write_text(text, encoding="utf-8", errors="surrogateescape")


def _link(source: Path, target: Path) -> None:
    """Make a hard link, or a copy with the same time stamp where links cannot be made."""
    real = source.resolve()
    try:
        os.link(real, target)
    except FileExistsError:
        target.unlink()
        _link(source, target)
    except OSError:
        shutil.copy2(real, target)


def _publish(draft: Path, final: Path) -> None:
    """Give a complete copy its name, unless somebody else was quicker."""
    (draft / COMPLETE).touch()
    try:
        draft.rename(final)
    except OSError:
        if _is_usable(final):
            return
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
