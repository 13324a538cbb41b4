"""Facts as the readers give them, made by hand: files with binaries in them, contents of wheels, and whole wheels.

All are of a distribution ``p`` of version 1, unless a test says otherwise.
"""

from __future__ import annotations

from truewheel.model.binary import (
    Binary,
    ElfSlice,
    Format,
    Kind,
    MachOSlice,
    Need,
    PeSlice,
    Slice,
    Symbol,
    WasmSlice,
)
from truewheel.model.contents import Contents, File, Member, WheelFacts
from truewheel.model.record import replace
from truewheel.model.record_file import RecordRow
from truewheel.model.target import Target
from truewheel.model.variants import Variant
from truewheel.model.wheel_name import parse_wheel_name

DIST_INFO = "p-1.dist-info"
INIT = File(path="p/__init__.py", size=1)
"""What makes a folder ``p`` a package."""
FORMATS = {
    ElfSlice: Format.ELF,
    MachOSlice: Format.MACHO,
    PeSlice: Format.PE,
    WasmSlice: Format.WASM,
}
X86_64_ELF, X86_64_PE = 62, 0x8664
"""How the two formats number the CPU x86-64."""

CP313 = Target(
    implementation="cpython",
    version=(3, 13),
    python_tag="cp313",
    abi_tag="cp313",
    suffix=".cpython-313-x86_64-linux-gnu.so",
    platform_tag="linux_x86_64",
)
CP313T = replace(CP313, abi_tag="cp313t", suffix=".cpython-313t-x86_64-linux-gnu.so")
"""The free-threaded build of the same Python."""


# --- files --------------------------------------------------------------------------------------------------------


def binary_file(path: str, *slices: Slice, form: Format | None = None) -> File:
    """Return a file that holds a binary.

    :param form: the format of the file, if it has no slices or is a library of objects.
    """
    found = form or FORMATS[type(slices[0])]
    return File(path=path, size=1, binary=Binary(format=found, slices=slices))


def module(
    path: str,
    *imports: str,
    exports: str | None = None,
    linked: str = "",
    weak: str = "",
    cpu: str = "x86_64",
) -> File:
    """Return an extension module: a PE file if its name ends in ``.pyd`` or ``.dll``, else an ELF file.

    :param imports: names of the symbols that it needs.
    :param exports: the one symbol that it has, its init function by default; none if empty.
    :param linked: the libraries that it needs, with blanks between them.
    :param weak: the name of a symbol that may be missing.
    """
    symbols = [Symbol(name=name) for name in imports]
    if weak:
        symbols.append(Symbol(name=weak, weak=True))
    if exports is None:
        stem = path.rpartition("/")[2].partition(".")[0]
        exports = f"PyInit_{stem}"
    common = {
        "cpu": cpu,
        "bits": 64,
        "kind": Kind.SHARED,
        "exports": frozenset({exports} - {""}),
        "imports": tuple(symbols),
        "needs": tuple(Need(library=name) for name in linked.split()),
    }
    if path.endswith((".pyd", ".dll")):
        return binary_file(path, PeSlice(machine=X86_64_PE, **common))  # type: ignore[arg-type]
    return binary_file(path, ElfSlice(machine=X86_64_ELF, **common))  # type: ignore[arg-type]


def files_at(*paths: str) -> list[File]:
    """Return files at these paths: extension modules where the names end in ``.so``, other files without content."""
    return [
        module(path) if path.endswith(".so") else File(path=path, size=1)
        for path in paths
    ]


def needing(
    path: str, version: str, *, cpu: str = "x86_64", library: str = "libc.so.6"
) -> File:
    """Return an ELF module that needs one library in this version (``GLIBC_2.34``), or in none if empty."""
    made = module(path, cpu=cpu)
    assert made.binary is not None
    piece = replace(
        made.binary.slices[0],
        executable_stack=False,
        needs=(Need(library=library, versions=(version,) if version else ()),),
        imports=(Symbol(name="f", version=version or None, library=library),),
    )
    return binary_file(path, piece)


# --- contents of wheels -------------------------------------------------------------------------------------------


def contents(
    *files: File, variant: Variant | None = None, **binaries: Slice | tuple[Slice, ...]
) -> Contents:
    """Return the contents of a wheel.

    :param binaries: files by name, with the slices in each: ``a__b`` is the file ``a/b.so``; a name that ends as those of
        Windows do is the path itself.
    """
    made = list(files)
    for name, slices in binaries.items():
        path = (
            name
            if name.endswith((".pyd", ".dll", ".exe"))
            else name.replace("__", "/") + ".so"
        )
        made.append(
            binary_file(path, *(slices if isinstance(slices, tuple) else (slices,)))
        )
    return Contents(files=tuple(made), dist_info=DIST_INFO, variant=variant)


def package(*files: File, variant: Variant | None = None) -> Contents:
    """Return the contents of a wheel with a package ``p`` and these files."""
    return contents(INIT, *files, variant=variant)


# --- wheels -------------------------------------------------------------------------------------------------------


def member(name: str, **more: object) -> Member:
    """Return a member of an archive with nothing odd about it."""
    return Member(
        name=name, size=1, compressed_size=1, mode=0o100644, sha256="x", **more
    )  # type: ignore[arg-type]


def wheel(*extra: str, **more: object) -> WheelFacts:
    """Return a wheel without a fault, with these files besides; ``more`` are fields of it that are otherwise."""
    names = (
        "p/__init__.py",
        *extra,
        f"{DIST_INFO}/METADATA",
        f"{DIST_INFO}/WHEEL",
        f"{DIST_INFO}/RECORD",
    )
    sound = {
        "filename": "p-1-py3-none-any.whl",
        "size": 1,
        "contents": contents(*(File(path=name, size=1) for name in names)),
        "members": tuple(member(name) for name in names),
        "record": tuple(
            RecordRow(path=name, algorithm="sha256", digest="x", size=1)
            for name in names
        ),
        "wheel_headers": (
            ("Wheel-Version", "1.0"),
            ("Root-Is-Purelib", "true"),
            ("Tag", "py3-none-any"),
        ),
        "metadata": "Metadata-Version: 2.1\nName: p\nVersion: 1\n",
    }
    return WheelFacts(**{**sound, **more})  # type: ignore[arg-type]


def wheel_named(filename: str, inside: Contents, **more: object) -> WheelFacts:
    """Return a wheel of which only the name and the contents matter: it has no members and no RECORD."""
    claimed = parse_wheel_name(filename)
    tags = claimed.expanded if claimed is not None else ()
    facts = {
        "contents": inside,
        "members": (),
        "record": (),
        "wheel_headers": (("Wheel-Version", "1.0"), *(("Tag", tag) for tag in tags)),
    }
    return wheel(filename=filename, **{**facts, **more})
