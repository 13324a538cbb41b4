"""Files that are broken or of no use at run time, and a wheel without any. Pure.

Each question goes through all files by itself: a wheel may have 100,000, and few are worth a finding.
"""

from __future__ import annotations

from ..model.binary import ElfSlice, Format, Kind
from ..model.contents import is_data, is_module
from ..model.finding import Finding, Severity
from .skipped_parts import find_skipped_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.binary import Binary, Slice
    from ..model.contents import Contents, File

_LARGE_DEBUG = 1 << 20
"""Bytes of debug sections that are worth a word."""
_KINDS = {
    Kind.SHARED: "a shared library",
    Kind.BUNDLE: "a loadable bundle",
    Kind.EXECUTABLE: "a program",
    Kind.OBJECT: "a relocatable object",
    Kind.ARCHIVE: "a static archive",
    Kind.OTHER: "neither a library nor a program, but something else",
}


def check_contents(
    contents: Contents, *, severity_if_empty: Severity, metadata: str = ""
) -> Iterator[Finding]:
    """Yield what is wrong with single files, or that there is none.

    :param severity_if_empty: of a wheel without files.
    :param metadata: the text of METADATA, which tells whether it is empty on purpose.
    """
    files = contents.payload()
    if not files:
        from ..model.neighbours import required_by  # few wheels are empty

        yield empty_wheel(contents, severity_if_empty, required_by(metadata))
    yield from find_byte_code(files)
    yield from find_unreadable_binaries(files)
    yield from find_skipped_parts(files)
    yield from find_modules_that_are_not_binaries(files)
    yield from find_modules_that_are_not_libraries(contents)
    yield from find_static_libraries(contents)
    yield from find_object_files(contents)
    yield from find_large_debug_sections(contents)


def empty_wheel(
    contents: Contents, severity: Severity, requires: tuple[str, ...]
) -> Finding:
    """Return TW523 for a wheel with nothing in it but its metadata.

    :param severity: which depends on who asks.
    :param requires: its requirements. A wheel that has some is made to install others.
    """
    # A metapackage: installing others is all that it is for.
    if requires:
        return Finding(
            code="TW523",
            severity=Severity.NOTE,
            where=contents.dist_info,
            message="the wheel holds no files, but requires others",
            evidence=(f"Requires-Dist: {requires[0]}", *_more(requires)),
        )
    return Finding(
        code="TW523",
        severity=severity,
        where=contents.dist_info,
        message="the wheel is empty",
        hint="in CMakeLists.txt: install(TARGETS NAME DESTINATION ${SKBUILD_PROJECT_NAME}); "
        "or put Python files where wheel.packages finds them",
    )


def _more(requires: tuple[str, ...]) -> tuple[str, ...]:
    """Return how many requirements there are besides the first."""
    others = len(requires) - 1
    return (f"and {others} more",) if others else ()


def find_byte_code(files: tuple[File, ...]) -> Iterator[Finding]:
    """Report compiled Python files, which installers make themselves (TW513)."""
    paths = frozenset(file.path for file in files)
    for file in files:
        # pip compiles for the Python at hand; a .pyc of the build holds the time stamp of the build's source (PEP 3147).
        is_byte_code = file.path.endswith((".pyc", ".pyo"))
        if not is_byte_code and "__pycache__/" not in file.path:
            continue
        source = f"{file.path[:-4]}.py"
        if "__pycache__/" in file.path or source in paths:
            message, hint = "byte code, which installers write themselves", "exclude it"
        else:
            message = "byte code without its source, which only the Python that compiled it can import"
            hint = "ship the source; or build a wheel for each Python, and have its tag say so"
        yield Finding(
            code="TW513",
            severity=Severity.WARNING,
            where=file.path,
            message=message,
            hint=hint,
        )


def find_unreadable_binaries(files: tuple[File, ...]) -> Iterator[Finding]:
    """Report files that begin like a binary and cannot be read as one (TW517)."""
    for file in files:
        # A module that is broken cannot be imported; other files may be broken on purpose, for tests.
        if file.broken is not None:
            yield Finding(
                code="TW517",
                severity=Severity.ERROR if is_module(file.path) else Severity.WARNING,
                where=file.path,
                message=str(file.broken),
                evidence=file.broken.context,
                hint="build or download it again",
            )


def find_modules_that_are_not_binaries(files: tuple[File, ...]) -> Iterator[Finding]:
    """Report files that are named like an extension module and begin like no binary at all (TW517)."""
    for file in files:
        # One that begins like a binary and is broken is told with what is wrong in it.
        if file.binary is None and file.broken is None and is_module(file.path):
            yield Finding(
                code="TW517",
                severity=Severity.WARNING if is_data(file.path) else Severity.ERROR,
                where=file.path,
                message="has the name of an extension module, but is not a binary",
                evidence=(f"{file.size} bytes, which begin like no kind of binary",),
                hint="build or download it again",
            )


def find_modules_that_are_not_libraries(contents: Contents) -> Iterator[Finding]:
    """Report binaries that are named like an extension module and that no system can load as one (TW517)."""
    for file, binary in _shipped_binaries(contents):
        # Without slices the file was recognised, and not read: nothing is known of it.
        if not binary.slices or not is_module(file.path):
            continue
        if not any(map(_can_be_loaded, binary.slices)):
            yield Finding(
                code="TW517",
                severity=Severity.WARNING if is_data(file.path) else Severity.ERROR,
                where=file.path,
                message="has the name of an extension module, but is not a shared library",
                evidence=tuple(
                    f"it is {_KINDS[piece.kind]} for {piece.cpu}"
                    for piece in binary.slices
                ),
                hint="link it as a module: Python_add_library(NAME MODULE …)",
            )


def _can_be_loaded(piece: Slice) -> bool:
    """Return whether a loader would take a slice into a running process."""
    if piece.kind in (Kind.SHARED, Kind.BUNDLE):
        return True
    # Some ELF libraries can be run as well. They name an interpreter, as programs do, but lack the flag of one
    # (DF_1_PIE), so that dlopen() takes them: https://man7.org/linux/man-pages/man3/dlopen.3.html
    return (
        isinstance(piece, ElfSlice)
        and piece.kind is Kind.EXECUTABLE
        and not piece.program
    )


def find_static_libraries(contents: Contents) -> Iterator[Finding]:
    """Report static libraries (TW514)."""
    for file, binary in _shipped_binaries(contents):
        # NumPy's libnpymath.a and the like are meant for others to link with.
        if binary.format is Format.ARCHIVE:
            cpus = [f"its objects are for {piece.cpu}" for piece in binary.slices]
            yield Finding(
                code="TW514",
                severity=Severity.NOTE,
                where=file.path,
                message="a static library: nothing loads it at run time",
                evidence=(f"{file.size} bytes", *cpus),
                hint="leave it out, unless others are to link with it",
            )


def find_object_files(contents: Contents) -> Iterator[Finding]:
    """Report object files, and libraries of them (TW518)."""
    for file, binary in _shipped_binaries(contents):
        if any(piece.kind is Kind.OBJECT for piece in binary.slices):
            yield Finding(
                code="TW518",
                severity=Severity.NOTE,
                where=file.path,
                message="an object file: nothing loads it at run time",
                hint="leave it out",
            )


def find_large_debug_sections(contents: Contents) -> Iterator[Finding]:
    """Report binaries with much debug information (TW515)."""
    for file, binary in _shipped_binaries(contents):
        # A file for several CPUs has such sections for each of them.
        debug_bytes = sum(piece.debug_bytes for piece in binary.slices)
        if debug_bytes >= _LARGE_DEBUG:
            yield Finding(
                code="TW515",
                severity=Severity.NOTE,
                where=file.path,
                message="debug sections, which nothing needs at run time",
                evidence=(f"{debug_bytes / 1e6:.1f} of {file.size / 1e6:.1f} MB",),
                hint="set tool.scikit-build.install.strip = true, or build Release",
            )


def _shipped_binaries(contents: Contents) -> list[tuple[File, Binary]]:
    """Return the binaries outside of the metadata directory, with their facts."""
    prefix = contents.dist_info + "/"
    return [
        (file, binary)
        for file, binary in contents.binaries()
        if not file.path.startswith(prefix)
    ]
