"""Where builds happen, and what may be looked for there afterwards."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from truewheel.model.build_record import ColdReason, NothingKept
from truewheel.system.warm import observed_inputs as traces
from truewheel.system.warm.area import BuildArea


def test_what_a_lasting_tree_includes_lasts(tmp_path: Path) -> None:
    """An editable install configures its build directory again on import, when a build in a temporary place is long over."""
    area = BuildArea(tmp_path, tmp_path / "temporary", NothingKept(cause=ColdReason.SWITCHED_OFF))
    own = tmp_path / "project" / "build"
    for build_dir, home in ((area.build_dir, area.root), (own, own)):
        with area.configure(build_dir, "settings"):
            written = area.definitions_file(build_dir)
        assert written.is_file()
        assert written.is_relative_to(home)


def test_files_of_distributions_are_known_by_their_content(tmp_path: Path) -> None:
    """People edit what is installed, and may give it its old time stamp again."""
    bounds = traces.boundaries(tmp_path / "build", tmp_path, roots=(), homes=())
    header = next(Path(sysconfig.get_path("purelib")).rglob("*.py"))
    assert " " in bounds.stamp(os.fspath(header))
    assert " " not in bounds.stamp(os.fspath(Path(os.__file__)))


def test_only_cmakes_own_modules_may_read_what_nobody_watches(tmp_path: Path) -> None:
    """They change with CMake, wherever that is installed; those of a package that nobody answers for may change alone."""
    build, cmake, package = tmp_path / "build", tmp_path / "cmake", tmp_path / "package"
    for folder in (build, cmake, package):
        folder.mkdir()
        (folder / "Find.cmake").write_text("execute_process(COMMAND date)\n")
    (build / "CMakeCache.txt").write_text(f"CMAKE_ROOT:INTERNAL={cmake}\n")
    source = tmp_path / "source"
    bounds = traces.boundaries(build, source, roots=(), homes=())

    def reads(module: Path) -> bool:
        (build / "build.ninja").write_text(f"build build.ninja: RERUN_CMAKE {module}\n")
        return traces.gathered(
            build, bounds, names=frozenset(), links=frozenset(), packed=(), known=frozenset(), now=0, steady=True
        ).reads

    assert not reads(cmake / "Find.cmake")
    assert reads(package / "Find.cmake")
