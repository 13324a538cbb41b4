"""Libraries on a disk, with the audit that asks for them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from support.costly_files import elf_names
from support.facts import contents
from support.slices import linux
from truewheel.audit.linkage import audit_of
from truewheel.model.audit import External, Missing
from truewheel.model.errors import RepairError
from truewheel.system.libraries import LibrariesOnDisk
from truewheel.system.surroundings import surroundings


def test_what_is_there_and_what_is_a_library(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libx.so").write_bytes(elf_names(8, 1))
    (tmp_path / "lib" / "link.so").symlink_to("libx.so")
    (tmp_path / "lib" / "nowhere.so").symlink_to("gone.so")
    (tmp_path / "lib" / "script.so").write_text("INPUT(-lx)")
    (tmp_path / "lib" / "broken.so").write_bytes(elf_names(8, 1)[:60])
    disk = LibrariesOnDisk(tmp_path)
    names = ("libx", "link", "nowhere", "script", "broken", "gone")
    assert [disk.locate(f"/lib/{name}.so") for name in names] == [
        "/lib/libx.so",
        "/lib/libx.so",
        None,
        "/lib/script.so",
        "/lib/broken.so",
        None,
    ]
    assert disk.locate("/lib") is None
    assert disk.read_library("/lib/libx.so") is not None
    others = [f"/lib/{name}.so" for name in ("script", "broken", "gone")]
    assert [disk.read_library(path) for path in others] == [None] * 3
    problems = [disk.problem(path) for path in others]
    assert problems[0] == "not a library"
    assert problems[1].startswith("a file that cannot be read: broken ELF file")
    assert problems[2] == "a file that cannot be read: No such file or directory"


def test_names_of_either_case_are_found_where_they_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "Foo.DLL").write_bytes(b"MZ")
    disk = LibrariesOnDisk(tmp_path)
    assert disk.locate("/foo.dll") is None
    assert disk.locate("/foo.dll", ignore_case=True) == "/Foo.DLL"
    assert disk.locate("/none/foo.dll", ignore_case=True) is None


def test_what_a_file_holds_is_its_hash_and_size(tmp_path: Path) -> None:
    (tmp_path / "libx.so").write_bytes(b"content")
    disk = LibrariesOnDisk(tmp_path)
    digest = hashlib.sha256(b"content").hexdigest()
    assert disk.identity("/libx.so") == (digest, 7)
    with pytest.raises(RepairError, match=r"/gone\.so cannot be read"):
        disk.identity("/gone.so")


def test_surroundings_are_read_from_configuration_and_environment(
    tmp_path: Path,
) -> None:
    (tmp_path / "etc" / "ld.so.conf.d").mkdir(parents=True)
    (tmp_path / "etc" / "ld.so.conf").write_text(
        "# first\ninclude /etc/ld.so.conf.d/*.conf\n/opt/last/ # here\ninclude ld.so.conf\n"
    )
    (tmp_path / "etc" / "ld.so.conf.d" / "b.conf").write_text("/opt/b\n")
    (tmp_path / "etc" / "ld.so.conf.d" / "a.conf").write_text("/opt/a=libc6\n")
    (tmp_path / "etc" / "ld-musl-x86_64.path").write_text("/lib\n/opt/musl:/x\n")
    (tmp_path / "usr" / "lib" / "x86_64-linux-gnu").mkdir(parents=True)
    found = surroundings(
        {"LD_LIBRARY_PATH": "/one::relative:/two;/three/"},
        search=("/own",),
        root=tmp_path,
    )
    assert found.library_path == ("/one", "/two", "/three")
    assert found.search == ("/own",)
    assert found.configured == ("/opt/a", "/opt/b", "/opt/last")
    assert found.musl == ("/lib", "/opt/musl", "/x")
    assert found.lib_names == ("lib/x86_64-linux-gnu", "lib64", "lib")
    bare = surroundings({}, root=tmp_path / "none")
    assert bare.musl == ("/lib", "/usr/local/lib", "/usr/lib")
    assert bare.configured == bare.library_path == ()


def test_what_single_files_were_linked_with_is_asked_when_two_have_one_name(
    tmp_path: Path,
) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        (folder / "libx.so").write_bytes(elf_names(8, 1))
    one, two = ((folder / "libx.so").as_posix() for folder in folders)
    libraries = LibrariesOnDisk()
    libraries.add_linked([one], into=lambda: pytest.fail("there is no doubt"))
    assert libraries.around.linked_into == {}
    libraries.add_linked([one, two], into=lambda: {"p/m.so": (two,)})
    found = libraries.around.linked_for(["p/m.so"])
    assert [path for _, path in found] == [two, one, two]


def test_a_file_is_read_once(tmp_path: Path) -> None:
    library = tmp_path / "libx.so"
    library.write_bytes(elf_names(8, 1))
    disk = LibrariesOnDisk(tmp_path)
    first = disk.read_library("/libx.so")
    library.unlink()
    assert disk.read_library("/libx.so") is first


def test_the_audit_finds_what_lies_in_a_sysroot(tmp_path: Path) -> None:
    (tmp_path / "opt" / "lib").mkdir(parents=True)
    (tmp_path / "opt" / "lib" / "libx.so").write_bytes(elf_names(8, 1))
    disk = LibrariesOnDisk(tmp_path)
    binary = disk.read_library("/opt/lib/libx.so")
    assert binary is not None
    cpu = binary.slices[0].cpu
    inside = contents(m=linux("libx.so", "liby.so", cpu=cpu, runpath="/opt/lib"))
    (part,) = audit_of(inside, libraries=disk).platforms
    external = External(path="/opt/lib/libx.so", found_by="RUNPATH /opt/lib")
    assert part.linkage[0].source == external
    assert isinstance(part.linkage[1].source, Missing)
