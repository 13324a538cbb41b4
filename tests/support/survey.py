"""The survey: many published wheels of many kinds, over which ``truewheel check`` is run to see whether it can be believed.

``corpus/survey.toml`` lists them, a line a wheel. They are downloaded and kept as those of :mod:`support.published`.
``corpus/survey-errors.toml`` lists those that have findings of level error or a broken binary, with the cause.
In ``tests``, ``python -m support.survey FOLDER`` writes the list anew from a folder of wheels.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from support import published
from support.paths import CORPUS
from support.published import Published

SURVEY, ERRORS = "survey.toml", "survey-errors.toml"
AT_ONCE = 16
"""Wheels that one run of pip downloads, and one process looks at."""
IN_CI, IN_CI_OF_GROUP, LARGEST_IN_CI = 150, 12, 1_500_000
FAMILIES = {
    "manylinux": "manylinux",
    "musllinux": "musllinux",
    "macosx": "macos",
    "win": "windows",
    "android": "android",
    "ios": "ios",
    "pyodide": "emscripten",
    "pyemscripten": "emscripten",
    "linux": "linux",
}


class Tags(NamedTuple):
    """What follows the version in the name of a wheel: for pip the same for a whole group."""

    python: str
    abi: str
    platform: str


def tags_of(filename: str) -> Tags:
    """Return the tags of a wheel.

    >>> tags_of("a-1-0-cp39-abi3-win32.whl")
    Tags(python='cp39', abi='abi3', platform='win32')
    """
    return Tags(*filename.removesuffix(".whl").split("-")[-3:])


def family_of(filename: str) -> str:
    """Return the kind of system that a wheel is for.

    >>> family_of("a-1-py3-none-macosx_11_0_arm64.whl"), family_of("a-1-cp312-cp312-win32.whl")
    ('macos', 'windows')
    """
    platform = tags_of(filename).platform
    name = next(name for name in FAMILIES if platform.startswith(name))
    return FAMILIES[name]


# --- the wheels of a run ----------------------------------------------------------------------------------------


def is_extended() -> bool:
    """Return whether this is the long run, which looks at every wheel."""
    return os.environ.get("TRUEWHEEL_EXTENDED", "") not in {"", "0"}


def sample() -> tuple[Published, ...]:
    """Return the wheels of this run: a fixed part of all kinds, or in the extended run all."""
    return tuple(
        row for row in published.listed(SURVEY) if row.is_in_ci or is_extended()
    )


def grouped(rows: Iterable[Published]) -> dict[str, list[Published]]:
    """Return rows in groups that one run of pip can download: of the same tags, with one release a project."""
    groups: dict[str, list[Published]] = {}
    seen: Counter[tuple[Tags, str]] = Counter()
    taken: Counter[tuple[Tags, int]] = Counter()
    for row in rows:
        tags, project = tags_of(row.filename), row.requirement.partition("==")[0]
        release = seen[tags, project]
        seen[tags, project] += 1
        part = taken[tags, release] // AT_ONCE
        taken[tags, release] += 1
        groups.setdefault("-".join([*tags, str(release), str(part)]), []).append(row)
    return groups


def fetched(rows: list[Published]) -> list[Path | None]:
    """Return where the wheels of one group lie, after downloading those that are not there; ``None`` for what cannot be had."""
    lacking = [row for row in rows if not (published.store() / row.filename).is_file()]
    if len(lacking) > 1:
        tags = tags_of(rows[0].filename)
        published.download_all(
            [row.requirement for row in lacking],
            tags.platform.split("."),
            tags.python.split(".")[-1],
            tags.abi.split("."),
        )
    # One that pip cannot have leaves all of them to be asked for one by one; have() compares the hashes, too.
    return [published.have(row) for row in rows]


# --- the recorded errors ----------------------------------------------------------------------------------------


@functools.cache
def recorded() -> dict[str, set[str]]:
    """Return the codes that are recorded of each wheel: those of level error, and TW517 for a broken binary."""
    import tomllib

    found: dict[str, set[str]] = {}
    for row in tomllib.loads((CORPUS / ERRORS).read_text(encoding="utf-8"))["error"]:
        for name in row["files"]:
            found.setdefault(name, set()).add(row["code"])
    return found


# --- the list ---------------------------------------------------------------------------------------------------


def listed_from(folder: Path) -> list[Published]:
    """Return rows for the wheels of a folder that no other manifest lists, sorted."""
    others = {
        row.filename
        for manifest in (published.LINUX, published.OTHERS)
        for row in published.listed(manifest)
    }
    paths = [path for path in folder.glob("*.whl") if path.name not in others]
    paths.sort(key=lambda path: path.name.lower())
    rows = [row_of(path) for path in newest_builds(paths)]
    chosen = chosen_for_ci(rows)
    return [
        Published(**{**vars(row), "is_in_ci": row.filename in chosen}) for row in rows
    ]


def newest_builds(paths: list[Path]) -> list[Path]:
    """Return sorted paths without those of which there is a newer build, which pip would take."""
    by_release: dict[tuple[str, ...], Path] = {}
    for path in paths:
        parts = path.name.split("-")
        by_release[(*parts[:2], *parts[-3:])] = path
    return list(by_release.values())


def row_of(path: Path) -> Published:
    """Return the row of one wheel."""
    project, version = path.name.split("-")[:2]
    data = path.read_bytes()
    return Published(
        requirement=f"{project.lower().replace('_', '-')}=={version}",
        filename=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        family=family_of(path.name),
        size=len(data),
    )


def chosen_for_ci(rows: list[Published]) -> set[str]:
    """Return the names of the wheels for each run of CI: the smallest ones of the largest groups, some of each family.

    A group is one run of pip, so few groups are quick to download.
    """
    small = [row for row in rows if row.size <= LARGEST_IN_CI]
    groups = sorted(
        grouped(small).values(), key=lambda group: (-len(group), group[0].filename)
    )
    first: dict[str, list[Published]] = {}
    for group in groups:
        first.setdefault(group[0].family, group)
    ordered = [
        *first.values(),
        *(group for group in groups if group not in first.values()),
    ]
    chosen: list[str] = []
    for group in ordered:
        smallest = sorted(group, key=lambda row: (row.size, row.filename))
        room = min(IN_CI_OF_GROUP, IN_CI - len(chosen))
        chosen += [row.filename for row in smallest[:room]]
    return set(chosen)


def as_text(rows: Iterable[Published]) -> str:
    """Return rows as they are stored: TOML, a line a wheel."""
    lines = []
    for row in rows:
        values = [f"{key} = {json.dumps(value)}" for key, value in vars(row).items()]
        if not row.is_in_ci:
            values.pop()
        lines.append(f"  {{ {', '.join(values)} }},\n")
    return (
        "# The wheels of the survey, written by tests/support/survey.py.\n\nwheel = [\n"
        + "".join(lines)
        + "]\n"
    )


if __name__ == "__main__":
    (CORPUS / SURVEY).write_text(
        as_text(listed_from(Path(sys.argv[1]))), encoding="utf-8"
    )
