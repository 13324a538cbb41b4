"""``truewheel check`` of many wheels at once: the same words in the same order as of one after the other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.paths import ROOT
from support.small_wheels import small_wheel
from truewheel.cli import main
from truewheel.commands import judging, side_by_side

ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Wheels, sound and unsound, of different sizes, with files between them that are not wheels. All are worth processes."""
    monkeypatch.setattr(side_by_side, "_WORTH", 0)
    paths = []
    for number in range(12):
        files = {"p/__init__.py": b"", "p/large": bytes(number % 5 * 100_000)}
        if number % 3 == 0:
            files["lib/x.txt"] = b""
        path = tmp_path / f"{number:02}" / "p-1-py3-none-any.whl"
        path.parent.mkdir()
        paths.append(str(small_wheel(path, files)))
    text = tmp_path / "text.whl"
    text.write_text("This is no wheel.")
    paths[4:4] = [str(text), str(tmp_path / "absent.whl")]
    return paths


@pytest.mark.parametrize("options", [[], ["--json"], ["--strict", "-v"]])
def test_the_words_do_not_depend_on_the_number_of_jobs(
    options: list[str], many: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    told = []
    for jobs in ("1", "2", "5"):
        assert main(["check", "--jobs", jobs, *options, *many]) == 4
        told.append(capfd.readouterr())
    assert told[1:] == told[:1] * 2
    assert "absent.whl" in told[0].err
    assert "TW503" in told[0].out


def test_without_what_cannot_be_read_findings_set_the_exit_code(
    many: list[str],
) -> None:
    wheels = [path for path in many if "p-1" in path]
    assert main(["check", "--jobs", "3", *wheels]) == 0
    assert main(["check", "--jobs", "3", "--strict", *wheels]) == 1


def test_a_process_that_is_killed_is_told_and_the_rest_goes_on(
    many: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    parent = os.getpid()
    read = judging.read_wheel

    def kills(path: str, **options: object) -> object:
        # The parent reads one wheel itself, to import what is needed.
        if path == many[7] and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "read_wheel", kills)
    assert main(["check", "--jobs", "2", *many]) == 4
    told = capfd.readouterr()
    assert f"error: {many[7]}: the process that checked it was killed\n" in told.err
    assert "because: signal 9 (SIGKILL)" in told.err
    assert "hint: there may be too little memory" in told.err
    assert told.out.count("p-1-py3-none-any.whl: ok") == 11


def test_a_process_without_memory_says_so_and_the_rest_goes_on(
    many: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    read = judging.read_wheel

    def fails(path: str, **options: object) -> object:
        if path == many[7]:
            raise MemoryError
        return read(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "read_wheel", fails)
    assert main(["check", "--jobs", "2", *many]) == 4
    told = capfd.readouterr()
    assert f"error: {many[7]}: there is not enough memory\n" in told.err
    assert told.out.count("p-1-py3-none-any.whl: ok") == 11


def test_ctrl_c_ends_all_at_once(tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(
        "import os, sys, time\n"
        "from truewheel.commands import judging, side_by_side\n"
        "from truewheel.cli import main\n"
        "read, parent = judging.read_wheel, os.getpid()\n"
        "def slow(path, **options):\n"
        "    if os.getpid() != parent:\n"
        # In one piece: two processes write at once.
        "        os.write(2, b'%d\\n' % os.getpid())\n"
        "        time.sleep(600)\n"
        "    return read(path, **options)\n"
        "judging.read_wheel, side_by_side._WORTH = slow, 0\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b""})
    words = [sys.executable, script, "check", "--jobs", "2", wheel, wheel, wheel]
    process = subprocess.Popen(
        list(map(str, words)), env=ENVIRON, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # this process has no other thread
    )  # fmt: skip
    assert process.stderr is not None
    at_work = [int(process.stderr.readline()) for _ in range(2)]
    started = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    with process.stderr:
        rest = process.stderr.read()
    assert process.wait(timeout=20) == 130
    assert rest == ""
    assert time.monotonic() - started < 10
    for pid in at_work:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_reports_come_as_soon_as_they_are_known(tmp_path: Path) -> None:
    """The last wheel is a pipe that nobody writes to yet: all others are told before it."""
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b""})
    script = tmp_path / "slow.py"
    script.write_text(
        "import sys\n"
        "from truewheel.commands import judging\n"
        "from truewheel.cli import main\n"
        "read = judging.read_wheel\n"
        "def slow(path, **options):\n"
        "    if path.startswith('late'):\n"
        "        sys.stdin.readline()\n"
        "        path = path[4:]\n"
        "    return read(path, **options)\n"
        "judging.read_wheel = slow\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = [sys.executable, script, "check", wheel, f"late{wheel}"]
    process = subprocess.Popen(
        list(map(str, words)), env=ENVIRON, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == f"{wheel.name}: ok\n"
    assert process.communicate("\n", timeout=30)[0] == f"{wheel.name}: ok\n"
    assert process.returncode == 0


@pytest.mark.parametrize("number", ["0", "-1", "two", ""])
def test_a_number_of_jobs_that_is_none_is_a_usage_error(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", f"--jobs={number}", "p-1-py3-none-any.whl"])
    assert stopped.value.code == 2
    assert f"{number!r} is not a number from 1 on" in capsys.readouterr().err


# --- directories ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_directory_stands_for_its_wheels(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for python in ("py3", "py2.py3"):
        small_wheel(tmp_path / f"p-1-{python}-none-any.whl", {"p/__init__.py": b""})
    (tmp_path / "notes.txt").write_text("")
    assert main([command, "--json", str(tmp_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    files = [wheel["file"] for wheel in document["wheels"]]
    assert files == ["p-1-py2.py3-none-any.whl", "p-1-py3-none-any.whl"]
    assert document["wheels"][0]["path"] == f"{tmp_path}/p-1-py2.py3-none-any.whl"


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_directory_without_wheels_is_an_error_and_the_rest_goes_on(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b""})
    assert main([command, str(tmp_path / "empty"), str(wheel)]) == 2
    told = capsys.readouterr()
    assert f"error: {tmp_path / 'empty'} holds no wheels" in told.err
    assert wheel.name in told.out
