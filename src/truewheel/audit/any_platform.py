"""The platform tag ``any``: what it may stand beside, and which binaries it may cover. Pure."""

from __future__ import annotations

from ..model.binary import Format, Kind
from ..model.contents import is_data
from ..model.finding import Finding, Severity
from .carried_files import is_carried_web_module, loaded_paths
from .linkage import owner_of
from .python.modules import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.audit import Audit
    from ..model.binary import Binary
    from ..model.contents import Contents, File
    from ..model.wheel_name import WheelName

_MOST_FILES = 5
"""Files that are listed."""
_COMMANDS = ("scripts", "data/bin", "data/Scripts")
"""Where in the data directory programs lie that come to be on the PATH."""


def any_platform_findings(
    contents: Contents,
    audit: Audit,
    claimed: WheelName,
) -> Iterator[Finding]:
    """Yield what is wrong with a claim that a wheel is for any platform."""
    # PEP 425: interpreters look for their ABIs on their platforms only, and for ``any`` with ``none``.
    # https://peps.python.org/pep-0425/#platform-tag
    if "none" not in claimed.abis and set(claimed.platforms) == {"any"}:
        yield _abi_with_any(claimed)
    loadable = [
        file
        for file, binary in contents.binaries()
        if binary.is_loadable and not is_carried_web_module(file.path, binary)
    ]
    if loadable:
        yield _binaries_for_any(contents, audit, loadable)


def _abi_with_any(claimed: WheelName) -> Finding:
    """Return TW411 for an ABI tag that has only the platform any beside it."""
    return Finding(
        code="TW411",
        severity=Severity.ERROR,
        where=claimed.tag,
        message=f"no Python accepts a wheel that is tagged {claimed.tag}",
        evidence=(
            f"{'.'.join(claimed.abis)} is looked for with a platform, and not with any",
        ),
        hint="tag it none-any when nothing in it is compiled, and else for the platform of its binaries",
    )


def _binaries_for_any(
    contents: Contents,
    audit: Audit,
    loadable: list[File],
) -> Finding:
    """Return TW301: an error for an extension module or a command, which is missing on all other platforms.

    Other files may be data (a launcher to copy, a test's fixture). A wheel that carries them for several systems does so on
    purpose, and chooses at run time.
    """
    severity = Severity.ERROR
    hint = "tag it for the platform of its binaries"
    # An extension module is imported everywhere, and a command is on every PATH.
    if files := _modules_of_one_system(contents, audit):
        what = "holds an extension module of one"
    elif files := _commands_of_one_system(contents):
        what = "installs a program that runs on one"
    else:
        files = [file.path for file in loadable]
        what = "holds binaries"
        severity = Severity.WARNING
        hint = f"{hint}, unless it works without them"
        systems = _carried_for(audit)
        if systems:
            what = f"holds binaries of several systems ({systems}), none of which an import loads"
            severity = Severity.NOTE
    shown = [
        (file, binary)
        for file, binary in contents.binaries()
        if file.path in files[:_MOST_FILES]
    ]
    return Finding(
        code="TW301",
        severity=severity,
        where=files[0],
        message=f"a wheel for any platform {what}",
        evidence=tuple(_describe(file, binary) for file, binary in shown),
        hint=hint,
    )


def _carried_for(audit: Audit) -> str:
    """Return the systems for which there are binaries, when they are several and no import loads any; else nothing."""
    # selenium brings a program for each system, and starts the right one.
    if len(audit.platforms) < 2:
        return ""
    systems = []
    for part in audit.platforms:
        if loaded_paths(part):
            return ""
        systems.append(part.family)
    return ", ".join(systems)


def _modules_of_one_system(contents: Contents, audit: Audit) -> list[str]:
    # With modules for several systems, Python code chooses one of them.
    if len(audit.platforms) != 1:
        return []
    paths = [module.path for module in modules(contents)]
    return [path for path in paths if not is_data(path)]


def _commands_of_one_system(contents: Contents) -> list[str]:
    """Return programs that installers put on the PATH, when all are for one system. WebAssembly needs no particular one."""
    places = tuple(f"{contents.data_dir}/{place}/" for place in _COMMANDS)
    paths = []
    families: set[str | None] = set()
    for file, binary in contents.binaries():
        if file.path.startswith(places) and _is_program(binary):
            paths.append(file.path)
            families.update(owner_of(binary.format, piece) for piece in binary.slices)
    return paths if len(families - {None}) == 1 else []


def _is_program(binary: Binary) -> bool:
    # WebAssembly programs need a runtime, and no particular system.
    if binary.format is Format.WASM:
        return False
    return any(piece.kind is Kind.EXECUTABLE for piece in binary.slices)


def _describe(file: File, binary: Binary) -> str:
    """Return a file's format and CPUs as people find them with ``file`` or ``readelf``."""
    slices = dict.fromkeys(
        f"{piece.kind.value} for {piece.cpu}" for piece in binary.slices
    )
    return f"{file.path}: {', '.join((binary.format.value, *slices))}"
