"""Whether METADATA requires what the binaries were compiled against (TW211, TW212). Pure.

==================  ========================================================================
Module              What it decides
==================  ========================================================================
`numpy_requirement` which NumPy the modules can be imported with, and which one is required
`release_bound`     which release has the libraries that are needed: torch, pyarrow, CUDA
`requirements`      what METADATA requires on a platform, and with which Pythons
==================  ========================================================================

Most wheels use no other distribution. :mod:`.verdict` asks first, so that this is not even imported for them.
"""

from __future__ import annotations

from ..model.neighbours import required_by, required_python
from .numpy_requirement import numpy_findings, uses_of_numpy
from .python.interpreters import compatible_pythons
from .release_bound import release_findings, uses_of_releases
from .requirements import Requirements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import Audit, PlatformAudit
    from ..model.contents import Contents
    from ..model.finding import Finding
    from ..model.verdict import PythonTags, Verdict


def findings_on_wheel(
    contents: Contents, audit: Audit, truth: Verdict, metadata: str
) -> Iterator[Finding]:
    """Yield what is to be said of a wheel on disk.

    :param truth: the tags that are true, which tell who can import its modules.
    :param metadata: the text of METADATA.
    """
    requires, pythons = required_by(metadata), required_python(metadata)
    return findings_on_build(contents, audit, truth, requires, pythons)


def findings_on_build(
    contents: Contents,
    audit: Audit,
    tags: PythonTags | Verdict,
    requires: Sequence[str],
    requires_python: str,
) -> Iterator[Finding]:
    """Yield what is to be said of a tree that was just built.

    :param tags: those that are true.
    :param requires: the requirements in METADATA.
    :param requires_python: the Pythons that METADATA allows.
    """
    # Requirements differ between Pythons, and so do the releases that can be installed.
    takers = compatible_pythons(tags.interpreters, tags.abis) or ()
    for part in audit.platforms:
        requirements = Requirements(
            requires,
            family=part.family,
            cpu=part.files[0].cpu,
            takes=lambda version: any(one.include(version) for one in takers),
            requires_python=requires_python,
        )
        # If no CPython takes it that is known, it is for PyPy, or for one that is still to come.
        if requirements.pythons:
            yield from _findings_on(part, contents, requirements)


def _findings_on(
    part: PlatformAudit, contents: Contents, requirements: Requirements
) -> Iterator[Finding]:
    """Yield what is to be said of the files of one platform."""
    where = f"{contents.dist_info}/METADATA"
    paths = {code.path for code in part.files}
    of_numpy = [use for use in uses_of_numpy(contents) if use.path in paths]
    if of_numpy:
        yield from numpy_findings(of_numpy, contents, requirements, where=where)
    yield from release_findings(uses_of_releases(part), requirements, where=where)
