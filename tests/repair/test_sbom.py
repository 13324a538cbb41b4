"""The bill of materials, checked against the schema of CycloneDX."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import needs
from truewheel.model.bundled import BundledFile, Component, SystemPackage
from truewheel.model.errors import TruewheelError
from truewheel.repair.sbom import merged_sbom, sbom_path, sbom_text

GOMP = SystemPackage(
    manager="dpkg",
    name="libgomp1",
    version="12.2.0-14+deb12u1",
    architecture="amd64",
    licence="GPL-3.0-or-later WITH GCC-exception-3.1",
    purl="pkg:deb/debian/libgomp1@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12",
)
OLD_RPM = SystemPackage(
    manager="rpm", name="zlib", version="1.2.7-21.el7", licence="zlib and Boost"
)
EIGEN = Component(name="Eigen3", version="3.4.0", origin="find_package")
HEAD: dict[str, Any] = {
    "project": "My_Project",
    "version": "1.0",
    "generator": "truewheel 0.1",
}


def bundled(path: str, package: SystemPackage | None = None) -> BundledFile:
    name = path.rpartition("/")[2]
    return BundledFile(
        source=f"/home/me/build/{name}",
        path=path,
        size=10,
        digest="0a" * 32,
        written_digest="0b" * 32,
        package=package,
    )


def assert_valid(text: str) -> None:
    """Let the schema judge, with all formats of strings that it asks for."""
    if importlib.util.find_spec("cyclonedx") is None:
        needs.missing("the package cyclonedx-python-lib[json-validation]")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert error is None, error


def parsed(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document


def by_reference(text: str) -> dict[str, dict[str, Any]]:
    return {each["bom-ref"]: each for each in parsed(text)["components"]}


def needs_of(text: str) -> dict[str, list[str]]:
    return {row["ref"]: row["dependsOn"] for row in parsed(text)["dependencies"]}


def test_it_lies_where_pep_770_says() -> None:
    assert sbom_path("p-1.0.dist-info") == "p-1.0.dist-info/sboms/truewheel.cdx.json"


def test_every_bundled_file_is_a_component() -> None:
    files = [
        bundled("p.libs/libgomp-0b.so.1", GOMP),
        bundled("p.libs/libgomp-plugin-0b.so.1", GOMP),
        bundled("p.libs/libown-0b.so"),
    ]
    text = sbom_text(**HEAD, bundled=files, wheel_tags=["py3-none-any"])
    assert_valid(text)
    found = by_reference(text)
    first = found["file:p.libs/libgomp-0b.so.1"]
    assert first == {
        "type": "file",
        "bom-ref": "file:p.libs/libgomp-0b.so.1",
        "name": "libgomp-0b.so.1",
        "hashes": [{"alg": "SHA-256", "content": "0b" * 32}],
        "licenses": [{"expression": "GPL-3.0-or-later WITH GCC-exception-3.1"}],
        "purl": GOMP.purl,
        "evidence": {"occurrences": [{"location": "p.libs/libgomp-0b.so.1"}]},
        "properties": [
            {"name": "truewheel:source-name", "value": "libgomp-0b.so.1"},
            {"name": "truewheel:source-sha256", "value": "0a" * 32},
            {"name": "truewheel:source-size", "value": "10"},
        ],
    }
    assert [each["type"] for each in found.values()].count("file") == 3
    own = found["file:p.libs/libown-0b.so"]
    assert own.keys().isdisjoint({"purl", "licenses"})


def test_the_project_needs_its_files_and_they_their_package() -> None:
    files = [bundled("a/x.so", GOMP), bundled("a/y.so", GOMP), bundled("a/z.so")]
    text = sbom_text(**HEAD, bundled=files, components=[EIGEN])
    assert_valid(text)
    subject = parsed(text)["metadata"]["component"]
    assert subject["name"] == "My_Project"
    assert subject["purl"] == "pkg:pypi/my-project@1.0"
    package = "package:dpkg/libgomp1/12.2.0-14+deb12u1/amd64"
    assert needs_of(text) == {
        "pkg:pypi/my-project@1.0": [
            "file:a/x.so",
            "file:a/y.so",
            "file:a/z.so",
            "linked:Eigen3@3.4.0",
        ],
        "file:a/x.so": [package],
        "file:a/y.so": [package],
        "file:a/z.so": [],
        "linked:Eigen3@3.4.0": [],
        package: [],
    }
    assert needs_of(text).keys() == by_reference(text).keys() | {subject["bom-ref"]}
    assert by_reference(text)[package]["version"] == "12.2.0-14+deb12u1"


def test_a_licence_that_is_not_spdxs_is_a_name() -> None:
    text = sbom_text(**HEAD, bundled=[bundled("a/x.so", OLD_RPM)])
    assert_valid(text)
    licences = by_reference(text)["file:a/x.so"]["licenses"]
    assert licences == [{"license": {"name": "zlib and Boost"}}]


def test_what_was_linked_statically() -> None:
    fetched = Component(
        name="fmt", origin="FetchContent", purl="pkg:github/fmtlib/fmt@11.0.2"
    )
    text = sbom_text(**HEAD, bundled=[], components=[EIGEN, fetched, EIGEN])
    assert_valid(text)
    assert list(by_reference(text)) == ["linked:Eigen3@3.4.0", "linked:fmt@"]
    assert by_reference(text)["linked:fmt@"] == {
        "type": "library",
        "bom-ref": "linked:fmt@",
        "name": "fmt",
        "purl": "pkg:github/fmtlib/fmt@11.0.2",
        "properties": [
            {"name": "truewheel:linkage", "value": "static"},
            {"name": "truewheel:origin", "value": "FetchContent"},
        ],
    }


def test_no_folder_of_the_machine_and_no_time_gets_in() -> None:
    text = sbom_text(**HEAD, bundled=[bundled("a/x.so", GOMP)], components=[EIGEN])
    assert "/home/me" not in text
    assert "timestamp" not in text


def test_the_order_of_the_input_does_not_matter() -> None:
    files = [bundled("a/x.so", GOMP), bundled("a/y.so", OLD_RPM), bundled("a/z.so")]
    tags = ["cp313-cp313-win_amd64", "cp312-cp312-win_amd64"]
    texts = {
        sbom_text(**HEAD, bundled=files, wheel_tags=tags),
        sbom_text(**HEAD, bundled=files[::-1], wheel_tags=tags[::-1]),
    }
    assert len(texts) == 1


def test_the_serial_number_is_made_of_the_content() -> None:
    serials = {
        parsed(sbom_text(**HEAD, bundled=[bundled(path, package)]))["serialNumber"]
        for path in ("a/x.so", "a/y.so")
        for package in (None, GOMP)
    }
    assert len(serials) == 4


def test_a_repair_that_bundles_nothing_leaves_the_bill_as_it_is() -> None:
    assert merged_sbom("anything at all", **HEAD, bundled=[]) == "anything at all"


def test_a_repair_that_bundles_more_adds_to_the_bill() -> None:
    old = [bundled("a/x.so", GOMP), bundled("a/y.so")]
    new = [bundled("a/z.so", OLD_RPM)]
    first = sbom_text(**HEAD, bundled=old, components=[EIGEN])
    merged = merged_sbom(first, **HEAD, bundled=new)
    assert_valid(merged)
    assert merged == sbom_text(**HEAD, bundled=[*old, *new], components=[EIGEN])
    assert merged_sbom(merged, **HEAD, bundled=new) == merged


def test_of_a_file_that_was_written_anew_the_new_facts_count() -> None:
    first = sbom_text(**HEAD, bundled=[bundled("a/x.so", OLD_RPM)])
    merged = merged_sbom(first, **HEAD, bundled=[bundled("a/x.so", GOMP)])
    assert by_reference(merged)["file:a/x.so"]["purl"] == GOMP.purl
    assert_valid(merged)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"bomFormat": "SPDX"}', '{"bomFormat": "CycloneDX", "components": [{}]}',
     '{"bomFormat": "CycloneDX", "components": 7}', '{"bomFormat": "CycloneDX", "dependencies": ["x"]}'],
)  # fmt: skip
def test_a_bill_that_cannot_be_added_to_is_refused(text: str) -> None:
    with pytest.raises(TruewheelError) as error:
        merged_sbom(text, **HEAD, bundled=[bundled("a/x.so")])
    assert error.value.message == (
        "sboms/truewheel.cdx.json in the wheel is not a CycloneDX document that can be added to"
    )
    assert error.value.hint is not None


PACKAGES = st.builds(
    SystemPackage,
    manager=st.sampled_from(["dpkg", "rpm", "conda"]),
    name=st.text(min_size=1, max_size=5),
    version=st.text(max_size=5),
    licence=st.sampled_from(["", "MIT", "MIT OR", "GPLv2+", "()", "LicenseRef-x"]),
    purl=st.sampled_from(["", GOMP.purl]),
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=5), PACKAGES | st.none()), max_size=5
    )
)
def test_whatever_packages_say_the_bill_is_valid(
    rows: list[tuple[str, SystemPackage | None]],
) -> None:
    files = [bundled(f"p.libs/{name}", package) for name, package in rows]
    assert_valid(sbom_text(**HEAD, bundled=files))
