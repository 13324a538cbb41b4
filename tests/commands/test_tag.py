"""``truewheel tag``: a wheel under its true name, or the reason why it cannot have one."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from support import needs
from support.small_wheels import small_wheel
from truewheel.cli import main
from truewheel.system.wheels.reading import read_wheel


def tag(*wheels: Path, to: Path) -> int:
    """Run the command; return its exit code."""
    return main(["tag", *map(str, wheels), "-o", str(to)])


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def compiled(place: Path, source: str, *options: str, compiler: str = "gcc") -> bytes:
    """Compile C and return the file."""
    (place / "x.c").write_text(source)
    subprocess.run(
        [needs.program(compiler), *options, place / "x.c", "-o", place / "x.bin"],
        check=True,
    )
    return (place / "x.bin").read_bytes()


# --- the true name ------------------------------------------------------------------------------------------------


def test_a_wheel_gets_its_true_name(wheel: Path, renamed: Path, tmp_path: Path) -> None:
    assert tag(renamed, to=tmp_path / "out") == 0
    made = tmp_path / "out" / wheel.name
    assert made.is_file()
    assert main(["check", str(made)]) == 0
    assert set(read_wheel(made).wheel_tags) == set(read_wheel(wheel).wheel_tags)


def test_a_wheel_that_is_true_already_is_told_so(
    wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tag(wheel, to=wheel.parent) == 0
    assert "true already" in capsys.readouterr().out


def test_true_tags_are_not_taken_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program without a libc runs with any of them, though one would be enough for a name."""
    program = compiled(
        tmp_path,
        "void f(void) { for (;;) {} }",
        "-static",
        "-nostdlib",
        "-Wl,-e,f,-z,noexecstack",
    )
    machine = platform.machine()
    tags = f"py3-none-manylinux_2_17_{machine}.manylinux2014_{machine}.musllinux_1_1_{machine}"
    wheel = small_wheel(tmp_path / f"p-1-{tags}.whl", {"p-1.data/scripts/x": program})
    assert tag(wheel, to=tmp_path / "out") == 0
    (made,) = (tmp_path / "out").iterdir()
    assert made.stem.endswith(f".musllinux_1_1_{machine}")
    assert tag(made, to=tmp_path / "out") == 0
    assert "true already" in capsys.readouterr().out


def test_an_untrue_wheel_file_is_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = small_wheel(tmp_path / "p-1-py2-none-any.whl", {"p/__init__.py": b""})
    wheel = wheel.rename(tmp_path / "p-1-py3-none-any.whl")
    assert tag(wheel, to=tmp_path) == 2
    assert "its WHEEL file says something else" in capsys.readouterr().err
    assert tag(wheel, to=tmp_path / "out") == 0
    assert read_wheel(tmp_path / "out" / wheel.name).wheel_tags == ("py3-none-any",)


# --- nothing is overwritten ----------------------------------------------------------------------------------------


def test_two_wheels_do_not_get_one_name(
    wheel: Path, renamed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tag(renamed, wheel, to=tmp_path / "out") != 0
    assert names(tmp_path / "out") == [wheel.name]
    assert f"would get the name that {renamed} has got" in capsys.readouterr().err


def test_two_wheels_of_one_name_are_not_written_over_each_other(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = tmp_path / "twin" / wheel.name
    twin.parent.mkdir()
    twin.write_bytes(wheel.read_bytes())
    assert tag(wheel, twin, to=tmp_path / "out") != 0
    assert f"{twin} would get the name that {wheel} has got" in capsys.readouterr().err


def test_a_wheel_that_cannot_be_read_does_not_stop_the_others(
    wheel: Path, renamed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent.whl"
    assert tag(absent, renamed, to=tmp_path / "out") == 4
    told = capsys.readouterr().err
    assert f"{absent} cannot be read" in told
    assert "hint: look for a slip in its path" in told
    assert names(tmp_path / "out") == [wheel.name]


# --- wheels without a true name -----------------------------------------------------------------------------------


def test_a_choice_between_systems_is_left_to_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, options = (
        "int f(void) { return 1; }",
        ("-shared", "-fPIC", "-nostdlib", "-Wl,-e,f"),
    )
    linux = compiled(tmp_path, source, *options)
    windows = compiled(tmp_path, source, *options, compiler="x86_64-w64-mingw32-gcc")
    files = {"p/__init__.py": b"", "p/x.so": linux, "p/x.dll": windows}
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", files)
    assert tag(wheel, to=tmp_path / "out") == 1
    told = capsys.readouterr().err
    assert "p-1-py3-none-any.whl has binaries for several systems" in told
    assert "TW307" in told
    assert "p/x.dll is for windows" in told
    assert not (tmp_path / "out").exists()

    named = wheel.rename(tmp_path / "p-1-py3-none-win_amd64.whl")
    assert tag(named, to=tmp_path / "out") == 0
    assert names(tmp_path / "out") == [named.name]


def test_no_name_is_written_that_check_calls_untrue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing tells for which Python a module is that claims the stable ABI and does not keep to it."""
    source = "int _PyLong_Sign(void *); int PyInit__x(void) { return _PyLong_Sign(0); }"
    module = compiled(tmp_path, source, "-shared", "-fPIC")
    wheel = small_wheel(
        tmp_path / "p-1-cp39-abi3-linux_x86_64.whl", {"p/_x.abi3.so": module}
    )
    assert main(["check", str(wheel)]) == 1
    assert tag(wheel, to=tmp_path / "out") == 1
    told = capsys.readouterr().err
    assert "TW402" in told
    assert "hint: build it again for the Python that it is meant for" in told
    assert not (tmp_path / "out").exists()


def test_a_cpu_without_a_tag_has_no_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is the CPU, and not some Python."""
    module = bytearray(
        compiled(tmp_path, "int PyInit__x(void) { return 0; }", "-shared", "-fPIC")
    )
    module[18:20] = b"\x99\x99"  # e_machine
    wheel = small_wheel(
        tmp_path / "p-1-cp39-cp39-linux_x86_64.whl",
        {"p/_x.cpython-39.so": bytes(module)},
    )
    assert tag(wheel, to=tmp_path / "out") == 1
    told = capsys.readouterr().err
    assert "it is code for machine-0x9999; linux_x86_64 means x86_64" in told
    assert "Python" not in told

    assert main(["show", "--json", str(wheel)]) == 0
    shown = capsys.readouterr().out
    assert "linux_machine" not in shown
    assert "for which no tag is known" in shown


def test_what_a_name_cannot_cure_is_refused(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / wheel.name.replace("pkg-1.0", "pkg-2.0")
    other.write_bytes(wheel.read_bytes())
    assert tag(other, to=tmp_path / "out") == 1
    assert "TW519" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
