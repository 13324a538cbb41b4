"""``truewheel check`` and ``show`` of directories: wheels of one version together, with the sdist beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.small_wheels import small_wheel
from truewheel.cli import main

METADATA = b"Metadata-Version: 2.2\nName: p\nVersion: 1\n"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    place = tmp_path / "dist"
    place.mkdir()
    return place


def pure(dist: Path, python: str, more: bytes = b"") -> Path:
    files = {"p/__init__.py": b"", "p-1.dist-info/METADATA": METADATA + more}
    return small_wheel(dist / f"p-1-{python}-none-any.whl", files)


def sets_of(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)["sets"]


def built_sdist(dist: Path, *, setup: str, files: dict[str, str]) -> Path:
    """Have ``python -m build`` make the sdist of a project of setuptools."""
    project = dist.parent / "project"
    for name, content in {**files, "setup.py": setup, "pyproject.toml": ""}.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content)
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "-o", str(dist), str(project)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No module named" in done.stderr + done.stdout:
        pytest.skip("build and setuptools are not installed")
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,) = dist.glob("*.tar.gz")
    return sdist


def with_module(dist: Path, wheel: Path) -> None:
    """Put a wheel into a directory, as wheel of p 1 whatever it was."""
    (dist / wheel.name).write_bytes(wheel.read_bytes())


def test_a_set_has_a_line_of_its_own(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pure(dist, "py3")
    assert main(["check", str(dist)]) == 0
    assert capsys.readouterr().out == "p-1-py3-none-any.whl: ok\n"
    pure(dist, "py2")
    assert main(["check", str(dist)]) == 0
    assert capsys.readouterr().out.endswith(f"p 1 in {dist}: ok (2 wheels)\n")
    assert main(["show", str(dist)]) == 0
    assert capsys.readouterr().out.endswith(f"\np 1 in {dist} (2 wheels)\n")


def test_requirements_that_differ_fail_when_strict(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheels = [pure(dist, "py2"), pure(dist, "py3", b"Requires-Dist: q\n")]
    assert main(["check", str(dist)]) == 0
    out = capsys.readouterr().out
    assert f"p 1 in {dist}: ok (2 wheels)\nwarning TW553: p 1: the requirements differ" in out  # fmt: skip
    assert "  because: Requires-Dist: q (only in p-1-py3-none-any.whl)\n" in out
    assert main(["check", "--strict", str(dist)]) == 1
    assert f"p 1 in {dist}: not ok" in capsys.readouterr().out
    assert main(["check", "--strict", "--ignore", "TW553", str(dist)]) == 0
    assert main(["check", "--strict", "--select", "TW55", str(dist)]) == 1
    # Files that are named one by one are not all of the version.
    assert main(["check", "--strict", *map(str, wheels)]) == 0


def test_the_document_has_a_key_for_sets(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = pure(dist, "py3")
    pure(dist, "py2.py3")
    for command in ("check", "show"):
        assert main([command, "--json", str(dist), str(wheel)]) == 0
        (told,) = sets_of(capsys)
        assert told["directory"] == str(dist)
        assert (told["name"], told["version"], told["sdist"]) == ("p", "1", None)
        assert told["wheels"] == ["p-1-py2.py3-none-any.whl", "p-1-py3-none-any.whl"]
        (found,) = told["findings"]
        assert (found["code"], found["severity"]) == ("TW554", "note")
        assert main([command, "--json", str(wheel)]) == 0
        assert sets_of(capsys) == []


def test_other_versions_are_told_of_the_directory(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pure(dist, "py3")
    files = {"p/__init__.py": b"", "p-2.dist-info/METADATA": METADATA}
    small_wheel(dist / "p-2-py3-none-any.whl", files)
    main(["show", "--select", "TW554", str(dist)])
    told = capsys.readouterr().out
    assert f"{dist} (2 wheels)\nnote TW554: {dist}: holds the wheels of several versions\n" in told  # fmt: skip
    main(["check", "--select", "TW554", str(dist)])
    assert str(dist) not in capsys.readouterr().out
    main(["check", "--select", "TW554", "--json", str(dist)])
    (told_of_all,) = sets_of(capsys)
    assert told_of_all["name"] is None


def test_a_broken_wheel_is_told_and_the_set_is_judged_without_it(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pure(dist, "py2")
    pure(dist, "py3")
    (dist / "p-1-py4-none-any.whl").write_text("no wheel")
    (dist / "misnamed.whl").write_bytes((dist / "p-1-py3-none-any.whl").read_bytes())
    assert main(["check", str(dist)]) == 4
    told = capsys.readouterr()
    assert "p-1-py4-none-any.whl" in told.err
    assert f"p 1 in {dist}: ok (2 wheels)" in told.out


# --- sdists -------------------------------------------------------------------------------------------------------

SETUP = "from setuptools import setup\nsetup(name='p', version='1', packages=['p'])\n"


def test_an_sdist_that_fits(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pure(dist, "py3")
    sdist = built_sdist(dist, setup=SETUP, files={"p/__init__.py": ""})
    assert main(["check", "--strict", str(dist)]) == 0
    assert capsys.readouterr().out.endswith(f"p 1 in {dist}: ok (1 wheel and the sdist)\n")  # fmt: skip
    # Under the name of another release it is not looked at.
    sdist.rename(dist / "p-2.tar.gz")
    assert main(["check", "--strict", str(dist)]) == 0
    assert "sdist" not in capsys.readouterr().out


def test_an_sdist_of_another_version_fails(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pure(dist, "py3")
    setup = SETUP.replace("version='1'", "version='2'")
    sdist = built_sdist(dist, setup=setup, files={"p/__init__.py": ""})
    sdist.rename(dist / "p-1.tar.gz")
    assert main(["check", str(dist)]) == 1
    out = capsys.readouterr().out
    assert "not ok (1 wheel and the sdist)\nerror TW555: p-1.tar.gz: PKG-INFO gives" in out  # fmt: skip
    assert "  because: Version: 2\n" in out


def test_an_sdist_without_the_sources_of_a_module(
    dist: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The wheel has a compiled module; MANIFEST.in leaves its source out, as a forgotten one does."""
    with_module(dist, wheel)
    setup = (
        "from setuptools import Extension, setup\n"
        "setup(name='pkg', version='1.0', packages=['pkg'], ext_modules=[Extension('pkg._m', ['pkg/_m.c'])])\n"
    )
    files = {"pkg/__init__.py": "", "pkg/_m.c": "int x;"}
    sdist = built_sdist(dist, setup=setup, files=files)
    assert main(["check", "--select", "TW555", str(dist)]) == 0
    assert "TW555" not in capsys.readouterr().out
    sdist.unlink()
    (dist.parent / "project" / "MANIFEST.in").write_text("global-exclude *.c\n")
    built_sdist(dist, setup=setup, files=files)
    main(["check", "--select", "TW555", str(dist)])
    out = capsys.readouterr().out
    assert "warning TW555: pkg-1.0.tar.gz: holds no source of the compiled modules" in out  # fmt: skip
    assert main(["check", "--strict", "--select", "TW555", str(dist)]) == 1


def test_a_broken_sdist_is_an_error(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pure(dist, "py3")
    (dist / "p-1.tar.gz").write_text("no archive")
    assert main(["check", "--json", str(dist)]) == 4
    told = capsys.readouterr()
    assert f"error: {dist / 'p-1.tar.gz'} is not an sdist" in told.err
    (unread,) = json.loads(told.out)["unread"]
    assert unread["path"] == str(dist / "p-1.tar.gz")
