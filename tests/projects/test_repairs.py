"""Wheels of real projects, repaired beside auditwheel, load and work where none of their libraries is.

The page in the documentation is written by ``repairs.py``, from a run over all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support import needs, published, real_repairs
from support.bare_roots import Root, bare_root
from support.real_repairs import Project

QUICK = [row for row in real_repairs.listed() if row.quick]
OTHERS = [row for row in real_repairs.listed() if not row.quick]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    return bare_root(tmp_path_factory.mktemp("bare") / "root")


@pytest.mark.parametrize("project", QUICK, ids=lambda row: row.name)
def test_a_wheel_of_a_real_project_works_once_it_is_repaired(
    project: Project, root: Root, tmp_path: Path
) -> None:
    check(project, root, tmp_path)


@pytest.mark.extended
@pytest.mark.parametrize("project", OTHERS, ids=lambda row: row.name)
def test_a_wheel_of_any_listed_project_works_once_it_is_repaired(
    project: Project, root: Root, tmp_path: Path
) -> None:
    check(project, root, tmp_path)


def check(project: Project, root: Root, place: Path) -> None:
    needs.program("patchelf")
    store = published.store() / "from-sdists"
    wheel = real_repairs.built(project, store)
    pair = real_repairs.repaired_twice(project, wheel, place)
    # The row says why, if they differ.
    assert bool(pair.differences()) == bool(project.differs), pair.differences()
    own = root.with_libraries(project.system, place / "root")
    real_repairs.proven(pair, wheel, own, store)
    real_repairs.repeated(pair, place)


def test_the_page_tells_of_every_listed_project() -> None:
    rows = [line for line in real_repairs.PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    told = {row.split(" | ")[0].removeprefix("| ") for row in rows[1:]}
    assert told == {f"{row.name} {row.version}" for row in real_repairs.listed()}
    assert len(told) >= 40
