"""``truewheel repair`` of wheels for macOS, on any machine: each row of what delocate and repairwheel make of such wheels, done right.

The files are linked by ``zig cc``. LIEF, macholib and LLVM have to agree on what a repaired file says.
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

import pytest

from support import programs
from support.mac_builds import (
    check_signatures,
    ids_of,
    library,
    module,
    needs_of,
    rpaths_of,
    universal,
)
from support.macho_modules import ARM64, X86_64
from support.paths import ROOT
from support.repairs import (
    Repair,
    Repairer,
    hashed,
    put,
    repairer,
    wheel_of,
)

TAG = "cp312-cp312-macosx_11_0_arm64"
UNIVERSAL = "cp312-cp312-macosx_11_0_universal2"
MODULE = "_m.cpython-312-darwin.so"
INIT = {"p/__init__.py": b""}
HOMEBREW = "/opt/homebrew/opt/foo/lib/libfoo.1.dylib"
FOO = "libfoo.1.dylib"


@pytest.fixture
def repair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Repairer:
    return repairer(tmp_path, capsys)


def check(made: Repair) -> dict[str, list[str]]:
    """Return what each file needs; every file is signed, names nothing of the building machine, and finds what it needs."""
    assert made.status == 0, made.told
    found = {}
    for name, content in made.binaries.items():
        check_signatures(content)
        found[name] = needs_of(content)
        assert not [path for path in rpaths_of(content) if path.startswith("/")]
        assert not [own for own in ids_of(content) if own.startswith("/")]
        for need in found[name]:
            way = need.removeprefix("@loader_path/")
            assert way != need
            place = posixpath.normpath(posixpath.join(posixpath.dirname(name), way))
            assert place in made.members
    return found


# --- where libraries are found ------------------------------------------------------------------------------------


def test_a_library_is_found_by_the_rpaths_of_whoever_loads_its_user(
    tmp_path: Path, repair: Repairer
) -> None:
    """dyld(1): the chain of loaders. delocate and repairwheel ask the library alone, which has none, and give up."""
    place = str(tmp_path / "build")
    inner = library("@rpath/libinner.dylib")
    outer = library("@rpath/libouter.dylib", inner)
    put(tmp_path / "build", {"libinner.dylib": inner, "libouter.dylib": outer})
    code = module(outer, rpaths=(place, "@loader_path/data"))
    made = repair(wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": code}))
    (inside,) = (name for name in made.members if "libinner-" in name)
    (outside,) = (name for name in made.members if "libouter-" in name)
    assert inside == f"p/.dylibs/libinner-{hashed(inner)}.dylib"
    assert check(made) == {
        f"p/{MODULE}": ["@loader_path/" + outside.removeprefix("p/")],
        outside: ["@loader_path/" + inside.removeprefix("p/.dylibs/")],
        inside: [],
    }
    assert rpaths_of(made.members[f"p/{MODULE}"]) == ["@loader_path/data"]
    for copy in (inside, outside):
        assert ids_of(made.members[copy]) == ["@rpath/" + posixpath.basename(copy)]


def test_libraries_of_a_package_manager_are_found_on_another_machine(
    tmp_path: Path, repair: Repairer
) -> None:
    """By their last part, in the directories that are named. What the system has stays with it."""
    foo = library(HOMEBREW, rpaths=("/opt/homebrew/lib",))
    where = put(tmp_path / "elsewhere", {FOO: foo})
    wheel = wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": module(foo)})
    missing = repair(wheel)
    assert missing.status
    assert f"{HOMEBREW} was not found" in missing.told
    assert f"p/{MODULE} needs {HOMEBREW}" in missing.told
    assert "--search DIR" in missing.told
    name = f"libfoo-{hashed(foo)}.1.dylib"
    assert check(repair(wheel, "--search", where)) == {
        f"p/{MODULE}": [f"@loader_path/.dylibs/{name}"],
        f"p/.dylibs/{name}": [],
    }


@pytest.mark.parametrize("cpu", [ARM64, X86_64])
def test_the_name_in_a_signature_is_not_one_that_code_opens(
    tmp_path: Path, repair: Repairer, cpu: str
) -> None:
    """A linker signs code for ARM with the name of the file that it writes."""
    foo = library("@rpath/libfoo.1.dylib", cpu=cpu)
    assert foo.count(b"\0libfoo.1.dylib\0") == (cpu == ARM64)
    tag = TAG if cpu == ARM64 else "cp312-cp312-macosx_11_0_x86_64"
    place = put(tmp_path / "lib", {FOO: foo})
    code = module(foo, cpu=cpu)
    made = repair(wheel_of(tmp_path, tag, INIT | {f"p/{MODULE}": code}), "--search", place)  # fmt: skip
    assert len(check(made)) == 2
    assert "TW601" not in made.told


def test_a_link_leads_to_the_file_that_is_copied(
    tmp_path: Path, repair: Repairer
) -> None:
    foo = library("@rpath/libfoo.1.dylib")
    where = put(tmp_path / "lib", {"libfoo.1.2.3.dylib": foo})
    (where / FOO).symlink_to("libfoo.1.2.3.dylib")
    wheel = wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": module(foo)})
    made = repair(wheel, "--search", where)
    assert f"p/.dylibs/libfoo-{hashed(foo)}.1.2.3.dylib" in check(made)


def test_a_weak_library_may_be_missing(tmp_path: Path, repair: Repairer) -> None:
    """dyld goes on without it; repairwheel says that it could not find all dependencies."""
    foo = library(HOMEBREW)
    wheel = wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": module(foo, weak=True)})
    made = repair(wheel)
    assert made.status == 0, made.told
    assert needs_of(made.members[f"p/{MODULE}"]) == [HOMEBREW]
    where = put(tmp_path / "lib", {FOO: foo})
    assert len(check(repair(wheel, "--search", where))) == 2


def test_two_libraries_of_one_file_name_stay_two(
    tmp_path: Path, repair: Repairer
) -> None:
    """Each module has its own; delocate ends in an error."""
    one, two = (library(f"/opt/{v}/libfoo.1.dylib", value=v) for v in (1, 2))
    for name, content in (("one", one), ("two", two)):
        put(tmp_path / name, {FOO: content})
    # Their install names are of the machine on which they lie.
    files = {}
    for nth, place in enumerate(("one", "two")):
        needed = library(str(tmp_path / place / FOO), value=nth + 1)
        put(tmp_path / place, {FOO: needed})
        files[f"p/{place}.cpython-312-darwin.so"] = module(needed)
    made = repair(wheel_of(tmp_path, TAG, INIT | files))
    found = check(made)
    assert len(found) == 4
    assert len({tuple(needs) for needs in found.values()}) == 3


def test_a_library_of_the_wheel_is_used_as_it_is(
    tmp_path: Path, repair: Repairer
) -> None:
    """Even when the build directory has one by that name, and comes first."""
    foo = library("@rpath/libfoo.1.dylib")
    place = put(tmp_path / "build", {FOO: foo})
    code = module(foo, rpaths=(str(place),))
    files = {f"p/{MODULE}": code, f"p/lib/{FOO}": foo}
    made = repair(wheel_of(tmp_path, TAG, INIT | files), "--search", place)
    assert check(made) == {
        f"p/{MODULE}": [f"@loader_path/lib/{FOO}"],
        f"p/lib/{FOO}": [],
    }


@pytest.mark.parametrize(
    ("abi", "name"),
    [
        ("cp312", "/Library/Frameworks/Python.framework/Versions/3.12/Python"),
        ("cp313t", "/Library/Frameworks/PythonT.framework/Versions/3.13/PythonT"),
        ("cp312", "@rpath/libpython3.12.dylib"),
        ("cp313t", "@rpath/libpython3.13t.dylib"),
    ],
)
def test_python_is_never_copied(
    tmp_path: Path, repair: Repairer, abi: str, name: str
) -> None:
    """It is in the process already. repairwheel brings a second one, without a word."""
    python = library(name)
    where = put(tmp_path / "lib", {posixpath.basename(name): python})
    tag = TAG.replace("cp312-cp312", f"{abi.removesuffix('t')}-{abi}")
    inside = f"p/_m.cpython-{abi.removeprefix('cp')}-darwin.so"
    made = repair(
        wheel_of(tmp_path, tag, INIT | {inside: module(python)}), "--search", where
    )
    assert made.status == 0, made.told
    assert list(made.binaries) == [inside]


# --- where they go ------------------------------------------------------------------------------------------------


def test_a_module_at_the_top_has_its_libraries_in_a_folder_of_the_distribution(
    tmp_path: Path, repair: Repairer
) -> None:
    foo = library(HOMEBREW)
    where = put(tmp_path / "lib", {FOO: foo})
    files = {MODULE: module(foo), f"ns/sub/{MODULE}": module(foo)}
    name = f"p.dylibs/libfoo-{hashed(foo)}.1.dylib"
    made = repair(wheel_of(tmp_path, TAG, files), "--search", where)
    assert check(made) == {
        MODULE: [f"@loader_path/{name}"],
        f"ns/sub/{MODULE}": [f"@loader_path/../../{name}"],
        name: [],
    }


def test_what_is_needed_from_platlib_is_counted_from_where_it_is_installed(
    tmp_path: Path, repair: Repairer
) -> None:
    foo = library(HOMEBREW)
    where = put(tmp_path / "lib", {FOO: foo})
    inside = f"p-1.data/platlib/p/{MODULE}"
    made = repair(
        wheel_of(tmp_path, TAG, INIT | {inside: module(foo)}), "--search", where
    )
    name = f"libfoo-{hashed(foo)}.1.dylib"
    assert needs_of(made.members[inside]) == [f"@loader_path/.dylibs/{name}"]
    assert f"p/.dylibs/{name}" in made.members


# --- search paths -------------------------------------------------------------------------------------------------


def test_paths_of_the_building_machine_go_from_files_that_need_no_copy_as_well(
    tmp_path: Path, repair: Repairer
) -> None:
    """51 modules of scikit-learn 1.9.1 tell where its micromamba was. And new versions of dyld refuse a path that stands twice."""
    paths = ("/Users/me/build/lib", "@loader_path", "@loader_path", "/opt/x")
    code = module(rpaths=paths)
    made = repair(wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": code}))
    check(made)
    assert rpaths_of(made.members[f"p/{MODULE}"]) == ["@loader_path"]
    assert ids_of(made.members[f"p/{MODULE}"]) == ["m.so"]


# --- several CPUs, several systems --------------------------------------------------------------------------------


def test_a_library_for_one_cpu_does_not_serve_a_module_for_two(
    tmp_path: Path, repair: Repairer
) -> None:
    """repairwheel ends well, and the wheel fails on every Intel Mac."""
    arm = library("@rpath/libfoo.1.dylib")
    intel = library("@rpath/libfoo.1.dylib", cpu=X86_64)
    code = universal(module(intel, cpu=X86_64), module(arm))
    wheel = wheel_of(tmp_path, UNIVERSAL, INIT | {f"p/{MODULE}": code})
    where = put(tmp_path / "lib", {FOO: arm})
    made = repair(wheel, "--search", where)
    assert made.status
    assert f"{where}/{FOO} is code for arm64, not for x86_64" in made.told
    assert "repair both thin wheels, and join them: truewheel fuse" in made.told
    put(where, {FOO: universal(intel, arm)})
    made = repair(wheel, "--search", where)
    assert made.name == wheel.name
    name = f".dylibs/libfoo-{hashed(universal(intel, arm))}.1.dylib"
    assert check(made) == {
        f"p/{MODULE}": [f"@loader_path/{name}"] * 2,
        f"p/{name}": [],
    }


def test_a_library_for_a_newer_system_is_told(tmp_path: Path, repair: Repairer) -> None:
    """The name is what the wheel keeps; a promise that it does not keep is an error with the library in it."""
    foo = library("@rpath/libfoo.1.dylib", macos="14.0")
    where = put(tmp_path / "lib", {FOO: foo})
    wheel = wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": module(foo)})
    name = f"p/.dylibs/libfoo-{hashed(foo)}.1.dylib"
    made = repair(wheel, "--search", where)
    assert made.name == "p-1-cp312-cp312-macosx_14_0_arm64.whl"
    assert f"why: macosx_14_0_arm64: {name}: minos 14.0" in made.told
    made = repair(wheel, "--search", where, "--to", "macosx_11_0_arm64")
    assert made.status
    assert f"{name}: minos 14.0 (arm64)" in made.told


def test_without_room_for_a_longer_name_nothing_is_written(
    tmp_path: Path, repair: Repairer
) -> None:
    """LLVM's install_name_tool writes over the code, and says that all is well."""
    foo = library("@rpath/f.dylib")
    where = put(tmp_path / "lib", {"f.dylib": foo})
    code = module(foo, room=0)
    wheel = wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": code})
    made = repair(wheel, "--search", where)
    assert made.status
    for part in (
        f"p/{MODULE}: the arm64 slice has no room",
        "bytes more are needed",
        "0 are free",
        "-headerpad_max_install_names",
    ):
        assert part in made.told


# --- the same bytes -----------------------------------------------------------------------------------------------


def fat_wheel(tmp_path: Path) -> tuple[Path, dict[str, bytes]]:
    """Return a wheel whose modules need a chain of libraries, and those."""
    inner = {cpu: library("@rpath/libinner.dylib", cpu=cpu) for cpu in (ARM64, X86_64)}
    outer = {cpu: library(HOMEBREW, inner[cpu], cpu=cpu) for cpu in inner}
    code = universal(*(module(outer[cpu], cpu=cpu) for cpu in (X86_64, ARM64)))
    files = INIT | {f"p/{MODULE}": code, f"p/q/{MODULE}": code}
    libraries = {
        "libinner.dylib": universal(inner[X86_64], inner[ARM64]),
        FOO: universal(outer[X86_64], outer[ARM64]),
    }
    return wheel_of(tmp_path, UNIVERSAL, files), libraries


def test_what_was_repaired_stays_byte_for_byte(
    tmp_path: Path, repair: Repairer
) -> None:
    wheel, libraries = fat_wheel(tmp_path)
    once = repair(wheel, "--search", put(tmp_path / "lib", libraries))
    assert len(check(once)) == 4
    assert once.path is not None
    for options in ((), ("--search", tmp_path / "lib")):
        twice = repair(once.path, *options)
        assert twice.path is not None
        assert twice.path.read_bytes() == once.path.read_bytes()


@pytest.mark.slow
def test_another_host_makes_the_same_bytes(tmp_path: Path, repair: Repairer) -> None:
    """Other directories, order on disk, file modes, time zone, hash seed, and working directory."""
    wheel, libraries = fat_wheel(tmp_path)
    here = repair(wheel, "--search", put(tmp_path / "lib", libraries))
    other = tmp_path / "other machine"
    for name in reversed(libraries):
        put(other / "one" / name[:4], {name: libraries[name]})
    (other / "one").chmod(0o700)
    program = (
        "import os, sys; os.umask(0o077); from truewheel.cli import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    environ = os.environ | {
        "PYTHONPATH": str(ROOT / "src"), "TZ": "Asia/Kolkata", "LC_ALL": "C", "PYTHONHASHSEED": "7",
    }  # fmt: skip
    programs.run(
        "python", "-c", program, "repair", wheel, "-o", "out", "--search", "one/libi",
        "--search", "one/libf", cwd=other, environ=environ,
    )  # fmt: skip
    assert here.path is not None
    assert (other / "out" / here.name).read_bytes() == here.path.read_bytes()
