"""Whether METADATA requires what the binaries were compiled against (TW211, TW212). Pure.

Most wheels were compiled against nothing that is installed with pip. So it is asked first whether anything is known to be, and
requirements are read after that.

==================  ========================================================================
Module              What it decides
==================  ========================================================================
`numpy_requirement` which NumPy the modules can be imported with, and which one is required
`release_bound`     which release has the libraries that are needed: torch, pyarrow, CUDA
`requirements`      what METADATA requires on a platform, and with which Pythons
==================  ========================================================================
"""

from __future__ import annotations

from ..model.audit import InWheel, Supplied
from ..model.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..model.audit import Audit, PlatformAudit
    from ..model.contents import Contents
    from ..model.finding import Finding
    from ..model.verdict import PythonTags, Verdict


class _Metadata(NamedTuple):
    """What METADATA says of other distributions and of Python, and where it lies."""

    requires: Sequence[str]
    requires_python: str
    where: str


def findings_on_wheel(
    contents: Contents, audit: Audit, truth: Verdict, metadata: str
) -> Iterator[Finding]:
    """Yield what is to be said of a wheel on disk.

    :param truth: the tags that are true, which tell who can import its modules.
    :param metadata: the text of METADATA.
    """

    def read() -> _Metadata:
        from ..model.neighbours import required_by, required_python

        where = f"{contents.dist_info}/METADATA"
        return _Metadata(required_by(metadata), required_python(metadata), where)

    return _findings(contents, audit, truth, read)


def findings_on_build(
    contents: Contents,
    audit: Audit,
    python: PythonTags,
    requires: Sequence[str],
    requires_python: str,
) -> Iterator[Finding]:
    """Yield what is to be said of a tree that was just built."""
    where = f"{contents.dist_info}/METADATA"
    return _findings(
        contents, audit, python, lambda: _Metadata(requires, requires_python, where)
    )


def _findings(
    contents: Contents,
    audit: Audit,
    tags: PythonTags | Verdict,
    read: Callable[[], _Metadata],
) -> Iterator[Finding]:
    """Yield the findings of each platform.

    :param read: returns what METADATA says; called only if somebody asks.
    """
    uses_numpy = any(binary.numpy_api is not None for _, binary in contents.binaries())
    for part in audit.platforms:
        # A system's own libraries, and the wheel's, make up nearly every wheel.
        if uses_numpy or _needs_more_than_the_system(part):
            yield from _findings_on(part, contents, tags, read())


def _needs_more_than_the_system(part: PlatformAudit) -> bool:
    """Return whether a library is needed that neither the system nor the wheel supplies."""
    return any(
        not isinstance(link.source, (Supplied, InWheel)) for link in part.linkage
    )


def _findings_on(
    part: PlatformAudit,
    contents: Contents,
    tags: PythonTags | Verdict,
    metadata: _Metadata,
) -> Iterator[Finding]:
    """Yield the findings on the files of one platform."""
    from .numpy_requirement import numpy_findings, uses_of_numpy
    from .python.interpreters import compatible_pythons
    from .release_bound import release_findings, uses_of_releases
    from .requirements import Requirements

    paths = {code.path for code in part.files}
    of_numpy = [use for use in uses_of_numpy(contents) if use.path in paths]
    of_releases = uses_of_releases(part)
    if not of_numpy and not of_releases:
        return
    # Requirements differ between Pythons, and so do the releases that can be installed.
    takers = compatible_pythons(tags.interpreters, tags.abis) or ()
    requirements = Requirements(
        metadata.requires,
        family=part.family,
        cpu=part.files[0].cpu,
        takes=lambda version: any(one.include(version) for one in takers),
        requires_python=metadata.requires_python,
    )
    # No CPython that is known takes it: a wheel for PyPy, or for a Python that is still to come.
    if not requirements.pythons:
        return
    if of_numpy:
        yield from numpy_findings(
            of_numpy, contents, requirements, where=metadata.where
        )
    yield from release_findings(of_releases, requirements, where=metadata.where)
