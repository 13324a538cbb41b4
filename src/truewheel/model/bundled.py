"""What a repair puts into a wheel: libraries of the machine, with the packages that they come from."""

from __future__ import annotations

from .record import Record


class SystemPackage(Record):
    """A package of the system, as its package database describes it.

    :param manager: ``dpkg``, ``rpm``, ``apk``, ``homebrew``, ``conda`` or ``vcpkg``.
    :param version: as the manager writes it: with epoch and revision.
    :param architecture: as the manager writes it; empty when it does not say.
    :param licence: as the database has it, an SPDX expression where it uses them; empty when it does not say.
    :param licence_files: paths, on the disk that was read, of the texts that the package installed, and of common ones that
        these refer to (Debian's ``/usr/share/common-licenses``). Empty when there is none.
    :param purl: https://github.com/package-url/purl-spec, without the name of a file.
    """

    manager: str
    name: str
    version: str
    architecture: str = ""
    licence: str = ""
    licence_files: tuple[str, ...] = ()
    purl: str = ""


class LicenceText(Record):
    """The text of a licence of a bundled package.

    :param source: the file that it was read from.
    """

    package: SystemPackage
    source: str
    data: bytes


class LicenceTexts(Record):
    """The licences of all packages that something was bundled from.

    :param without: packages of which no text could be read: worth a finding, for most licences ask for their text.
    :param unreadable: files that a package names and that could not be read.
    """

    texts: tuple[LicenceText, ...] = ()
    without: tuple[SystemPackage, ...] = ()
    unreadable: tuple[str, ...] = ()


class Component(Record):
    """Something that was linked into the binaries, as CMake knows it (FetchContent, ``find_package``, Conan, vcpkg).

    :param version: empty when CMake does not know it.
    :param origin: how CMake came to it: ``FetchContent``, ``find_package``.
    :param purl: where it can be told (a Git repository, a package of Conan or vcpkg); else empty.
    """

    name: str
    version: str = ""
    origin: str = ""
    purl: str = ""


class BundledFile(Record):
    """One library that was copied into the wheel.

    :param source: where it came from, absolute, with links resolved.
    :param path: where it lies in the wheel.
    :param size: of the source, in bytes.
    :param digest: SHA-256 of the source, in hex digits.
    :param written_digest: SHA-256 of the file in the wheel, in hex digits.
    :param package: the package that the source belongs to, if any.
    """

    source: str
    path: str
    size: int
    digest: str
    written_digest: str
    package: SystemPackage | None = None
