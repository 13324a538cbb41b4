"""The texts of bundled packages' licences, read from where the packages have put them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...model.bundled import LicenceText, LicenceTexts, SystemPackage


def read_licence_texts(packages: Iterable[SystemPackage]) -> LicenceTexts:
    """Return the licence texts of packages, each package once, and of which there is none."""
    texts: list[LicenceText] = []
    without, unreadable = [], []
    for package in dict.fromkeys(packages):
        read = []
        for file in package.licence_files:
            try:
                data = Path(file).read_bytes()
            except OSError:
                unreadable.append(file)
            else:
                read.append(LicenceText(package=package, source=file, data=data))
        texts += read
        if not read:
            without.append(package)
    return LicenceTexts(
        texts=tuple(texts),
        without=tuple(without),
        unreadable=tuple(unreadable),
    )
