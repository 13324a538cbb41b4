"""Packages of conda, vcpkg and Homebrew: managers whose database lies in the directory that they install into."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import SOURCE
from support.rights import as_anybody
from support.unpacked_systems import unpack
from truewheel.model.bundled import SystemPackage
from truewheel.system.packages import find_package, find_packages
from truewheel.system.packages.homebrew import formula_licence

CONDA = {
    "build": "hb9d3cd8_2",
    "build_number": 2,
    "channel": "https://conda.example/conda-forge/linux-64",
    "extracted_package_dir": "/opt/conda/pkgs/libzlib-1.3.1-hb9d3cd8_2",
    "files": ["lib/libz.so", "lib/libz.so.1", "lib/libz.so.1.3.1"],
    "fn": "libzlib-1.3.1-hb9d3cd8_2.conda",
    "license": "Zlib",
    "license_family": "Other",
    "name": "libzlib",
    "subdir": "linux-64",
    "version": "1.3.1",
}
CONDA_FILES = {
    "/opt/conda/conda-meta/history": "",
    "/opt/conda/conda-meta/libzlib-1.3.1-hb9d3cd8_2.json": json.dumps(CONDA),
    "/opt/conda/lib/libz.so.1.3.1": "z",
    "/opt/conda/lib/libz.so.1": "-> libz.so.1.3.1",
    "/opt/conda/pkgs/libzlib-1.3.1-hb9d3cd8_2/info/licenses/license.txt": "zlib's",
    "/opt/conda/pkgs/libzlib-1.3.1-hb9d3cd8_2/info/licenses/third/MIT": "another's",
}


def test_a_package_of_conda(tmp_path: Path) -> None:
    root = unpack(tmp_path, CONDA_FILES)
    package = find_package(Path("/opt/conda/lib/libz.so.1"), root)
    texts = f"{root}/opt/conda/pkgs/libzlib-1.3.1-hb9d3cd8_2/info/licenses"
    assert package == SystemPackage(
        manager="conda",
        name="libzlib",
        version="1.3.1",
        architecture="linux-64",
        licence="Zlib",
        licence_files=(f"{texts}/license.txt", f"{texts}/third/MIT"),
        purl="pkg:conda/libzlib@1.3.1?build=hb9d3cd8_2&channel=conda-forge&subdir=linux-64&type=conda",
    )


def test_where_a_package_of_conda_was_linked_from(tmp_path: Path) -> None:
    cache = CONDA["extracted_package_dir"]
    record = {**CONDA, "extracted_package_dir": "", "link": {"source": cache}}
    name = "/opt/conda/conda-meta/libzlib-1.3.1-hb9d3cd8_2.json"
    root = unpack(tmp_path, {**CONDA_FILES, name: json.dumps(record)})
    package = find_package(Path("/opt/conda/lib/libz.so.1"), root)
    assert package is not None
    assert len(package.licence_files) == 2


def test_a_package_of_conda_that_does_not_say_where_it_was_kept(
    tmp_path: Path,
) -> None:
    record = {**CONDA, "extracted_package_dir": None}
    name = "/opt/conda/conda-meta/libzlib-1.3.1-hb9d3cd8_2.json"
    files = {**CONDA_FILES, name: json.dumps(record), "/info/licenses/mine": "no"}
    package = find_package(Path("/opt/conda/lib/libz.so.1"), unpack(tmp_path, files))
    assert package is not None
    assert package.licence_files == ()


def test_a_package_of_conda_whose_cache_was_cleaned_has_no_texts(
    tmp_path: Path,
) -> None:
    files = {path: text for path, text in CONDA_FILES.items() if "/pkgs/" not in path}
    package = find_package(Path("/opt/conda/lib/libz.so.1"), unpack(tmp_path, files))
    assert package is not None
    assert package.licence_files == ()


def test_an_environment_inside_of_condas_base_is_its_own(tmp_path: Path) -> None:
    inner = {**CONDA, "version": "1.2.0", "channel": "defaults", "fn": "x.tar.bz2"}
    files = {
        **CONDA_FILES,
        "/opt/conda/envs/e/conda-meta/libzlib-1.2.0-0.json": json.dumps(inner),
        "/opt/conda/envs/e/lib/libz.so.1": "z",
        "/opt/conda/envs/e/lib/libmine.so": "built from source",
    }
    root = unpack(tmp_path, files)
    package = find_package(Path("/opt/conda/envs/e/lib/libz.so.1"), root)
    assert package is not None
    assert package.version == "1.2.0"
    assert "channel=defaults&" in package.purl
    assert package.purl.endswith("type=tar.bz2")
    assert find_package(Path("/opt/conda/envs/e/lib/libmine.so"), root) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"lib/libz.so.1.3.1"', '{"files": "lib/libz.so.1.3.1"}', "[" * 99999],
    ids=["empty", "cut off", "list", "string", "files", "deep"],
)  # fmt: skip
def test_a_broken_record_of_conda_owns_nothing(tmp_path: Path, text: str) -> None:
    record = "/opt/conda/conda-meta/libzlib-1.3.1-hb9d3cd8_2.json"
    padded = text + ' "lib/libz.so.1.3.1"' if text.startswith("[[") else text
    root = unpack(tmp_path, {**CONDA_FILES, record: padded})
    assert find_package(Path("/opt/conda/lib/libz.so.1"), root) is None


VCPKG = """\
Package: zlib
Version: 1.3.1
Port-Version: 2
Architecture: x64-linux_dynamic
Multi-Arch: same
Abi: 0123456789abcdef
Status: install ok installed

Package: zlib
Feature: minizip
Architecture: x64-linux_dynamic
Multi-Arch: same
Status: install ok installed
"""
VCPKG_FILES = {
    "vcpkg/status": VCPKG,
    "vcpkg/info/zlib_1.3.1_x64-linux_dynamic.list": "x64-linux_dynamic/\nx64-linux_dynamic/lib/libz.so.1\n",
    "x64-linux_dynamic/lib/libz.so.1": "z",
    "x64-linux_dynamic/share/zlib/copyright": "zlib's",
    "x64-linux_dynamic/share/zlib/vcpkg.spdx.json": json.dumps(
        {
            "packages": [
                {"name": "zlib", "SPDXID": "SPDXRef-port", "licenseConcluded": "Zlib"},
                {"name": "zlib:x64-linux", "licenseConcluded": "NOASSERTION"},
            ]
        }
    ),
}


@pytest.mark.parametrize(
    "prefix", ["/vcpkg/installed", "/project/build/vcpkg_installed"]
)
def test_a_port_of_vcpkg(tmp_path: Path, prefix: str) -> None:
    files = {f"{prefix}/{path}": text for path, text in VCPKG_FILES.items()}
    root = unpack(tmp_path, files)
    path = f"{prefix}/x64-linux_dynamic/lib/libz.so.1"
    assert find_package(Path(path), root) == SystemPackage(
        manager="vcpkg",
        name="zlib",
        version="1.3.1#2",
        architecture="x64-linux_dynamic",
        licence="Zlib",
        licence_files=(f"{root}{prefix}/x64-linux_dynamic/share/zlib/copyright",),
        purl="pkg:vcpkg/zlib@1.3.1?port_version=2&triplet=x64-linux_dynamic",
    )


def test_a_port_that_was_installed_since_the_status_was_written(
    tmp_path: Path,
) -> None:
    files = {f"/i/{path}": text for path, text in VCPKG_FILES.items()}
    files["/i/vcpkg/updates/0000000001"] = VCPKG.replace("1.3.1", "1.3.2")
    root = unpack(tmp_path, files)
    package = find_package(Path("/i/x64-linux_dynamic/lib/libz.so.1"), root)
    assert package is not None
    assert package.version == "1.3.2#2"


KEG = "/opt/homebrew/Cellar/openssl@3/3.4.0_1"
FORMULA = 'class OpensslAT3 < Formula\n  license "Apache-2.0"\nend\n'
BREW_FILES = {
    f"{KEG}/INSTALL_RECEIPT.json": '{"arch": "arm64", "source": {"tap": "homebrew/core"}}',
    f"{KEG}/.brew/openssl@3.rb": FORMULA,
    f"{KEG}/LICENSE.txt": "Apache's",
    f"{KEG}/README.md": "read it",
    f"{KEG}/lib/libssl.3.dylib": "s",
    "/opt/homebrew/opt/openssl@3": "-> ../Cellar/openssl@3/3.4.0_1",
}


def test_a_package_of_homebrew(tmp_path: Path) -> None:
    root = unpack(tmp_path, BREW_FILES)
    path = Path("/opt/homebrew/opt/openssl@3/lib/libssl.3.dylib")
    assert find_package(path, root) == SystemPackage(
        manager="homebrew",
        name="openssl@3",
        version="3.4.0_1",
        architecture="arm64",
        licence="Apache-2.0",
        licence_files=(f"{root}{KEG}/LICENSE.txt",),
        purl="pkg:brew/openssl%403@3.4.0_1",
    )


def test_a_package_of_another_tap_with_a_bill(tmp_path: Path) -> None:
    bill = {"packages": [{"name": "openssl@3", "licenseConcluded": "MIT OR Zlib"}]}
    files = {
        **BREW_FILES,
        f"{KEG}/INSTALL_RECEIPT.json": '{"source": {"tap": "me/mine"}}',
        f"{KEG}/sbom.spdx.json": json.dumps(bill),
    }
    package = find_package(Path(f"{KEG}/lib/libssl.3.dylib"), unpack(tmp_path, files))
    assert package is not None
    assert package.licence == "MIT OR Zlib"
    assert package.purl == "pkg:brew/me/mine/openssl%403@3.4.0_1"


def test_a_folder_that_is_called_cellar_is_not_homebrews(tmp_path: Path) -> None:
    root = unpack(tmp_path, {"/wine/Cellar/red/1999/lib/libz.so": "built from source"})
    assert find_package(Path("/wine/Cellar/red/1999/lib/libz.so"), root) is None


@pytest.mark.parametrize(
    ("line", "licence"),
    [
        ('license "MIT"', "MIT"),
        ('license any_of: ["MIT", "Zlib"]', "MIT OR Zlib"),
        ('license all_of: [\n    "MIT",\n    "Zlib",\n  ]', "MIT AND Zlib"),
        ('license all_of: ["MIT", any_of: ["ISC", "Zlib"]]', ""),
        ('license "GPL-2.0-only" => { with: "Classpath-exception-2.0" }', ""),
        ("license :public_domain", ""),
        ("", ""),
    ],
)
def test_licences_of_formulas(line: str, licence: str) -> None:
    assert formula_licence(f"class X < Formula\n  {line}\nend\n") == licence


def test_no_files_have_no_packages(tmp_path: Path) -> None:
    assert find_packages([], unpack(tmp_path, CONDA_FILES)) == {}


def test_several_managers_on_one_machine(tmp_path: Path) -> None:
    root = unpack(tmp_path, {**CONDA_FILES, **BREW_FILES})
    paths = [Path("/opt/conda/lib/libz.so.1"), Path(f"{KEG}/lib/libssl.3.dylib")]
    found = find_packages([*paths, Path("/usr/lib/nothing.so")], root)
    assert list(found) == paths
    assert [package.manager for package in found.values()] == ["conda", "homebrew"]


def test_a_system_that_is_this_machines_own(tmp_path: Path) -> None:
    files = {
        path.removeprefix("/opt/conda"): text for path, text in CONDA_FILES.items()
    }
    unpack(tmp_path, files)
    (tmp_path / "beside").symlink_to("lib")
    package = find_package(tmp_path / "beside" / "libz.so.1")
    assert package is not None
    assert package.name == "libzlib"


def test_a_database_that_may_not_be_read_owns_nothing(tmp_path: Path) -> None:
    root = unpack(tmp_path, CONDA_FILES)
    question = (
        "from pathlib import Path; from truewheel.system.packages import find_package; "
        f"print(find_package(Path('/opt/conda/lib/libz.so.1'), Path({str(root)!r})))"
    )
    command = [*as_anybody(), sys.executable, "-c", question]
    environ = {**os.environ, "PYTHONPATH": str(SOURCE.parent)}
    answers = []
    for mode in (0o755, 0):
        (root / "opt/conda/conda-meta").chmod(mode)
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environ
        )
        answers.append(done.stdout.partition("(")[0].strip())
    (root / "opt/conda/conda-meta").chmod(0o755)
    assert answers == ["SystemPackage", "None"]
