import subprocess
import sysconfig
from pathlib import Path

import pytest

PROGRAM = Path(sysconfig.get_path("scripts"), "example-entropy")


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("content", "bits"), [(b"", "0.000"), (b"aaaa", "0.000"), (b"abab", "1.000"), (bytes(range(256)), "8.000")]
)
def test_known_values(tmp_path, content, bits):
    (tmp_path / "file").write_bytes(content)
    assert run(tmp_path / "file").stdout.split()[0] == bits


def test_goes_on_after_a_file_that_is_not_there(tmp_path):
    (tmp_path / "there").write_bytes(b"ab")
    result = run(tmp_path / "missing", tmp_path / "there")
    assert result.returncode == 1
    assert "missing" in result.stderr
    assert result.stdout.startswith("1.000 ")


def test_says_how_it_is_used():
    assert run().returncode == 2
