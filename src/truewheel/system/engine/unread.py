"""What scikit-build-core would load, and have CMake write, and then never look at: CMake's file API. To import this leaves it out.

Its ``CMaker`` asks CMake for replies (cmake-file-api(7)) and parses them into ``CMaker.file_api``, which nothing reads. To import the
classes for that takes a tenth of a hook's own time, and to fill them as much again. A reply that cannot be read is ``None`` there, so
that whoever will read it one day has to do without it anyhow. From Python 3.15 on scikit-build-core itself puts the import off
(``__lazy_modules__``, PEP 810).
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import NoReturn


def _stateless_query(build_dir: Path) -> Path:
    """Ask nothing. Returns where the replies are to be looked for: where there is never anything."""
    return build_dir / ".cmake" / "api" / "v1" / "unread"


def _load_reply_dir(path: Path) -> NoReturn:
    raise FileNotFoundError(f"{path} was not asked for")


def _leave_out() -> None:
    """Put other modules in the place of scikit-build-core's two. Whoever imported those before has them and keeps them."""
    query = ModuleType("scikit_build_core.file_api.query")
    reply = ModuleType("scikit_build_core.file_api.reply")
    vars(query)["stateless_query"] = _stateless_query
    vars(reply)["load_reply_dir"] = _load_reply_dir
    for module in (query, reply):
        sys.modules.setdefault(module.__name__, module)


_leave_out()
