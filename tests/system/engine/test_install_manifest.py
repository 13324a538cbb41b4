"""What CMake's install step wrote, by the manifest that it leaves."""

from __future__ import annotations

import os
from pathlib import Path

from truewheel.system.engine.install_manifest import (
    find_installed_files,
    manifest_times,
)


def test_files_that_were_installed_outside_of_the_wheel_are_found(
    tmp_path: Path,
) -> None:
    build, stage, real = tmp_path / "build", tmp_path / "stage", tmp_path / "real"
    build.mkdir()
    (real / "lib").mkdir(parents=True)
    stage.symlink_to(real)
    before = manifest_times(build)
    names = [
        f"{stage}/pkg/m.so",
        f"{real}/lib/x.so",
        f"{tmp_path}/stages/y.so",
        "/opt/z.so",
        f"{stage}/../up.so",
    ]
    (build / "install_manifest.txt").write_text("\n".join(names))
    found = find_installed_files(build, before=before, roots=[stage])
    away = ("/opt/z.so", f"{stage}/../up.so", f"{tmp_path}/stages/y.so")
    assert found.outside == away
    assert found.finished == (build / "install_manifest.txt").stat().st_mtime_ns
    assert found.inside == {f"{real}/lib/x.so", f"{stage}/pkg/m.so"}


def test_what_an_earlier_install_has_left_is_not_read(tmp_path: Path) -> None:
    for name in ("install_manifest.txt", "install_manifest_dev.txt"):
        (tmp_path / name).write_text(f"/opt/{name}\n")
    before = manifest_times(tmp_path)
    assert find_installed_files(tmp_path, before=before, roots=[]) == (set(), (), 0)
    os.utime(tmp_path / "install_manifest_dev.txt", ns=(0, 1))
    found = find_installed_files(tmp_path, before=before, roots=[])
    assert found.outside == ("/opt/install_manifest_dev.txt",)
