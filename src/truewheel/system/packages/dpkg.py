"""Debian's packages: dpkg's database, and the shorter one of images without dpkg ("distroless").

Sources: dpkg(1) "FILES", dpkg-divert(1), deb822(5), Debian Policy 12.5 "Copyright information".
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from ...model.bundled import SystemPackage
from ...model.header_files import parse_headers
from ...model.record import Record
from .debian_copyright import common_licences, spdx_licence
from .distribution import Distribution, distribution_url, read_distribution
from .file_system import FileSystem, Owners, Paths, lines_of

_STATUS = "/var/lib/dpkg/status"
_STATUS_FILES = "/var/lib/dpkg/status.d"
_FILE_LISTS = "/var/lib/dpkg/info"
_DIVERSIONS = "/var/lib/dpkg/diversions"
_FILE_LIST = ".list"
_DIGESTS = ".md5sums"


Stanza = dict[str, str]
"""What the database says of a package, by its fields."""


class _Diversion(Record):
    """One file gives way to another package's (dpkg-divert(1)).

    :param path: the name that packages ship.
    :param kept_as: where the file of all packages but one lies.
    :param by: that package; ``:`` for a diversion by hand, which moves every package's file.
    """

    path: str
    kept_as: str
    by: str


def owners(
    system: FileSystem,
    wanted: Paths,
) -> Owners:
    """Return the packages that own some of the wanted paths."""
    owning = {**_distroless_owners(system), **_owners(system, wanted)}
    keys = {path: owning[path] for path in owning.keys() & wanted}
    if not keys:
        return {}
    stanzas = _stanzas(system, set(keys.values()))
    distribution = read_distribution(system)
    described = {}
    for path, key in keys.items():
        fields = stanzas.get(key)
        # A list without a stanza is of a package that is being removed.
        if fields is not None:
            described[path] = _described(system, fields, distribution)
    return described


# --- who owns it ----------------------------------------------------------------------------------------------------


def _owners(
    system: FileSystem,
    wanted: Paths,
) -> dict[str, str]:
    """Return the names of the owning packages, as their lists have them: ``zlib1g:amd64``."""
    diversions = _diversions(system)
    asked = set(wanted)
    for each in diversions.values():
        if each.kept_as in wanted:
            asked.add(each.path)
    owning = {}
    # A thousand lists have 160,000 lines, of which few matter: so those with such a name in them are told first.
    endings = {_bytes(path).rpartition(b"/")[2] + b"\n" for path in asked}
    for package, data in system.contents(_FILE_LISTS, _FILE_LIST):
        if not any(ending in data for ending in endings):
            continue
        for path in asked.intersection(lines_of(data)):
            place = _place(path, package, diversions.get(path))
            owning[place] = package
    return owning


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _place(
    path: str,
    package: str,
    diversion: _Diversion | None,
) -> str:
    """Return where the file lies that a package ships as ``path``."""
    if diversion is None or diversion.by == package.partition(":")[0]:
        return path
    return diversion.kept_as


def _diversions(system: FileSystem) -> dict[str, _Diversion]:
    """Return all diversions by the names that packages ship: each has three lines."""
    lines = iter(system.lines(_DIVERSIONS))
    diversions = {}
    for path, kept_as, by in zip(lines, lines, lines, strict=False):
        diversions[path] = _Diversion(
            path=path,
            kept_as=kept_as,
            by=by,
        )
    return diversions


def _distroless_owners(system: FileSystem) -> dict[str, str]:
    """Return owning packages by ``status.d/NAME.md5sums``, whose lines are a hash and a path without its first slash."""
    owning = {}
    for package, digests in system.named(_STATUS_FILES, _DIGESTS):
        for line in system.lines(digests):
            _, _, path = line.partition("  ")
            owning[f"/{path}"] = package
    return owning


# --- what it is -----------------------------------------------------------------------------------------------------


def _stanzas(
    system: FileSystem,
    keys: AbstractSet[str],
) -> dict[str, Stanza]:
    """Return what the database says of some packages, by the names of their lists."""
    names = {key.partition(":")[0] for key in keys}
    texts = system.text(_STATUS).split("\n\n")
    for name in sorted(names):
        text = system.text(f"{_STATUS_FILES}/{name}")
        texts.append(text)
    found: dict[str, Stanza] = {}
    for text in texts:
        # Few of the stanzas are needed.
        name = _name(text)
        if name in names:
            fields = dict(parse_headers(text.strip("\n")))
            architecture = fields.get("Architecture", "")
            # Lists of packages that may be installed for several architectures are called NAME:ARCHITECTURE.
            found.setdefault(f"{name}:{architecture}", fields)
            found.setdefault(name, fields)
    return found


def _name(stanza: str) -> str:
    """Return the name of a stanza's package, which comes first in all that dpkg writes."""
    first = stanza.lstrip("\n").partition("\n")[0]
    key, _, name = first.partition(":")
    if key != "Package":
        return ""
    return name.strip()


def _described(
    system: FileSystem,
    fields: Stanza,
    distribution: Distribution,
) -> SystemPackage:
    """Return a package, with its licences."""
    name = fields["Package"]
    version = fields.get("Version", "")
    architecture = fields.get("Architecture", "")
    # The directory may be a link to that of another package of the same source (Debian Policy 12.5).
    copyright_file = f"/usr/share/doc/{name}/copyright"
    text = system.text(copyright_file)
    return SystemPackage(
        manager="dpkg",
        name=name,
        version=version,
        architecture=architecture,
        licence=spdx_licence(text),
        licence_files=system.files_of(copyright_file, *common_licences(text)),
        purl=distribution_url(
            "deb",
            name,
            distribution,
            version=version,
            architecture=architecture,
        ),
    )
