"""The texts of licences, read from where packages have put them."""

from __future__ import annotations

from pathlib import Path

from truewheel.model.bundled import LicenceText, SystemPackage
from truewheel.system.packages.licence_texts import read_licence_texts


def package(name: str, *files: Path) -> SystemPackage:
    paths = tuple(str(file) for file in files)
    return SystemPackage(manager="dpkg", name=name, version="1", licence_files=paths)


def test_each_package_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "copyright").write_bytes(b"free\r\n\xff")
    one = package("one", tmp_path / "copyright")
    found = read_licence_texts([one, package("one", tmp_path / "copyright")])
    assert found.texts == (
        LicenceText(
            package=one, source=str(tmp_path / "copyright"), data=b"free\r\n\xff"
        ),
    )
    assert found.without == ()
    assert found.unreadable == ()


def test_packages_without_a_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    gone = package("gone", tmp_path / "b")
    part = package("part", tmp_path / "a", tmp_path / "b")
    none = package("none")
    found = read_licence_texts([gone, part, none])
    assert [text.package for text in found.texts] == [part]
    assert found.without == (gone, none)
    assert found.unreadable == (str(tmp_path / "b"), str(tmp_path / "b"))
