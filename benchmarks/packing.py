"""Packing a tree of about 300 MB: truewheel's packer against the standard library's zipfile, at the same level.

    python benchmarks/packing.py [MEGABYTES]

Prints seconds and the ratio, both measured in this run. The tree is made of copies of this Python's own libraries and
modules, so that it compresses as real wheels do.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path

from truewheel.model.tree import Entry, Scheme, Tree
from truewheel.model.wheel_name import WheelName
from truewheel.system.wheels.sources import StagedTree
from truewheel.system.wheels.workers import cores
from truewheel.system.wheels.writing import write
from truewheel.system.wheels.zip_writer import LEVEL


def sources() -> list[Path]:
    places = [Path(sysconfig.get_path("stdlib")), Path("/usr/lib/x86_64-linux-gnu")]
    found = (
        p
        for place in places
        if place.is_dir()
        for p in sorted(place.rglob("*"))
        if p.suffix in {".so", ".py", ".a"} or ".so." in p.name
    )
    return [
        p
        for p in found
        if p.is_file() and not p.is_symlink() and p.stat().st_size > 20_000
    ]


def fill(place: Path, megabytes: int) -> list[Path]:
    """Copies of real files, up to a size."""
    total, made = 0, []
    while total < megabytes * 1_000_000:
        for path in sources():
            target = place / f"{len(made)}-{path.name}"
            shutil.copyfile(path, target)
            made.append(target)
            total += path.stat().st_size
            if total >= megabytes * 1_000_000:
                break
    return made


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "tree").mkdir()
        files = fill(place / "tree", megabytes)
        print(
            f"{len(files)} files, {sum(p.stat().st_size for p in files) / 1e6:.0f} MB, level {LEVEL}, {cores()} cores"
        )

        started = time.perf_counter()
        with zipfile.ZipFile(
            place / "zipfile.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL
        ) as archive:
            for path in files:
                archive.write(path, path.name)
        theirs = time.perf_counter() - started

        tree = Tree(
            entries=tuple(
                Entry(scheme=Scheme.LIB, path=p.name, source=p) for p in files
            )
        )
        wheel = WheelName(
            name="big",
            version="1",
            interpreters=("py3",),
            abis=("none",),
            platforms=("any",),
        )
        metadata = {"METADATA": b"Metadata-Version: 2.1\nName: big\nVersion: 1\n"}
        started = time.perf_counter()
        made = write(
            StagedTree(tree, "big-1.dist-info"),
            place,
            name=wheel,
            purelib=True,
            files=metadata,
        )
        ours = time.perf_counter() - started

        print(
            f"zipfile    {theirs:6.2f} s  {(place / 'zipfile.zip').stat().st_size / 1e6:6.1f} MB"
        )
        print(
            f"truewheel  {ours:6.2f} s  {made.size / 1e6:6.1f} MB (with a SHA-256 of every file)"
        )
        print(f"ratio      {theirs / ours:6.2f}")


if __name__ == "__main__":
    main()
