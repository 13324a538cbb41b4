"""What of a source tree counts, and when a file is read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.model.build_record import Stamp
from truewheel.system.warm import file_state
from truewheel.system.warm.source_manifest import source_manifest, whole_manifest


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small source tree."""
    tree = tmp_path / "source"
    (tree / "src").mkdir(parents=True)
    (tree / "CMakeLists.txt").write_text("project(p)\n")
    (tree / "src" / "m.c").write_text("int m;\n")
    return tree


def source_files(source: Path) -> dict[str, Stamp]:
    return source_manifest(source, known={}, leave_out=frozenset())


def test_a_manifest_reads_no_file_again_whose_status_is_the_same(source: Path) -> None:
    path = source / "src" / "m.c"
    known = whole_manifest(source)
    remembered = known["src/m.c"]._replace(digest="as it was remembered")
    assert (
        whole_manifest(source, known={"src/m.c": remembered})["src/m.c"].digest
        == "as it was remembered"
    )
    path.write_text("int m2;\n")
    assert whole_manifest(source, known={"src/m.c": remembered})[
        "src/m.c"
    ].digest == file_state.digest(path)


@pytest.mark.parametrize(
    "name",
    [
        ".git/HEAD",
        "src/__pycache__/m.pyc",
        "venv/pyvenv.cfg",
        "other/CMakeCache.txt",
        "dist/p-1-py3-none-any.whl",
    ],
)
def test_what_no_build_reads_is_not_part_of_the_source(name: str, source: Path) -> None:
    before = set(source_files(source))
    path = source / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert set(source_files(source)) == before
    assert name in whole_manifest(source)


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
def test_a_file_that_goes_away_or_is_closed_stops_no_build(
    error: type[OSError], source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors make files and delete them while a build looks at the source."""
    before = whole_manifest(source)
    real = file_state.digest

    def digest(path: Path) -> str:
        if path.name == "m.c":
            raise error(path)
        return real(path)

    monkeypatch.setattr(file_state, "digest", digest)
    found = whole_manifest(source)
    assert found["CMakeLists.txt"] == before["CMakeLists.txt"]
    # What cannot be read is not the same as what could.
    assert found.get("src/m.c") != before["src/m.c"]


def test_what_lies_in_a_checkout_is_not_read(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told by its status, which changes with the content."""

    def digest(path: Path) -> str:
        raise AssertionError(f"{path} is read")

    monkeypatch.setattr(file_state, "digest", digest)
    before = source_files(source)
    assert source_files(source) == before
    (source / "src" / "m.c").write_text("int n;\n")
    found = source_files(source)
    assert found["src/m.c"] != before["src/m.c"]
    assert found["CMakeLists.txt"] == before["CMakeLists.txt"]
