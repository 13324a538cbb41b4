"""Debian's packages: dpkg's database, and the shorter one of images without dpkg ("distroless").

Sources: dpkg(1) "FILES", dpkg-divert(1), deb822(5), Debian Policy 12.5 "Copyright information".
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from ...model.bundled import SystemPackage
from ...model.header_files import parse_headers
from ...model.record import Record
from .debian_copyright import common_licences, spdx_licence
from .distribution import Distribution, distribution_url, read_distribution
from .file_system import FileSystem

_HOME = "/var/lib/dpkg"
_FILE_LIST = ".list"
_DIGESTS = ".md5sums"


class _Diversion(Record):
    """One file gives way to another package's (dpkg-divert(1)).

    :param path: the name that packages ship.
    :param kept_as: where the file of all packages but one lies.
    :param by: that package; ``:`` for a diversion by hand, which moves every package's file.
    """

    path: str
    kept_as: str
    by: str


def owners(system: FileSystem, wanted: AbstractSet[str]) -> dict[str, SystemPackage]:
    """Return the packages that own some of the wanted paths."""
    owning = {**_distroless_owners(system, wanted), **_owners(system, wanted)}
    if not owning:
        return {}
    stanzas = _stanzas(system, frozenset(owning.values()))
    distribution = read_distribution(system)
    described = {}
    for path, key in owning.items():
        fields = stanzas.get(key, {})
        # Without a version, it is not installed.
        if fields.get("Version"):
            described[path] = _described(system, fields, distribution)
    return described


# --- who owns it ----------------------------------------------------------------------------------------------------


def _owners(system: FileSystem, wanted: AbstractSet[str]) -> dict[str, str]:
    """Return the names of the owning packages, as their lists have them: ``zlib1g:amd64``."""
    diversions = {each.path: each for each in _diversions(system)}
    diverted = {path for path, each in diversions.items() if each.kept_as in wanted}
    lines_wanted = {
        path.encode("utf-8", "surrogateescape") for path in wanted | diverted
    }
    owning: dict[str, str] = {}
    for name in system.names(f"{_HOME}/info"):
        if not name.endswith(_FILE_LIST):
            continue
        package = name.removesuffix(_FILE_LIST)
        lines = system.data(f"{_HOME}/info/{name}").split(b"\n")
        for line in lines_wanted.intersection(lines):
            path = line.decode("utf-8", "surrogateescape")
            place = _place(path, package, diversions.get(path))
            if place in wanted:
                owning[place] = package
    return owning


def _place(path: str, package: str, diversion: _Diversion | None) -> str:
    """Return where the file lies that a package ships as ``path``."""
    if diversion is None or diversion.by == package.partition(":")[0]:
        return path
    return diversion.kept_as


def _diversions(system: FileSystem) -> Iterator[_Diversion]:
    """Yield all diversions: three lines each."""
    lines = system.text(f"{_HOME}/diversions").splitlines()
    for path, kept_as, by in zip(lines[::3], lines[1::3], lines[2::3], strict=False):
        yield _Diversion(path=path, kept_as=kept_as, by=by)


def _distroless_owners(system: FileSystem, wanted: AbstractSet[str]) -> dict[str, str]:
    """Return owning packages by ``status.d/NAME.md5sums``, whose lines are a hash and a path without its first slash."""
    owning = {}
    for name in system.names(f"{_HOME}/status.d"):
        if not name.endswith(_DIGESTS):
            continue
        for line in system.text(f"{_HOME}/status.d/{name}").splitlines():
            path = f"/{line.partition('  ')[2].strip()}"
            if path in wanted:
                owning[path] = name.removesuffix(_DIGESTS)
    return owning


# --- what it is -----------------------------------------------------------------------------------------------------


def _stanzas(system: FileSystem, keys: AbstractSet[str]) -> dict[str, dict[str, str]]:
    """Return what the database says of some packages, by the names of their lists."""
    texts = [*system.text(f"{_HOME}/status").split("\n\n")]
    texts += [system.text(f"{_HOME}/status.d/{key}") for key in sorted(keys)]
    names = {key.partition(":")[0] for key in keys}
    found = {}
    for text in texts:
        # The name comes first, as dpkg writes it. Few of the stanzas are needed.
        first = text.lstrip("\n").partition("\n")[0]
        if first.removeprefix("Package:").strip() not in names:
            continue
        fields = dict(parse_headers(text.lstrip("\n")))
        name = fields.get("Package", "")
        # Lists of packages that may be installed for several architectures are called NAME:ARCHITECTURE.
        for key in (name, f"{name}:{fields.get('Architecture', '')}"):
            if key in keys and key not in found:
                found[key] = fields
    return found


def _described(
    system: FileSystem, fields: dict[str, str], distribution: Distribution
) -> SystemPackage:
    """Return a package, with its licences."""
    name, version = fields["Package"], fields["Version"]
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
            "deb", name, distribution, version=version, architecture=architecture
        ),
    )
