"""The archive's entries: what cannot be unpacked, or is unpacked elsewhere than it seems. Pure.

Sources: PEP 427 and the binary distribution format; PEP 778 (wheels hold no symbolic links yet).
"""

from __future__ import annotations

from collections import Counter, defaultdict

from ..model.finding import Finding, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.contents import WheelFacts

_PACK_AGAIN = "pack it again"


def check_members(facts: WheelFacts) -> Iterator[Finding]:
    """Yield what is wrong with the archive's entries."""
    yield from find_repeated_names(facts)
    yield from find_names_installed_as_one_file(facts)
    yield from find_members_that_cannot_be_unpacked(facts)
    yield from find_symbolic_links(facts)
    yield from find_escaping_paths(facts)
    yield from find_several_dist_infos(facts)
    yield from find_early_dist_info(facts)


def why_unread(facts: WheelFacts, path: str, *, if_readable: str) -> str:
    """Return why nothing is known of a file in ``.dist-info``, empty where TW520 tells that it cannot be unpacked.

    :param if_readable: what is wrong with one that is there and can be unpacked.
    """
    member = facts.files_by_name().get(path)
    if member is None:
        return "is missing"
    return if_readable if member.problem is None else ""


def find_repeated_names(facts: WheelFacts) -> Iterator[Finding]:
    """Report names that the archive holds more than once (TW509)."""
    names = facts.member_names()
    # Nearly always that is all.
    if len(set(names)) == len(names):
        return
    for name, count in Counter(names).items():
        if count > 1:
            yield Finding(
                code="TW509",
                severity=Severity.ERROR,
                where=name,
                message="the archive holds this name more than once",
                hint=_PACK_AGAIN,
            )


def find_names_installed_as_one_file(facts: WheelFacts) -> Iterator[Finding]:
    """Report members of several names that are installed as one file (TW509).

    Which of them stays, only the installer knows.
    """
    data_directory = facts.contents.data_dir
    files = facts.files_by_name()
    # Nearly always that is all.
    if not any(_may_be_installed_elsewhere(name, data_directory) for name in files):
        return
    by_target: defaultdict[str, list[str]] = defaultdict(list)
    for name in files:
        by_target[facts.contents.installed(_plain_path(name))].append(name)
    for target, sources in by_target.items():
        if len(sources) > 1:
            yield Finding(
                code="TW509",
                severity=Severity.ERROR,
                where=sources[1],
                message=f"is installed as {target}, as is {sources[0]}",
                evidence=tuple(sources[2:7]),
                hint="keep one of them",
            )


def _may_be_installed_elsewhere(name: str, data_directory: str) -> bool:
    """Return whether a member may be installed under another path than its name."""
    return "./" in name or "//" in name or name.startswith(data_directory)


def _plain_path(name: str) -> str:
    """Return a path without the parts that mean nothing: ``./p//x.py`` is ``p/x.py``."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def find_members_that_cannot_be_unpacked(facts: WheelFacts) -> Iterator[Finding]:
    """Report members with a wrong checksum, an unknown compression and the like (TW520)."""
    for member in facts.members:
        # What is wrong was found when the member was read: its bytes are not here any more.
        if member.problem is not None:
            yield Finding(
                code="TW520",
                severity=Severity.ERROR,
                where=member.name,
                message=f"cannot be unpacked: {member.problem}",
                hint=_PACK_AGAIN,
            )


def find_symbolic_links(facts: WheelFacts) -> Iterator[Finding]:
    """Report symbolic links (TW507).

    Installers that use ``zipfile`` write a file with the link's target in it: https://peps.python.org/pep-0778/
    """
    for member in facts.members:
        if member.is_symlink:
            yield Finding(
                code="TW507",
                severity=Severity.ERROR,
                where=member.name,
                message="a symbolic link, which wheels cannot hold",
                hint="store the file it means",
            )


def find_escaping_paths(facts: WheelFacts) -> Iterator[Finding]:
    """Report names that would be written elsewhere than the archive says, or that systems read differently (TW508)."""
    for member in facts.members:
        reason = _why_a_path_escapes(member.name)
        if reason:
            yield Finding(
                code="TW508",
                severity=Severity.ERROR,
                where=member.name,
                message=reason,
                hint=_PACK_AGAIN,
            )


def _why_a_path_escapes(name: str) -> str:
    """Return why a member would be written elsewhere than the archive says, empty if it would not."""
    # zipfile strips these, other extractors do not, and a file that leaves the directory may replace any other.
    has_drive = name[1:2] == ":" and name[0].isalpha()
    if name.startswith("/") or has_drive:
        return "an absolute path, which leaves the installation"
    if ".." in name.replace("\\", "/").split("/"):
        return "a path that leaves the installation"
    # An installer joins what follows the scheme to the scheme's directory, and a path that begins with / replaces it.
    below_scheme = name.partition(".data/")[2].partition("/")[2]
    if below_scheme.startswith("/"):
        return (
            "an absolute path below an install scheme, which may leave the installation"
        )
    if "\\" in name:
        return "a backslash in a name: Windows takes it for the end of a directory's name, other systems do not"
    return ""


def find_several_dist_infos(facts: WheelFacts) -> Iterator[Finding]:
    """Report a second metadata directory (TW525): the specification allows one."""
    tops = {member.name.partition("/")[0] for member in facts.members}
    dist_infos = sorted(top for top in tops if top.endswith(".dist-info"))
    # Installers take the first, the one of the file's name, or fail.
    if len(dist_infos) > 1:
        yield Finding(
            code="TW525",
            severity=Severity.ERROR,
            where=dist_infos[1],
            message="more than one .dist-info directory",
            evidence=tuple(dist_infos),
            hint=_PACK_AGAIN,
        )


def find_early_dist_info(facts: WheelFacts) -> Iterator[Finding]:
    """Report a metadata directory that is not at the end of the archive (TW521).

    Archivers are encouraged to put it there, so that metadata can be replaced without rewriting the archive:
    https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-contents
    """
    prefix = facts.contents.dist_info + "/"
    has_begun = False
    for member in facts.members:
        # Entries of directories hold nothing that anybody looks for.
        if member.name.endswith("/"):
            continue
        if member.name.startswith(prefix):
            has_begun = True
        elif has_begun:
            yield Finding(
                code="TW521",
                severity=Severity.NOTE,
                where=facts.contents.dist_info,
                message="is not at the end of the archive, where tools look first",
                hint="truewheel tag writes it there",
            )
            return
