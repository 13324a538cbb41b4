"""Whether the files of a repaired wheel open its libraries by the names that they had before."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support import needs
from support.facts import binary_file, contents
from support.slices import linux
from support.small_wheels import small_wheel
from truewheel.audit.old_names import opened_by_old_name
from truewheel.cli import main
from truewheel.model.binary import Slice
from truewheel.model.contents import File
from truewheel.model.finding import Finding
from truewheel.model.record import replace
from truewheel.model.renamed_libraries import renamed_libraries

DEP = "p.libs/libdep-0123abcd.so.1.2"
NEW = "libdep-0123abcd.so.1.2"
OLD = frozenset({"libdep.so", "libdep.so.1", "libdep.so.1.2"})


@pytest.mark.parametrize(
    ("path", "old"),
    [
        (DEP, OLD),
        ("p.libs/libx-12345678.so", {"libx.so"}),
        ("p.libs/libSDL2-2-50d19f93.0.so.0", {"libSDL2-2.0.so", "libSDL2-2.0.so.0"}),
        (f"p.libs/msvcp140-{'a4' * 16}.dll", {"msvcp140.dll"}),
        ("p/m.cpython-312-x86_64-linux-gnu.so", None),
        ("p/libx-1.so", None),
        ("p/libx-12345678.txt", None),
        ("p.libs/libx-123456789.so", None),
        ("p/msvcp140-12345678.dll", None),
    ],
)
def test_old_names_are_told_by_the_new(path: str, old: set[str] | None) -> None:
    found = renamed_libraries([path])
    assert [renamed.old for renamed in found] == ([] if old is None else [old])


def test_a_version_without_end_is_cut() -> None:
    (found,) = renamed_libraries(["p.libs/libx-12345678.so" + ".1" * 5000])
    assert len(found.old) < 10


def library(name: str | None = NEW) -> File:
    return binary_file(DEP, replace(linux(), name=name))


def told(opens: str, *, of: str = "p/m.so", piece: Slice | None = None, dep: File | None = None, more: tuple[File, ...] = ()) -> list[Finding]:  # fmt: skip
    module = binary_file("p/m.so", piece or linux())
    inside = contents(module, dep or library(), *more)
    return list(opened_by_old_name(inside, {of: frozenset({opens})}))


def test_a_module_that_opens_a_renamed_library_is_told() -> None:
    (finding,) = told("libdep.so.1")
    assert finding.where == "p/m.so"
    assert finding.message == f"may open libdep.so.1 while it runs, and in the wheel that is called {NEW}"  # fmt: skip
    assert finding.evidence[0] == "p/m.so holds the string libdep.so.1"


def test_what_is_found_or_loaded_anyhow_is_not_told() -> None:
    assert told("libother.so.1") == []
    # Its own name.
    assert told("libdep.so.1", of=DEP) == []
    # What it is linked with.
    assert told("libdep.so.1", piece=linux(NEW)) == []
    # A SONAME that was kept.
    assert told("libdep.so.1", dep=library("libdep.so.1")) == []
    # Another file has the name.
    there = binary_file("p/libdep.so.1", linux())
    assert told("libdep.so.1", more=(there,)) == []


def test_a_wheel_whose_module_opens_a_library_of_its_libs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gcc, patchelf = needs.program("gcc"), needs.program("patchelf")
    (tmp_path / "dep.c").write_text("int dep(void) { return 7; }\n")
    (tmp_path / "m.c").write_text(
        "#include <dlfcn.h>\n"
        'void *PyInit_m(void) { return dlopen("libdep.so.1", RTLD_NOW); }\n'
    )
    for source, made in (("dep.c", NEW), ("m.c", "m.abi3.so")):
        subprocess.run(
            [gcc, "-shared", "-fPIC", source, "-o", made], cwd=tmp_path, check=True
        )
    shutil.copy(tmp_path / "m.abi3.so", tmp_path / "linked.abi3.so")
    for options in (("--set-soname", NEW, NEW), ("--add-needed", NEW, "linked.abi3.so")):  # fmt: skip
        subprocess.run([patchelf, *options], cwd=tmp_path, check=True)
    wheel = small_wheel(
        tmp_path / "p-1-cp39-abi3-linux_x86_64.whl",
        {
            "p/__init__.py": b"import ctypes\nctypes.CDLL('libdep.so.1')\n",
            "p/m.abi3.so": (tmp_path / "m.abi3.so").read_bytes(),
            "p/linked.abi3.so": (tmp_path / "linked.abi3.so").read_bytes(),
            DEP: (tmp_path / NEW).read_bytes(),
        },
    )
    main(["check", "--select", "TW601", str(wheel)])
    told = capsys.readouterr().out
    for place in ("p/__init__.py", "p/m.abi3.so"):
        assert f"{place} holds the string libdep.so.1" in told
    assert "linked" not in told
    # show unpacks no more than it has to, and does not look for it.
    main(["show", "--select", "TW601", str(wheel)])
    assert "TW601" not in capsys.readouterr().out
