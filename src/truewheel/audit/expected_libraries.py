"""Libraries that neither the wheel nor the system has, where METADATA requires a distribution that is known to have them (TW208).

Nobody has looked at that distribution: it is a table that says so (:mod:`~truewheel.platforms.known_suppliers`). So the tag is
judged as if the library were there, and a warning says on what it hangs. A build does not come here: what it may believe
lies in its build environment. Pure.
"""

from __future__ import annotations

from ..model.audit import Audit, ExpectedFrom, Missing
from ..model.finding import Finding, Severity
from ..model.record import Record, replace
from ..platforms import platform_of
from ..platforms.known_suppliers import LibraryNames, known_suppliers
from .environments import environments_of, normalised, parsed
from .linkage import resolve_again
from .required_distributions import all_required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet

    from ..model.audit import PlatformAudit
    from ..model.neighbours import Neighbour
    from ..platforms.base import Platform
    from ..platforms.known_suppliers import KnownSupplier


class _Required(Record):
    """A known supplier that is installed with the wheel.

    :param is_same_version: whether a version that the table is about may be installed.
    """

    supplier: KnownSupplier
    is_same_version: bool


def with_expected_libraries(
    audit: Audit, requires: Sequence[str], neighbours: Sequence[Neighbour] = ()
) -> Audit:
    """Return the audit with what required distributions are known to have in the place of missing libraries.

    :param requires: the wheel's requirements, as METADATA has them.
    :param neighbours: distributions that were looked at: what they lack is missing.
    """
    # What nobody requires is not installed.
    if not requires:
        return audit
    suppliers = {normalised(row.distribution): row for row in known_suppliers()}
    requires_of = {name: row.requires for name, row in suppliers.items()}
    seen = {normalised(one.distribution): one.requires for one in neighbours}
    # What somebody has looked at is known better than a table knows it.
    requires_of.update(seen)
    parts = []
    for part in audit.platforms:
        known = _with_expected(part, requires, suppliers, requires_of, seen)
        parts.append(known)
    return replace(audit, platforms=tuple(parts))


def _with_expected(
    part: PlatformAudit,
    requires: Sequence[str],
    suppliers: Mapping[str, KnownSupplier],
    requires_of: Mapping[str, Sequence[str]],
    seen: Mapping[str, Sequence[str]],
) -> PlatformAudit:
    """Return the part for one platform.

    :param suppliers: the known ones by their normalised names.
    :param requires_of: the requirements of all that are known.
    :param seen: the requirements of the distributions that were looked at.
    """
    names = _names_missing(part)
    if not names:
        return part
    environments = environments_of(part)
    installed = all_required(requires, requires_of, environments) - seen.keys()
    # In the order of the table, so that the same wheel gets the same report.
    rows = [row for name, row in suppliers.items() if name in installed]
    required = _required_suppliers(requires, rows)
    found = _who_has(names, required, platform_of(part.family))
    unseen = all_required(requires, seen, environments) - seen.keys()
    more = replace(part, expected=tuple(found.items()), unseen=tuple(sorted(unseen)))
    return resolve_again(more) if found else more


def _names_missing(part: PlatformAudit) -> tuple[str, ...]:
    """Return the missing libraries that another distribution could have, as the loader compares their names."""
    platform = platform_of(part.family)
    names: dict[str, None] = {}
    for link in part.linkage:
        name = platform.name_in_wheel(link.need)
        # A path of the system's comes from no wheel.
        if isinstance(link.source, Missing) and name is not None:
            names[platform.fold(name)] = None
    return tuple(names)


def _required_suppliers(
    requires: Sequence[str], installed: Sequence[KnownSupplier]
) -> tuple[_Required, ...]:
    """Return known suppliers that are installed with the wheel, each with whether the table is about that version."""
    specifiers = _specifiers_of(requires)
    found = []
    for supplier in installed:
        name = normalised(supplier.distribution)
        is_same = True
        # What is required through others comes in the version of the table, as far as anybody knows.
        if name in specifiers and supplier.versions:
            versions = supplier.versions
            admitted = specifiers[name].filter(versions, prereleases=True)
            is_same = bool(tuple(admitted))
        one = _Required(supplier=supplier, is_same_version=is_same)
        found.append(one)
    return tuple(found)


def _specifiers_of(requires: Sequence[str]) -> dict[str, SpecifierSet]:
    """Return the versions that are required of each distribution, by its normalised name."""
    specifiers = {}
    for text in requires:
        requirement = parsed(text)
        # Broken ones are TW529's to tell.
        if requirement is None:
            continue
        name = normalised(requirement.name)
        specifiers[name] = requirement.specifier
    return specifiers


def _who_has(
    names: Sequence[str], required: Sequence[_Required], platform: Platform
) -> dict[str, str]:
    """Return the required distribution that has each library, for those that one is known to have."""
    suppliers = []
    for one in required:
        libraries = map(platform.fold, one.supplier.libraries)
        suppliers.append((one, LibraryNames(libraries)))
    found = {}
    for name in names:
        distribution = _first_with(name, suppliers)
        if distribution:
            found[name] = distribution
    return found


def _first_with(name: str, suppliers: Sequence[tuple[_Required, LibraryNames]]) -> str:
    """Return the first distribution that is known to have a library; empty when none is."""
    for one, libraries in suppliers:
        is_same = one.is_same_version
        is_known = libraries.include(name, is_same_version=is_same)
        if is_known:
            return one.supplier.distribution
    return ""


def expected_findings(audit: Audit, *, where: str) -> Iterator[Finding]:
    """Yield TW208 for each platform whose files need libraries that required distributions are known to have.

    :param where: the path of METADATA.
    """
    for part in audit.platforms:
        by_distribution: dict[str, dict[str, None]] = {}
        for link in part.linkage:
            if isinstance(link.source, ExpectedFrom):
                names = by_distribution.setdefault(link.source.distribution, {})
                names[link.need.library] = None
        if by_distribution:
            yield _expected(by_distribution, where=where)


def _expected(libraries: dict[str, dict[str, None]], *, where: str) -> Finding:
    """Return TW208.

    :param libraries: by distribution.
    """
    evidence = []
    different: set[str] = set()
    # The order of the files that need them says nothing to people.
    for distribution, found in libraries.items():
        names = sorted(found)
        listed = ", ".join(names)
        evidence.append(f"{distribution}: {listed}")
        different.update(names)
    count = len(different)
    what = "a library" if count == 1 else f"{count} libraries"
    return Finding(
        code="TW208",
        severity=Severity.WARNING,
        where=where,
        message=f"needs {what} of distributions that it requires: they are known to have them, but were not looked at",
        evidence=tuple(evidence),
        hint="what is said of the tag is true if they do; to be sure, name their wheels, too: --with WHEEL",
    )
