"""What a slot remembers of its builds, as JSON files that are whole or not there.

Values come out as they went in; a file that is damaged, or that another version wrote, is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...model.build_record import BuildRecord, Inputs, Manifest, Stamp, Traces
from ...model.record import parts


def recalled(path: Path) -> BuildRecord | None:
    """The record of a slot's last build; ``None`` when there is none that can be trusted."""
    found = _read(path)
    if found is None:
        return None
    try:
        inputs = {**found["inputs"], "sources": _manifest(found["inputs"]["sources"])}
        sets: dict[str, Any] = {k: frozenset(v) if isinstance(v, list) else v for k, v in found["traces"].items()}
        sets["roots"] = tuple(found["traces"]["roots"])
        return BuildRecord(inputs=Inputs(**inputs), traces=Traces(**sets))
    except (KeyError, TypeError, ValueError, IndexError):
        return None  # written by another version, or damaged


def remember(path: Path, inputs: Inputs, traces: Traces) -> None:
    """Write the record of a build."""
    _write(path, {"inputs": _plain(inputs), "traces": _plain(traces)})


def recalled_mirror(path: Path) -> tuple[Manifest, frozenset[Path]]:
    """What a mirror held when it was left, and the directories in it that are not the source's."""
    found = _read(path) or {}
    try:
        return _manifest(found.get("files", {})), frozenset(Path(p) for p in found.get("leave", ()))
    except (AttributeError, TypeError, IndexError):
        return {}, frozenset()


def remember_mirror(path: Path, files: Manifest, leave: Iterable[Path]) -> None:
    """Write what a mirror holds."""
    _write(path, {"files": files, "leave": [str(p) for p in leave]})


def recalled_names(path: Path) -> frozenset[str]:
    """Names that were remembered; none when that cannot be trusted."""
    found = _read(path) or {}
    names = found.get("names")
    return frozenset(n for n in names if isinstance(n, str)) if isinstance(names, list) else frozenset()


def remember_names(path: Path, names: Iterable[str]) -> None:
    """Write a set of names."""
    _write(path, {"names": sorted(names)})


def _plain(value: Inputs | Traces) -> dict[str, object]:
    return {k: sorted(v) if isinstance(v, frozenset) else v for k, v in parts(value).items()}


def _manifest(rows: Mapping[str, list[Any]]) -> dict[str, Stamp]:
    return {name: Stamp(r[0], r[1], (r[2][0], r[2][1], r[2][2], r[2][3])) for name, r in rows.items()}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, value: Mapping[str, object]) -> None:
    """Under another name first, then renamed."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(value), encoding="utf-8")
    draft.replace(path)
