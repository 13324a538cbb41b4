"""A build environment that stays: a copy of a front end's throw-away environment at a path that does not change.

pip, build and uv install a project's build requirements into a directory with a random name, and delete it
afterwards. Every header, tool and interpreter path on a compiler's command line changes with it, so nothing can be
reused. :func:`keep` copies such an environment once per *content* (interpreter, and each distribution's name, version
and RECORD) to a path derived from that content. Nothing here builds, and the live environment is never written to.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import os
import re
import shutil
import stat
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ...model.record import Record
from . import cache

COMPLETE = ".truewheel-complete"
"""Written last inside a copy; a copy without it is not used."""

_UNCOUNTED = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json", "uv_build.json"})
"""``.dist-info`` files that tell how, not what, was installed: they differ between front ends."""


class UnsoundError(Exception):
    """An environment that cannot be copied soundly; the message says why."""


class LiveEnvironment(Record):
    """The isolated environment that a front end runs its hooks in.

    :param root: the directory that is deleted afterwards.
    :param prefixes: installation prefixes inside it, most important first (pip's overlay has two).
    :param sites: their ``site-packages`` that exist, most important first.
    :param scripts: their ``bin`` directories.
    """

    root: Path
    prefixes: tuple[Path, ...]
    sites: tuple[Path, ...]
    scripts: tuple[Path, ...]


def isolated(environ: Mapping[str, str] | None = None) -> LiveEnvironment | None:
    """The throw-away environment that this process runs in, or ``None`` when its environment lasts.

    Recognised: pip's overlay (``PYTHONPATH`` names a ``site`` directory beside ``overlay`` and ``normal``), and the
    virtual environments of pip (``pip-build-env-*``), build (``build-env-*``) and uv (below ``builds-v*`` in its
    cache). Sources: pip ``_internal/build_env``, build ``env.py``, uv ``uv-cache`` bucket names.
    """
    environ = os.environ if environ is None else environ
    for entry in environ.get("PYTHONPATH", "").split(os.pathsep):
        site = Path(entry)
        if (
            site.name == "site"
            and site.parent.name.startswith("pip-build-env-")
            and (site / "sitecustomize.py").is_file()
        ):
            return _overlay(site.parent)
    prefix = Path(sys.prefix)
    if sys.prefix != sys.base_prefix and _is_throwaway(prefix):
        return _live(prefix, (prefix,), None)
    return None


def _is_throwaway(prefix: Path) -> bool:
    if prefix.name.startswith(("build-env-", "pip-build-env-")):
        return True
    return any(re.fullmatch(r"builds-v\d+", part) for part in prefix.parts)


def _overlay(root: Path) -> LiveEnvironment:
    return _live(root, tuple(root / name for name in ("overlay", "normal")), _scheme())


def _live(root: Path, prefixes: tuple[Path, ...], scheme: str | None) -> LiveEnvironment:
    """An environment by its prefixes; ``scheme`` is that of :mod:`sysconfig`, ``None`` for the interpreter's own."""
    paths = []
    for prefix in prefixes:
        base = _variables(str(prefix))
        paths.append(sysconfig.get_paths(vars=base) if scheme is None else sysconfig.get_paths(scheme, base))
    sites = [Path(p[kind]) for p in paths for kind in ("purelib", "platlib")]
    return LiveEnvironment(
        root=root,
        prefixes=prefixes,
        sites=tuple(dict.fromkeys(s for s in sites if s.is_dir())),
        scripts=tuple(Path(p["scripts"]) for p in paths),
    )


class _Installed(Record):
    """One distribution, with a digest that is the same wherever and by whatever it was installed.

    :param name: its ``.dist-info`` directory's, which holds name and version.
    :param site: the ``site-packages`` that it is in.
    :param paths: of its files, as RECORD has them: relative to ``site``.
    """

    name: str
    digest: str
    prefix: Path
    site: Path
    paths: tuple[str, ...]


def _installed(live: LiveEnvironment) -> tuple[_Installed, ...]:
    """All distributions of ``live``, by name.

    :raises UnsoundError: when one has no RECORD, is editable, or owns files outside of its prefix.
    """
    found: dict[str, _Installed] = {}
    for prefix, site in _pairs(live):
        for info in sorted(site.glob("*.dist-info")):
            distribution = _read(info, prefix=prefix, site=site)
            found.setdefault(distribution.name, distribution)
        if stray := next(iter(sorted(site.glob("*.egg-link"))), None) or next(iter(site.glob("__editable__*")), None):
            raise UnsoundError(f"{stray.name} is an editable install")
    return tuple(found[name] for name in sorted(found))


def _pairs(live: LiveEnvironment) -> Iterator[tuple[Path, Path]]:
    for site in live.sites:
        yield next(p for p in live.prefixes if site.is_relative_to(p)), site


def _read(info: Path, *, prefix: Path, site: Path) -> _Installed:
    try:
        rows = sorted(row for row in csv.reader((info / "RECORD").read_text(encoding="utf-8").splitlines()) if row)
    except OSError as error:
        raise UnsoundError(f"{info.name} has no RECORD") from error
    origin = info / "direct_url.json"
    if origin.is_file() and '"editable": true' in re.sub(r"\s+", " ", origin.read_text(encoding="utf-8")):
        raise UnsoundError(f"{info.name} is an editable install")
    uncounted = {f"{info.name}/{name}" for name in _UNCOUNTED}
    digest = hashlib.sha256()
    for path, recorded, *_ in rows:
        if path not in uncounted and not path.endswith(".pyc"):
            digest.update(f"{path}\0{_stable_digest(path, recorded, site)}\0".encode())
    return _Installed(
        name=info.name, digest=digest.hexdigest(), prefix=prefix, site=site, paths=tuple(row[0] for row in rows)
    )


def _stable_digest(path: str, recorded: str, site: Path) -> str:
    """The recorded hash, except of scripts, whose first line names the environment."""
    if not path.startswith(("../", "/")):
        return recorded
    try:
        return "script" if _is_script(site / path) else recorded
    except OSError:
        return "missing"


@functools.cache
def _venv_site() -> str:
    """``site-packages`` below the prefix of a virtual environment, with a separator at its end."""
    return os.path.join(sysconfig.get_path("purelib", _scheme(), _variables("")), "").lstrip("/")


def _scheme() -> str:
    return "venv" if "venv" in sysconfig.get_scheme_names() else "posix_prefix"


def _variables(prefix: str) -> dict[str, str]:
    return dict.fromkeys(("base", "platbase", "installed_base", "installed_platbase"), prefix)


def interpreter_identity() -> str:
    """The interpreter that this environment stands on: its real path, its version and its build."""
    base = _base()
    status = Path(base).stat()
    return "\0".join((base, sys.version, sysconfig.get_platform(), str(status.st_size), str(status.st_mtime_ns)))


def _base() -> str:
    """The interpreter that no environment's end takes away: Python 3.10 names that of the environment that it runs in."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


@functools.cache
def current() -> Path | None:
    """The kept environment that this process runs in; ``None`` when it runs in another."""
    prefix = Path(sys.prefix)
    return prefix if (prefix / COMPLETE).is_file() else None


class KeptEnvironment(Record):
    """A copy that stays.

    :param hold: held for as long as it is used.
    """

    root: Path
    hold: cache.Lock

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "bin" / "python"

    @property
    def scripts(self) -> Path:
        """The directory for the front of ``PATH``."""
        return self.root / "bin"


def keep(live: LiveEnvironment, store: Path) -> KeptEnvironment:
    """The kept copy of ``live`` below ``store``; made when it is not there yet.

    Files are hard-linked where the file system allows it and copied elsewhere; scripts are rewritten to the copy's
    interpreter. The copy appears under its name only when it is complete.

    :raises UnsoundError: when a copy would not be equal in effect.
    :raises OSError: when ``store`` cannot be written.
    """
    if os.name != "posix":
        raise UnsoundError("environments are only kept on POSIX systems")
    distributions = _installed(live)
    if not any(d.name.startswith("truewheel-") for d in distributions):
        raise UnsoundError("truewheel itself is not installed in it")
    key = _key(distributions)
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = store / key
    hold = cache.hold(root)
    try:
        if _is_sound(root):
            cache.touch(root)
        else:
            _make(distributions, live, root)
    except BaseException:
        hold.__exit__(None, None, None)
        raise
    return KeptEnvironment(root=root, hold=hold)


def _make(distributions: Iterable[_Installed], live: LiveEnvironment, root: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=root.parent))
    try:
        _copy(distributions, live, draft, final=root)
        cache.weigh(draft)
        _publish(draft, root)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _is_sound(root: Path) -> bool:
    """Whether there is a complete copy, and what its interpreter links to is still there."""
    return (root / COMPLETE).is_file() and (root / "bin" / "python").exists()


def _key(distributions: Iterable[_Installed]) -> str:
    digest = hashlib.sha256(interpreter_identity().encode())
    for d in distributions:
        digest.update(f"\0{d.name}\0{d.digest}".encode())
    return digest.hexdigest()[:16]


def _copy(distributions: Iterable[_Installed], live: LiveEnvironment, draft: Path, *, final: Path) -> None:
    _make_empty(draft)
    moved = {str(p): str(final) for p in live.prefixes}
    made: set[str] = set()
    for installed in distributions:
        for source, place in _files(installed):
            target = os.path.join(draft, place)
            folder = os.path.dirname(target)
            if folder not in made:  # there are thousands of files, but only hundreds of directories
                os.makedirs(folder, exist_ok=True)
                made.add(folder)
            if os.path.basename(folder) in {"bin", "Scripts"} and _is_script(source):
                _write_script(source, target, interpreter=final / "bin" / "python")
            elif source.endswith(".pth"):
                _write_path_file(source, target, moved=moved)
            else:
                _link(source, target)
    # venv wrote the draft's own path into these; nobody activates a kept environment.
    for activation in (*(draft / "bin").glob("activate*"), *(draft / "bin").glob("Activate*")):
        activation.unlink()


def _make_empty(place: Path) -> None:
    """An empty virtual environment that stands on the same interpreter as this process."""
    import venv  # slow to import, and rarely needed

    named = Path(getattr(sys, "_base_executable", ""))
    if sys.prefix != sys.base_prefix and named.is_relative_to(sys.prefix):
        vars(sys)["_base_executable"] = _base()  # where venv links to
    venv.EnvBuilder(symlinks=True, with_pip=False).create(place)


def _files(installed: _Installed) -> Iterator[tuple[str, str]]:
    """Yield its files that are there, and their places below the prefix of a virtual environment.

    Paths are texts here: an environment with CMake has 5,000 files, and :class:`Path` takes most of the time for them.

    :raises UnsoundError: when one lies outside of its environment.
    """
    site, prefix = os.path.join(installed.site, ""), os.path.join(installed.prefix, "")
    for path in installed.paths:
        source = os.path.normpath(os.path.join(site, path))
        if not source.startswith(prefix):
            raise UnsoundError(f"{installed.name} owns {path}, which lies outside of its environment")
        if not os.path.isfile(source):
            continue
        if source.startswith(site):
            yield source, _venv_site() + source.removeprefix(site)
        else:
            yield source, source.removeprefix(prefix)


def _is_script(path: str | Path) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def _write_script(source: str, target: str, *, interpreter: Path) -> None:
    """Copy a script with its interpreter line replaced when that names a Python, in either of the two usual forms."""
    lines = Path(source).read_bytes().split(b"\n")
    python = re.compile(rb"python|pypy")
    if lines[0] == b"#!/bin/sh" and len(lines) > 2 and lines[1].startswith(b"'''exec'"):
        body = lines[3:] if lines[2].startswith(b"' '''") else lines[2:]
    elif python.search(lines[0]):
        body = lines[1:]
    else:
        _link(source, target)
        return
    path = os.fsencode(interpreter)
    if len(path) + 3 < 127 and b" " not in path:
        head = [b"#!" + path]
    else:  # the kernel cuts long interpreter lines, and splits at blanks
        head = [b"#!/bin/sh", b"'''exec' \"" + path + b'" "$0" "$@"', b"' '''"]
    Path(target).write_bytes(b"\n".join([*head, *body]))
    os.chmod(target, stat.S_IMODE(os.stat(source).st_mode))


def _write_path_file(source: str, target: str, *, moved: Mapping[str, str]) -> None:
    text = Path(source).read_text(encoding="utf-8", errors="surrogateescape")
    for old, new in moved.items():
        text = text.replace(old, new)
    Path(target).write_text(text, encoding="utf-8", errors="surrogateescape")


def _link(source: str, target: str) -> None:
    """A hard link, or a copy with the same time stamp where links cannot be made."""
    real = os.path.realpath(source) if os.path.islink(source) else source
    try:
        os.link(real, target)
    except FileExistsError:
        os.unlink(target)
        _link(source, target)
    except OSError:
        shutil.copy2(real, target)


def _publish(draft: Path, final: Path) -> None:
    (draft / COMPLETE).touch()
    try:
        draft.rename(final)
    except OSError:
        if _is_sound(final):  # somebody else was quicker
            return
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
