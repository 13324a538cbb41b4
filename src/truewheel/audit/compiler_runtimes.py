"""Whether a wheel has to do with runtime libraries of compilers that there is something to say of: cheap questions alone.

Most wheels have not. What answers for those that have is imported only then. Pure.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.audit import PlatformAudit
    from ..model.finding import Finding

_VISUAL_CPP = "140"
"""What the names of Visual C++'s runtime libraries have had in common since 2015: they are one binary interface."""
_PYTHONS = "vcruntime"
"""How those begin that Python has, and that nearly every module for Windows needs."""
_OPENMP = "omp_get_num_threads"
"""A function of the OpenMP API (specification 5.2, 18.2) that every runtime exports, and hardly anybody else."""


def runtime_findings(part: PlatformAudit) -> Iterator[Finding]:
    """Yield what is to be said of the compilers' runtime libraries that the files of one platform use."""
    if _uses_visual_cpp(part):
        from .msvc_runtimes import old_runtimes

        yield from old_runtimes(part)
    if _has_openmp(part):
        from .openmp_runtimes import openmp_findings

        yield from openmp_findings(part)


def _uses_visual_cpp(part: PlatformAudit) -> bool:
    if part.family != "windows":
        return False
    # A copy that has another file name still says in its export table what it is.
    names = {link.need.library for link in part.linkage}
    names.update(code.slice.name or "" for code in part.files)
    return any(map(_is_visual_cpps, names))


def _is_visual_cpps(name: str) -> bool:
    return _VISUAL_CPP in name and not name.lower().startswith(_PYTHONS)


def _has_openmp(part: PlatformAudit) -> bool:
    return any(_OPENMP in code.slice.exports for code in part.files)
