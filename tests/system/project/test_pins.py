"""``pin``: METADATA requires the version that the wheel is compiled against, whichever hook makes it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from support import hooks
from truewheel.model.errors import ConfigError
from truewheel.model.neighbours import required_by
from truewheel.model.request import Product, Request
from truewheel.system.engine import Engine
from truewheel.system.project.metadata import read_project
from truewheel.system.project.pyproject_toml import read_project_file

HEAD = '[project]\nname = "p"\nversion = "1"\n'
TAIL = (
    '[tool.scikit-build]\nwheel.cmake = false\n[tool.truewheel]\npin = ["Comp_iled"]\n'
)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place on Python's path with a distribution ``comp-iled`` 2.5.1 of one index's own build."""
    site = tmp_path / "site"
    home = site / "comp_iled-2.5.1+cu121.dist-info"
    home.mkdir(parents=True)
    metadata = "Metadata-Version: 2.1\nName: comp-iled\nVersion: 2.5.1+cu121\n"
    (home / "METADATA").write_text(metadata)
    monkeypatch.syspath_prepend(str(site))
    return site


def metadata_of(
    place: Path,
    dependencies: str,
    product: Product = Product.WHEEL,
    tail: str = TAIL,
) -> str:
    """Return METADATA of a project with these lines about its dependencies."""
    (place / "pyproject.toml").write_text(HEAD + dependencies + tail)
    request = Request(
        product=product,
        source=place,
        output=place,
        config_settings={},
        environ=dict(os.environ),
    )
    project_file = read_project_file(request)
    engine = Engine(request, project_file.table)
    return read_project(project_file, request, engine).metadata.decode()


def problem(place: Path, dependencies: str, tail: str = TAIL) -> str:
    with pytest.raises(ConfigError) as caught:
        metadata_of(place, dependencies, tail=tail)
    (found,) = caught.value.problems
    assert found.where == "tool.truewheel.pin"
    return f"{found.message}; {found.hint}"


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("listed", "required"),
    [
        (None, ["Comp_iled==2.5.1"]),
        ("[]", ["Comp_iled==2.5.1"]),
        ('["numpy"]', ["numpy", "Comp_iled==2.5.1"]),
        ('["comp.iled>=2"]', ["comp.iled>=2", "Comp_iled==2.5.1"]),
        # markers and extras stay, and count for the pin
        (
            "[\"comp-iled[x]>=2 ; sys_platform == 'linux'\"]",
            [
                'comp-iled[x]>=2; sys_platform == "linux"',
                'Comp_iled==2.5.1; sys_platform == "linux"',
            ],
        ),
        (
            '["comp-iled>=2 ; sys_platform == \'linux\'", "comp-iled"]',
            [
                'comp-iled>=2; sys_platform == "linux"',
                "comp-iled",
                "Comp_iled==2.5.1",
            ],
        ),
    ],
)
@pytest.mark.parametrize(
    "product",
    [
        Product.WHEEL,
        Product.EDITABLE,
        Product.METADATA_WHEEL,
        Product.METADATA_EDITABLE,
    ],
)
def test_metadata_requires_the_version_of_the_build_environment(
    tmp_path: Path, listed: str | None, required: list[str], product: Product
) -> None:
    lines = 'dynamic = ["dependencies"]\n'
    if listed is not None:
        lines += f"dependencies = {listed}\n"
    found = required_by(metadata_of(tmp_path, lines, product))
    assert list(found) == required


@pytest.mark.usefixtures("environment")
def test_an_sdist_says_that_the_dependencies_may_differ(tmp_path: Path) -> None:
    lines = 'dynamic = ["dependencies"]\ndependencies = ["numpy"]\n'
    metadata = metadata_of(tmp_path, lines, Product.SDIST)
    assert required_by(metadata) == ("numpy",)
    assert "Dynamic: Requires-Dist" in metadata


@pytest.mark.usefixtures("environment")
def test_static_dependencies_are_not_changed_behind_the_projects_back(
    tmp_path: Path,
) -> None:
    for lines in ('dependencies = ["comp-iled"]\n', ""):
        assert problem(tmp_path, lines) == (
            "would change project.dependencies, which are not dynamic; "
            'add dynamic = ["dependencies"] to [project]; what dependencies lists may stay there (PEP 808)'
        )


def test_what_is_not_installed_cannot_be_pinned(tmp_path: Path) -> None:
    assert problem(tmp_path, 'dynamic = ["dependencies"]\n') == (
        "Comp_iled is not in the build environment, so nothing was compiled against it; "
        'add "Comp_iled" to build-system.requires'
    )


@pytest.mark.parametrize("name", ["comp-iled>=2", "comp-iled[x]", "", "a b"])
def test_only_names_are_pinned(tmp_path: Path, name: str) -> None:
    lines = 'dynamic = ["dependencies"]\n'
    tail = TAIL.replace("Comp_iled", name)
    found = problem(tmp_path, lines, tail)
    assert found.startswith(f"{name!r} is not the name of a distribution;")


@pytest.mark.usefixtures("environment")
def test_a_version_that_the_project_does_not_allow_is_not_pinned(
    tmp_path: Path,
) -> None:
    lines = 'dynamic = ["dependencies"]\ndependencies = ["comp-iled>=2.6"]\n'
    assert problem(tmp_path, lines).startswith(
        "comp-iled 2.5.1+cu121 is in the build environment, and project.dependencies does not allow it: comp-iled>=2.6;"
    )


def test_both_hooks_write_the_same_metadata(environment: Path, tmp_path: Path) -> None:
    source = hooks.project(
        tmp_path,
        cmake="",
        pyproject='dynamic = ["dependencies"]\n' + TAIL,
    )
    out = tmp_path / "out"
    environ = {"PYTHONPATH": f"{environment}{os.pathsep}{os.environ['PYTHONPATH']}"}
    prepared = hooks.result(
        hooks.hook(source, "prepare_metadata_for_build_wheel", out, environ=environ)
    )
    first = (out / prepared / "METADATA").read_bytes()
    wheel = hooks.result(
        hooks.hook(
            source, "build_wheel", out, None, str(out / prepared), environ=environ
        )
    )
    with zipfile.ZipFile(out / wheel) as archive:
        assert archive.read(f"{prepared}/METADATA") == first
    assert required_by(first.decode()) == ("Comp_iled==2.5.1",)
