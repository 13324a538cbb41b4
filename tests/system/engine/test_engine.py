"""The contract with scikit-build-core: every piece that the engine uses, with the parameters that it passes.

A release that moves one of these breaks this test and nothing else.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib
from packaging.requirements import Requirement
from packaging.version import Version
from scikit_build_core import program_search
from scikit_build_core._logging import rich_warning
from scikit_build_core.cmake import CMake

from support.paths import ROOT
from truewheel.model.errors import ConfigError
from truewheel.model.request import Product, Request
from truewheel.system import engine
from truewheel.system.engine import error_translation

SCIKIT_BUILD_CORE = Path(program_search.__file__).parent

PIECES = {
    "settings.skbuild_read_settings": {
        "SettingsReader": {"pyproject", "config_settings", "state", "env", "retry"},
    },
    "settings.skbuild_model": {
        "EnvValue": {"raw"},
    },
    "build._init": {
        "setup_logging": {"log_level"},
    },
    "builder.get_requires": {
        "GetRequires": {"settings", "dynamic_metadata_entries"},
    },
    "builder._load_provider": {
        "process_dynamic_metadata": set(),
        "process_legacy_dynamic_metadata": set(),
        "dynamic_wheel_fields": {"entries"},
    },
    "build.common_wheel_helpers": {
        "get_targetlib": {"settings"},
        "get_wheel_tag": {"settings", "targetlib"},
        "get_build_dir": {"settings", "tags", "state", "editable", "has_cmake", "fallback", "name"},
        "get_editable_rebuild_dir": {"settings", "build_dir", "targetlib", "tags", "state", "name"},
        "prepare_editable_rebuild_dir": {"targetlib_dir", "guard"},
        "get_install_dir": {"settings", "wheel_dirs", "targetlib"},
        "prepare_wheel_dirs": {"wheel_root", "targetlib"},
        "configure_wheel": {
            "cmake", "settings", "wheel_dirs", "install_dir", "build_dir", "state", "name", "version", "raw_version",
            "extra_cache_entries",
        },
        "build_wheel": {"builder"},
        "install_wheel": {"builder", "install_dir", "editable"},
        "build_install_extra_build_types": {
            "builder", "settings", "wheel_dirs", "install_dir", "state", "name", "version", "raw_version", "editable",
            "extra_cache_entries",
        },
        "editable_rebuild_options": {"builder"},
    },
    "build._editable": {
        "get_packages": {"packages", "name"},
        "package_search_dirs": {"packages"},
        "editable_redirect_files": {
            "build_options", "install_options", "libdir", "mapping", "name", "packages", "reload_dir", "settings",
            "install_prefix",
        },
        "editable_inplace_files": {"name", "packages", "package_paths", "source_dir", "build_options", "settings"},
    },
    "build._pathutil": {
        "packages_to_file_mapping": {
            "packages", "platlib_dir", "include", "src_exclude", "target_exclude", "build_dir", "mode",
        },
        "iter_force_include": {"source", "dest", "base"},
        "resolve_wheel_tree": {"dest", "wheel_dirs", "targetlib", "experimental"},
        "resolve_from_sdist_force_include": set(),
        "editable_redirectable": {"src", "rel"},
    },
    "build._scripts": {
        "process_script_dir": {"script_dir"},
    },
    "build._file_processor": {
        "each_unignored_file": {
            "include", "exclude", "build_dir", "mode", "resolve_symlinks", "yield_loop_symlinks",
        },
        "symlink_escapes": set(),
        "_read_lines": {"path"},
    },
    "build._import_names": {
        "add_dynamic_import_names": {"project", "settings"},
    },
    "cmake": {
        "CMake": {"version", "cmake_path"},
    },
    "program_search": {
        "get_cmake_program": {"cmake_path"},
        "get_cmake_programs": {"module"},
    },
    "_logging": {
        "rich_print": {"file"},
    },
    "_compat.importlib.metadata": {
        "entry_points": {"group"},
    },
}  # fmt: skip
"""Each function and class that is called, by its module, with the parameters that are passed by name."""
TYPES = {
    ("program_search", "Program"),
    ("build._file_processor", "EXCLUDE_LINES"),
    ("settings.sources", "ConfSource"),
    ("settings.skbuild_model", "ScikitBuildSettings"),
    ("errors", "FailedLiveProcessError"),
    ("errors", "NotFoundError"),
    ("errors", "ScikitBuildError"),
}
"""What is only recognised."""
CALLED = [(module, name) for module, pieces in PIECES.items() for name in pieces]


def imported() -> set[tuple[str, str]]:
    """Return everything that the engine imports of scikit-build-core, at its top or late: modules with names."""
    found = set()
    for file in Path(engine.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "scikit_build_core."
            ):
                found |= {
                    (str(node.module).removeprefix("scikit_build_core."), alias.name)
                    for alias in node.names
                }
    return found


@pytest.mark.parametrize(
    ("module", "name"), CALLED, ids=[f"{module}.{name}" for module, name in CALLED]
)
def test_each_piece_of_scikit_build_core_takes_what_we_pass(
    module: str, name: str
) -> None:
    piece = getattr(importlib.import_module(f"scikit_build_core.{module}"), name)
    assert PIECES[module][name] <= set(inspect.signature(piece).parameters)


def test_every_piece_that_we_use_is_listed() -> None:
    assert imported() == {*CALLED, *TYPES}


def test_cmake_is_searched_with_the_environment_that_is_handed_in() -> None:
    assert {"version", "env"} <= set(inspect.signature(CMake.default_search).parameters)


def test_a_failed_command_says_which_step_it_was() -> None:
    """The message is the only sign that ``FailedLiveProcessError`` has: each place that raises one is known here."""
    raised = set()
    for function in ast.walk(
        ast.parse(inspect.getsource(sys.modules[CMake.__module__]))
    ):
        if isinstance(
            function, ast.FunctionDef
        ) and "FailedLiveProcessError" in ast.unparse(function):
            assigned = [
                node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
            ]
            raised |= {
                value.value for value in assigned if isinstance(value, ast.Constant)
            }
    assert raised & error_translation._PHASES.keys() == error_translation._PHASES.keys()
    others = {
        path.name
        for path in SCIKIT_BUILD_CORE.rglob("*.py")
        if "raise FailedLiveProcessError" in read(path)
    }
    assert others == {"cmake.py"}


def test_a_complaint_begins_with_the_sign_that_is_looked_for() -> None:
    assert f'"{{bold.red}}{error_translation._ERROR_SIGN}"' in read(
        SCIKIT_BUILD_CORE / "_logging.py"
    )
    advice = read(SCIKIT_BUILD_CORE / "settings" / "skbuild_read_settings.py")
    assert error_translation._IDLE_ADVICE in advice


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_a_directory_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").mkdir()
    with pytest.raises(ConfigError) as caught:
        engine.Engine(request(tmp_path), table())
    (problem,) = caught.value.problems
    assert problem.message == "CMakeLists.txt: Is a directory"


def test_cmake_has_a_minute_to_answer() -> None:
    """Five seconds are too few on a machine under load: CMake would then be taken for missing."""
    assert program_search.compute_timeout(Path("cmake")) >= 60


def test_nothing_of_the_engine_reads_the_file_api() -> None:
    """What CMake's file API would tell is left out (``adjustments``): ``CMaker`` alone has it, and nothing looks at it there."""
    sources = {
        path.relative_to(SCIKIT_BUILD_CORE).as_posix(): read(path)
        for path in SCIKIT_BUILD_CORE.rglob("*.py")
    }
    speak = {
        name
        for name, text in sources.items()
        if "file_api" in text and not name.startswith("file_api/")
    }
    assert speak == {
        "cmake.py",
        "__main__.py",
    }  # the second is a command for people who look for mistakes
    assert sources["cmake.py"].count("self.file_api") == 1  # where it is filled


def test_the_file_api_is_neither_loaded_nor_asked_for(tmp_path: Path) -> None:
    script = """
import sys, truewheel.system.engine, scikit_build_core.cmake as c
from pathlib import Path
cmaker = c.CMaker(c.CMake('4', 'cmake'), Path(), Path('build'), 'Release')
print(cmaker._file_api_query.exists())
print([name for name in sys.modules if name.startswith('scikit_build_core.file_api.model')])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["False", "[]"]
    assert [path.name for path in (tmp_path / "build").iterdir()] == [
        ".skbuild-info.json"
    ]


def test_the_installed_scikit_build_core_is_one_that_we_allow() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    dependencies = [Requirement(text) for text in table["project"]["dependencies"]]
    (allowed,) = [
        dependency.specifier
        for dependency in dependencies
        if dependency.name == "scikit-build-core"
    ]
    assert Version(importlib.metadata.version("scikit-build-core")) in allowed


def request(place: Path, **settings: str) -> Request:
    return Request(
        product=Product.WHEEL,
        source=place,
        output=place,
        config_settings=settings,
        environ=dict(os.environ),
    )


def table(**scikit_build: object) -> dict[str, object]:
    return {
        "project": {"name": "p", "version": "1"},
        "tool": {"scikit-build": scikit_build},
    }


def test_unknown_settings_are_named_with_a_guess(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        engine.Engine(request(tmp_path), table(wheel={"pakages": ["x"]}, nonsense=1))
    problems = {problem.where: problem.hint for problem in caught.value.problems}
    assert set(problems) == {
        "tool.scikit-build.wheel.pakages",
        "tool.scikit-build.nonsense",
    }
    assert "wheel.packages" in str(problems["tool.scikit-build.wheel.pakages"])


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("tag", "did you mean -Ctruewheel.tag?"),
        ("cachee", "did you mean -Ctruewheel.cache?"),
        ("true-wheel.tag", "did you mean -Ctruewheel.tag?"),
        ("cmake.bild-type", "did you mean -Ccmake.build-type?"),
        ("skbuild.cmake.bild-type", "did you mean -Cskbuild.cmake.build-type?"),
        ("xyzzy", None),
    ],
)
def test_unknown_options_are_named_as_options(
    tmp_path: Path, option: str, hint: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        engine.Engine(request(tmp_path, **{option: "x"}), table())
    (problem,) = caught.value.problems
    assert problem.where == f"-C{option}"
    assert problem.hint == hint


def test_values_of_the_wrong_type_are_named_where_they_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = table(
        logging={"level": "LOUD"}, editable={"mode": "odd"}, cmake={"version": "new"}
    )
    monkeypatch.setenv("SKBUILD_EDITABLE_MODE", "strange")
    with pytest.raises(ConfigError) as caught:
        engine.Engine(
            request(
                tmp_path, **{"logging.level": "QUIET", "skbuild.ninja.version": "old"}
            ),
            wrong,
        )
    told = {problem.where: problem.message for problem in caught.value.problems}
    assert set(told) == {
        "-Clogging.level",
        "SKBUILD_EDITABLE_MODE",
        "tool.scikit-build.cmake.version",
        "-Cskbuild.ninja.version",
    }
    assert told["-Clogging.level"].startswith("'QUIET' not in")
    assert told["SKBUILD_EDITABLE_MODE"].startswith("'strange' not in")


def test_no_advice_on_a_file_that_nothing_needs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without CMake nothing needs a CMakeLists.txt, and with it the build says so itself. Other warnings are passed on."""
    rich_warning.cache_clear()
    engine.Engine(request(tmp_path), table(wheel={"cmake": False}))
    assert capfd.readouterr() == ("", "")
    (tmp_path / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.1)")
    engine.Engine(request(tmp_path), table())
    assert "less than 3.15" in capfd.readouterr().err


def test_the_engines_own_variant_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        engine.Engine(
            request(tmp_path, experimental="true", variant="x86_64 :: level :: v3"),
            table(),
        )
    assert caught.value.problems[0].where == "-Cvariant"
    assert "-Ctruewheel.variant=" in str(caught.value.problems[0].hint)


def test_an_error_that_the_engine_prints_before_it_exits_becomes_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        engine.Engine(request(tmp_path), table(editable={"rebuild": True}))
    assert "rebuild" in caught.value.problems[0].message
    assert "ERROR" not in capsys.readouterr().err


def test_cmake_is_required_only_if_it_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.18)\n")
    pyproject = table(cmake={"version": ">=99"})
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\n')
    wanted = engine.Engine(request(tmp_path), pyproject).requires()
    assert "cmake>=99" in wanted
    monkeypatch.setenv("CMAKE_EXECUTABLE", "/usr/bin/cmake")
    monkeypatch.setenv("CMAKE_MAKE_PROGRAM", "/usr/bin/ninja")
    assert engine.Engine(request(tmp_path), pyproject).requires() == []
    pure = engine.Engine(
        request(tmp_path), table(wheel={"cmake": False}, build={"requires": ["six"]})
    )
    assert pure.requires() == ["six"]


def test_the_minimum_version_may_come_from_the_build_requirements(
    tmp_path: Path,
) -> None:
    def wanted(requires: list[str]) -> bool:
        pyproject = table(**{"minimum-version": "build-system.requires"})
        pyproject["build-system"] = {"requires": requires}
        return engine.Engine(request(tmp_path), pyproject).is_at_least("1.1")

    assert wanted(["truewheel"])
    assert wanted(["truewheel", "scikit-build-core>=1.1"])
    assert not wanted(["truewheel", "scikit-build-core>=0.9"])
