"""Paths of a build that are mapped out of what is compiled."""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath, PureWindowsPath

import pytest

from truewheel.system.warm.path_maps import definitions


@pytest.mark.parametrize(
    ("home", "option"),
    [
        (PurePosixPath("/b/source"), "-ffile-prefix-map=/b/source=/usr/src/truewheel/x"),
        # As CMake hands it to the compiler.
        (PureWindowsPath(r"C:\b\source"), "-ffile-prefix-map=C:/b/source=/usr/src/truewheel/x"),
    ],
)  # fmt: skip
def test_a_path_is_mapped_as_cmake_spells_it(home: PurePath, option: str) -> None:
    assert f'"{option}"' in definitions({home: "/x"})


@pytest.mark.parametrize("home", ["/a=b", "/a;b", '/a"b', r"/a\b", "/a$b"])
def test_a_path_that_would_end_the_option_is_not_mapped(home: str) -> None:
    text = definitions({PurePosixPath(home): "", PurePosixPath("/fine"): ""})
    assert text.count("-ffile-prefix-map") == 1
    assert "-ffile-prefix-map=/fine=" in text


def test_inner_directories_come_last_for_the_last_map_counts() -> None:
    text = definitions({PurePosixPath("/a/b"): "/in", PurePosixPath("/a"): "/out"})
    assert text.index("=/a=") < text.index("=/a/b=")
