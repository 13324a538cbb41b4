"""Hashes of RECORD that are right, in another form than the standard's."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from installer.sources import WheelFile

from truewheel.audit import verdict
from truewheel.model.contents import WheelFacts
from truewheel.model.finding import Severity
from truewheel.model.record import parts, replace
from truewheel.system.wheels.reading import read_wheel

NAME = "p-1-py3-none-any.whl"
# Bytes whose digest has both characters by which the alphabets of base64 differ.
CODE = next(
    code
    for code in (f"x = {n}\n".encode() for n in range(1000))
    if {"-", "_"} <= set(base64.urlsafe_b64encode(hashlib.sha256(code).digest()).decode())
)  # fmt: skip
FILES = {
    "p.py": CODE,
    "p-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: p\nVersion: 1\n",
    "p-1.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}


def padded(digest: bytes) -> str:
    """Return a digest in urlsafe base64 with its padding."""
    return base64.urlsafe_b64encode(digest).decode()


def right(digest: bytes) -> str:
    """Return a digest as RECORD has to have it."""
    return padded(digest).rstrip("=")


FORMS: dict[str, tuple[Callable[[bytes], str], str]] = {
    "hex": (lambda d: f"sha256={d.hex()}", "which is hexadecimal"),
    "HEX": (lambda d: f"sha256={d.hex().upper()}", "which is hexadecimal"),
    "padding": (lambda d: f"sha256={padded(d)}", "which is with padding (=)"),
    "alphabet": (
        lambda d: f"sha256={base64.b64encode(d).decode().rstrip('=')}",
        "which is in the standard alphabet of base64 (+ and /)",
    ),
    "both": (
        lambda d: f"sha256={base64.b64encode(d).decode()}",
        "which is in the standard alphabet of base64 (+ and /) and with padding (=)",
    ),
    "upper": (lambda d: f"SHA256={right(d)}", "which spells sha256 as SHA256"),
    "dash": (lambda d: f"sha-256={right(d)}", "which spells sha256 as sha-256"),
    "colon": (
        lambda d: f"sha256:{d.hex()}",
        "which has a colon in the place of = and which is hexadecimal",
    ),
    "no algorithm": (right, "which does not name the algorithm"),
}


def wheel_with_hash(directory: Path, hash_of: Callable[[bytes], str]) -> Path:
    """Write a wheel in whose RECORD the hash of ``p.py`` is written by a function."""
    rows = []
    for name, content in FILES.items():
        digest = hashlib.sha256(content).digest()
        written = hash_of(digest) if name == "p.py" else f"sha256={right(digest)}"
        rows.append(f"{name},{written},{len(content)}\n")
    path = directory / NAME
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
        archive.writestr("p-1.dist-info/RECORD", "".join([*rows, "p-1.dist-info/RECORD,,\n"]))  # fmt: skip
    return path


@pytest.mark.parametrize("form", FORMS)
def test_a_right_hash_in_another_form_is_a_warning_that_names_the_form(
    form: str, tmp_path: Path
) -> None:
    hash_of, fault = FORMS[form]
    checked = verdict.check(
        read_wheel(wheel_with_hash(tmp_path, hash_of), digests=True)
    )
    (finding,) = [one for one in checked.findings if one.code in ("TW505", "TW526")]
    assert (finding.code, finding.where) == ("TW505", "p.py")
    assert finding.severity is Severity.WARNING
    assert finding.evidence[0].endswith(f", {fault}")
    digest = hashlib.sha256(CODE).digest()
    assert finding.evidence[1] == f"right: sha256={right(digest)}"


@pytest.mark.parametrize(
    "hash_of",
    [
        lambda d: f"sha256={d[::-1].hex()}",
        lambda d: f"sha256={padded(d[::-1])}",
        lambda d: f"sha256={d.hex()}=",
        lambda d: f"sha256={right(d)}A",
        lambda d: f"sha256=é{right(d)}",
    ],
    ids=["hex", "padding", "hex and padding", "longer", "not ASCII"],
)
def test_another_hash_is_an_error_in_every_form(
    hash_of: Callable[[bytes], str], tmp_path: Path
) -> None:
    checked = verdict.check(
        read_wheel(wheel_with_hash(tmp_path, hash_of), digests=True)
    )
    severities = [one.severity for one in checked.findings if one.code == "TW505"]
    assert severities == [Severity.ERROR]


def test_a_hash_in_another_form_does_not_hide_another_size(tmp_path: Path) -> None:
    path = wheel_with_hash(tmp_path, lambda d: f"sha256={d.hex()}")
    facts = read_wheel(path, digests=True)
    rows = [row for row in facts.record or () if row.path != "p.py"]
    (row,) = set(facts.record or ()) - set(rows)
    changed = WheelFacts(**{**parts(facts), "record": (*rows, replace(row, size=1))})
    checked = verdict.check(changed)
    (finding,) = [one for one in checked.findings if one.code == "TW505"]
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize("form", FORMS)
def test_pip_installs_what_the_library_installer_refuses(
    form: str, tmp_path: Path
) -> None:
    path = wheel_with_hash(tmp_path, FORMS[form][0])
    # Only whoever asks for the contents to be compared gets to know of most forms.
    is_named = form in ("upper", "dash", "colon", "no algorithm")
    with WheelFile.open(path) as source:
        if is_named:
            with pytest.raises(ValueError, match="RECORD"):
                source.validate_record(validate_contents=False)
        else:
            source.validate_record(validate_contents=False)
        with pytest.raises(ValueError, match="RECORD"):
            source.validate_record()


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_pip_and_uv_do_not_look_at_hashes(tool: str, tmp_path: Path) -> None:
    path = wheel_with_hash(tmp_path, FORMS["hex"][0])
    commands = {
        "pip": [sys.executable, "-m", "pip", "install"],
        "uv": [str(Path(sys.executable).with_name("uv")), "pip", "install", "--python", sys.executable],
    }  # fmt: skip
    options = ["-q", "--no-deps", "--no-index", "--target", str(tmp_path / "to")]
    subprocess.run([*commands[tool], *options, str(path)], check=True)
    assert (tmp_path / "to/p.py").read_bytes() == CODE
