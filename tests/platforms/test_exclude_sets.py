"""Ready sets of libraries that must not be bundled, and who supplies them."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from truewheel.platforms.exclude_sets import (
    Supplier,
    expand_exclude,
    find_supplier,
    set_names,
    unknown_sets,
)


def test_there_are_four_sets() -> None:
    assert set_names() == ("@cuda", "@rocm", "@torch", "@oneapi")


@pytest.mark.parametrize(
    ("name", "libraries"),
    [
        # a version that is not out yet is meant as well
        ("@cuda", ["libcuda.so.1", "libcublas.so.12", "libcublas.so.19", "libcudnn.so.9", "cublas64_12.dll", "cublas64_14.dll"]),
        ("@rocm", ["libamdhip64.so.7", "librocblas.so.5", "libhsa-runtime64.so.1"]),
        ("@torch", ["libtorch.so", "libtorch_cpu.so", "libc10.so", "libtorch_hip.so", "c10.dll"]),
        ("@oneapi", ["libmkl_rt.so.2", "libiomp5.so", "libtbb.so.12", "libsycl.so.8", "libonedal.so.4"]),
    ],
)  # fmt: skip
def test_a_set_stands_for_globs(name: str, libraries: list[str]) -> None:
    globs = expand_exclude([name])
    for library in libraries:
        assert any(fnmatchcase(library, glob) for glob in globs), library


@pytest.mark.parametrize("name", ["@cuda", "@rocm", "@torch", "@oneapi"])
def test_no_set_holds_what_other_projects_build_as_well(name: str) -> None:
    common = ["libc.so.6", "libgomp.so.1", "libhwloc.so.15", "libmpi.so.12", "libstdc++.so.6", "libz.so.1", "libopenblas.so.0"]  # fmt: skip
    globs = expand_exclude([name])
    found = [one for one in common if any(fnmatchcase(one, glob) for glob in globs)]
    assert found == []


def test_globs_stay_and_unknown_names_are_told() -> None:
    assert expand_exclude(["libx.so.*", "@cude"]) == ("libx.so.*", "@cude")
    assert unknown_sets(["libx.so.*", "@cuda", "@cude"]) == ("@cude",)


@pytest.mark.parametrize(
    ("library", "supplier"),
    [
        ("libcublas.so.12", Supplier("cuda", ("nvidia-cublas-cu12",))),
        ("libcublas.so.13", Supplier("cuda", ("nvidia-cublas",))),
        ("libcufile.so.0", Supplier("cuda", ("nvidia-cufile-cu12", "nvidia-cufile"))),
        ("libcuda.so.1", Supplier("cuda", ())),
        ("libtorch.so", Supplier("torch", ("torch",))),
        ("libtbb.so.12", Supplier("oneapi", ("tbb",))),
        ("libz.so.1", None),
    ],
)
def test_who_supplies_a_library(library: str, supplier: Supplier | None) -> None:
    assert find_supplier(library) == supplier
