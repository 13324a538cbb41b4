"""Where the paths of a build lie, and what tells that a file there changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from truewheel.system.warm import environment, file_state, path_regions


@pytest.fixture
def linked_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the real path of an environment's site-packages that the interpreter reaches by a link."""
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    monkeypatch.setattr(environment, "site_packages", lambda: (str(link), str(link)))
    forget()
    yield real
    forget()


def forget() -> None:
    """Let the next question look at the environment again."""
    path_regions._packaged_cmake.cache_clear()
    path_regions._site_packages.cache_clear()


def mark(path: Path, content: str) -> str:
    """Write a file; return what would tell that it changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    drawn = path_regions.draw_regions(
        Path("/build"), Path("/source"), roots=(), homes=()
    )
    return drawn.mark(str(path))


def test_the_cmake_of_the_index_is_told_by_size_and_time(linked_site: Path) -> None:
    program = linked_site / "cmake" / "data" / "bin" / "cmake"
    assert mark(program, "a large program") == file_state.stamp(str(program))


def test_what_people_may_edit_is_told_by_its_content(linked_site: Path) -> None:
    header = linked_site / "package" / "include" / "a.h"
    assert mark(header, "#define A") == file_state.seal(str(header))
    assert file_state.seal(str(header)) != file_state.stamp(str(header))
