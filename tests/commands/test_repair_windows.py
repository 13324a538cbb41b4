"""``truewheel repair`` of wheels for Windows, on any machine: each row of what delvewheel makes of such wheels, done right.

The files are linked by mingw and by LLD. pefile, LIEF and LLVM have to agree on what a repaired file says.
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

import pytest

from support import programs
from support.paths import ROOT
from support.repairs import Repair, Repairer, hashed, put, repairer, wheel_of
from support.windows_builds import (
    check_sums,
    delayed_counter,
    library,
    mingw_cpp_module,
    mingw_directory,
    module,
    needs_of,
)

TAG = "cp312-cp312-win_amd64"
MODULE = "_m.cp312-win_amd64.pyd"
INIT = {"p/__init__.py": b""}
BLOCK = b"os.add_dll_directory"


@pytest.fixture
def repair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Repairer:
    return repairer(tmp_path, capsys)


def check(made: Repair) -> dict[str, list[str]]:
    """Return what each binary needs: all of it lies beside, or in the folder that packages name."""
    assert made.status == 0, made.told
    found = {}
    for name, content in made.members.items():
        if not content.startswith(b"MZ"):
            continue
        found[name] = needs_of(content)
        for need in found[name]:
            directory = posixpath.dirname(name)
            assert {
                f"{place}{need}" for place in (f"{directory}/".lstrip("/"), "p.libs/")
            } & {*made.members}
    return found


def code_of(made: Repair) -> dict[str, bytes]:
    """Return the files that are Python, typed or not."""
    return {
        name: data
        for name, data in made.members.items()
        if ".py" in name[-4:] and not name.endswith(".pyd")
    }


# --- which libraries ----------------------------------------------------------------------------------------------


def test_a_chain_of_libraries_is_found_however_their_files_are_spelled(
    tmp_path: Path, repair: Repairer
) -> None:
    """delvewheel finds them by exact case alone when it runs on Linux."""
    leaf = library("leaf.dll")
    foo = library("foo.dll", leaf)
    where = put(tmp_path / "lib", {"Foo.DLL": foo, "LEAF.dll": leaf})
    wheel = wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": module(foo)})
    missing = repair(wheel)
    assert missing.status
    assert "foo.dll was not found" in missing.told
    found = check(repair(wheel, "--search", where))
    below = f"leaf-{hashed(leaf)}.dll"
    (outer,) = found[f"p/{MODULE}"]
    assert outer.startswith("foo-")
    assert found == {f"p/{MODULE}": [outer], f"p/{outer}": [below], f"p/{below}": []}


def test_libraries_that_need_each_other_both_come(
    tmp_path: Path, repair: Repairer
) -> None:
    """delvewheel ends in a traceback, graphlib.CycleError."""
    two = library("two.dll", mentions=(library("one.dll"),))
    one = library("one.dll", two)
    where = put(tmp_path / "lib", {"one.dll": one, "two.dll": two})
    wheel = wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": module(one)})
    made = repair(wheel, "--search", where)
    found = check(made)
    (first,) = found[f"p/{MODULE}"]
    (second,) = found[f"p/{first}"]
    assert found[f"p/{second}"] == [first]
    for old, new in ((one, first), (two, second)):
        check_sums(old, made.members[f"p/{new}"])


def test_a_delayed_library_comes_as_well(tmp_path: Path, repair: Repairer) -> None:
    counter = library("counter.dll")
    where = put(tmp_path / "lib", {"counter.dll": counter})
    (tmp_path / "build").mkdir()
    code = delayed_counter(tmp_path / "build")
    made = repair(
        wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": code}), "--search", where
    )
    name = f"counter-{hashed(counter)}.dll"
    assert check(made) == {f"p/{MODULE}": [name], f"p/{name}": []}


def test_what_exports_are_forwarded_to_comes_and_keeps_its_name(
    tmp_path: Path, repair: Repairer
) -> None:
    """delvewheel brings the forwarder alone, and ends well."""
    leaf = library("leaf.dll")
    foo = library("foo.dll", leaf)
    fwd = library("fwd.dll", forwards=(("other", "foo.foo_dll"),))
    where = put(tmp_path / "lib", {"fwd.dll": fwd, "foo.dll": foo, "leaf.dll": leaf})
    made = repair(
        wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": module(fwd)}), "--search", where
    )
    found = check(made)
    below = f"leaf-{hashed(leaf)}.dll"
    (outer,) = found[f"p/{MODULE}"]
    assert found == {
        f"p/{MODULE}": [outer],
        f"p/{outer}": [],
        "p/foo.dll": [below],
        f"p/{below}": [],
    }


def test_a_library_beside_the_module_is_used_as_it_is(
    tmp_path: Path, repair: Repairer
) -> None:
    """delvewheel brings another one from the machine, by another name. What that library lacks comes."""
    leaf = library("leaf.dll")
    foo = library("foo.dll", leaf)
    where = put(
        tmp_path / "lib", {"foo.dll": library("foo.dll", value=5), "leaf.dll": leaf}
    )
    files = INIT | {f"p/{MODULE}": module(foo), "p/Foo.dll": foo}
    made = repair(wheel_of(tmp_path, TAG, files), "--search", where)
    below = f"leaf-{hashed(leaf)}.dll"
    assert check_names(made) == {
        f"p/{MODULE}": ["foo.dll"],
        "p/Foo.dll": [below],
        f"p/{below}": [],
    }
    assert made.members[f"p/{MODULE}"] == files[f"p/{MODULE}"]


def check_names(made: Repair) -> dict[str, list[str]]:
    assert made.status == 0, made.told
    return {
        name: needs_of(data)
        for name, data in made.members.items()
        if data.startswith(b"MZ")
    }


def test_a_library_for_another_cpu_is_passed_by(
    tmp_path: Path, repair: Repairer
) -> None:
    foo = library("foo.dll")
    arm = bytearray(foo)
    header = int.from_bytes(foo[0x3C:0x40], "little")
    arm[header + 4 : header + 6] = b"\x64\xaa"
    one = put(tmp_path / "one", {"foo.dll": bytes(arm)})
    two = put(tmp_path / "two", {"foo.dll": foo})
    wheel = wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": module(foo)})
    made = repair(wheel, "--search", one)
    assert made.status
    assert f"{one}/foo.dll is code for arm64, not for x86_64" in made.told
    made = repair(wheel, "--search", one, "--search", two)
    assert f"p/foo-{hashed(foo)}.dll" in check(made)


def test_the_runtime_of_mingw_comes_with_its_module(
    tmp_path: Path, repair: Repairer
) -> None:
    code = mingw_cpp_module()
    wheel = wheel_of(tmp_path, TAG, INIT | {f"p/{MODULE}": code})
    made = repair(wheel, "--search", mingw_directory())
    found = check(made)
    names = {posixpath.basename(name).partition("-")[0] for name in found}
    assert names >= {"libstdc++", "libgcc_s_seh"}
    assert not any(name.startswith(("msvcrt", "kernel32")) for name in names)


def test_a_wheel_for_any_python_is_looked_at_as_well(
    tmp_path: Path, repair: Repairer
) -> None:
    """ "no external dependencies are needed", says delvewheel of every py3-none wheel."""
    foo = library("foo.dll")
    where = put(tmp_path / "lib", {"foo.dll": foo})
    made = repair(
        wheel_of(
            tmp_path,
            "py3-none-win_amd64",
            INIT | {"p/bar.dll": library("bar.dll", foo)},
        ),
        "--search",
        where,
    )
    name = f"foo-{hashed(foo)}.dll"
    assert check(made) == {"p/bar.dll": [name], f"p/{name}": []}


# --- where they go ------------------------------------------------------------------------------------------------


def test_small_libraries_lie_beside_each_module_and_no_code_changes(
    tmp_path: Path, repair: Repairer
) -> None:
    """Also of folders that are no packages: delvewheel makes packages of them, of stubs and of data."""
    foo = library("foo.dll")
    where = put(tmp_path / "lib", {"foo.dll": foo})
    code = module(foo)
    inside = {
        f"p/{MODULE}": code, f"p/q/{MODULE}": code, "p/q/__init__.py": b"", f"ns/{MODULE}": code, MODULE: code,
        "p-stubs/__init__.pyi": b"", "data/x.bin": b"1",
    }  # fmt: skip
    made = repair(wheel_of(tmp_path, TAG, INIT | inside), "--search", where)
    found = check(made)
    # At the root and in a namespace, another distribution may have a file of that name.
    name = f"foo-p-{hashed(foo)}.dll"
    assert {path for path in found if "foo" in path} == {
        f"p/{name}",
        f"p/q/{name}",
        f"ns/{name}",
        name,
    }
    assert code_of(made) == {
        "p/__init__.py": b"",
        "p/q/__init__.py": b"",
        "p-stubs/__init__.pyi": b"",
    }


def test_a_large_library_lies_once_in_a_folder_that_its_package_names(
    tmp_path: Path, repair: Repairer
) -> None:
    big = library("big.dll", size=3 << 20)
    where = put(tmp_path / "lib", {"big.dll": big})
    code = module(big)
    inside = {
        f"p/{MODULE}": code,
        f"p/q/{MODULE}": code,
        "p/q/__init__.py": b"",
        "p/__init__.py": b'"""Docs."""\nimport p._m\n',
    }
    made = repair(wheel_of(tmp_path, TAG, inside), "--search", where)
    name = f"p.libs/big-{hashed(big)}.dll"
    assert name in check(made)
    own = made.members["p/__init__.py"]
    assert own.index(b"Docs") < own.index(BLOCK) < own.index(b"import p._m")
    assert b"'../p.libs'" in own
    assert made.members["p/q/__init__.py"] == b""
    assert made.members[name] == big


# --- the same bytes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 3 << 20])
def test_what_was_repaired_stays_byte_for_byte(
    tmp_path: Path, repair: Repairer, size: int
) -> None:
    """delvewheel says "already repaired", and writes nothing at all."""
    leaf = library("leaf.dll", size=size)
    foo = library("foo.dll", leaf)
    where = put(tmp_path / "lib", {"foo.dll": foo, "leaf.dll": leaf})
    files = INIT | {f"p/{MODULE}": module(foo), f"p/q/{MODULE}": module(foo)}
    once = repair(wheel_of(tmp_path, TAG, files), "--search", where)
    assert once.path is not None
    for options in ((), ("--search", where)):
        twice = repair(once.path, *options)
        assert twice.path is not None
        assert twice.path.read_bytes() == once.path.read_bytes()


def test_another_host_makes_the_same_bytes(tmp_path: Path, repair: Repairer) -> None:
    """Other directories, order on disk, file modes, time zone, hash seed, and working directory."""
    leaf = library("leaf.dll")
    foo = library("foo.dll", leaf)
    wheel = wheel_of(
        tmp_path,
        TAG,
        INIT | {f"p/{MODULE}": module(foo), f"p/q/{MODULE}": module(leaf)},
    )
    here = repair(
        wheel, "--search", put(tmp_path / "lib", {"foo.dll": foo, "leaf.dll": leaf})
    )
    other = tmp_path / "other machine"
    put(other / "one", {"leaf.dll": leaf})
    put(other / "two", {"foo.dll": foo})
    (other / "one" / "leaf.dll").chmod(0o755)
    program = "import os, sys; os.umask(0o077); from truewheel.cli import main; sys.exit(main(sys.argv[1:]))"
    environ = os.environ | {
        "PYTHONPATH": str(ROOT / "src"), "TZ": "Asia/Kolkata", "LC_ALL": "C", "PYTHONHASHSEED": "7",
    }  # fmt: skip
    programs.run(
        "python", "-c", program, "repair", wheel, "-o", "out", "--search", "one", "--search", "two",
        cwd=other, environ=environ,
    )  # fmt: skip
    assert here.path is not None
    assert (other / "out" / here.name).read_bytes() == here.path.read_bytes()
