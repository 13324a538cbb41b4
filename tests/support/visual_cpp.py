"""Microsoft's own runtime libraries, as the package msvc-runtime publishes them: signed, and for ARM64 of two kinds at once."""

from __future__ import annotations

import functools
import posixpath
import zipfile

from support import needs, published

X64_BEFORE_14_40 = published.Published(
    requirement="msvc-runtime==14.34.31931",
    filename="msvc_runtime-14.34.31931-cp310-cp310-win_amd64.whl",
    sha256="6ca55f411426027fc31ea4e61325a4f2fd44978aa669fb8378e19363935ea10e",
    family="windows",
)
X64_OLD = published.Published(
    requirement="msvc-runtime==14.42.34433",
    filename="msvc_runtime-14.42.34433-cp39-cp39-win_amd64.whl",
    sha256="d4da7241349e9bf7d79346680f180b29bcc8aff242bd3de075529be71c097271",
    family="windows",
)
X64 = published.Published(
    requirement="msvc-runtime==14.51.36231",
    filename="msvc_runtime-14.51.36231-cp313-cp313-win_amd64.whl",
    sha256="f3c3ac4f733a774f6ae209567e533bfde6f72dc1c10977733bfe09ce01e5b624",
    family="windows",
)
ARM64 = published.Published(
    requirement="msvc-runtime==14.51.36231",
    filename="msvc_runtime-14.51.36231-cp313-cp313-win_arm64.whl",
    sha256="52f9fd6e089eac9d72607d3ac4ffebcd5f0d6f940fca83db8a9c12ca11b1c26c",
    family="windows",
)


@functools.cache
def libraries(row: published.Published) -> dict[str, bytes]:
    """Return the libraries of one wheel, by their file names."""
    path = published.have(row) or needs.missing(
        f"{row.filename} from the package index"
    )
    with zipfile.ZipFile(path) as archive:
        return {
            posixpath.basename(name): archive.read(name)
            for name in archive.namelist()
            if name.endswith(".dll")
        }
