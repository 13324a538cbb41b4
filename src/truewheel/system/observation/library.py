"""The library that watches: compiled at its first use, proved on a program that runs, and kept for all later builds.

Whether a build is watched, and where the library is kept, is for others to say.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..host import is_linux, machine_and_c_library
from .trace import begin, read, variables

_SOURCE = Path(__file__).with_name("preload.c")
_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = (
    "-std=gnu99",
    # Hooks have to end with a jump where the caller's address matters (dlopen).
    "-O2",
    "-foptimize-sibling-calls",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    # Names of functions with a check, as __open_2, are ours to define.
    "-U_FORTIFY_SOURCE",
    # Some linkers throw the table of hooks away, which only its section's name holds.
    "-Wl,--no-gc-sections",
    # Hooks call one another, whatever else is preloaded in front of them.
    "-Wl,-Bsymbolic",
    "-w",
)
_SPECIAL = re.compile(r"[\s:$\x01]")
"""What the loader takes for the end of a path, or replaces: ld.so(8), LD_PRELOAD."""
_PATIENCE = 60
"""Seconds that the compiler and the program may take."""


class CannotObserveError(Exception):
    """Builds cannot be watched here.

    :ivar reason: why, as a phrase.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def find_or_make(store: Path, environ: Mapping[str, str]) -> Path:
    """Return the library that watches, which is compiled and proved when ``store`` does not have it.

    :param store: a folder for such libraries, which is made when needed.
    :param environ: with ``PATH`` and ``CC``, for the compiler.
    :raises CannotObserveError: when no compiler makes one that works.
    """
    if not is_linux():
        raise CannotObserveError("only Linux can be watched")
    store = store.absolute()
    if _SPECIAL.search(str(store)):
        raise CannotObserveError(
            f"the loader cannot preload from {store}, for its name has a special character"
        )
    flags = " ".join(_FLAGS).encode()
    source = _SOURCE.read_bytes()
    digest = hashlib.blake2b(flags + source, digest_size=8).hexdigest()
    library = store / f"observe-{digest}-{machine_and_c_library()}.so"
    # Only what was proved gets this name.
    if library.is_file():
        return library
    try:
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store, prefix="making-") as folder:
            _make(Path(folder, "observe.so"), environ).replace(library)
    except OSError as error:
        raise CannotObserveError(f"{store} cannot be written: {error}") from error
    return library


def _make(library: Path, environ: Mapping[str, str]) -> Path:
    """Compile the library with the first compiler whose product works, and return its path."""
    reasons = []
    for compiler in _compilers(environ):
        command = [*compiler, *_FLAGS, "-o", str(library), str(_SOURCE), "-ldl"]
        try:
            done = _run(command, environ)
        except (OSError, subprocess.SubprocessError) as error:
            reasons.append(f"{compiler[0]}: {error}")
            continue
        if done.returncode:
            reasons.append(f"{compiler[0]} does not compile it: {done.stderr.strip()}")
        elif not _works(library, environ):
            reasons.append(f"what {compiler[0]} makes sees nothing")
        else:
            return library
    raise CannotObserveError("; ".join(reasons) or "there is no C compiler on PATH")


def _compilers(environ: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield commands that may be C compilers of this machine.

    ``CC`` comes last: it may be a compiler for another machine.
    """
    for name in _COMPILERS:
        path = shutil.which(name, path=environ.get("PATH"))
        if path is not None:
            yield [path]
    try:
        own = shlex.split(environ.get("CC", ""))
    except ValueError:
        # An open quote: whoever uses CC will say so.
        own = []
    if own:
        yield own


def _works(library: Path, environ: Mapping[str, str]) -> bool:
    """Return whether a program is watched that reads a file: the shell, or where that cannot be watched, Python."""
    marker, trace = library.with_name("marker"), library.with_name("trace")
    marker.touch()
    python = "import sys; open(sys.argv[1]).close()"
    for command in (
        ["/bin/sh", "-c", 'read -r nothing < "$0"', str(marker)],
        [sys.executable, "-I", "-S", "-c", python, str(marker)],
    ):
        begin(trace, size=1 << 20)
        try:
            _run(command, {**environ, **variables(library, trace, environ)})
        except (OSError, subprocess.SubprocessError):
            continue
        seen = read(trace)
        for process in seen.processes.values():
            if seen.is_whole and str(marker) in process.read:
                return True
    return False


def _run(
    command: list[str], environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command without input, and return what it said."""
    return subprocess.run(
        command,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        # Compilers quote file names, which may be of any bytes.
        errors="surrogateescape",
        timeout=_PATIENCE,
        check=False,
    )
