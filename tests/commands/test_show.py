"""``truewheel show``: what a wheel or a binary is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import truewheel
from support.small_wheels import small_wheel
from truewheel.cli import main


def test_a_true_wheel_is_shown_with_its_floor_and_evidence(
    wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(wheel)]) == 0
    out = capsys.readouterr().out
    assert "is: true" in out
    assert "floor: glibc 2." in out
    assert "pkg/_m.cpython-3" in out


def test_text_that_is_not_for_a_terminal_has_no_colours(
    wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(wheel)]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_json_has_a_version_and_the_same_keys_for_every_wheel(
    wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "--json", str(wheel)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == 1
    (entry,) = document["wheels"]
    assert set(entry) == {
        "file",
        "path",
        "size",
        "claimed",
        "true",
        "tag",
        "tags",
        "variant",
        "reasons",
        "floors",
        "findings",
    }
    assert entry["true"] is True
    assert entry["file"] == wheel.name
    assert entry["floors"][0]["evidence"][0]["file"].startswith("pkg/_m.")


@pytest.mark.parametrize("command", ["show", "check"])
def test_json_tells_the_path_of_each_wheel(
    command: str, wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = tmp_path / wheel.name
    twin.write_bytes(wheel.read_bytes())
    assert main([command, "--json", str(wheel), str(twin)]) == 0
    first, second = json.loads(capsys.readouterr().out)["wheels"]
    assert first["file"] == second["file"] == wheel.name
    assert first["path"] == str(wheel)
    assert second["path"] == str(twin)


@pytest.mark.parametrize("command", ["show", "check"])
def test_json_tells_which_wheels_could_not_be_read(
    command: str, wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent.whl"
    assert main([command, "--json", str(absent), str(wheel)]) == 4
    document = json.loads(capsys.readouterr().out)
    assert len(document["wheels"]) == 1
    (unread,) = document["unread"]
    assert unread["path"] == str(absent)
    assert unread["message"] == f"{absent} cannot be read"
    assert "No such file" in unread["because"][0]


def test_a_bare_binary_can_be_shown(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".so"))
        path = Path(archive.extract(name, tmp_path))
    assert main(["show", str(path)]) == 0
    assert "shared library for" in capsys.readouterr().out


def test_names_that_the_terminal_cannot_show_are_escaped(tmp_path: Path) -> None:
    wheel = small_wheel(
        tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b"", "lib/\u2192.txt": b""}
    )
    command = [sys.executable, "-m", "truewheel", "show", wheel]
    environ = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    run = subprocess.run(command, capture_output=True, check=False, env=environ)
    assert run.returncode == 0, run.stderr
    assert b"lib/\\u2192.txt" in run.stdout


@pytest.mark.parametrize("command", ["show", "check"])
def test_names_cannot_command_the_terminal(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = small_wheel(
        tmp_path / "p-1-py3-none-any.whl",
        {"p/__init__.py": b"", "lib/\x1b]0;mine\x07.txt": b""},
    )
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(wheel, "a") as archive,
    ):
        archive.writestr("p-1.dist-info/RECORD", b"\0\x1b[2J\x9b31m,,\n\xff\r,,\n")
    main([command, str(wheel)])
    out = capsys.readouterr().out
    assert "\\x1b" in out
    for line in out.split("\n"):
        assert line.isprintable()


@pytest.mark.parametrize("keep", [200, 64], ids=["cut off", "then nonsense"])
def test_a_broken_binary_is_told_as_such(
    keep: int, wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".so"))
        broken = archive.read(name)[:keep]
    if keep == 64:
        broken += bytes([255]) * 2000
    path = tmp_path / "x.so"
    path.write_bytes(broken)
    assert main(["show", str(path)]) == 4
    assert "broken ELF file" in capsys.readouterr().err

    whole = small_wheel(
        tmp_path / "p-1-cp39-abi3-linux_x86_64.whl", {"p/x.abi3.so": broken}
    )
    assert main(["check", str(whole)]) == 1
    assert "TW517" in capsys.readouterr().out


SLOW_TO_IMPORT = {
    "argparse",
    "dataclasses",
    "enum",
    "inspect",
    "json",
    "logging",
    "pathlib",
    "re",
    "typing",
}


def test_showing_a_small_wheel_imports_nothing_slow(wheel: Path) -> None:
    """Each of these takes as long to import as several modules of truewheel's own (``benchmarks/show.py``)."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from truewheel.cli import main; "
    )
    script += "main(['show', sys.argv[2]]); print('imported', *sys.modules)"
    sources = Path(truewheel.__file__).parents[1]
    command = [
        sys.executable,
        "-S",
        "-c",
        script,
        sources,
        wheel,
    ]  # what an environment imports at start is not ours
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = set(done.stdout.splitlines()[-1].split())
    assert "truewheel.audit.verdict" in imported
    assert not imported & SLOW_TO_IMPORT
