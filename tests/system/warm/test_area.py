"""Where builds happen."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.model.build_record import ColdReason, NothingKept
from truewheel.system.warm.area import BuildArea, LostError


def test_the_files_that_a_lasting_build_tree_includes_last_as_well(
    tmp_path: Path,
) -> None:
    """An editable install configures its build directory again on import, when a build in a temporary place is long over."""
    area = BuildArea(
        tmp_path, tmp_path / "temporary", NothingKept(cause=ColdReason.SWITCHED_OFF)
    )
    own = tmp_path / "project" / "build"
    for build_dir, home in ((area.build_dir, area.root), (own, own)):
        with area.configure(build_dir, "settings"):
            written = area.definitions_file(build_dir)
        assert written.is_file()
        assert written.is_relative_to(home)


def test_a_temporary_area_that_is_deleted_makes_no_wheel(tmp_path: Path) -> None:
    area = BuildArea(
        tmp_path, tmp_path / "temporary", NothingKept(cause=ColdReason.SWITCHED_OFF)
    )
    area.require_whole()
    staging = area.empty_staging()
    area.require_whole()
    staging.rmdir()
    with pytest.raises(LostError, match="was deleted during the build"):
        area.require_whole()
