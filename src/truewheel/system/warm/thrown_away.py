"""Sources that a front end has unpacked or cloned for one build, at another path each time, and throws away afterwards.

They are told by where front ends put them, so that what a developer keeps is never taken for one, wherever it lies. What
is thrown away is known by its project.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CHANCE = "[a-z0-9_]{8}"
"""What :func:`tempfile.mkdtemp` adds to a name."""
_OF_PIP = re.compile(f"pip-req-build-{_CHANCE}")
"""Where pip puts a source whose name it does not know yet (``_internal/req/req_install.py``)."""
_PARENT_OF_PIP = re.compile(f"pip-(install|wheel|download)-{_CHANCE}")
"""Where pip puts directories of sources whose names it was told (``_internal/utils/temp_dir.py``)."""
_CLONES_OF_UV = re.compile(r"git-v\d+")
"""Where uv has ``checkouts/REPOSITORY/COMMIT`` (uv-cache, ``CacheBucket``)."""
_SDISTS_OF_UV = re.compile(r"sdists-v\d+")
"""Where uv has ``.../src``, and ``.tmp.../NAME`` for ``uv build`` (uv-cache, ``CacheBucket``)."""
_TAG = "CACHEDIR.TAG"
"""A file that uv's cache has, like others: https://bford.info/cachedir/"""


def find_whole(source: Path) -> Path | None:
    """Return the directory that was unpacked or cloned for this build, ``source`` or one above; ``None`` for a source that
    stays."""
    # Outer directories first: what is cloned may hold directories of any name.
    for folder in (*reversed(source.parents), source):
        if _is_of_pip(folder) or _is_of_uv(folder):
            return folder
    return source if _is_unpacked_sdist(source) else None


def _is_of_pip(folder: Path) -> bool:
    if _OF_PIP.fullmatch(folder.name):
        return True
    return _PARENT_OF_PIP.fullmatch(folder.parent.name) is not None


def _is_of_uv(folder: Path) -> bool:
    """Say whether a directory of uv's cache is a clone, or an unpacked archive."""
    *_, bucket, kind, _, _ = ("", "", "", "", *folder.parts)
    if _CLONES_OF_UV.fullmatch(bucket) and kind == "checkouts":
        return (folder.parents[3] / _TAG).is_file()
    is_unpacked = folder.name == "src" or folder.parent.name.startswith(".tmp")
    if not is_unpacked:
        return False
    return any(
        _SDISTS_OF_UV.fullmatch(above.name) and (above.parent / _TAG).is_file()
        for above in folder.parents
    )


def _is_unpacked_sdist(source: Path) -> bool:
    """Say whether a front end unpacked this: PKG-INFO stands at its top, and no version control."""
    is_checkout = (source / ".git").exists() or (source / ".hg").exists()
    return (source / "PKG-INFO").is_file() and not is_checkout


def project_name(source: Path) -> str:
    """Return the normalised name of a project; empty when it has none."""
    found = _name_in_pyproject(source) or _name_in_metadata(source)
    return normalised(found)


def normalised(name: str) -> str:
    """Return the name of a project as it is compared with others.

    https://packaging.python.org/en/latest/specifications/name-normalization/

    >>> normalised("My_Project.core")
    'my-project-core'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _name_in_pyproject(source: Path) -> str:
    try:
        text = (source / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text).get("project")
    except (OSError, ValueError):
        return ""
    name = project.get("name") if isinstance(project, dict) else None
    return name if isinstance(name, str) else ""


def _name_in_metadata(source: Path) -> str:
    try:
        text = (source / "PKG-INFO").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for line in text.splitlines():
        if line.startswith("Name:"):
            return line.removeprefix("Name:").strip()
    return ""
