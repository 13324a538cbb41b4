"""Sources that front ends throw away, and others that only look so."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.system.warm.thrown_away import find_whole, project_name


def made(tmp_path: Path, name: str) -> Path:
    """Make a directory; return it."""
    folder = tmp_path / name
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("source", "whole"),
    [
        ("pip-req-build-fxj2hk4d", "pip-req-build-fxj2hk4d"),
        ("pip-req-build-fxj2hk4d/python/pkg", "pip-req-build-fxj2hk4d"),
        ("pip-wheel-02ke0ae0/warm_18c6/pkg", "pip-wheel-02ke0ae0/warm_18c6"),
        ("pip-install-02ke_ae0/warm", "pip-install-02ke_ae0/warm"),
        ("uv/git-v2/checkouts/2306e2/d58f7a0", "uv/git-v2/checkouts/2306e2/d58f7a0"),
        ("uv/git-v0/checkouts/23/d5/a/b", "uv/git-v0/checkouts/23/d5"),
        ("uv/sdists-v11/path/5b/GDT/src", "uv/sdists-v11/path/5b/GDT/src"),
        ("uv/sdists-v9/url/5b/GDT/src/pkg/src", "uv/sdists-v9/url/5b/GDT/src"),
        ("uv/sdists-v9/.tmp0a1b2c/warm-1.0", "uv/sdists-v9/.tmp0a1b2c/warm-1.0"),
    ],
)
def test_what_front_ends_throw_away_is_known_by_its_place(
    source: str, whole: str, tmp_path: Path
) -> None:
    folder = made(tmp_path, source)
    if source.startswith("uv/"):
        (tmp_path / "uv" / "CACHEDIR.TAG").touch()
    assert find_whole(folder) == tmp_path / whole


@pytest.mark.parametrize(
    "source",
    [
        "checkout",
        "my-pip-req-build-fxj2hk4d",
        "pip-req-build-of-mine",
        "pip-wheel-02ke0ae0",
        "git-v2/checkouts/2306e2/d58f7a0",
        "sdists-v11/path/5b/GDT/src",
        "src",
    ],
)
def test_a_developers_checkout_stays_one(source: str, tmp_path: Path) -> None:
    """Also in a temporary directory, and with a name like those; uv's cache has its tag."""
    folder = made(tmp_path, source)
    (folder / ".git").mkdir()
    assert find_whole(folder) is None


def test_an_unpacked_sdist_is_thrown_away_and_a_checkout_with_its_metadata_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "PKG-INFO").touch()
    assert find_whole(tmp_path) == tmp_path
    (tmp_path / ".git").mkdir()
    assert find_whole(tmp_path) is None


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("pyproject.toml", '[project]\nname = "My.Pro__ject"\n', "my-pro-ject"),
        ("PKG-INFO", "Metadata-Version: 2.1\nName: My_Project\n", "my-project"),
        ("pyproject.toml", "not TOML [", ""),
        ("pyproject.toml", "project = 3\n", ""),
        ("pyproject.toml", "[project]\nname = 3\n", ""),
        ("PKG-INFO", "\n", ""),
    ],
)
def test_a_project_is_known_by_its_normalised_name(
    file: str, text: str, name: str, tmp_path: Path
) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert project_name(tmp_path) == name
