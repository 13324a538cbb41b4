"""Which OpenMP runtimes a wheel brings into one process (TW210). Pure.

A runtime is known by the functions that compilers call, which it exports, never by its file's name:

* GNU's libgomp: https://gcc.gnu.org/onlinedocs/libgomp/The-libgomp-ABI.html
* LLVM's and Intel's, which are one code base: https://openmp.llvm.org/design/Runtimes.html. They register themselves in the
  process, and stop it when a second copy does so (``__kmp_register_library_startup`` in ``kmp_runtime.cpp``).
* Microsoft's: https://learn.microsoft.com/en-us/cpp/parallel/openmp/reference/openmp-library-reference

What happens where two meet: https://github.com/joblib/threadpoolctl/blob/master/multiple_openmp.md
"""

from __future__ import annotations

import posixpath

from ..model.audit import InWheel
from ..model.binary import ElfSlice, Kind, PeSlice
from ..model.contents import is_module
from ..model.finding import Finding, Severity
from ..model.record import Enum, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..model.audit import LoadableSlice, PlatformAudit
    from ..model.binary import Slice

_API = "omp_get_num_threads"
_MOST_TOLD = 3
"""How many users of a runtime are told by name."""
_MOST_RUNTIMES = 8
"""How many runtimes are told one by one."""


class Vendor(Enum):
    """Whose runtime it is, as far as its functions tell."""

    LLVM = "LLVM's or Intel's"
    GNU = "GNU's"
    MICROSOFT = "Microsoft's"


_STARTS_THREADS = (
    # LLVM's has GNU's functions as well.
    ("__kmpc_fork_call", Vendor.LLVM),
    ("GOMP_parallel", Vendor.GNU),
    ("GOMP_parallel_start", Vendor.GNU),
    ("_vcomp_fork", Vendor.MICROSOFT),
)
"""The functions that begin a parallel region. Libraries of stubs, which run everything in one thread, have none."""


class _Runtime(Record):
    """A runtime that the wheel brings, and the files that a process loads it with."""

    code: LoadableSlice
    vendor: Vendor
    users: tuple[str, ...]


def vendor_of(piece: Slice) -> Vendor | None:
    """Return whose OpenMP runtime a library is; ``None`` when it is none."""
    if _API not in piece.exports:
        return None
    for function, vendor in _STARTS_THREADS:
        if function in piece.exports:
            return vendor
    return None


def openmp_findings(part: PlatformAudit) -> Iterator[Finding]:
    """Yield what is to be said of the OpenMP runtimes of a wheel, for each CPU."""
    by_cpu: dict[str, list[_Runtime]] = {}
    for runtime in _runtimes(part):
        by_cpu.setdefault(runtime.code.cpu, []).append(runtime)
    for runtimes in by_cpu.values():
        if len(runtimes) > 1:
            yield _several(runtimes)
        elif runtimes[0].vendor is Vendor.LLVM:
            others = tuple(_copies_beside(part, runtimes[0]))
            yield _one_of_llvm(runtimes[0], others)


# --- which there are --------------------------------------------------------------------------------------------


def _runtimes(part: PlatformAudit) -> list[_Runtime]:
    """Return the runtimes that processes of Python load; of those that a loader takes for one, the first."""
    found: dict[tuple[str, str], _Runtime] = {}
    users = _users(part)
    for code in part.files:
        vendor = vendor_of(code.slice)
        # What goes elsewhere than into site-packages is there for all to share, as intel-openmp's is.
        if vendor is None or code.installed.startswith("<prefix>/"):
            continue
        using = users.get((code.path, code.cpu), [])
        # A module may have a runtime linked into itself. What nobody needs, somebody else may be meant to load.
        if is_module(code.path):
            using = [code.path, *using]
        if using:
            key = _identity(code), code.cpu
            runtime = _Runtime(
                code=code,
                vendor=vendor,
                users=tuple(dict.fromkeys(using)),
            )
            found.setdefault(key, runtime)
    return list(found.values())


def _copies_beside(part: PlatformAudit, runtime: _Runtime) -> Iterator[str]:
    """Yield what other distributions bring that does not bear this runtime, a line each."""
    own = _identity(runtime.code)
    for other in part.beside:
        code = other.code
        if vendor_of(code.slice) is not Vendor.LLVM:
            continue
        # A loader takes a library with the same identity for the one that it has.
        if code.cpu == runtime.code.cpu and _identity(code) != own:
            name = f"{other.distribution} {other.version}"
            yield f"{name} has {code.installed}"


def _users(part: PlatformAudit) -> dict[tuple[str, str], list[str]]:
    """Return the files that need another file of the wheel, by its path and the CPU."""
    # Programs have processes of their own.
    programs = {code.path for code in part.files if _is_program(code.slice)}
    found: dict[tuple[str, str], list[str]] = {}
    for link in part.linkage:
        source = link.source
        if not isinstance(source, InWheel) or source.path == link.file:
            continue
        if link.file not in programs:
            key = source.path, link.cpu
            found.setdefault(key, []).append(link.file)
    return found


def _is_program(piece: Slice) -> bool:
    if piece.kind is Kind.EXECUTABLE:
        return True
    return isinstance(piece, ElfSlice) and piece.program


def _identity(code: LoadableSlice) -> str:
    """Return by what a loader knows that a library is loaded already."""
    name = posixpath.basename(code.path)
    # ld.so(8): its SONAME.
    if isinstance(code.slice, ElfSlice):
        return code.slice.name or name
    # https://learn.microsoft.com/en-us/windows/win32/dlls/dynamic-link-library-search-order: the name of the module.
    if isinstance(code.slice, PeSlice):
        return name.lower()
    # dyld(1): the path that it was loaded from.
    return code.path


# --- what is said of them ---------------------------------------------------------------------------------------


def _several(runtimes: Sequence[_Runtime]) -> Finding:
    """Return that a wheel brings several runtimes, each of which has its own threads and settings."""
    return Finding(
        code="TW210",
        severity=Severity.WARNING,
        where=runtimes[0].code.path,
        message=f"{len(runtimes)} OpenMP runtimes in one wheel: {_consequence(runtimes)}",
        evidence=_described(runtimes),
        hint="build all parts with one compiler's OpenMP, so that the wheel needs one runtime; KMP_DUPLICATE_LIB_OK only hides it",
    )


def _consequence(runtimes: Sequence[_Runtime]) -> str:
    vendors = [runtime.vendor for runtime in runtimes]
    if vendors.count(Vendor.LLVM) > 1:
        return "the second of LLVM's or Intel's to start stops the process (OMP: Error #15)"
    return "each starts threads for all CPUs"


def _described(runtimes: Sequence[_Runtime]) -> tuple[str, ...]:
    lines = tuple(map(_describe, runtimes[:_MOST_RUNTIMES]))
    more = len(runtimes) - _MOST_RUNTIMES
    return (*lines, f"and {more} more") if more > 0 else lines


def _one_of_llvm(runtime: _Runtime, others: tuple[str, ...]) -> Finding:
    """Return that the wheel's runtime does not bear a copy of another wheel; GNU's and Microsoft's do.

    :param others: the copies that are known to be beside it.
    """
    when = "beside another wheel's" if others else "where another wheel brings one, too"
    return Finding(
        code="TW210",
        severity=Severity.WARNING if others else Severity.NOTE,
        where=runtime.code.path,
        message=f"brings LLVM's or Intel's OpenMP runtime: {when}, the second to start stops the process (OMP: Error #15)",
        evidence=(_describe(runtime), *others[:_MOST_RUNTIMES]),
        hint=_share(runtime.code.slice),
    )


def _share(piece: Slice) -> str:
    if isinstance(piece, ElfSlice):
        return "build with GCC, whose libgomp bears a second one, or require intel-openmp, whose copy wheels share"
    if isinstance(piece, PeSlice):
        return "build with Microsoft's OpenMP (/openmp), or require intel-openmp, whose copy wheels share"
    return "there is no copy for wheels to share on macOS: use threads of your own (Grand Central Dispatch), or tell users"


def _describe(runtime: _Runtime) -> str:
    return f"{runtime.code.path} is {runtime.vendor.value}, used by {_listed(runtime.users)}"


def _listed(paths: Iterable[str]) -> str:
    every = list(paths)
    told = ", ".join(every[:_MOST_TOLD])
    more = len(every) - _MOST_TOLD
    return f"{told} and {more} more" if more > 0 else told
