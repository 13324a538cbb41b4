"""Where files lie: each finding of the TW5 range, provoked."""

from __future__ import annotations

import dataclasses
import time

import pytest

from support.facts import DIST_INFO, contents, member, wheel
from truewheel.checks import layout
from truewheel.model.binary import Binary, ElfSlice, Format, Kind, MachOSlice, PeSlice, Slice
from truewheel.model.contents import File, Import, WheelFacts
from truewheel.model.errors import FormatError
from truewheel.model.finding import Finding, Severity


def codes(facts: WheelFacts) -> list[str]:
    return [f.code for f in layout.findings(facts)]


def of_file(file: File) -> list[str]:
    """Findings beside a package that is well."""
    files = (file, File(path="p/__init__.py", size=0))
    return [f.code for f in layout.tree_findings(contents(*files))]


def test_a_sound_wheel_has_none() -> None:
    assert codes(wheel()) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [("P/__INIT__.py", "TW501"), ("lib/libx.so", "TW503"), ("bin/tool", "TW503"), ("p-1.data/lib64/x", "TW510"),
     ("p/__pycache__/a.cpython-313.pyc", "TW513"), ("p/__init__.py/x", "TW527")],
)  # fmt: skip
def test_names(path: str, code: str) -> None:
    assert codes(wheel(path)) == [code]


def test_directories_that_differ_in_case_become_one() -> None:
    (finding,) = layout.findings(wheel("P/a.py", "P/b.py"))
    assert (finding.code, finding.evidence) == ("TW501", ("P", "p"))
    assert "become one" in finding.message


@pytest.mark.parametrize(
    "names", [("p/x.py", "p//x.py"), ("./p/x.py", "p/./x.py"), ("p/x.py", "p-1.data/platlib/p/x.py")]
)
def test_members_that_are_installed_as_one_file(names: tuple[str, str]) -> None:
    (finding,) = layout.findings(wheel(*names))
    assert (finding.code, finding.where) == ("TW509", names[1])
    assert finding.message == f"is installed as p/x.py, as is {names[0]}"


def test_another_wheels_data_directory() -> None:
    (finding,) = layout.findings(wheel("q-1.data/scripts/x"))
    assert (finding.code, finding.severity, finding.where) == ("TW510", Severity.WARNING, "q-1.data/")
    assert codes(wheel("p-1.data/scripts/x", "p/q.data/x")) == []


def test_texts_that_installers_cannot_decode() -> None:
    found = layout.findings(wheel(undecodable=("METADATA", "RECORD")))
    assert [(f.code, f.severity, f.where) for f in found] == [
        ("TW522", Severity.ERROR, f"{DIST_INFO}/METADATA"), ("TW524", Severity.ERROR, f"{DIST_INFO}/RECORD"),
    ]  # fmt: skip


def test_a_wheel_file_without_tags() -> None:
    (finding,) = layout.findings(wheel(wheel_headers=(("Wheel-Version", "1.0"), ("Root-Is-Purelib", "true"))))
    assert (finding.code, finding.message) == ("TW512", "has no tag")


def test_letters_that_are_composed_otherwise() -> None:
    (finding,) = layout.findings(wheel("p/\u00e9.py", "p/e\u0301.py"))
    assert (finding.code, finding.where) == ("TW501", "p/e\u0301.py")
    assert finding.message == "another name differs only in how its letters are composed: on macOS one is lost"


def test_what_was_installed_outside_of_the_wheel() -> None:
    """The module is named first; that nothing was installed is then no riddle."""
    tree = contents(File(path="p/__init__.py", size=0))
    paths = (*(f"/usr/lib/{n}.h" for n in range(9)), "/usr/lib/p/_m.cpython-313-x86_64-linux-gnu.so")
    (finding,) = layout.tree_findings(tree, lost=["_m.cpython-313-x86_64-linux-gnu.so"], outside=paths)
    assert (finding.code, finding.severity, finding.where) == ("TW542", Severity.WARNING, paths[-1])
    assert finding.evidence == (*(f"so was /usr/lib/{n}.h" for n in range(4)), "and 5 more")


def test_many_like_findings_are_counted() -> None:
    many = [f"p/{n}.pyc" for n in range(1000)]
    found = layout.findings(wheel(*many))
    assert len(found) == 51
    assert found[-1].message == "and 950 more like these, which are not listed"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("p/aux.py", "aux is a device"), ("p/CON", "CON is a device"), ("p/nul.tar.gz", "nul is"), ("com1/x.py", "com1 is"),
        ("p/lpt\N{SUPERSCRIPT TWO}.c", "is a device"), ("p/aux /x", "aux is"), ("p/x.", "at the end"), ("p/x /a.py", "at the end"),
        ("p/12:30.txt", ": is not allowed"), ("p/what?.py", "? is not"), ("p/a\x01", "not allowed"),
        ("p/auxiliary.py", None), ("p/com10.py", None), ("p/.aux", None), ("p/conin.py", None), ("p/a b.py", None),
    ],
)  # fmt: skip
def test_names_that_windows_keeps(path: str, words: str | None) -> None:
    for tag, told in (
        ("any", True),
        ("win_arm64", True),
        ("manylinux_2_17_x86_64", False),
        ("macosx_11_0_arm64", False),
    ):
        facts = wheel(path, filename=f"p-1-py3-none-{tag}.whl")
        found = [f.evidence[0] for f in layout.findings(facts) if f.code == "TW538"]
        assert len(found) == (1 if words and told else 0)
        assert not found or (words or "") in found[0]


def test_a_name_that_windows_keeps_is_told_once_of_a_directory() -> None:
    files = tuple(File(path=f"p/aux/{n}.py", size=1) for n in range(9))
    found = layout.tree_findings(contents(*files))
    assert [f.where for f in found if f.code == "TW538"] == ["p/aux"]
    assert "TW538" not in [f.code for f in layout.tree_findings(contents(*files), platforms=("linux_x86_64",))]


def test_why_a_path_is_refused() -> None:
    sound = wheel()
    for name, words in (("/abs", "absolute"), ("C:/abs", "absolute"), ("p/../../x", "leaves"), ("p\\x", "a backslash")):
        changed = dataclasses.replace(sound.members[0], name=name)
        found = layout.findings(dataclasses.replace(sound, members=(changed, *sound.members[1:])))
        assert [words in f.message for f in found if f.code == "TW508"] == [True]


def test_a_wheel_file_without_headers_is_not_missing() -> None:
    sound = wheel(wheel_headers=())
    assert [f.message for f in layout.findings(sound)] == ["has no headers that can be read"]
    gone = dataclasses.replace(sound, members=tuple(m for m in sound.members if not m.name.endswith("/WHEEL")))
    assert "is missing" in [f.message for f in layout.findings(gone) if f.code == "TW524"]


@pytest.mark.parametrize(("problem", "found"), [(None, ["TW524", "TW524", "TW522"]), ("bad CRC", ["TW520"] * 3)])
def test_what_cannot_be_unpacked_is_not_missing(problem: str | None, found: list[str]) -> None:
    names = [f"p-1.dist-info/{n}" for n in ("METADATA", "RECORD", "WHEEL")]
    there = tuple(member(n, problem=problem) for n in names)
    facts = dataclasses.replace(wheel(), record=None, wheel_headers=(), metadata=None, members=there)
    told = [f for f in layout.findings(facts, opinion="") if f.code in ("TW520", "TW522", "TW524")]
    assert [f.code for f in told] == found
    assert not any("missing" in f.message for f in told)
    gone = dataclasses.replace(facts, members=())
    assert sum(f.message == "is missing" for f in layout.findings(gone, opinion="")) == 3


def test_tags_are_told_with_the_side_on_which_they_stand() -> None:
    (finding,) = layout.findings(wheel(wheel_headers=(("Wheel-Version", "1.0"), ("Tag", "py2-none-any"))))
    assert finding.evidence == ("only WHEEL says py2-none-any", "only the file name says py3-none-any")


def test_a_thousand_collisions_take_no_time() -> None:
    names = [f"p/{'a' * n}{'A' * (3000 - n)}" for n in range(3000)]
    started = time.monotonic()
    assert len(codes(wheel(*names))) == 1
    deep = "/".join("d" * 2000)
    assert codes(wheel(*(f"{deep}/{n}.py" for n in range(50)))) == []
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("paths", "severity"),
    [
        (["p/data.txt"], Severity.WARNING), (["p/_m.cpython-313-x86_64-linux-gnu.so"], Severity.NOTE),
        (["p/_m.abi3.so", "p/__init__.pyi"], None), (["p-1.data/data/share/x"], None), (["a.py"], None),
        (["p-1.data/purelib/p/__init__.py"], None), (["p-stubs/__init__.pyi"], None), (["x.pth"], None),
    ],
)  # fmt: skip
def test_import_less_packages(paths: list[str], severity: Severity | None) -> None:
    tree = contents(*(File(path=p, size=1) for p in paths))
    found = [f.severity for f in layout.tree_findings(tree) if f.code == "TW516"]
    assert found == ([] if severity is None else [severity])


def test_a_package_called_lib_is_a_package() -> None:
    assert codes(wheel("lib/__init__.py", "lib/x.py")) == []


def test_an_empty_wheel_is_an_error_with_a_cure() -> None:
    (finding,) = layout.tree_findings(contents())
    assert (finding.code, finding.severity) == ("TW523", Severity.ERROR)
    assert "install(TARGETS" in str(finding.hint)


def test_kinds_of_binaries() -> None:
    def elf(**more: object) -> Binary:
        return Binary(format=Format.ELF, slices=(ElfSlice(cpu="x86_64", bits=64, machine=62, **more),))  # type: ignore[arg-type]

    assert of_file(File(path="p/a.a", size=1, binary=Binary(format=Format.ARCHIVE))) == ["TW514"]
    assert of_file(File(path="p/a.o", size=1, binary=elf(kind=Kind.OBJECT))) == ["TW518"]
    assert of_file(File(path="p/a.so", size=1, binary=elf(kind=Kind.SHARED, debug_bytes=2_000_000))) == ["TW515"]
    broken = FormatError("broken ELF file", offset=4, field="EI_CLASS", value=9)
    assert of_file(File(path="p/a.so", size=1, broken=broken)) == ["TW517"]
    for path, severity in (
        ("p/data.so", Severity.WARNING),
        ("p/m.abi3.so", Severity.ERROR),
        ("p/m.pyd", Severity.ERROR),
    ):
        files = (File(path=path, size=1, broken=broken), File(path="p/__init__.py", size=0))
        assert [f.severity for f in layout.tree_findings(contents(*files))] == [severity]


MODULE = "p/m.cpython-312-x86_64-linux-gnu.so"


@pytest.mark.parametrize(
    ("form", "piece", "what"),
    [
        (Format.ELF, ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.EXECUTABLE, program=True), "a program for x86_64"),
        (Format.MACHO, MachOSlice(cpu="arm64", bits=64, file_type=2, kind=Kind.EXECUTABLE), "a program for arm64"),
        (Format.PE, PeSlice(cpu="x86_64", bits=64, machine=0x8664, kind=Kind.EXECUTABLE), "a program for x86_64"),
        (Format.MACHO, MachOSlice(cpu="arm64", bits=64, file_type=10, kind=Kind.OTHER), "neither a library nor a program, but something else for arm64"),
        (Format.ELF, ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.OBJECT), "a relocatable object for x86_64"),
        (Format.ELF, ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.SHARED), None),
        (Format.ELF, ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.EXECUTABLE), None),
        (Format.MACHO, MachOSlice(cpu="arm64", bits=64, file_type=8, kind=Kind.BUNDLE), None),
    ],
)  # fmt: skip
def test_a_program_that_is_named_like_a_module(form: Format, piece: Slice, what: str | None) -> None:
    def told(path: str) -> list[Finding]:
        files = (
            File(path=path, size=1, binary=Binary(format=form, slices=(piece,))),
            File(path="p/__init__.py", size=0),
        )
        return [f for f in layout.tree_findings(contents(*files)) if f.code == "TW517"]

    assert [(f.severity, f.evidence) for f in told(MODULE)] == ([(Severity.ERROR, (f"it is {what}",))] if what else [])
    assert [f.severity for f in told(MODULE.replace("p/", "p/tests/"))] == ([Severity.WARNING] if what else [])
    assert told("p/tool") == []


@pytest.mark.parametrize(
    ("path", "severity"),
    [("p/m.pyd", Severity.ERROR), ("p/m.cpython-312-darwin.so", Severity.ERROR), ("p/m.abi3.so", Severity.ERROR),
     ("p/tests/m.pyd", Severity.WARNING), ("p/libc.so", None), ("p/m.py", None)],
)  # fmt: skip
def test_a_module_that_is_no_binary(path: str, severity: Severity | None) -> None:
    files = (File(path=path, size=0), File(path="p/__init__.py", size=0))
    found = layout.tree_findings(contents(*files))
    assert [f.severity for f in found if f.code == "TW517"] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("change", "code"),
    [({"name": "p/../../x"}, "TW508"), ({"name": "..\\x"}, "TW508"), ({"name": "C:x"}, "TW508"), ({"problem": "its CRC is wrong"}, "TW520"), ({"mode": 0o120777}, "TW507"), ({"name": "../evil"}, "TW508"), ({"name": "/abs"}, "TW508"),
     ({"name": "a\\b"}, "TW508")],
)  # fmt: skip
def test_members(change: dict[str, object], code: str) -> None:
    sound = wheel()
    changed = dataclasses.replace(sound.members[0], **change)
    facts = dataclasses.replace(sound, members=(changed, *sound.members[1:]))
    assert code in codes(facts)


def test_duplicates() -> None:
    sound = wheel()
    assert "TW509" in codes(dataclasses.replace(sound, members=(sound.members[0], *sound.members)))


def test_record() -> None:
    sound = wheel()
    rows = sound.record or ()
    assert codes(dataclasses.replace(sound, record=None)) == ["TW524"]
    assert codes(dataclasses.replace(sound, record=rows[1:])) == ["TW504"]
    assert codes(dataclasses.replace(sound, record=(dataclasses.replace(rows[0], digest="y"), *rows[1:]))) == ["TW505"]
    assert codes(dataclasses.replace(sound, record=(dataclasses.replace(rows[0], digest=None), *rows[1:]))) == ["TW526"]
    assert codes(dataclasses.replace(sound, record=(dataclasses.replace(rows[0], size=9), *rows[1:]))) == ["TW505"]
    weak = dataclasses.replace(rows[0], algorithm="md5")
    assert codes(dataclasses.replace(sound, record=(weak, *rows[1:]))) == ["TW526"]
    assert codes(dataclasses.replace(sound, record=(*rows, dataclasses.replace(rows[0], path="gone")))) == ["TW506"]


def test_metadata_and_wheel() -> None:
    sound = wheel()
    assert codes(dataclasses.replace(sound, metadata=None)) == ["TW522"]
    assert codes(dataclasses.replace(sound, metadata="Name: p\n")) == ["TW522"]
    assert codes(dataclasses.replace(sound, metadata="Metadata-Version: 2.1\nName: q\nVersion: 1\n")) == ["TW519"]
    assert codes(dataclasses.replace(sound, filename="p-2-py3-none-any.whl")) == ["TW519"]
    assert codes(dataclasses.replace(sound, metadata="Metadata-Version: 2.1\nName: p\nVersion: 01.0\n")) == []
    assert codes(dataclasses.replace(sound, wheel_headers=())) == ["TW524"]
    assert codes(dataclasses.replace(sound, wheel_headers=(*sound.wheel_headers[:2], ("Tag", "py2-none-any")))) == [
        "TW512"
    ]
    assert codes(dataclasses.replace(sound, filename="P-1-py3-none-any.whl")) == ["TW502"]


def test_two_dist_infos_and_order() -> None:
    sound = wheel("q-1.dist-info/METADATA")
    assert "TW525" in codes(sound)
    assert codes(dataclasses.replace(wheel(), members=(*wheel().members[1:], wheel().members[0]))) == ["TW521"]


def test_purelib_with_binaries() -> None:
    piece = ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.SHARED)
    files = (File(path="p/x.so", size=1, binary=Binary(format=Format.ELF, slices=(piece,))),)
    facts = wheel("p/x.so", contents=contents(*files), filename="p-1-py3-none-linux_x86_64.whl")
    assert "TW511" in codes(facts)


def test_platlib_without_binaries() -> None:
    headers = (("Wheel-Version", "1.0"), ("Root-Is-Purelib", "false"), ("Tag", "py3-none-any"))
    (finding,) = layout.findings(wheel(wheel_headers=headers))
    assert (finding.code, finding.severity) == ("TW511", Severity.NOTE)


def test_a_module_that_no_system_can_load() -> None:
    zeroed = Binary(format=Format.ELF, slices=(Slice(cpu="x86_64", bits=64, kind=Kind.OTHER),))
    for path, severity in (
        ("p/m.cpython-312-x86_64-linux-gnu.so", Severity.ERROR),
        ("p/tests/m.abi3.so", Severity.WARNING),
    ):
        found = layout.tree_findings(contents(File(path=path, size=9000, binary=zeroed)))
        assert [f.severity for f in found if f.code == "TW517"] == [severity]


def elf_module(path: str) -> File:
    return File(path=path, size=1, binary=Binary(format=Format.ELF, slices=(ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.SHARED),)))  # fmt: skip


@pytest.mark.parametrize(
    ("files", "names", "missing"),
    [
        (["p/_m.cpython-313-x86_64-linux-gnu.so"], ("_m",), False), (["p/_m.so"], ("_m",), False), (["p/_m.py"], ("_m",), False),
        (["p/_m/data.py"], ("_m",), False), (["p/_m.py"], ("_m", "moves"), False), (["p/_m/a.py"], ("_m", "b"), True),
        (["p/_m.pyi", "p/_m.c"], ("_m",), True), (["_m.abi3.so"], ("_m",), True), (["p/_mm.abi3.so"], ("_m",), True),
    ],
)  # fmt: skip
def test_what_a_package_asks_of_itself(files: list[str], names: tuple[str, ...], missing: bool) -> None:
    listed = [elf_module(f) if f.endswith(".so") else File(path=f, size=1) for f in ["p/__init__.py", *files]]
    asked = [Import(where="p/__init__.py:1", package="p", names=names)]
    found = layout.tree_findings(contents(*listed), imports=asked)
    assert [f.where for f in found if f.code == "TW540"] == (["p/" + "/".join(names)] if missing else [])


@pytest.mark.parametrize(("start", "missing"), [("_linux", []), ("_windows", ["p/_w"]), ("sub", ["p/_w"])])
def test_only_what_importing_the_package_leads_to(start: str, missing: list[str]) -> None:
    """As in psutil, which has the modules for each system in all of its wheels, and imports one of them."""
    files = ["p/__init__.py", "p/_linux.py", "p/_windows.py", "p/sub/__init__.py", "p/sub/deep.py"]
    asked = [
        Import(where="p/__init__.py:9", package="p", names=(start,)), Import(where="p/_windows.py:1", package="p", names=("_w",)),
        Import(where="p/sub/__init__.py:1", package="p/sub", names=("deep",)),
        Import(where="p/sub/deep.py:1", package="p", names=("_windows",)), Import(where="p/_windows.py:2", package="p", names=("sub",)),
    ]  # fmt: skip
    tree = contents(*(File(path=f, size=1) for f in files))
    assert [f.where for f in layout.tree_findings(tree, imports=asked) if f.code == "TW540"] == missing


@pytest.mark.parametrize(
    ("files", "doubtful"),
    [(["p/__init__.py"], True), (["p/__init__.py", "p/_m.abi3.so"], False), (["p/__init__.py", "_m.abi3.so"], True),
     (["p/__init__.py", "p/_m.abi3.so", "lib/_n.abi3.so"], True), (["_m.abi3.so"], False), (["p/data.txt"], False)],
)  # fmt: skip
def test_when_it_is_worth_to_look_what_is_imported(files: list[str], doubtful: bool) -> None:
    listed = [elf_module(f) if f.endswith(".so") else File(path=f, size=1) for f in files]
    assert layout.is_doubtful(contents(*listed)) is doubtful


@pytest.mark.parametrize(
    ("files", "lost", "target", "package"),
    [
        (["p/__init__.py"], ["_m.abi3.so"], "_m", "p"),
        (["other/__init__.py"], ["sub/_m.abi3.so", "libx.so.1"], "_m", "other"),
        (["a/__init__.py", "P/__init__.py"], ["libx.so"], "x", "P"),
        (["single.py"], ["_m.pyd"], "_m", "p"),
    ],
)
def test_what_was_built_and_not_installed(files: list[str], lost: list[str], target: str, package: str) -> None:
    tree = contents(*(File(path=f, size=1) for f in files))
    (finding,) = layout.tree_findings(tree, lost=lost)
    assert (finding.code, finding.evidence) == ("TW541", tuple(f"{path} was built" for path in lost))
    assert str(finding.hint).startswith(f"install(TARGETS {target} DESTINATION {package})")


def test_what_was_built_into_the_package_is_not_lost() -> None:
    tree = contents(File(path="p/__init__.py", size=1), elf_module("p/_m.abi3.so"))
    assert layout.tree_findings(tree, lost=["/source/src/p/_m.abi3.so"]) == ()


def test_a_module_beside_a_package() -> None:
    def found(*files: str, named: str = "") -> list[str]:
        listed = [elf_module(f) if f.endswith(".so") else File(path=f, size=1) for f in files]
        tree = contents(*listed)
        return [f.where for f in layout.tree_findings(tree, named=frozenset({named})) if f.code == "TW503"]

    assert found("p/__init__.py", "_m.abi3.so") == ["_m.abi3.so"]
    assert found("p.py", "_m.abi3.so") == []
    assert found("p/__init__.py", "_m.abi3.so", named="_m") == []
    assert found("p/__init__.py", "_m.abi3.so", named="_n") == ["_m.abi3.so"]
    assert found("p/__init__.py", "p/_m.abi3.so") == []
