"""``truewheel compare``: the same byte for byte, the same but for the archive, or different, and in what."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from support import needs
from support.small_wheels import METADATA, small_wheel
from truewheel.cli import main

NAME = "p-1-py3-none-any.whl"
LINUX = "p-1-py3-none-linux_x86_64.whl"
FILES = {"p/__init__.py": b"", "p/a.py": b"a = 1\n"}


def made(place: Path, files: dict[str, bytes], name: str = NAME) -> Path:
    place.mkdir(exist_ok=True)
    return small_wheel(place / name, files)


def changes_of(
    old: Path, new: Path, capsys: pytest.CaptureFixture[str]
) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """Return what is gone and what is new, by what it is about, as the document of ``--json`` has it."""
    code = main(["compare", "--json", str(old), str(new)])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == (0 if document["same_bytes"] else 1)
    return {
        (change["part"], change["where"]): (change["gone"], change["new"])
        for change in document["changes"]
    }


def packed_again(
    wheel: Path, place: Path, *, backwards: bool, compression: int
) -> Path:
    """Write the files of a wheel into another archive."""
    place.mkdir(exist_ok=True)
    path = place / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(path, "w", compression) as new:
        members = old.infolist()
        for member in reversed(members) if backwards else members:
            content = old.read(member)
            # Other times than those of the old archive.
            info = zipfile.ZipInfo(member.filename, (1999, 1, 1, 0, 0, 0))
            info.external_attr = member.external_attr
            info.compress_type = compression
            new.writestr(info, content)
    return path


def test_the_same_bytes_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = made(tmp_path / "a", FILES)
    new = tmp_path / NAME
    new.write_bytes(old.read_bytes())
    assert main(["compare", str(old), str(new)]) == 0
    assert capsys.readouterr().out == f"{old} and {new}: the same, byte for byte\n"


@pytest.mark.parametrize(
    ("backwards", "compression", "how"),
    [
        (True, zipfile.ZIP_STORED, "the order of the files"),
        (False, zipfile.ZIP_DEFLATED, "the compression"),
        (True, zipfile.ZIP_DEFLATED, "the order of the files, the compression"),
        (False, zipfile.ZIP_STORED, "times, or other fields of the ZIP format"),
    ],
)
def test_another_archive_of_the_same_files_is_told_and_counts_unless_contents_are_asked_for(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    backwards: bool,
    compression: int,
    how: str,
) -> None:
    files = {**FILES, "p/b.py": b"b = 1\n" * 100}
    old = made(tmp_path / "a", files)
    new = packed_again(
        old, tmp_path / "b", backwards=backwards, compression=compression
    )
    assert main(["compare", str(old), str(new)]) == 1
    out = capsys.readouterr().out
    assert "the same contents, only the archive differs" in out
    assert f"\n  archive: {how}\n" in out
    assert main(["compare", "--contents", str(old), str(new)]) == 0


def test_files_contents_and_modes_that_differ_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = made(tmp_path / "a", {**FILES, "p/gone.py": b""})
    new = made(tmp_path / "b", {**FILES, "p/a.py": b"a = 22\n", "p/new.py": b""})
    with zipfile.ZipFile(new, "a") as archive:
        info = zipfile.ZipInfo("p/__init__.py")
        info.external_attr = 0o100755 << 16
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(info, b"")
    found = changes_of(old, new, capsys)
    assert found["files", ""] == (["p/gone.py"], ["p/new.py"])
    ((before,), (after,)) = found["content", "p/a.py"]
    assert before.startswith("6 bytes, sha256=")
    assert after.startswith("7 bytes, sha256=")
    assert found["mode", "p/__init__.py"] == (["600"], ["755"])
    # That RECORD has other hashes follows from the files.
    assert not any("RECORD" in where for _, where in found)
    assert ("RECORD", "") not in found
    # An entry of the archive that is there twice is a finding of check.
    assert found["findings", ""][1]
    assert main(["compare", "--contents", str(old), str(new)]) == 1


def test_metadata_entry_points_and_rows_that_the_files_do_not_explain_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = "p-1.dist-info"
    first = {
        **FILES,
        f"{home}/METADATA": METADATA + b"Requires-Dist: x\n\nOld words.\n",
        f"{home}/entry_points.txt": b"[console_scripts]\none = p:main\n",
    }
    second = {
        **FILES,
        f"{home}/METADATA": METADATA + b"Requires-Dist: x>=2\n\nNew words.\n",
        f"{home}/entry_points.txt": b"[gui_scripts]\none = p:main\n",
    }
    old = made(tmp_path / "a", first)
    place = tmp_path / "b"
    place.mkdir()
    new = small_wheel(place / NAME, second)
    found = changes_of(old, new, capsys)
    assert found["METADATA", ""] == (["Requires-Dist: x"], ["Requires-Dist: x>=2"])
    assert found["description", ""] == (["Old words."], ["New words."])
    assert found["entry points", ""] == (
        ["[console_scripts] one = p:main"],
        ["[gui_scripts] one = p:main"],
    )
    with zipfile.ZipFile(old) as archive:
        record = archive.read(f"{home}/RECORD")
    damaged = tmp_path / "c" / NAME
    damaged.parent.mkdir()
    with zipfile.ZipFile(old) as archive, zipfile.ZipFile(damaged, "w") as other:
        for member in archive.infolist():
            content = archive.read(member)
            if member.filename == f"{home}/RECORD":
                content = record + b"\np/missing.py,sha256=abc,1"
            other.writestr(member, content)
    found = changes_of(old, damaged, capsys)
    assert found["RECORD", ""] == ([], ["p/missing.py is not in the archive"])


def test_wheels_of_other_versions_are_compared_by_what_is_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = made(tmp_path / "a", {**FILES, "p-1.data/data/x": b"x"})
    new = tmp_path / "p-2-py3-none-any.whl"
    with zipfile.ZipFile(old) as archive, zipfile.ZipFile(new, "w") as other:
        for member in archive.infolist():
            content = archive.read(member).replace(b"p-1.d", b"p-2.d")
            content = content.replace(b"Version: 1\n", b"Version: 2\n")
            other.writestr(member.filename.replace("p-1.d", "p-2.d"), content)
    found = changes_of(old, new, capsys)
    assert found["name", ""] == (["version 1"], ["version 2"])
    assert found["METADATA", ""] == (["Version: 1"], ["Version: 2"])
    assert ("files", "") not in found


def test_what_binaries_need_and_offer_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gcc = needs.program("gcc")
    libraries = []
    for number, text in enumerate(
        (
            "int kept(void){return 1;} int gone(void){return 2;}",
            "#include <math.h>\nint kept(void){return 1;} double new(double x){return pow(x, x);}",
        )
    ):
        source = tmp_path / f"{number}.c"
        source.write_text(text)
        made_of = ["-shared", "-fPIC", f"-Wl,-soname,libx.so.{number}", source]
        library = tmp_path / f"{number}.so"
        rpath = f"-Wl,--enable-new-dtags,-rpath,$ORIGIN/{number}"
        more = [rpath, "-Wl,--no-as-needed", *["-lm"] * number]
        subprocess.run([gcc, *made_of, "-o", library, *more], check=True)
        libraries.append(library.read_bytes())
    old = made(tmp_path / "a", {**FILES, "p/x.so": libraries[0]}, LINUX)
    new = made(tmp_path / "b", {**FILES, "p/x.so": libraries[1]}, LINUX)
    found = changes_of(old, new, capsys)
    assert found["exports", "p/x.so"] == (["gone"], ["new"])
    assert found["library name", "p/x.so"] == (["libx.so.0"], ["libx.so.1"])
    assert found["search paths", "p/x.so"] == (
        ["RUNPATH $ORIGIN/0"],
        ["RUNPATH $ORIGIN/1"],
    )
    assert "libm.so.6 (normal)" in found["needs", "p/x.so"][1]
    assert any(told.startswith("glibc") for told in found["floors", ""][1])
    main(["compare", str(old), str(new)])
    out = capsys.readouterr().out
    assert f"{old} and {new}: they differ\n" in out
    assert "\n  p/x.so: exports\n    - gone\n    + new\n" in out


def test_long_lists_are_cut_unless_all_of_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = made(tmp_path / "a", FILES)
    new = made(tmp_path / "b", FILES | {f"p/m{n}.py": b"" for n in range(8)})
    main(["compare", str(old), str(new)])
    out = capsys.readouterr().out
    assert "    + p/m4.py\n    + … and 3 more (-v lists them)\n" in out
    main(["compare", "-v", str(old), str(new)])
    out = capsys.readouterr().out
    assert "    + p/m7.py\n" in out
    assert "more" not in out


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_not_a_wheel_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], which: int
) -> None:
    """Also when both files are equal."""
    old = made(tmp_path / "a", FILES)
    broken = tmp_path / NAME
    broken.write_bytes(b"text")
    for pair in ([old, broken] if which else [broken, old], [broken, broken]):
        assert main(["compare", *map(str, pair)]) == 4
        assert "is not a ZIP file" in capsys.readouterr().err


def test_two_builds_of_one_project_are_the_same(wheel: Path, tmp_path: Path) -> None:
    """A wheel that is packed again by its own tools: ``tag`` writes WHEEL and RECORD anew."""
    done = [sys.executable, "-m", "truewheel", "tag", "-o", tmp_path, wheel]
    subprocess.run(done, check=True, capture_output=True)
    (again,) = tmp_path.glob("*.whl")
    assert main(["compare", str(wheel), str(again)]) == 0
