"""``truewheel check``: whether wheels are true and sound, and what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.small_wheels import small_wheel
from truewheel.cli import main


def test_a_true_wheel_is_ok(wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(wheel)]) == 0
    assert f"{wheel.name}: ok" in capsys.readouterr().out


def test_an_untrue_wheel_is_not_ok_and_its_finding_is_explained(
    wheel: Path, renamed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(wheel), str(renamed)]) == 1
    out = capsys.readouterr().out
    assert "not ok" in out
    assert "error TW305" in out
    assert "see: truewheel explain TW305" in out


def test_an_untrue_name_cannot_be_ignored(renamed: Path) -> None:
    assert main(["check", "--ignore", "TW", str(renamed)]) == 1
    assert main(["check", "--strict", str(renamed)]) == 1


def test_warnings_fail_only_when_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = small_wheel(
        tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b"", "lib/x.txt": b""}
    )
    assert main(["check", str(wheel)]) == 0
    assert ": ok" in capsys.readouterr().out
    assert main(["check", "--strict", str(wheel)]) == 1
    assert ": ok" not in capsys.readouterr().out


def test_a_file_that_is_not_named_as_a_wheel_is_not_ok(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b""})
    misnamed = wheel.rename(tmp_path / "misnamed.whl")
    assert main(["check", "--ignore", "TW5", str(misnamed)]) == 1
    assert "not ok" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_codes_that_do_not_exist_are_a_usage_error(option: str, tmp_path: Path) -> None:
    wheel = small_wheel(tmp_path / "p-1-py3-none-any.whl", {"p/__init__.py": b""})
    with pytest.raises(SystemExit) as caught:
        main(["check", option, "XYZ", str(wheel)])
    assert caught.value.code == 2


def test_codes_may_be_selected_in_lower_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = small_wheel(
        tmp_path / "p-1-py3-none-any.whl",
        {"p/__init__.py": b"", "p/__pycache__/a.pyc": b"x"},
    )
    main(["check", "--select", "tw513", str(wheel)])
    assert "TW513" in capsys.readouterr().out


def test_findings_are_told_in_the_same_order_each_time(tmp_path: Path) -> None:
    """Sets of strings have another order in each process."""
    fields = b"Description-Content-Type: text/html\nLicense-Expression: No-1\nRequires-Python: x\nProvides-Extra: a b\n"
    metadata = b"Metadata-Version: 2.4\nName: p\nVersion: 1\n" + fields
    wheel = small_wheel(
        tmp_path / "p-1-py3-none-any.whl",
        {"p/x.py": b"", "p-1.dist-info/METADATA": metadata},
    )
    command = [sys.executable, "-m", "truewheel", "check", "--json", str(wheel)]
    texts = set()
    for seed in range(1, 4):
        environ = {**os.environ, "PYTHONHASHSEED": str(seed)}
        texts.add(
            subprocess.run(
                command, capture_output=True, text=True, check=False, env=environ
            ).stdout
        )
    (text,) = texts
    assert text.count("TW529") == 4


def test_one_bad_wheel_does_not_hide_the_others(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "absent.whl"), str(wheel)]) == 4
    assert f"{wheel.name}: ok" in capsys.readouterr().out
