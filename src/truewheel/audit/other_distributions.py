"""What a wheel has to do with other distributions: it was compiled against them, has their libraries, or their places. Pure.

Few wheels have, so that what decides is imported only where a fact asks for it.
"""

from __future__ import annotations

from ..model.audit import InWheel, Supplied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..model.audit import Audit
    from ..model.contents import Contents, WheelFacts
    from ..model.finding import Finding
    from ..model.neighbours import Neighbour
    from ..model.verdict import Verdict
    from ..model.wheel_name import WheelName


def findings_on_others(
    facts: WheelFacts,
    audit: Audit,
    truth: Verdict,
    claimed: WheelName | None,
    neighbours: Sequence[Neighbour],
) -> Iterator[Finding]:
    """Yield what is to be said of a wheel on disk and the distributions that it has to do with.

    :param truth: the tags that are true.
    :param claimed: the parts of its name.
    :param neighbours: distributions that are installed beside it.
    """
    contents = facts.contents
    if uses_others(contents, audit):
        from .compiled_against import findings_on_wheel

        yield from findings_on_wheel(contents, audit, truth, facts.metadata or "")
    if asks_backend(contents):
        yield from _backend_findings(facts, claimed, neighbours)
    if neighbours:
        yield from _findings_beside(facts, audit, neighbours)


def uses_others(contents: Contents, audit: Audit) -> bool:
    """Return whether a binary may have been compiled against another distribution; nearly none is."""
    for _, binary in contents.binaries():
        if binary.numpy_api is not None:
            return True
    for part in audit.platforms:
        for link in part.linkage:
            # A system's own libraries, and the wheel's, make up nearly every wheel.
            if not isinstance(link.source, (Supplied, InWheel)):
                return True
    return False


def asks_backend(contents: Contents) -> bool:
    """Return whether a module needs nanobind's backend, as hardly any does."""
    for _, binary in contents.binaries():
        for piece in binary.slices:
            if piece.module is not None and piece.module.nanobind is not None:
                return True
    return False


def with_expected_libraries(
    facts: WheelFacts, audit: Audit, neighbours: Sequence[Neighbour]
) -> tuple[Audit, Iterable[Finding]]:
    """Return the audit with libraries that required distributions are known to have, and what is to be said of them."""
    from ..model.neighbours import required_by
    from . import expected_libraries

    requires = required_by(facts.metadata or "")
    known = expected_libraries.with_expected_libraries(audit, requires, neighbours)
    where = f"{facts.contents.dist_info}/METADATA"
    return known, expected_libraries.expected_findings(known, where=where)


def _backend_findings(
    facts: WheelFacts, claimed: WheelName | None, neighbours: Sequence[Neighbour]
) -> Iterable[Finding]:
    """Return what keeps users from getting nanobind's backend."""
    from ..model.neighbours import required_by
    from .nanobind_backends import backend_findings

    platforms = claimed.platforms if claimed is not None else ()
    requires = required_by(facts.metadata or "")
    return backend_findings(facts.contents, requires, platforms, neighbours=neighbours)


def _findings_beside(
    facts: WheelFacts, audit: Audit, neighbours: Sequence[Neighbour]
) -> Iterator[Finding]:
    """Yield what is to be said of a wheel and the distributions that are installed beside it."""
    from ..model.neighbours import required_by
    from .required_distributions import unrequired_distributions
    from .shared_places import places_shared_with

    yield from places_shared_with(facts, neighbours)
    yield from unrequired_distributions(
        audit,
        required_by(facts.metadata or ""),
        neighbours,
        where=f"{facts.contents.dist_info}/METADATA",
    )
