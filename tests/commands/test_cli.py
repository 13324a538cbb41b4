"""The command line as a whole: exit codes, streams, and errors that a person can act on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support import needs
from support.small_wheels import small_wheel
from truewheel.cli import main

TRUEWHEEL = (sys.executable, "-m", "truewheel")


def test_wrong_usage_is_exit_code_two() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["shwo"])
    assert caught.value.code == 2


def test_wheels_may_stand_before_and_behind_options(
    wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(wheel), "--ignore", "TW5", str(wheel), "--strict"]) == 0
    assert capsys.readouterr().out.count(": ok") == 2


@pytest.mark.parametrize(
    ("command", "left"),
    [("check", "--what"), ("explain", "TW302")],
    ids=["an option that is none", "a command without wheels"],
)
def test_what_is_no_wheel_is_not_taken_for_one(
    command: str, left: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "TW301", left])
    assert caught.value.code == 2
    assert f"unrecognized arguments: {left}" in capsys.readouterr().err


def test_the_command_runs_as_a_module(wheel: Path) -> None:
    run = subprocess.run(
        [*TRUEWHEEL, "show", wheel], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p-1-py3-none-any.whl", b"not a zip"),
        ("p-1-py3-none-any.whl", b""),
        ("x.whl", None),
    ],
)
def test_what_is_not_a_wheel_is_exit_code_four(
    tmp_path: Path, name: str, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for command in (
        ["show", str(path)],
        ["check", str(path)],
        ["tag", str(path), "-o", str(tmp_path / "out")],
    ):
        assert main(command) == 4
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert name in error


@pytest.mark.parametrize("command", ["show", "check"])
def test_files_that_cannot_be_read_are_told_as_such(
    command: str, wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / name for name in ("absent.so", "absent.whl")]
    if Path("/proc/self/mem").exists():
        paths.append(Path("/proc/self/mem"))  # opens, and fails when it is read
    for path in paths:
        assert main([command, str(path), str(wheel)]) == 4
        captured = capsys.readouterr()
        assert f"{path} cannot be read" in captured.err
        assert "the output" not in captured.err
        assert wheel.name in captured.out


# --- streams ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_closed_streams_change_no_exit_code(tmp_path: Path, closed: str) -> None:
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b""})
    codes = {
        f"show {wheel}": 0,
        f"check {wheel}": 0,
        "show absent.whl": 4,
        "explain TW999": 2,
    }
    for arguments, code in codes.items():
        command = f"{' '.join(TRUEWHEEL)} {arguments} {closed}"
        run = subprocess.run(
            command, shell=True, capture_output=True, text=True, check=False
        )
        assert run.returncode == code, (arguments, run.stderr)
        assert "Traceback" not in run.stderr


def test_a_reader_may_go_away_before_the_end() -> None:
    command = f"{' '.join(TRUEWHEEL)} explain TW301 | head -c 1"
    run = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in run.stderr


def test_output_for_which_there_is_no_room_is_told() -> None:
    full = Path("/dev/full")
    if not full.exists():
        needs.missing("/dev/full")
    with full.open("wb", buffering=0) as output:
        command = [*TRUEWHEEL, "explain"]
        run = subprocess.run(
            command, stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
    assert run.returncode == 2
    assert "the output cannot be written: No space left on device" in run.stderr
    assert "Traceback" not in run.stderr
