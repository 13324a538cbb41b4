#!/usr/bin/env bash
# pip and uv install a wheel whose files have other hashes and sizes than RECORD says, without a word.
#
# Most would expect: an installer compares RECORD with the files. The specification says so: "Installation will fail if any file
#   in the archive is not both mentioned and correctly hashed in RECORD" (binary distribution format).
# What happens: pip and uv never look at the hashes or sizes. They also accept hexadecimal digests and "SHA256=". pip copies the
#   wrong row into the RECORD that it installs, so what is on disk contradicts it from then on. The library installer compares,
#   but only if its caller asks for the contents; its command line does not by default.
# Versions: pip 26.3, uv 0.13.9, installer 1.1.0, CPython 3.11 on Linux x86_64.
# Output seen: "pip: status 0", "installed x = 2, its RECORD has the hash of x = 1"; "uv: status 0", "installed x = 2"; "installer,
#   as by default: status 0"; "installer --validate-record all: status 1".
# Why users meet it: a wheel that was edited after it was built (strip, a signed binary, a patched file) installs everywhere in
#   the maker's tests, and is refused where somebody's tool validates; and what was tampered with is not noticed.
# Source: https://packaging.python.org/en/latest/specifications/binary-distribution-format/#the-dist-info-directory;
#   installer/sources.py, WheelFile.validate_record; pip/_internal/operations/install/wheel.py, get_csv_rows_for_installed.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
PATH="$place/venv/bin:$PATH"
pip install -q --disable-pip-version-check pip==26.3 uv==0.13.9 installer==1.1.0
cd "$place"

python - <<'PYTHON'
import base64, hashlib, zipfile

def row(name, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"{name},sha256={digest},{len(content)}\n"

files = {
    "p.py": b"x = 1\n",
    "p-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: p\nVersion: 1\n",
    "p-1.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
record = "".join(row(*item) for item in files.items()) + "p-1.dist-info/RECORD,,\n"
with zipfile.ZipFile("p-1-py3-none-any.whl", "w") as archive:
    for name, content in {**files, "p.py": b"x = 2  # changed after RECORD was written\n"}.items():
        archive.writestr(name, content)
    archive.writestr("p-1.dist-info/RECORD", record)
print(row("p.py", files["p.py"]), end="", file=open("row", "w"))
PYTHON

attempt() {  # attempt NAME COMMAND…: run an installer, keep its status
  name=$1
  shift
  status=0
  "$@" > log 2>&1 || status=$?
  echo "$name: status $status"
}

attempt pip pip install -q --no-index --no-deps --no-cache-dir --target by-pip p-1-py3-none-any.whl
test $status = 0
grep -q "x = 2" by-pip/p.py
grep -qF "$(cat row)" by-pip/p-1.dist-info/RECORD
echo "  installed $(head -c 5 by-pip/p.py), its RECORD has the hash of x = 1"
attempt uv uv pip install -q --no-index --no-deps --no-cache --python python --target by-uv p-1-py3-none-any.whl
test $status = 0
grep -q "x = 2" by-uv/p.py
echo "  installed $(head -c 5 by-uv/p.py)"
attempt "installer, as by default" python -m installer --destdir by-default p-1-py3-none-any.whl
test $status = 0
attempt "installer --validate-record all" python -m installer --validate-record all --destdir by-all p-1-py3-none-any.whl
test $status = 1
grep -q "didn't match RECORD" log
