"""Libraries on a disk, with the audit that asks for them."""

from __future__ import annotations

from pathlib import Path

from support.costly_files import elf_names
from support.facts import contents
from support.slices import linux
from truewheel.audit.linkage import audit_of
from truewheel.model.audit import External, Missing
from truewheel.system.libraries import LibrariesOnDisk


def test_what_is_there_and_what_is_a_library(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libx.so").write_bytes(elf_names(8, 1))
    (tmp_path / "lib" / "link.so").symlink_to("libx.so")
    (tmp_path / "lib" / "nowhere.so").symlink_to("gone.so")
    (tmp_path / "lib" / "script.so").write_text("INPUT(-lx)")
    (tmp_path / "lib" / "broken.so").write_bytes(elf_names(8, 1)[:60])
    disk = LibrariesOnDisk(tmp_path)
    names = ("libx", "link", "nowhere", "script", "broken", "gone")
    assert [name for name in names if disk.has_file(f"/lib/{name}.so")] == [
        "libx",
        "link",
        "script",
        "broken",
    ]
    assert not disk.has_file("/lib")
    found = disk.read_library("/lib/libx.so")
    assert found is not None
    assert found == disk.read_library("/lib/link.so")
    assert [
        disk.read_library(f"/lib/{name}.so")
        for name in ("nowhere", "script", "broken", "gone")
    ] == [None] * 4


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
    assert [link.source for link in part.linkage] == [external, Missing()]
