"""What the ABI record inside of a module says, against its suffix and against the tags of the wheel. Pure.

Decides TW415 (record and suffix disagree), and for ``import_obstacles`` which Pythons refuse a record where the suffix
leaves that open. CPython reads the record from 3.15 on, before anything of the module runs.

Sources: https://docs.python.org/3.15/c-api/stable.html#c.PyABIInfo_Check, CPython's ``Python/modsupport.c``; PEP 793,
PEP 803; nanobind's ``nb_platform.h``, whose tag is a record of the same kind.
"""

from __future__ import annotations

from ...model.finding import Finding, Severity
from ...model.module_facts import FIRST_CHECKED
from .definitions import own_definitions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.module_facts import AbiRecord, NanobindBackend
    from .interpreters import CompatiblePythons, Version
    from .modules import Module


def abi_records(module: Module) -> Iterator[AbiRecord]:
    """Yield the ABI record of each slice that has one."""
    for piece in module.slices:
        for definition in own_definitions(module, piece, FIRST_CHECKED):
            if definition.abi is not None:
                yield definition.abi


def suits(module: Module, *, free_threaded: bool) -> bool:
    """Return whether nothing in a module keeps Pythons of one kind from loading it.

    :param free_threaded: whether it is about free-threaded Pythons, or those with the GIL.
    """
    for record in abi_records(module):
        if not record.suits(free_threaded=free_threaded):
            return False
    return all(one.is_free_threaded == free_threaded for one in _backends(module))


def _backends(module: Module) -> Iterator[NanobindBackend]:
    """Yield what each slice asks of nanobind's backend, where it tells the tag."""
    for piece in module.slices:
        facts = piece.module
        if facts is not None and facts.nanobind and facts.nanobind.platform_abi:
            yield facts.nanobind


# --- record and suffix ------------------------------------------------------------------------------------------


def check_abi_record(module: Module) -> Iterator[Finding]:
    """Report a module whose record and suffix name different Pythons (TW415)."""
    for record in abi_records(module):
        why = _disagreement(module, record)
        if why is not None:
            yield _disagrees(module, record, why)
            return


def _disagreement(module: Module, record: AbiRecord) -> str | None:
    """Return which Pythons look for the module's suffix and refuse its record; ``None`` when none is known to."""
    if module.abi_tag in ("abi3", "abi3t"):
        return _against_stable_abi(module, record)
    version = _version_in_suffix(module)
    # Older Pythons do not look at it.
    if version is None or version < FIRST_CHECKED:
        return None
    return _against_version(module, record, version)


def _against_version(module: Module, record: AbiRecord, version: Version) -> str | None:
    """Return what a suffix of one Python says that the record does not."""
    if _is_refused_by(record, version, and_newer=False):
        return f"Python {_written(version)} is another version"
    return _refusing_builds(record, free_threaded=module.is_threaded)


def _against_stable_abi(module: Module, record: AbiRecord) -> str | None:
    """Return what a suffix of a stable ABI says that the record does not."""
    if not record.is_stable:
        return f"{module.abi_tag} is a stable ABI, and without STABLE a record is for one version"
    return _refusing_builds(record, free_threaded=module.abi_tag == "abi3t")


def _version_in_suffix(module: Module) -> Version | None:
    """Return the version of CPython that a suffix names."""
    if not module.is_cpython or module.python_tag is None:
        return None
    digits = module.python_tag.removeprefix("cp")
    return int(digits[0]), int(digits[1:] or "0")


def _refusing_builds(record: AbiRecord, *, free_threaded: bool) -> str | None:
    """Return which builds refuse a record, if those of a kind do."""
    if record.suits(free_threaded=free_threaded):
        return None
    kind = "a free-threaded Python" if free_threaded else "a Python with the GIL"
    return f"{kind} looks for that name"


def _is_refused_by(record: AbiRecord, version: Version, *, and_newer: bool) -> bool:
    """Return whether a Python of a version refuses a record because of its version, or a newer one does."""
    if record.version is None:
        return False
    if record.is_stable:
        return record.version > version
    return and_newer or record.version != version


# --- record and tags --------------------------------------------------------------------------------------------


def refusal(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return why some of ``pythons`` refuse what the module says of itself; ``None`` when nothing is known against it."""
    if not pythons.are_cpython or not module.names_no_python:
        return None
    return _refused_record(module, pythons) or _refused_backend(module, pythons)


def _refused_record(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return the record that some of the Pythons refuse."""
    for record in abi_records(module):
        # A suffix that disagrees with the record is reported by itself.
        agrees = _disagreement(module, record) is None
        if agrees and _refuses(record, pythons):
            return f"{record}, which they refuse from 3.15 on"
    return None


def _refused_backend(module: Module, pythons: CompatiblePythons) -> str | None:
    """Return which backend of nanobind's the Pythons do not have."""
    for backend in _backends(module):
        if pythons.free_threaded not in (None, backend.is_free_threaded):
            return _other_backend(backend)
    return None


def _other_backend(backend: NanobindBackend) -> str:
    """Return whose backend a module asks for."""
    owner = "Pythons with the GIL"
    if backend.is_free_threaded:
        owner = "free-threaded Pythons"
    return f"it asks {backend.module} for {backend.platform_abi}, which only that of {owner} has"


def _refuses(record: AbiRecord, pythons: CompatiblePythons) -> bool:
    """Return whether some of the Pythons that look at records refuse one."""
    # A tag without a version is taken for a new one.
    first = max(pythons.version or FIRST_CHECKED, FIRST_CHECKED)
    if not pythons.include(first):
        return False
    is_for_others = not record.suits(free_threaded=pythons.free_threaded)
    return is_for_others or _is_refused_by(record, first, and_newer=pythons.and_newer)


def _disagrees(module: Module, record: AbiRecord, why: str) -> Finding:
    """Return TW415."""
    return Finding(
        code="TW415",
        severity=Severity.ERROR,
        where=module.path,
        message="the module's own ABI record is for other Pythons than its file name",
        evidence=(
            f"{record}",
            f"{module.path} is named for {module.named_for}: {why}",
            "CPython reads the record from 3.15 on, and refuses the import",
        ),
        hint="compile it with the headers and macros of the Python that the name is for, or give it the suffix of the other one",
    )


def _written(version: Version) -> str:
    """Return ``3.15`` for ``(3, 15)``."""
    return f"{version[0]}.{version[1]}"
