"""What truewheel changes in scikit-build-core while it is loaded: four things, each with its reason.

1. Its use of CMake's file API is left out. ``CMaker`` asks CMake for replies (cmake-file-api(7)) and parses them into
   ``CMaker.file_api``, which nothing reads. (What truewheel asks CMake is in ``file_api``, and is read on demand.) Importing the classes for that takes a tenth of a hook's own time, and
   filling them as much again. A reply that cannot be read is ``None`` there, so whoever will read it one day has to do
   without it anyhow. From Python 3.15 on scikit-build-core itself puts the import off (``__lazy_modules__``, PEP 810).
2. CMake gets a minute to tell its version, instead of five seconds. A machine under load, or a disk that sleeps, may
   take longer than five, and CMake would then be taken for missing.
3. Directories named ``*.dist-info`` inside of packages are files of the packages. scikit-build-core passes them by wherever
   they are, so that a vendored project loses its metadata and its licence. At the top of a source or of a wheel they are
   left out here (``sdist_files``, ``gathering``).
4. What Git is told to ignore, and this user may not read, is not known: a build goes on, as Git itself does. A ``.git``
   may belong to somebody else, as in a container.

Importing this module leaves the file API out, so it has to be imported before anything of scikit-build-core is.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from types import ModuleType
from typing import NoReturn

METADATA_PATTERN = "*.dist-info/"
"""A line of scikit-build-core's, as of a ``.gitignore``."""
_TIMEOUT = 60
"""Seconds that a program gets to tell its version."""


def raise_timeout() -> None:
    """Let scikit-build-core wait longer for programs that tell their version."""
    from scikit_build_core import program_search

    # Somebody else in this process may have raised it further.
    program_search.BASE_TIMEOUT = max(program_search.BASE_TIMEOUT, _TIMEOUT)


def keep_vendored_metadata() -> None:
    """Have scikit-build-core find what lies in a ``.dist-info`` directory; asked for by what looks for files."""
    from scikit_build_core.build._file_processor import EXCLUDE_LINES

    # A later release may not have the pattern any more.
    if METADATA_PATTERN in EXCLUDE_LINES:
        EXCLUDE_LINES.remove(METADATA_PATTERN)


def pass_over_unreadable_rules() -> None:
    """Have scikit-build-core do without files with rules for Git that cannot be read; asked for by what looks for files."""
    from scikit_build_core.build._file_processor import _read_lines as real

    if hasattr(real, "__wrapped__"):
        return

    @functools.wraps(real)
    def read_lines(path: Path) -> list[str]:
        try:
            lines: list[str] = real(path)
        except PermissionError:
            return []
        return lines

    vars(sys.modules[real.__module__])["_read_lines"] = read_lines


def _leave_out_file_api() -> None:
    """Put empty modules in the place of scikit-build-core's two; whoever imported those before, keeps them."""
    query = ModuleType("scikit_build_core.file_api.query")
    reply = ModuleType("scikit_build_core.file_api.reply")
    vars(query)["stateless_query"] = _stateless_query
    vars(reply)["load_reply_dir"] = _load_reply_dir
    for module in (query, reply):
        # Its own modules are in use where scikit-build-core was imported before, by another backend in this process.
        sys.modules.setdefault(module.__name__, module)


def _stateless_query(build_dir: Path) -> Path:
    """Ask nothing. Returns where the replies are to be looked for: a place where there is never anything."""
    return build_dir / ".cmake" / "api" / "v1" / "unread"


def _load_reply_dir(path: Path) -> NoReturn:
    raise FileNotFoundError(f"{path} was not asked for")


_leave_out_file_api()
