"""Whether users of a module in nanobind's split mode get the backend that it is linked with at run time (TW416). Pure.

Such a module holds none of nanobind's code. It imports a backend, as a rule ``nanobind_backend``, which has to be required in
METADATA, and has wheels for some platforms only. Which ones is a table, written by ``docs/regenerate/nanobind_backends.py``.

Source: nanobind 3.1, ``include/nanobind/nb_backend.h``, and its manual on split mode.
"""

from __future__ import annotations

from ..data_tables import table
from ..model.finding import Finding, Severity
from ..model.record import Record
from ..platforms import parse_known_tags
from .required_distributions import is_required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.contents import Contents
    from ..model.neighbours import Neighbour
    from ..model.tags import PlatformTag


class _Backend(Record):
    """A backend that modules of a wheel ask for.

    :param module: what they import.
    :param distribution: what brings it.
    :param path: the first module that asks for it.
    :param cpu: of that module.
    """

    module: str
    distribution: str
    path: str
    cpu: str


def backend_findings(
    contents: Contents,
    requires: Sequence[str],
    platforms: Sequence[str],
    *,
    neighbours: Sequence[Neighbour] = (),
) -> Iterator[Finding]:
    """Yield what keeps users of a wheel from getting the backend that its modules ask for.

    :param requires: the wheel's requirements, as METADATA has them.
    :param platforms: its platform tags.
    :param neighbours: distributions that are known, with what they require.
    """
    for backend in _backends(contents):
        # A project may bring its own.
        if _is_in_wheel(backend, contents) or not backend.distribution:
            continue
        tags = tuple(parse_known_tags(platforms))
        families = tuple({tag.family: None for tag in tags})
        if not is_required(
            backend.distribution,
            requires,
            neighbours,
            families=families,
            cpu=backend.cpu,
        ):
            yield _not_required(
                backend, requires, where=f"{contents.dist_info}/METADATA"
            )
        missing = [tag for tag in tags if not _has_wheel(backend.distribution, tag)]
        if missing:
            yield _has_no_wheel(backend, missing)


def _backends(contents: Contents) -> list[_Backend]:
    """Return the backends that modules ask for, each once."""
    found: dict[str, _Backend] = {}
    for file, binary in contents.binaries():
        for piece in binary.slices:
            asked = piece.module.nanobind if piece.module is not None else None
            if asked is not None and asked.module not in found:
                found[asked.module] = _Backend(
                    module=asked.module,
                    distribution=asked.distribution,
                    path=file.path,
                    cpu=piece.cpu,
                )
    return list(found.values())


def _is_in_wheel(backend: _Backend, contents: Contents) -> bool:
    """Return whether the wheel holds the module or the package that is imported."""
    path = backend.module.replace(".", "/")
    beginnings = (f"{path}.", f"{path}/")
    return any(file.path.startswith(beginnings) for file in contents.files)


# --- platforms --------------------------------------------------------------------------------------------------


def _has_wheel(distribution: str, tag: PlatformTag) -> bool:
    """Return whether a distribution has a wheel for every system that a tag promises, as far as it is known."""
    row = table("audit/nanobind_backends.json").get(distribution)
    # A plain tag promises no system.
    if row is None or tag.is_plain:
        return True
    return any(_covers(known, tag) for known in parse_known_tags(row["platforms"]))


def _covers(known: PlatformTag, tag: PlatformTag) -> bool:
    """Return whether a wheel with the tag ``known`` can be installed on every system that ``tag`` promises."""
    if (known.family, known.kind) != (tag.family, tag.kind):
        return False
    # universal2 is for both CPUs, each of which has a wheel of its own.
    if tag.cpu not in ("universal2", known.cpu):
        return False
    return known.level <= tag.level


# --- findings ---------------------------------------------------------------------------------------------------


def _not_required(backend: _Backend, requires: Sequence[str], *, where: str) -> Finding:
    """Return TW416 for a backend that METADATA does not require: an error when nothing else is installed either."""
    severity = Severity.WARNING if requires else Severity.ERROR
    evidence = [f"{backend.path} imports {backend.module} when it is imported itself"]
    if requires:
        evidence.append("something that is required may require it in its turn")
    return Finding(
        code="TW416",
        severity=severity,
        where=where,
        message=f"a module needs nanobind's backend, and {backend.distribution} is not required",
        evidence=tuple(evidence),
        hint=f'in [project]: dependencies = ["{backend.distribution}"]',
    )


def _has_no_wheel(backend: _Backend, missing: Sequence[PlatformTag]) -> Finding:
    """Return TW416 for systems that a tag promises and on which the backend cannot be installed."""
    row = table("audit/nanobind_backends.json")[backend.distribution]
    names = ", ".join(tag.text for tag in missing)
    return Finding(
        code="TW416",
        severity=Severity.WARNING,
        where=backend.path,
        message=f"{backend.distribution} has no wheel for all systems of {names}, and no source to build it from",
        evidence=(
            f"{backend.path} imports {backend.module} when it is imported itself",
            f"{backend.distribution} {row['version']}, on {row['date']}: {', '.join(row['platforms'])}",
        ),
        hint="promise no more than the backend does, or link nanobind into the module: nanobind_add_module without BACKEND_MODULE",
    )
