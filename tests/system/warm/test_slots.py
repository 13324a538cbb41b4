"""Areas of builds: which one a build gets, and when what is kept is to blame for a failure."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from truewheel.model.build_record import ColdReason, NothingKept
from truewheel.model.errors import ConfigError, EngineError, TruewheelError, WheelError
from truewheel.model.request import Product, Request
from truewheel.planning.reuse import decide
from truewheel.system.warm import cache, slots
from truewheel.system.warm.area import BuildArea
from truewheel.system.warm.kept_area import KeptBuildArea

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="the build cache needs POSIX file locks"
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache directory, which is not there yet."""
    root = tmp_path / "cache"
    monkeypatch.setenv("TRUEWHEEL_CACHE_DIR", str(root))
    return root


@pytest.fixture
def request_for_wheel(tmp_path: Path, store: Path) -> Request:
    """A request for a wheel of a project in a directory of its own."""
    source = tmp_path / "source"
    source.mkdir()
    return Request(
        product=Product.WHEEL,
        source=source,
        output=tmp_path / "out",
        config_settings={},
        metadata_directory=None,
        environ=dict(os.environ),
    )


COMPILER = EngineError("CMake build failed", phase="build")


def nothing() -> None:
    """Happen while nobody looks."""


def fail(
    request: Request,
    error: Exception = COMPILER,
    meanwhile: Callable[[], object] = nothing,
) -> None:
    """Let a build fail in a kept area, after something happened."""
    with slots.area_for(request, "on", decide) as area:
        assert isinstance(area, KeptBuildArea)
        meanwhile()
        raise error


def failure_in(
    request: Request,
    error: Exception = COMPILER,
    meanwhile: Callable[[], object] = nothing,
) -> NothingKept:
    """Let a build fail in a kept area; return what the cache is blamed for."""
    with pytest.raises(slots.CacheFailedError) as caught:
        fail(request, error, meanwhile)
    return caught.value.reason


def test_a_failure_of_the_projects_own_is_told_as_it_is(
    request_for_wheel: Request,
) -> None:
    with pytest.raises(EngineError):
        fail(request_for_wheel)


@pytest.mark.parametrize("doomed", ["", "builds"])
def test_a_cache_that_was_deleted_is_to_blame(
    doomed: str, request_for_wheel: Request, store: Path
) -> None:
    reason = failure_in(
        request_for_wheel, meanwhile=lambda: shutil.rmtree(store / doomed)
    )
    assert reason.detail.endswith("was deleted during the build")


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("the build cannot be set up", problems=[]),
        WheelError("a member cannot be copied"),
        ValueError("of any kind"),
    ],
)
def test_whatever_fails_in_a_cache_that_was_deleted_is_its_fault(
    error: Exception, request_for_wheel: Request, store: Path
) -> None:
    reason = failure_in(request_for_wheel, error, lambda: shutil.rmtree(store))
    assert reason.detail.endswith("was deleted during the build")


def test_a_mistake_in_the_settings_is_told_as_it_is(request_for_wheel: Request) -> None:
    with pytest.raises(ConfigError):
        fail(request_for_wheel, ConfigError("wrong", problems=[]))


def test_a_deletion_that_has_begun_is_seen_before_it_comes_to_the_lock(
    request_for_wheel: Request, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program fails by it at once."""

    def delete_one(_: float) -> None:
        next(store.glob("builds/*/0/.truewheel-size")).unlink()

    monkeypatch.setattr(slots.vanishing, "time", SimpleNamespace(sleep=delete_one))
    reason = failure_in(request_for_wheel)
    assert reason.detail.endswith("was deleted during the build")


def test_a_cache_that_was_deleted_and_made_anew_by_another_build_is_to_blame(
    request_for_wheel: Request, store: Path
) -> None:
    def meanwhile() -> None:
        shutil.rmtree(store)
        with slots.area_for(request_for_wheel, "on", decide):
            pass

    reason = failure_in(request_for_wheel, meanwhile=meanwhile)
    assert reason.detail == f"the cache directory {store} was deleted during the build"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.ESTALE, errno.EACCES])
def test_a_disk_of_the_cache_that_fails_is_to_blame(
    number: int, request_for_wheel: Request, store: Path
) -> None:
    error = OSError(number, os.strerror(number), str(store / "builds" / "x"))
    assert failure_in(request_for_wheel, error) == NothingKept(
        cause=ColdReason.UNFIT_CACHE,
        detail=f"the cache directory {store} cannot be used ({os.strerror(number)})",
    )


@pytest.mark.parametrize("place", ["/elsewhere", 3, None])
def test_another_disk_that_fails_is_not(
    place: str | int | None, request_for_wheel: Request
) -> None:
    error = OSError(errno.EROFS, "Read-only file system", place)
    with pytest.raises(OSError, match="Read-only"):
        fail(request_for_wheel, error)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_without_room_for_its_user_is_full(
    number: int, request_for_wheel: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quota is not seen in how much of the disk is free."""

    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    reason = failure_in(request_for_wheel)
    assert reason.detail.endswith("has no room left")


def test_a_file_system_that_cannot_reserve_room_is_not_full(
    request_for_wheel: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    with pytest.raises(EngineError):
        fail(request_for_wheel)


@pytest.mark.parametrize("kind", ["nfs4", "fuse.sshfs", "cifs"])
def test_on_a_network_nothing_is_kept(
    kind: str,
    request_for_wheel: Request,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "_file_system_of", lambda _: kind)
    with slots.area_for(request_for_wheel, "on", decide) as area:
        assert type(area) is BuildArea
        assert isinstance(area.warmth, NothingKept)
        assert area.warmth.phrase == (
            f"from nothing: the cache directory {store} lies on a network file system ({kind})"
        )


@pytest.fixture
def no_temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No directory that Python knows takes a temporary file."""

    def refuse(*_: Any, **__: Any) -> None:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(slots.tempfile, "mkdtemp", refuse)
    monkeypatch.setattr(slots.tempfile, "gettempdir", refuse)
    return


@pytest.mark.usefixtures("no_temporary")
def test_without_a_place_for_a_temporary_area_there_is_one_clear_error(
    request_for_wheel: Request,
) -> None:
    with (
        pytest.raises(TruewheelError, match="no temporary directory can be made") as e,
        slots.area_for(request_for_wheel, "off", decide),
    ):
        pass
    assert "TMPDIR" in str(e.value.hint)


@pytest.mark.usefixtures("no_temporary")
def test_a_kept_area_needs_none(request_for_wheel: Request) -> None:
    with slots.area_for(request_for_wheel, "on", decide) as area:
        assert isinstance(area, KeptBuildArea)
        assert slots.without_room(area, {}) == ""


def test_a_full_directory_for_temporary_files_of_compilers_is_named(
    request_for_wheel: Request, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = shutil.disk_usage(tmp_path)
    full = str(tmp_path / "full")

    def look(place: Path) -> Any:
        return usage._replace(free=0) if str(place) == full else usage

    monkeypatch.setattr(shutil, "disk_usage", look)
    with slots.area_for(request_for_wheel, "off", decide) as area:
        assert slots.without_room(area, {"TMPDIR": full}) == full
        assert slots.without_room(area, {"TMPDIR": str(tmp_path)}) == ""
