"""The command: output, exit codes, and errors that a person can act on."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support import hooks, needs
from truewheel import finding_pages as pages
from truewheel.cli import main
from truewheel.system.wheels.reading import read_wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs.program("gcc")
    place = tmp_path_factory.mktemp("wheel")
    name = hooks.result(
        hooks.hook(hooks.project(place, head="#include <stdio.h>", value='puts("")'), "build_wheel", place / "out")
    )
    return place / "out" / name


@pytest.fixture
def renamed(wheel: Path, tmp_path: Path) -> Path:
    """The wheel under a name that is untrue: another CPU's."""
    path = tmp_path / wheel.name.replace("x86_64", "s390x").replace("aarch64", "s390x")
    path.write_bytes(wheel.read_bytes())
    return path


def test_show(wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(wheel)]) == 0
    out = capsys.readouterr().out
    assert "is: true" in out
    assert "floor: glibc 2." in out
    assert "pkg/_m.cpython-3" in out
    assert "\x1b" not in out


def test_show_json(wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--json", str(wheel)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == 1
    (entry,) = document["wheels"]
    assert entry["true"] is True
    assert entry["file"] == wheel.name
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
    assert entry["floors"][0]["evidence"][0]["file"].startswith("pkg/_m.")


def test_show_a_bare_binary(wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".so"))
        path = Path(archive.extract(name, tmp_path))
    assert main(["show", str(path)]) == 0
    assert "shared library for" in capsys.readouterr().out


def test_check(wheel: Path, renamed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(wheel)]) == 0
    assert f"{wheel.name}: ok" in capsys.readouterr().out
    assert main(["check", str(wheel), str(renamed)]) == 1
    out = capsys.readouterr().out
    assert "not ok" in out
    assert "error TW305" in out
    assert "see: truewheel explain TW305" in out


def test_check_strict_and_ignore(renamed: Path) -> None:
    assert main(["check", "--ignore", "TW", str(renamed)]) == 1  # an untrue name cannot be ignored
    assert main(["check", "--strict", str(renamed)]) == 1


@pytest.mark.parametrize("command", ["show", "check"])
def test_json_tells_what_was_read_from_where_and_what_was_not(
    command: str, wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "twin").mkdir()
    twin, none = tmp_path / "twin" / wheel.name, tmp_path / "none.whl"
    shutil.copyfile(wheel, twin)
    assert main([command, "--json", str(wheel), str(none), str(twin)]) == 4
    document = json.loads(capsys.readouterr().out)
    assert [(w["file"], w["path"]) for w in document["wheels"]] == [(wheel.name, str(wheel)), (wheel.name, str(twin))]
    (unread,) = document["unread"]
    assert (unread["path"], unread["message"]) == (str(none), f"{none} cannot be read")
    assert "No such file" in unread["because"][0]


def test_tag_gives_the_true_name(
    wheel: Path, renamed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tag", str(renamed), "-o", str(tmp_path / "out")]) == 0
    made = tmp_path / "out" / wheel.name
    assert made.is_file()
    assert main(["check", str(made)]) == 0
    assert set(read_wheel(made).wheel_tags) == set(read_wheel(wheel).wheel_tags)
    assert main(["tag", str(made), "-o", str(tmp_path / "out")]) == 0
    assert "true already" in capsys.readouterr().out


def test_tag_writes_no_wheel_over_another(
    wheel: Path, renamed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["tag", str(renamed), str(wheel), "-o", str(out)]) != 0
    assert [p.name for p in out.iterdir()] == [wheel.name]
    assert f"would get the name that {renamed} has got" in capsys.readouterr().err


def test_tag_writes_no_wheel_over_one_of_the_same_name(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = tmp_path / "twin" / wheel.name
    twin.parent.mkdir()
    shutil.copyfile(wheel, twin)
    assert main(["tag", str(wheel), str(twin), "-o", str(tmp_path / "out")]) != 0
    assert f"{twin} would get the name that {wheel} has got" in capsys.readouterr().err


def test_tag_goes_on_after_a_wheel_that_has_no_true_name(
    wheel: Path, renamed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = tmp_path / "none.whl"
    assert main(["tag", str(none), str(renamed), "-o", str(tmp_path / "out")]) == 4
    assert f"{none} cannot be read" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "out").iterdir()] == [wheel.name]


def test_tag_does_not_call_a_wheel_true_whose_wheel_file_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = small_wheel(tmp_path / "p-1-py2-none-any.whl", {"p/__init__.py": b""}).rename(
        tmp_path / "p-1-py3-none-any.whl"
    )
    assert main(["tag", str(wheel), "-o", str(tmp_path)]) == 2
    assert "its WHEEL file says something else" in capsys.readouterr().err
    assert main(["tag", str(wheel), "-o", str(tmp_path / "out")]) == 0
    assert read_wheel(tmp_path / "out" / wheel.name).wheel_tags == ("py3-none-any",)


def test_tag_takes_no_true_tag_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program without a libc runs with any."""
    (tmp_path / "x.c").write_text("void f(void) { for (;;) {} }")
    command = [
        needs.program("gcc"),
        "-static",
        "-nostdlib",
        "-Wl,-e,f,-z,noexecstack",
        tmp_path / "x.c",
        "-o",
        tmp_path / "x",
    ]
    subprocess.run(command, check=True)
    machine = platform.machine()
    tags = f"py3-none-manylinux_2_17_{machine}.manylinux2014_{machine}.musllinux_1_1_{machine}"
    wheel = small_wheel(tmp_path / f"p-1-{tags}.whl", {"p-1.data/scripts/x": (tmp_path / "x").read_bytes()})
    assert main(["tag", str(wheel), "-o", str(tmp_path / "out")]) == 0
    (made,) = (tmp_path / "out").iterdir()
    assert made.stem.endswith(f".musllinux_1_1_{machine}")
    assert main(["tag", str(made), "-o", str(tmp_path / "out")]) == 0
    assert "true already" in capsys.readouterr().out


def test_tag_does_not_choose_between_systems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.c").write_text("int f(void) { return 1; }")
    compilers = {"p/x.so": "gcc", "p/x.dll": "x86_64-w64-mingw32-gcc"}
    files = {"p/__init__.py": b""}
    for name, compiler in compilers.items():
        made = tmp_path / name.rpartition("/")[2]
        subprocess.run(
            [needs.program(compiler), "-shared", "-fPIC", "-nostdlib", "-Wl,-e,f", tmp_path / "x.c", "-o", made],
            check=True,
        )
        files[name] = made.read_bytes()
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", files)
    assert main(["tag", str(wheel), "-o", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "p-1-py3-none-any.whl has binaries for several systems" in told
    assert "TW307" in told
    assert "p/x.dll is for windows" in told
    assert not (tmp_path / "out").exists()
    named = wheel.rename(tmp_path / "p-1-py3-none-win_amd64.whl")
    assert main(["tag", str(named), "-o", str(tmp_path / "out")]) == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == [named.name]


def test_tag_writes_no_name_that_check_calls_untrue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing tells for which Python a module is that claims the stable ABI and does not keep to it."""
    (tmp_path / "x.c").write_text("int _PyLong_Sign(void *); int PyInit__x(void) { return _PyLong_Sign(0); }")
    subprocess.run([needs.program("gcc"), "-shared", "-fPIC", tmp_path / "x.c", "-o", tmp_path / "x.so"], check=True)
    wheel = small_wheel(tmp_path / "p-1-cp39-abi3-linux_x86_64.whl", {"p/_x.abi3.so": (tmp_path / "x.so").read_bytes()})
    assert main(["check", str(wheel)]) == 1
    assert main(["tag", str(wheel), "-o", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "TW402" in told
    assert "hint: build it again for the Python that it is meant for" in told
    assert not (tmp_path / "out").exists()


def test_tag_knows_no_name_for_a_cpu_that_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown machine is no matter of Pythons, and nothing that a name could say."""
    (tmp_path / "x.c").write_text("int PyInit__x(void) { return 0; }")
    subprocess.run([needs.program("gcc"), "-shared", "-fPIC", tmp_path / "x.c", "-o", tmp_path / "x.so"], check=True)
    data = bytearray((tmp_path / "x.so").read_bytes())
    data[18:20] = b"\x99\x99"
    wheel = small_wheel(tmp_path / "p-1-cp39-cp39-linux_x86_64.whl", {"p/_x.cpython-39.so": bytes(data)})
    assert main(["tag", str(wheel), "-o", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "it is code for machine-0x9999; only x86_64" in told
    assert "Python" not in told
    assert main(["show", "--json", str(wheel)]) == 0
    assert "linux_machine" not in (shown := capsys.readouterr().out)
    assert "for which no tag is known" in shown


def test_ok_means_exit_code_nought(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b"", "lib/x.txt": b""})
    for options, code in (([], 0), (["--strict"], 1)):
        assert main(["check", *options, str(wheel)]) == code
        assert (": ok" in capsys.readouterr().out) is (code == 0)
    nameless = wheel.rename(tmp_path / "nameless.whl")
    assert main(["check", "--ignore", "TW5", str(nameless)]) == 1
    assert "not ok" in capsys.readouterr().out


def test_codes_that_do_not_exist_are_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b"", "p/__pycache__/a.pyc": b"x"})
    for option in ("--select", "--ignore"):
        with pytest.raises(SystemExit) as caught:
            main(["check", option, "XYZ", str(wheel)])
        assert caught.value.code == 2
    capsys.readouterr()
    main(["check", "--select", "tw513", str(wheel)])
    assert "TW513" in capsys.readouterr().out


def test_names_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b"", "lib/\u2192.txt": b""})
    run = subprocess.run(
        [sys.executable, "-m", "truewheel", "show", wheel],
        capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert b"lib/\\u2192.txt" in run.stdout


def test_names_that_would_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b"", "lib/\x1b]0;mine\x07.txt": b""})
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("p-1.dist-info/RECORD", b"\0\x1b[2J\x9b31m,,\n\xff\r,,\n")
    for command in ("show", "check"):
        main([command, str(wheel)])
        out = capsys.readouterr().out
        assert "\\x1b" in out
        assert all(c == "\n" or c.isprintable() for c in out)


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_closed_streams(tmp_path: Path, closed: str) -> None:
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b""})
    for arguments, code in ((f"show {wheel}", 0), (f"check {wheel}", 0), ("show none.whl", 4), ("explain TW999", 2)):
        command = f"{sys.executable} -m truewheel {arguments} {closed}"
        run = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
        assert run.returncode == code, (arguments, run.stderr)
        assert "Traceback" not in run.stderr


def test_the_same_is_told_in_the_same_order_each_time(tmp_path: Path) -> None:
    """Sets of strings have another order in each process."""
    fields = b"Description-Content-Type: text/html\nLicense-Expression: No-1\nRequires-Python: x\nProvides-Extra: a b\n"
    metadata = b"Metadata-Version: 2.4\nName: p\nVersion: 1\n" + fields
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/x.py": b"", "p-1.dist-info/METADATA": metadata})
    command = [sys.executable, "-m", "truewheel", "check", "--json", str(wheel)]
    texts = {
        subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONHASHSEED": str(seed)}
        ).stdout
        for seed in range(1, 4)
    }
    (text,) = texts
    assert text.count("TW529") == 4


def small_wheel(path: Path, files: dict[str, bytes]) -> Path:
    """A wheel without fault in its own files."""
    metadata = b"Metadata-Version: 2.1\nName: p\nVersion: 1\n"
    files = {
        **files,
        "p-1.dist-info/METADATA": files.get("p-1.dist-info/METADATA", metadata),
        "p-1.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: {path.stem.split('-', 2)[2]}\n".encode(),
    }
    digests = {n: base64.urlsafe_b64encode(hashlib.sha256(c).digest()).rstrip(b"=").decode() for n, c in files.items()}
    record = [f"{n},sha256={digest},{len(files[n])}" for n, digest in digests.items()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr("p-1.dist-info/RECORD", "\n".join([*record, "p-1.dist-info/RECORD,,"]))
    return path


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "tw301"]) == 0
    assert capsys.readouterr().out.startswith("# TW301:")
    assert main(["explain"]) == 0
    assert "TW523" in capsys.readouterr().out
    assert main(["explain", "TW391"]) == 2
    assert "did you mean" in capsys.readouterr().err


@pytest.mark.parametrize("code", ["301", "tw301", " TW301 "])
def test_explain_takes_codes_as_people_type_them(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code]) == 0
    assert capsys.readouterr().out.startswith("# TW301:")


@pytest.mark.parametrize(
    ("text", "prefix"), [("TW", "TW"), ("t", "TW"), ("3", "TW3"), ("tw31", "TW31"), ("54", "TW54")]
)
def test_explain_lists_what_a_prefix_covers(text: str, prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", text]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == [code for code in pages.titles() if code.startswith(prefix)]
    assert len(listed) > 1


@pytest.mark.parametrize("code", ["", "TX", "999", "W301", "TW3011"])
def test_explain_of_what_there_is_not(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code]) == 2
    assert "there is no finding" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content"), [("p-1-py3-none-any.whl", b"not a zip"), ("p-1-py3-none-any.whl", b""), ("x.whl", None)]
)
def test_not_a_wheel(tmp_path: Path, name: str, content: bytes | None, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for command in (["show", str(path)], ["check", str(path)], ["tag", str(path), "-o", str(tmp_path / "out")]):
        assert main(command) == 4
        captured = capsys.readouterr()
        assert captured.err.startswith("error: ")
        assert name in captured.err


def test_one_bad_wheel_does_not_hide_the_others(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "none.whl"), str(wheel)]) == 4
    assert f"{wheel.name}: ok" in capsys.readouterr().out


def test_files_that_cannot_be_read_are_told_as_such(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "directory").mkdir()
    paths = [tmp_path / name for name in ("none.so", "directory", "none.whl")]
    paths += [p for p in [Path("/proc/self/mem")] if p.exists()]  # opens, and fails when it is read
    for path in paths:
        for command in ("show", "check"):
            assert main([command, str(path), str(wheel)]) == 4
            captured = capsys.readouterr()
            assert f"{path} cannot be read" in captured.err
            assert "the output" not in captured.err
            assert wheel.name in captured.out


def test_output_that_has_no_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full")
    if not full.exists():
        needs.missing("/dev/full")
    with full.open("wb", buffering=0) as output:
        run = subprocess.run(
            [sys.executable, "-m", "truewheel", "explain"], stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )  # fmt: skip
    assert run.returncode == 2
    assert "the output cannot be written: No space left on device" in run.stderr
    assert "Traceback" not in run.stderr


def test_usage_is_exit_code_two() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["shwo"])
    assert caught.value.code == 2


def test_as_a_process_and_into_a_closed_pipe(wheel: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "truewheel", "show", wheel], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0
    command = f"{sys.executable} -m truewheel explain TW301 | head -c 1"
    piped = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in piped.stderr


def test_broken_binaries(wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".so"))
        content = archive.read(name)
    for broken in (content[:200], content[:64] + bytes([255]) * 2000):
        path = tmp_path / "x.so"
        path.write_bytes(broken)
        assert main(["show", str(path)]) == 4
        assert "broken ELF file" in capsys.readouterr().err
        packed = tmp_path / wheel.name
        with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(packed, "w") as new:
            for info in old.infolist():
                new.writestr(info.filename, broken if info.filename == name else old.read(info))
        assert main(["check", str(packed)]) == 1
        assert "TW517" in capsys.readouterr().out


def test_tag_refuses_what_no_name_can_cure(wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / wheel.name.replace("pkg-1.0", "pkg-2.0")
    other.write_bytes(wheel.read_bytes())
    assert main(["tag", str(other), "-o", str(tmp_path / "out")]) == 1
    assert "TW519" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
