"""Where builds happen."""

from __future__ import annotations

from pathlib import Path

from truewheel.model.request import Product, Request
from truewheel.system.warm.workspace import Workplace


def test_the_files_that_a_lasting_build_tree_includes_last_as_well(tmp_path: Path) -> None:
    """An editable install configures its build directory again on import, when a build in a temporary place is long over."""
    request = Request(
        product=Product.WHEEL, source=tmp_path, output=tmp_path, config_settings={}, metadata_directory=None
    )
    place = Workplace(request, tmp_path / "temporary", "")
    (tmp_path / "temporary").mkdir()
    assert place.definitions(place.build_dir).is_relative_to(place.root)
    own = tmp_path / "project" / "build"
    assert place.definitions(own).is_relative_to(own)
