"""When a hook is called again in a kept environment, and what it is told there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from truewheel.model.build_record import ColdReason, NothingKept
from truewheel.system.warm import locks, reexec
from truewheel.system.warm.environment import LiveEnvironment
from truewheel.system.warm.kept_environment import KeptEnvironment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="environments are only kept on POSIX systems")


@pytest.fixture
def overlay(tmp_path: Path) -> dict[str, str]:
    """The variables of a hook that pip runs in an environment of its own, with a directory that can be no cache."""
    site = tmp_path / "pip-build-env-x" / "site"
    site.mkdir(parents=True)
    (site / "sitecustomize.py").touch()
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "mine").touch()
    return {"PYTHONPATH": str(site), "TRUEWHEEL_CACHE_DIR": str(occupied)}


def refusal(config_settings: object, environ: dict[str, str]) -> NothingKept | None:
    with pytest.raises(reexec.Refused) as caught:
        reexec.call("build_wheel", ["out", config_settings, None], environ)
    return caught.value.reason


def test_an_environment_that_lasts_is_no_reason_to_go_elsewhere() -> None:
    assert refusal(None, {}) is None


@pytest.mark.parametrize("option", ["off", ["off"], ["on", "off"]])
def test_the_last_option_switches_the_cache_off(
    option: object, overlay: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal({"truewheel.cache": option}, overlay) == NothingKept(cause=ColdReason.SWITCHED_OFF)


@pytest.mark.parametrize("text", ['[tool.truewheel]\ncache = "off"\n', None, "not TOML", "\xff"])
def test_the_projects_file_is_read_whatever_is_in_it(
    text: str | None, overlay: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text, encoding="latin-1")
    monkeypatch.chdir(tmp_path)
    reason = refusal(None, overlay)
    assert reason is not None
    if text is not None and "off" in text:
        assert reason.cause is ColdReason.SWITCHED_OFF
    else:
        assert reason.cause is ColdReason.UNFIT_CACHE
        assert "holds files of somebody else's" in reason.phrase


def test_variables_lead_into_the_kept_environment_only(tmp_path: Path) -> None:
    live, kept = tmp_path / "live", tmp_path / "kept"
    told = reexec._moved(
        {
            "PATH": os.pathsep.join([f"{live}/bin", "/usr/bin"]),
            "PYTHONPATH": os.pathsep.join([f"{live}/site", "", "/my/modules"]),
            "VIRTUAL_ENV": str(live),
            "CFLAGS": "-O1",
        },
        LiveEnvironment(root=live, prefixes=(live,), sites=(), scripts=()),
        KeptEnvironment(root=kept, hold=locks.Lock(-1)),
    )
    assert told == {
        "PATH": os.pathsep.join([f"{kept}/bin", "/usr/bin"]),
        "PYTHONPATH": "/my/modules",
        "CFLAGS": "-O1",
    }
