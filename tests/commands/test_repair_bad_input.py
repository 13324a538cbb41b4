"""``truewheel repair`` on what cannot be repaired: one clear error, the input untouched, nothing half-written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import rights
from support.disks import mounted
from support.paths import ROOT
from support.real_wheels import Workshop, gives, libraries, runpath
from truewheel.cli import main
from truewheel.system.libraries import LibrariesOnDisk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def wheel_with(shop: Workshop, module: str = "m", **more: str) -> Path:
    """Return a wheel whose module needs ``libx.so.1`` of the build."""
    library = shop.library("libx.so.1", gives("of_x", 42))
    data = shop.module(module, library, runpath(shop.build), use="of_x")
    return shop.wheel({f"p/{module}.abi3.so": data}, **more)


def command(shop: Workshop, *words: object) -> list[str]:
    """Return the command in a process of its own."""
    return [
        sys.executable,
        "-m",
        "truewheel",
        "repair",
        *map(str, words),
        "-o",
        str(shop.out),
    ]


ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def run(shop: Workshop, *words: object, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:  # fmt: skip
    return subprocess.run(
        [*prefix, *command(shop, *words)], env=ENVIRON, capture_output=True, text=True, check=False, timeout=60
    )  # fmt: skip


# --- the library --------------------------------------------------------------------------------------------------------


def test_the_search_for_a_library_that_is_gone_is_told(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_with(shop)
    before = wheel.read_bytes()
    (shop.build / "libx.so.1").unlink()
    shop.fail(wheel)
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0] == f"error: {wheel.name}: libx.so.1 was not found"
    assert lines[1].strip() == "because: p/m.abi3.so needs libx.so.1"
    assert lines[2].strip() == f"because: not in {shop.build} (RUNPATH {shop.build})"
    assert lines[-1].strip() == (
        "hint: install it, name its directory with --search DIR, name the wheel that has it with --with WHEEL, or, when someone else supplies it, --exclude libx.so.1"
    )
    assert wheel.read_bytes() == before


@pytest.mark.parametrize("kind", ["directory", "fifo", "socket", "device", "dangling"])
def test_what_is_not_a_file_is_not_taken_for_a_library(
    shop: Workshop, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    import socket

    wheel = wheel_with(shop)
    place = shop.build / "libx.so.1"
    place.unlink()
    if kind == "directory":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as opened:
            os.chdir(shop.build)
            opened.bind(place.name)
            os.chdir(ROOT)
    elif kind == "device":
        place.symlink_to("/dev/zero")
    else:
        place.symlink_to("/nowhere/libx.so.1")
    done = run(shop, wheel)
    assert done.returncode == 1, done.stderr
    assert f"{wheel.name}: libx.so.1 was not found" in done.stderr
    assert "Traceback" not in done.stderr
    assert not shop.out.exists() or not list(shop.out.iterdir())


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.995])
def test_a_library_that_is_cut_off_is_told(
    shop: Workshop, capsys: pytest.CaptureFixture[str], share: float
) -> None:
    wheel = wheel_with(shop)
    library = shop.build / "libx.so.1"
    content = library.read_bytes()
    library.write_bytes(content[: int(len(content) * share)])
    shop.fail(wheel)
    said = capsys.readouterr().err
    assert str(library) in said
    assert "Traceback" not in said


def test_a_library_that_nobody_may_read_is_told(shop: Workshop) -> None:
    wheel = wheel_with(shop)
    library = shop.build / "libx.so.1"
    library.chmod(0)
    done = run(shop, wheel, prefix=rights.as_anybody())
    assert done.returncode == 1, done.stderr
    assert f"{library} is a file that cannot be read: Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("step", ["read_library", "identity"])
def test_a_library_that_is_written_meanwhile_is_told(
    shop: Workshop,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    wheel = wheel_with(shop)
    library = shop.build / "libx.so.1"
    size = library.stat().st_size
    judged = getattr(LibrariesOnDisk, step)

    def judged_and_written(self: LibrariesOnDisk, path: str) -> object:
        found = judged(self, path)
        if library.stat().st_size == size:
            with library.open("ab") as file:
                file.write(b"more")
        return found

    monkeypatch.setattr(LibrariesOnDisk, step, judged_and_written)
    shop.fail(wheel)
    said = capsys.readouterr().err
    assert f"{library} was changed while the wheel was being repaired" in said


def test_a_library_that_vanishes_meanwhile_is_told(
    shop: Workshop,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wheel = wheel_with(shop)
    library = shop.build / "libx.so.1"
    judged = LibrariesOnDisk.read_library

    def judged_and_gone(self: LibrariesOnDisk, path: str) -> object:
        found = judged(self, path)
        library.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(LibrariesOnDisk, "read_library", judged_and_gone)
    shop.fail(wheel)
    said = capsys.readouterr().err
    assert f"{library} cannot be read" in said


# --- the disk, and the process ------------------------------------------------------------------------------------------


def test_a_full_disk_leaves_nothing(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_with(shop)
    library = shop.build / "libx.so.1"
    with library.open("ab") as file:
        file.write(os.urandom(300_000))
    before = wheel.read_bytes()
    with mounted(shop.place / "small", "size=64k") as small:
        shop.out = small / "out"
        shop.fail(wheel, status=2)
        said = capsys.readouterr().err
        assert "No space left" in said or "full" in said
        assert "Traceback" not in said
    assert wheel.read_bytes() == before


def test_a_directory_that_cannot_be_written_is_told(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_with(shop)
    shop.out = shop.place / "file"
    shop.out.write_text("")
    assert main(["repair", str(wheel), "-o", str(shop.out)]) == 2
    said = capsys.readouterr().err
    assert str(shop.out) in said
    assert "Traceback" not in said


def test_a_process_that_is_killed_leaves_no_wheel(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = wheel_with(shop)
    script = shop.place / "slow.py"
    # The library is in the archive, and the rest never comes.
    script.write_text(
        "import sys, time, pathlib\n"
        "from truewheel.system.wheels import repaired\n"
        "from truewheel.cli import main\n"
        "old = repaired._CopiedMember.write_to\n"
        "def write_to(self, packer):\n"
        "    row = old(self, packer)\n"
        f"    pathlib.Path({str(shop.place / 'reached')!r}).touch()\n"
        "    time.sleep(60)\n"
        "    return row\n"
        "repaired._CopiedMember.write_to = write_to\n"
        "main(sys.argv[1:])\n"
    )
    words = [sys.executable, script, "repair", wheel, "-o", shop.out]
    with subprocess.Popen(list(map(str, words)), env=ENVIRON) as process:
        deadline = time.monotonic() + 30
        while not (shop.place / "reached").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    left = list(shop.out.iterdir())
    assert [path.name for path in left if not path.name.startswith(".")] == []
    made = shop.repair(wheel)
    assert shop.value(made) == ["42"]


# --- several wheels -----------------------------------------------------------------------------------------------------


def test_a_bad_wheel_among_good_ones_keeps_none_from_being_written(
    shop: Workshop, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = shop.place / "dist"
    good = wheel_with(shop)
    other = folder / good.name.replace("p-1-", "p-1-1-")
    shutil.copy(good, other)
    bad = folder / "broken-1-py3-none-any.whl"
    bad.write_bytes(b"not a wheel")
    lost = shop.library("libgone.so.1", gives("of_gone", 1))
    needy = shop.wheel(
        {"q/n.abi3.so": shop.module("n", lost, runpath(shop.build), use="of_gone")}, name="q"
    )  # fmt: skip
    lost.unlink()
    status = main(["repair", str(folder), "-o", str(shop.out)])
    said = capfd.readouterr()
    assert status == 4
    assert f"{needy.name}: libgone.so.1 was not found" in said.err
    assert f"{bad.name} is not a wheel that can be read" in said.err
    assert sorted(path.name.partition("-cp310")[0] for path in shop.out.iterdir()) == ["p-1", "p-1-1"]  # fmt: skip
    assert len({path.read_bytes() for path in shop.out.iterdir()}) == 2
    for path in shop.out.iterdir():
        assert len(libraries(path)) == 1


def test_wheels_that_become_one_name_are_told(
    shop: Workshop, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_with(shop)
    other = wheel.with_name(wheel.name.replace("linux", "manylinux_2_17"))
    shutil.copy(wheel, other)
    assert main(["repair", str(wheel.parent), "-o", str(shop.out)]) == 2
    (made,) = shop.out.iterdir()
    said = capfd.readouterr().err
    assert f"{other} has replaced {wheel}: both are called {made.name}" in said


def test_a_process_of_several_that_is_killed_is_told(shop: Workshop) -> None:
    wheel = wheel_with(shop)
    shutil.copy(wheel, wheel.with_name(wheel.name.replace("p-1-", "p-1-1-")))
    script = shop.place / "killed.py"
    script.write_text(
        "import os, signal, sys\n"
        "from truewheel.commands import repair\n"
        "from truewheel.cli import main\n"
        "def dies(request, path):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "repair._repair_one = dies\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = [sys.executable, script, "repair", wheel.parent, "-o", shop.out]
    done = subprocess.run(
        list(map(str, words)), env=ENVIRON, capture_output=True, text=True, check=False, timeout=60
    )  # fmt: skip
    assert done.returncode == 2
    # Each wheel is told, for each has a process of its own that went on where another had ended.
    for path in wheel.parent.iterdir():
        assert f"error: {path}: the process that repaired it was killed\n" in done.stderr  # fmt: skip
    assert "because: signal 9 (SIGKILL)" in done.stderr


def test_words_that_mean_nothing_are_a_usage_error(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["repair"])
    assert stopped.value.code == 2
    shop.fail(shop.place / "none.whl", status=4)
    assert "none.whl" in capsys.readouterr().err
    wheel = wheel_with(shop)
    for promise in ("manylinux_nonsense", "auto", "cp313-cp313-win_amd64"):
        with pytest.raises(SystemExit) as stopped:
            main(["repair", str(wheel), "-o", str(shop.out), "--to", promise])
        assert stopped.value.code == 2
        assert f"argument --to: '{promise}' is not a platform tag" in capsys.readouterr().err  # fmt: skip
    with pytest.raises(SystemExit) as stopped:
        main(["repair", str(wheel), "-o", str(shop.out), "--exclude", ""])
    assert stopped.value.code == 2
    assert "argument --exclude: the glob is empty" in capsys.readouterr().err
    renamed = shop.place / "renamed.whl"
    renamed.write_bytes(wheel.read_bytes())
    shop.fail(renamed, status=4)
    assert f"{renamed} is not the file name of a wheel" in capsys.readouterr().err
