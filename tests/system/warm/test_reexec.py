"""Hooks that are called again in a kept environment, or the reason why they are not."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from truewheel.model.build_record import ColdReason, NothingKept
from truewheel.system.warm import environment, kept_environment, locks, reexec

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="environments are kept where there are POSIX file locks"
)

INTERPRETER = f"""#!{sys.executable}
import json, os, sys
told, result, *path = sys.argv[sys.argv.index("-c") + 2 :]
with open(int(told)) as letter:
    call = json.load(letter)
os.write(int(result), json.dumps([call["hook"], call["arguments"], dict(os.environ), call, path]).encode())
"""
"""Stands for the kept environment's Python; a hook's name for its wheel is what it was called with."""


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of the environment that this process seems to run in, and that a front end will delete."""
    root = tmp_path / "build-env-x"
    found = environment.LiveEnvironment(
        root=root, prefixes=(root,), sites=(), scripts=(root / "bin",)
    )
    monkeypatch.setattr(environment, "find_isolated_environment", lambda _: found)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRUEWHEEL_CACHE", raising=False)
    return root


@pytest.fixture
def kept(tmp_path: Path, live: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of its copy."""
    root = tmp_path / "kept"
    python = root / "bin" / "python"
    python.parent.mkdir(parents=True)
    (root / environment.COMPLETE).touch()
    install(python, INTERPRETER)

    def keep(*_: object) -> kept_environment.KeptEnvironment:
        hold = locks.take(tmp_path / "hold")
        assert hold is not None
        return kept_environment.KeptEnvironment(root=root, hold=hold)

    monkeypatch.setattr(kept_environment, "keep", keep)
    return root


def install(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(0o755)


def call(settings: dict[str, object] | None = None) -> str:
    """Call a hook as the backend does; return the name of its wheel."""
    return reexec.call("build_wheel", ["/out", settings, None], os.environ)


def environ_of_the_hook() -> dict[str, str]:
    found: dict[str, str] = json.loads(call())[2]
    return found


def refusal(settings: dict[str, object] | None = None) -> NothingKept | None:
    """Return why a hook has to run here; ``None`` if its environment lasts."""
    with pytest.raises(reexec.Refused) as caught:
        call(settings)
    return caught.value.reason


def test_a_hook_is_called_with_the_same_arguments(kept: Path) -> None:
    hook, arguments, *_ = json.loads(call({"cmake.build-type": "Debug"}))
    assert hook == "build_wheel"
    assert arguments == ["/out", {"cmake.build-type": "Debug"}, None]


def test_the_kept_environments_programs_come_first(
    kept: Path, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{live / 'bin'}{os.pathsep}/usr/bin")
    assert environ_of_the_hook()["PATH"] == f"{kept / 'bin'}{os.pathsep}/usr/bin"


def test_modules_of_the_throw_away_environment_are_not_found(
    kept: Path, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{live / 'site'}{os.pathsep}/opt/modules")
    assert environ_of_the_hook()["PYTHONPATH"] == "/opt/modules"
    monkeypatch.setenv("PYTHONPATH", str(live / "site"))
    assert "PYTHONPATH" not in environ_of_the_hook()


def test_variables_that_lead_into_the_throw_away_environment_lead_into_the_kept_one(
    kept: Path, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uv sets the first; a backend that wraps this one may set the second."""
    monkeypatch.setenv("VIRTUAL_ENV", str(live))
    (kept / "include").mkdir()
    monkeypatch.setenv("CFLAGS", f"-I{live}/include -I{live}-not/include")
    found = environ_of_the_hook()
    assert found["VIRTUAL_ENV"] == str(kept)
    assert found["CFLAGS"] == f"-I{kept}/include -I{live}-not/include"


def test_what_lies_only_in_the_throw_away_environment_is_found_there(
    kept: Path, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uv has the directory of prepared metadata in it."""
    monkeypatch.setenv("ELSEWHERE", f"{live}/only/here")
    hook = reexec.call("build_wheel", ["/out", {}, f"{live}/metadata"], os.environ)
    _, arguments, environ, *_ = json.loads(hook)
    assert arguments == ["/out", {}, f"{live}/metadata"]
    assert environ["ELSEWHERE"] == f"{live}/only/here"


def test_a_virtual_environment_of_the_users_stays(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/some/where")
    assert environ_of_the_hook()["VIRTUAL_ENV"] == "/some/where"


def test_options_that_name_the_throw_away_environment_name_the_kept_one(
    kept: Path, live: Path
) -> None:
    (kept / "x").touch()
    _, arguments, *_ = json.loads(call({"cmake.args": [f"-DX={live}/x"]}))
    assert arguments[1] == {"cmake.args": [f"-DX={kept}/x"]}


def test_modules_are_imported_from_the_same_places_in_the_same_order(
    kept: Path, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept / "lib").mkdir()
    monkeypatch.setattr(
        sys, "path", ["", "/first", str(live / "lib"), "/last", "/first"]
    )
    *_, path = json.loads(call())
    assert path == ["", "/first", str(kept / "lib"), "/last", "/first"]


def test_a_backend_in_its_project_is_found_by_its_modules(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nbackend-path = ["backend", "."]\n'
    )
    *_, told, _ = json.loads(call())
    assert told["backend-path"] == [str(tmp_path / "backend"), str(tmp_path)]
    for folder in (".", "backend"):
        monkeypatch.syspath_prepend(folder)
    *_, told, path = json.loads(call())
    assert told["backend-path"] == []
    assert path[:2] == ["backend", "."]


def test_another_home_of_python_is_a_reason_to_run_here(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", sys.base_prefix)
    assert refusal() == NothingKept(
        cause=ColdReason.ENVIRONMENT_NOT_KEPT,
        detail="the build environment cannot be kept (PYTHONHOME is set)",
    )


def test_an_interpreter_that_cannot_be_started_is_a_reason_to_run_here(
    kept: Path,
) -> None:
    (kept / "bin" / "python").write_text("#!/nowhere/python\n")
    reason = refusal()
    assert reason is not None
    assert reason.cause is ColdReason.ENVIRONMENT_NOT_KEPT


def test_an_environment_that_was_deleted_meanwhile_is_a_reason_to_run_here(
    kept: Path, tmp_path: Path
) -> None:
    install(
        kept / "bin" / "python",
        f"#!/bin/sh\nrm -r {kept} {tmp_path / 'hold'}; exit 1\n",
    )
    assert refusal() == NothingKept(
        cause=ColdReason.UNFIT_CACHE,
        detail=f"the kept environment {kept} was deleted during the build",
    )


@pytest.mark.parametrize(
    ("ending", "status"), [("exit 3", 3), ("kill -TERM $$", 128 + 15)]
)
def test_a_hook_that_fails_there_ends_the_process_as_it_ended(
    kept: Path, ending: str, status: int
) -> None:
    install(kept / "bin" / "python", f"#!/bin/sh\n{ending}\n")
    with pytest.raises(SystemExit) as caught:
        call()
    assert caught.value.code == status


def test_in_an_environment_that_lasts_the_hook_runs_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment, "find_isolated_environment", lambda _: None)
    assert refusal() is None


@pytest.mark.parametrize("option", ["off", ["off"], ["on", "off"]])
def test_without_the_cache_the_hook_runs_here(kept: Path, option: object) -> None:
    """An option that is given several times comes as a list, and its last value counts."""
    assert refusal({"truewheel.cache": option}) == NothingKept(
        cause=ColdReason.SWITCHED_OFF
    )


@pytest.mark.parametrize("option", ["on", ["off", "on"], True, False, []])
def test_with_the_cache_or_a_mistake_the_hook_runs_there(
    kept: Path, option: object
) -> None:
    assert json.loads(call({"truewheel.cache": option}))[0] == "build_wheel"


def test_the_cache_may_be_off_in_the_environment(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUEWHEEL_CACHE", "off")
    assert refusal() == NothingKept(cause=ColdReason.SWITCHED_OFF)
    assert json.loads(call({"truewheel.cache": "on"}))[0] == "build_wheel"


def test_the_cache_may_be_off_in_pyproject_toml(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.truewheel]\ncache = "off"\n')
    assert refusal() == NothingKept(cause=ColdReason.SWITCHED_OFF)


@pytest.mark.parametrize(
    "text", ["not TOML at all [", "[tool]\ntruewheel = 3\n", "tool = 1\n"]
)
def test_a_table_that_is_wrong_is_told_by_the_build_itself(
    kept: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert json.loads(call())[0] == "build_wheel"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            kept_environment.UnsoundError("p is an editable install"),
            "p is an editable install",
        ),
        (OSError("disk full"), "the build environment cannot be kept (disk full)"),
    ],
)
def test_an_environment_that_cannot_be_kept_is_the_reason(
    kept: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def keep(*_: object) -> None:
        raise error

    monkeypatch.setattr(kept_environment, "keep", keep)
    assert refusal() == NothingKept(
        cause=ColdReason.ENVIRONMENT_NOT_KEPT, detail=reason
    )
