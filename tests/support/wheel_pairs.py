"""Two wheels, of which one supplies a library that the other's module is linked with: built by gcc, installed by hand."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from support import needs
from support.small_wheels import digest

LIBRARY = "libsupplied.so.1"
TAG = "py3-none-linux_x86_64"


def compiled(place: Path, name: str, text: str, *flags: str, soname: str = "") -> bytes:
    """Return a shared library, compiled by gcc in a directory."""
    needs.program("gcc")
    source = place / f"{name}.c"
    source.write_text(text)
    named = (f"-Wl,-soname,{soname}",) if soname else ()
    command = ["gcc", "-shared", "-fPIC", str(source), "-o", name, *named, *flags]
    subprocess.run(command, cwd=place, check=True)
    return (place / name).read_bytes()


def library(place: Path) -> bytes:
    """Return the library, which also lies in the directory for the linker."""
    text = "int supplied(void) { return 42; }\n"
    return compiled(place, LIBRARY, text, soname=LIBRARY)


def user(place: Path, way: str, *, tags: str = "RUNPATH") -> bytes:
    """Return a library that is linked with it, without a word of Python.

    :param way: its search path; none if empty.
    """
    new = "--enable-new-dtags" if tags == "RUNPATH" else "--disable-new-dtags"
    flags = (f"-Wl,-rpath,{way},{new}",) if way else ()
    text = "int supplied(void);\nint used(void) { return supplied(); }\n"
    return compiled(place, "user.so", text, LIBRARY, *flags)


def wheel(place: Path, name: str, files: dict[str, bytes], *requires: str) -> Path:
    """Write a wheel of version 1.0 of ``name``; return its path."""
    home = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    metadata += "".join(f"Requires-Dist: {text}\n" for text in requires)
    members = {
        **files,
        f"{home}/METADATA": metadata.encode(),
        f"{home}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {TAG}\n".encode(),
    }
    rows = [
        f"{path},sha256={digest(content)},{len(content)}\n"
        for path, content in members.items()
    ]
    members[f"{home}/RECORD"] = "".join([*rows, f"{home}/RECORD,,\n"]).encode()
    path = place / f"{name}-1.0-{TAG}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def unpacked(site: Path, *wheels: Path) -> Path:
    """Unpack wheels into one ``site-packages``, as installers do with such simple ones; return it."""
    for one in wheels:
        with zipfile.ZipFile(one) as archive:
            archive.extractall(site)
    return site
