"""What ``truewheel show`` and ``check`` say of the published wheels, recorded so that nothing changes unseen.

    python tests/snapshot.py                    # compare every wheel with the record
    python tests/snapshot.py --full DIR         # write all details; compare with diff -r DIR/data OTHER/data
    python tests/snapshot.py --full DIR --source OLD/src       # those of another checkout
    python tests/snapshot.py --update           # write the record anew

Only the commands' JSON is used. ``corpus/snapshot.json`` has a line a wheel: what a person wants to see change, and digests
of everything else. ``detail`` is of each tag, each floor with its evidence, each finding with its code, severity, place and
evidence, of ``show`` and ``check``. ``claims`` is of the same as shown under other names, most of them untrue. Published wheels
have little wrong with them, so ``altered`` is of wheels made worse: without the libraries that they bundle, with these in
another folder, and with the files of the wheel that is listed next, which is for another system. Sentences that may be reworded (messages, hints, reasons) are in no
digest; ``--full`` writes them to a folder of their own.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from support import published
from support.paths import CORPUS

MANIFESTS = (published.LINUX, published.OTHERS)
RECORD = CORPUS / "snapshot.json"
SOURCE = Path(__file__).parent.parent / "src"
AT_ONCE = 16
"""Wheels that one process looks at."""

PLATFORMS = (
    "manylinux_2_5_x86_64.manylinux1_x86_64",
    "manylinux_2_28_aarch64",
    "musllinux_1_1_x86_64",
    "macosx_10_9_universal2",
    "win_arm64",
    "android_21_arm64_v8a",
    "ios_13_0_arm64_iphonesimulator",
    "pyodide_2024_0_wasm32",
    "any",
    "plan9_mips",
)
PYTHONS = (
    "py3-none",
    "cp39-abi3",
    "cp313-cp313t",
    "cp312-cp312",
    "pp311-pypy311_pp73",
    "cp315-abi3.abi3t",
)


def other_names(filename: str) -> list[str]:
    """Return the names under which a wheel is shown as well: other platforms, other Pythons.

    >>> other_names("a-1-py3-none-any.whl")[-1]
    'a-1-cp315-abi3.abi3t-any.whl'
    """
    start, python, abi, platform = filename.removesuffix(".whl").rsplit("-", 3)
    names = [f"{start}-{python}-{abi}-{other}.whl" for other in PLATFORMS]
    names += [f"{start}-{other}-{platform}.whl" for other in PYTHONS]
    return [name for name in names if name != filename]


# --- asking -----------------------------------------------------------------------------------------------------


def asked(
    command: str, paths: Iterable[Path], source: Path = SOURCE
) -> dict[Path, dict[str, Any]]:
    """Return what ``truewheel COMMAND --json`` says of each wheel.

    :raises ValueError: when the command prints no document, or a traceback beside it.
    """
    environ = {**os.environ, "PYTHONPATH": str(source)}
    arguments = [
        sys.executable,
        "-m",
        "truewheel",
        command,
        "--json",
        "--verbose",
        *map(str, paths),
    ]
    run = subprocess.run(
        arguments, env=environ, capture_output=True, text=True, check=False
    )
    if not run.stdout or "Traceback" in run.stderr:
        raise ValueError(run.stderr)
    return {Path(wheel["path"]): wheel for wheel in json.loads(run.stdout)["wheels"]}


def said_of(paths: Iterable[Path], source: Path = SOURCE) -> dict[str, dict[str, Any]]:
    """Return what ``show`` and ``check`` say of each wheel, by file name."""
    shown, checked = asked("show", paths, source), asked("check", paths, source)
    return {path.name: {"show": shown[path], "check": checked[path]} for path in paths}


def said_of_claims(
    paths: Iterable[Path], source: Path = SOURCE
) -> dict[str, dict[str, Any]]:
    """Return what ``show`` says of each wheel under each other name, by file name and other name."""
    with tempfile.TemporaryDirectory() as folder:
        links = []
        for path in paths:
            Path(folder, path.name).mkdir()
            for other in other_names(path.name):
                links.append(Path(folder, path.name, other))
                links[-1].symlink_to(path)
        shown = asked("show", links, source)
    found: dict[str, dict[str, Any]] = {path.name: {} for path in paths}
    for link in links:
        found[link.parent.name][link.name] = shown[link]
    return found


def without_words(said: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a wheel's document, findings in an order that does not hang on their messages."""
    kept = {
        key: said[key]
        for key in ("claimed", "true", "tag", "tags", "variant", "floors")
    }
    findings = [
        {key: found[key] for key in ("code", "severity", "where", "evidence")}
        for found in said["findings"]
    ]
    return {**kept, "findings": sorted(findings, key=json.dumps)}


def words(said: dict[str, Any]) -> dict[str, Any]:
    """Return the sentences of a wheel's document."""
    findings = [
        f"{found['code']} {found['where']}: {found['message']} ({found['hint']})"
        for found in said["findings"]
    ]
    return {"reasons": said["reasons"], "findings": sorted(findings)}


# --- wheels made worse ------------------------------------------------------------------------------------------


def altered(path: Path, folder: Path) -> dict[str, Path]:
    """Write the altered wheels made of one, each in a folder of its own, and return them by what was done."""
    with zipfile.ZipFile(path) as archive:
        members = {
            name: archive.read(name)
            for name in archive.namelist()
            if not name.endswith("/")
        }
    bundled = {name for name in members if is_bundled(name)}
    made = {"mixed": {**without_metadata(next_listed(path)), **members}}
    if bundled:
        made["bare"] = {
            name: data for name, data in members.items() if name not in bundled
        }
        made["moved"] = {
            f"elsewhere/{name}" if name in bundled else name: data
            for name, data in members.items()
        }
    return {
        what: write_wheel(folder / what / path.name, files)
        for what, files in made.items()
    }


def is_bundled(name: str) -> bool:
    """Return whether auditwheel, delocate or delvewheel put a file there."""
    folders = name.split("/")[:-1]
    return any(folder.endswith((".libs", ".dylibs")) for folder in folders)


def next_listed(path: Path) -> Path:
    """Return the wheel that the manifests list after this one."""
    names = [
        row.filename for manifest in MANIFESTS for row in published.listed(manifest)
    ]
    following = names[(names.index(path.name) + 1) % len(names)]
    return path.with_name(following)


def without_metadata(path: Path) -> dict[str, bytes]:
    """Return the files of a wheel outside of ``.dist-info``."""
    with zipfile.ZipFile(path) as archive:
        names = [
            name
            for name in archive.namelist()
            if ".dist-info/" not in name and not name.endswith("/")
        ]
        return {name: archive.read(name) for name in names}


def write_wheel(path: Path, files: dict[str, bytes]) -> Path:
    """Write files to an archive that is the same each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def said_of_altered(
    paths: Iterable[Path], source: Path = SOURCE
) -> dict[str, dict[str, Any]]:
    """Return what ``show`` says of the wheels that are made of each wheel, by file name and what was done."""
    with tempfile.TemporaryDirectory() as folder:
        made = {path.name: altered(path, Path(folder)) for path in paths}
        shown = asked(
            "show",
            [path for wheels in made.values() for path in wheels.values()],
            source,
        )
    return {
        name: {what: shown[path] for what, path in wheels.items()}
        for name, wheels in made.items()
    }


# --- the record -------------------------------------------------------------------------------------------------


def line(said: dict[str, Any]) -> dict[str, Any]:
    """Return the short form of what is said of one wheel."""
    checked = said["check"]
    counts = Counter(
        f"{found['code']} {found['severity']}" for found in checked["findings"]
    )
    floors = [
        " ".join(filter(None, (floor["of"], floor["version"], floor["cpu"])))
        for floor in checked["floors"]
    ]
    return {
        "true": checked["true"],
        "tag": checked["tag"],
        "floors": sorted(set(floors)),
        "findings": dict(sorted(counts.items())),
        "detail": digest(said),
    }


def digest(said: dict[str, Any]) -> str:
    """Return a digest of all values in documents of wheels, without their words."""
    values = {key: without_words(document) for key, document in said.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def recorded() -> dict[str, dict[str, Any]]:
    return json.loads(RECORD.read_text(encoding="utf-8"))


def as_text(record: dict[str, dict[str, Any]]) -> str:
    """Return the record as it is stored: JSON, a line a wheel."""
    rows = [
        f"{json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}"
        for name, row in sorted(record.items())
    ]
    return "{\n" + ",\n".join(rows) + "\n}\n"


# --- the command ------------------------------------------------------------------------------------------------


def groups(paths: list[Path]) -> list[list[Path]]:
    """Return the wheels in groups, one a process."""
    return [paths[start : start + AT_ONCE] for start in range(0, len(paths), AT_ONCE)]


class Said(NamedTuple):
    """The documents about one wheel: as it is, under other names, and altered."""

    said: dict[str, Any]
    claims: dict[str, Any]
    altered: dict[str, Any]


def everything(paths: list[Path], source: Path) -> Iterator[tuple[str, Said]]:
    """Yield for every wheel its name and all that is said of it."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(lambda group: said_of(group, source), groups(paths))
        claims = pool.map(lambda group: said_of_claims(group, source), groups(paths))
        worse = pool.map(lambda group: said_of_altered(group, source), groups(paths))
        for of_group in zip(said, claims, worse, strict=True):
            for name in of_group[0]:
                yield name, Said(*(documents[name] for documents in of_group))


def write_full(folder: Path, name: str, documents: dict[str, Any]) -> None:
    """Write the values of documents to ``folder/data``, their sentences to ``folder/words``."""
    for kind, part in (("data", without_words), ("words", words)):
        content = {key: part(document) for key, document in documents.items()}
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def main() -> int:
    """Compare, write out, or record; returns 1 when something differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--full",
        type=Path,
        metavar="DIR",
        help="write all details there, two files a wheel",
    )
    parser.add_argument("--update", action="store_true", help="write the record anew")
    parser.add_argument(
        "--source", type=Path, default=SOURCE, help="the src/ of another checkout"
    )
    options = parser.parse_args()
    os.environ["TRUEWHEEL_EXTENDED"] = "1"
    paths = [
        path for manifest in MANIFESTS for path in published.fetched(manifest).values()
    ]
    found = {}
    for name, of_wheel in everything(paths, options.source.resolve()):
        digests = {
            "claims": digest(of_wheel.claims),
            "altered": digest(of_wheel.altered),
        }
        found[name] = {**line(of_wheel.said), **digests}
        if options.full is not None:
            write_full(
                options.full,
                name,
                {**of_wheel.said, **of_wheel.claims, **of_wheel.altered},
            )
    if options.update:
        RECORD.write_text(as_text(found), encoding="utf-8")
        return 0
    differing = [name for name in found if found[name] != recorded().get(name)]
    for name in differing:
        print(f"{name}\n  was {recorded().get(name)}\n  is  {found[name]}")
    print(f"{len(found)} wheels, of which {len(differing)} differ from the record")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
