"""The licence that Debian's copyright files state, where that is certain."""

from __future__ import annotations

import pytest

from truewheel.system.packages.debian_copyright import common_licences, spdx_licence

FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
PACKAGING = "Files: debian/*\nCopyright: me\nLicense: GPL-3+\n"


def files(licence: str) -> str:
    return f"Files: *\nCopyright: somebody\nLicense: {licence}\n"


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ("Expat", "MIT"),
        ("expat", "MIT"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("LGPL-3+ or GPL-2+", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
        ("BSD-3-clause and Zlib", "BSD-3-Clause AND Zlib"),
        ("BSL-1.0", "BSL-1.0"),
        ("MIT", ""),
        ("BSD", ""),
        ("GPL", ""),
        ("public-domain", ""),
        ("GPL-2+ with OpenSSL exception", ""),
        ("GPL-2+, and Expat", ""),
        ("my-own", ""),
        ("", ""),
    ],
)
def test_short_names_become_spdx_identifiers_where_that_is_certain(
    stated: str, licence: str
) -> None:
    assert spdx_licence(f"{FORMAT}\n{files(stated)}\n{PACKAGING}") == licence


def test_the_header_speaks_for_the_package() -> None:
    text = f"{FORMAT}License: Zlib\n\n{files('Expat')}\nFiles: x\nLicense: ISC\n"
    assert spdx_licence(text) == "Zlib"


def test_several_licences_say_nothing_of_a_binary() -> None:
    text = f"{FORMAT}\n{files('Expat')}\nFiles: contrib/*\nLicense: GPL-2\n"
    assert spdx_licence(text) == ""


def test_paragraphs_of_texts_alone_do_not_count() -> None:
    text = f"{FORMAT}\n{files('Zlib')}\nLicense: GPL-2\n The text of it.\n"
    assert spdx_licence(text) == "Zlib"


@pytest.mark.parametrize("text", ["", "License: Zlib\n", "It is free.\n\nFiles: *\n"])
def test_other_formats_say_nothing(text: str) -> None:
    assert spdx_licence(text) == ""


def test_texts_that_debian_has_once_for_all() -> None:
    text = "see /usr/share/common-licenses/GPL-2, and `/usr/share/common-licenses/Apache-2.0'."
    assert common_licences(text) == [
        "/usr/share/common-licenses/Apache-2.0",
        "/usr/share/common-licenses/GPL-2",
    ]
