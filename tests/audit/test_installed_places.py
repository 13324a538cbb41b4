"""Files of ``.data`` that look for their libraries in the archive, or where only some installers put them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support import needs
from support.facts import binary_file, contents
from support.slices import linux, mac
from support.small_wheels import small_wheel
from truewheel.audit.findings import findings_of
from truewheel.audit.linkage import audit_of
from truewheel.cli import main
from truewheel.model.binary import Kind, Slice
from truewheel.model.contents import place_from
from truewheel.model.finding import Finding, Severity
from truewheel.model.record import replace

LIBRARY = "p.libs/libdep.so"
TOOL = "p-1.data/scripts/tool"


def program(runpath: str) -> Slice:
    piece = linux("libdep.so", runpath=runpath)
    return replace(piece, kind=Kind.EXECUTABLE)


def told(path: str, piece: Slice, *, library: str = LIBRARY) -> list[Finding]:
    dep = linux() if "dylib" not in library else mac()
    files = (binary_file(path, piece), binary_file(library, dep))
    return [
        finding
        for part in audit_of(contents(*files)).platforms
        for finding in findings_of(part)
        if finding.code in ("TW201", "TW202", "TW544")
    ]


@pytest.mark.parametrize(
    ("directory", "way", "place"),
    [
        ("<prefix>/bin", "..", "<prefix>"),
        ("<prefix>/bin", "../../x", "<above prefix>/x"),
        ("<prefix>", "../../x", "<above prefix>/x"),
        ("p", "../../../bin", "<prefix>/lib/bin"),
        (".", "p.libs", "p.libs"),
    ],
)
def test_ways_between_places(directory: str, way: str, place: str) -> None:
    assert place_from(directory, way) == place


def test_a_program_that_counts_from_the_archive_does_not_start() -> None:
    (finding,) = told(TOOL, program("$ORIGIN/../../p.libs"))
    assert (finding.code, finding.severity) == ("TW544", Severity.ERROR)
    assert finding.evidence == (
        f"{TOOL} needs libdep.so, which is {LIBRARY}",
        "RUNPATH $ORIGIN/../../p.libs",
        "installed as <prefix>/bin/tool",
    )


def test_a_module_that_counts_from_the_archive_is_warned_of() -> None:
    module = linux("libdep.so", runpath="$ORIGIN/../../../p.libs")
    (finding,) = told("p-1.data/platlib/p/m.so", module)
    assert (finding.code, finding.severity) == ("TW544", Severity.WARNING)
    assert finding.evidence[-1] == "installed as p/m.so"


@pytest.mark.parametrize(
    ("way", "found", "lost"),
    [
        (
            "../lib/python3.12/site-packages/p.libs",
            "a virtual environment or pip install --user of Python 3.12",
            "Debian's Python 3.12, pip install --target",
        ),
        (
            "../p.libs",
            "pip install --target",
            "a virtual environment or pip install --user of Python 3.X, Debian's Python 3.X",
        ),
    ],
)
def test_a_program_for_some_installations_is_warned_of(
    way: str, found: str, lost: str
) -> None:
    (finding,) = told(TOOL, program(f"$ORIGIN/{way}"))
    assert (finding.code, finding.severity) == ("TW544", Severity.WARNING)
    assert finding.evidence[-2:] == (f"found in {found}", f"not in {lost}")


def test_a_program_without_a_way_is_found_nowhere() -> None:
    (finding,) = told(TOOL, program(""))
    assert finding.code == "TW544"
    assert finding.message == "a program that finds libdep.so of its wheel in no installation"  # fmt: skip
    assert "it has no search path" in finding.evidence


def test_what_is_found_or_not_installed_elsewhere_is_left() -> None:
    assert told(TOOL, program("$ORIGIN/../lib"), library="p-1.data/data/lib/libdep.so") == []  # fmt: skip
    module = linux("libdep.so", runpath="$ORIGIN/../p.libs")
    assert told("p-1.data/platlib/p/m.so", module) == []
    # In the root of the wheel: nothing is taken elsewhere.
    assert [found.code for found in told("p/m.so", linux("libdep.so"))] == ["TW202"]
    # A module may find it loaded.
    lost = told("p-1.data/platlib/p/m.so", linux("libdep.so"))
    assert [found.code for found in lost] == ["TW202"]


def test_programs_for_macs_are_told_alike() -> None:
    tool = replace(mac("@loader_path/../../p.libs/libdep.dylib"), kind=Kind.EXECUTABLE)
    (finding,) = told(TOOL, tool, library="p.libs/libdep.dylib")
    assert (finding.code, finding.severity) == ("TW544", Severity.ERROR)
    way = "../lib/python3.12/site-packages/p.libs"
    tool = replace(mac("@rpath/libdep.dylib", rpath=f"@loader_path/{way}"), kind=Kind.EXECUTABLE)  # fmt: skip
    (finding,) = told(TOOL, tool, library="p.libs/libdep.dylib")
    assert finding.evidence[-1].startswith("not in Debian's")


# --- real programs, in the directories that installers make -----------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("program")
    gcc = needs.program("gcc")
    (place / "dep.c").write_text("int dep(void) { return 7; }\n")
    (place / "tool.c").write_text("int dep(void);\nint main(void) { return dep(); }\n")
    for options in (("-shared", "-fPIC", "dep.c", "-o", "libdep.so", "-Wl,-soname,libdep.so"),):  # fmt: skip
        subprocess.run([gcc, *options], cwd=place, check=True)
    return place


WAYS = ("../../p.libs", "../p.libs", "../lib/python3.12/site-packages/p.libs")
PACKAGES = {
    "pip install --target": "",
    "a virtual environment": "lib/python3.12/site-packages",
    "Debian's Python": "lib/python3.12/dist-packages",
}


def wheel_with_tool(tool: Path, built: Path, way: str) -> Path:
    """Link a program that looks for its library in a place; return a wheel with both, beside it."""
    subprocess.run(
        [needs.program("gcc"), "tool.c", "-o", tool, "libdep.so", f"-Wl,-rpath,$ORIGIN/{way}"],
        cwd=built,
        check=True,
    )  # fmt: skip
    return small_wheel(
        tool.parent / "p-1-py3-none-linux_x86_64.whl",
        {
            TOOL: tool.read_bytes(),
            LIBRARY: (built / "libdep.so").read_bytes(),
            "p/__init__.py": b"",
        },
    )


@pytest.mark.parametrize("way", WAYS)
def test_the_verdict_is_what_happens(
    built: Path, tmp_path: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = tmp_path / "tool"
    wheel = wheel_with_tool(tool, built, way)
    main(["check", "--select", "TW544", str(wheel)])
    said = capsys.readouterr().out
    found = "".join(line for line in said.splitlines() if "because: found in" in line)
    for name, packages in PACKAGES.items():
        prefix = tmp_path / name
        libraries = prefix / packages / "p.libs"
        libraries.mkdir(parents=True)
        (prefix / "bin").mkdir()
        shutil.copy(tool, prefix / "bin" / "tool")
        shutil.copy(built / "libdep.so", libraries / "libdep.so")
        status = subprocess.run([prefix / "bin" / "tool"], capture_output=True, check=False).returncode  # fmt: skip
        assert (status == 7) == (name in found)
    assert "TW544" in said


@pytest.mark.parametrize("way", WAYS)
def test_a_repair_moves_the_program_to_the_packages(
    built: Path, tmp_path: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = tmp_path / "tool"
    wheel = wheel_with_tool(tool, built, way)
    assert main(["repair", str(wheel), "-o", str(tmp_path / "out")]) == 0
    (made,) = (tmp_path / "out").glob("*.whl")
    capsys.readouterr()
    main(["check", "--select", "TW544", "--select", "TW202", str(made)])
    assert "TW544" not in capsys.readouterr().out
    shutil.unpack_archive(made, tmp_path / "site", "zip")
    program = tmp_path / "site" / "p.scripts" / "tool"
    program.chmod(0o755)
    assert subprocess.run([program], check=False).returncode == 7
