"""Package URLs, beside the reader of the specification's own library."""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import needs
from truewheel.model.package_url import package_url

TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            package_url("deb", "curl", version="7.50.3-1", namespace="debian",
                        qualifiers={"distro": "jessie", "arch": "i386"}),
            "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie",
        ),
        (
            package_url("deb", "attr", version="1:2.4.47-2+b1", namespace="debian",
                        qualifiers={"arch": "amd64"}),
            "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64",
        ),
        (
            package_url("brew", "postgresql@12", version="12.17"),
            "pkg:brew/postgresql%4012@12.17",
        ),
        (
            package_url("brew", "some-app", version="1.2.3", namespace="some-org/some-tap",
                        qualifiers={"repository_url": "https://git.example/some-tap.git"}),
            "pkg:brew/some-org/some-tap/some-app@1.2.3?repository_url=https://git.example/some-tap.git",
        ),
        (package_url("pypi", "Django_Package", version="1.11"), "pkg:pypi/django-package@1.11"),
        (package_url("vcpkg", "zlib", qualifiers={"port_version": ""}), "pkg:vcpkg/zlib"),
    ],
)  # fmt: skip
def test_examples_of_the_specification(url: str, expected: str) -> None:
    assert url == expected


@given(name=TEXT, version=TEXT, namespace=TEXT, value=TEXT)
def test_another_reader_finds_what_was_put_in(
    name: str, version: str, namespace: str, value: str
) -> None:
    if importlib.util.find_spec("packageurl") is None:
        needs.missing("the package packageurl-python")
    from packageurl import PackageURL

    # Slashes separate parts of a namespace, and are not a part of names.
    name, namespace = name.replace("/", "_"), namespace.replace("/", "_")
    text = package_url(
        "generic", name, version=version, namespace=namespace, qualifiers={"key": value}
    )
    read = PackageURL.from_string(text)
    assert (read.name, read.version, read.namespace) == (name, version, namespace)
    assert read.qualifiers == {"key": value}
