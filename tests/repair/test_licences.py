"""Where licences of bundled packages lie in a wheel."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truewheel.model.bundled import LicenceText, SystemPackage
from truewheel.repair.licences import licence_members, safe_name


def text(
    package: str, source: str, data: bytes = b"free", manager: str = "dpkg"
) -> LicenceText:
    owner = SystemPackage(manager=manager, name=package, version="1")
    return LicenceText(package=owner, source=source, data=data)


def test_one_folder_a_package() -> None:
    texts = [
        text("zlib1g", "/usr/share/doc/zlib1g/copyright", b"zlib's"),
        text("libgomp1", "/usr/share/doc/gcc-12-base/copyright", b"gcc's"),
        text("libgomp1", "/usr/share/common-licenses/GPL-3", b"GNU's"),
        # A second file of the same package has the same texts.
        text("zlib1g", "/usr/share/doc/zlib1g/copyright", b"zlib's"),
    ]
    assert licence_members("p-1.dist-info", texts) == {
        "p-1.dist-info/licenses/bundled/libgomp1/GPL-3": b"GNU's",
        "p-1.dist-info/licenses/bundled/libgomp1/copyright": b"gcc's",
        "p-1.dist-info/licenses/bundled/zlib1g/copyright": b"zlib's",
    }


def test_names_that_clash_get_a_part_of_the_hash() -> None:
    texts = [
        text("zlib", "/a/LICENSE", b"one", manager="conda"),
        text("zlib", "/b/license", b"two", manager="vcpkg"),
        text("ZLIB", "/c/LICENSE", b"three"),
    ]
    members = licence_members("d", texts)
    digest = hashlib.sha256(b"two").hexdigest()[:8]
    assert members[f"d/licenses/bundled/zlib/license-{digest}"] == b"two"
    assert sorted(members.values()) == [b"one", b"three", b"two"]
    assert len({name.lower() for name in members}) == 3
    assert members == licence_members("d", reversed(texts))


def test_what_the_wheel_has_from_an_earlier_repair_is_not_added_again() -> None:
    texts = [text("zlib", "/a/LICENSE", b"one"), text("zlib", "/b/LICENSE", b"two")]
    first = licence_members("d", texts)
    present = {name: hashlib.sha256(data).hexdigest() for name, data in first.items()}
    assert licence_members("d", texts, present=present) == {}
    more = [*texts, text("zlib", "/c/LICENSE", b"three")]
    assert list(licence_members("d", more, present=present).values()) == [b"three"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("libstdc++6", "libstdc++6"),
        ("openssl@3", "openssl_3"),
        ("a b/c", "a_b_c"),
        ("..", "_"),
        (".hidden", "_.hidden"),
        ("NUL.txt", "_NUL.txt"),
        ("ends.", "ends"),
        ("", "_"),
    ],
)
def test_names_that_every_system_takes(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=20))
def test_a_safe_name_is_one_part_of_a_path_and_stays_what_it_is(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe.isascii()
    assert not set(safe) & set('/\\:*?"<>| ')
    assert ".." not in safe
    assert safe_name(safe) == safe
