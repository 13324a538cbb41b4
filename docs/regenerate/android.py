"""Write ``src/truewheel/platforms/policy/android.json`` anew.

Sources: the Android NDK's page "Stable APIs" for the libraries that an application may link and the API level that each
came with; PEP 738 for the names of ABIs in tags and the oldest API level of each Python (3.13: 21, 3.14: 24).
Run: ``python docs/regenerate/android.py`` and read the diff.
"""

from __future__ import annotations

import json
from pathlib import Path

TARGET = (
    Path(__file__).parents[2]
    / "src"
    / "truewheel"
    / "platforms"
    / "policy"
    / "android.json"
)

ABIS = {
    "arm64_v8a": ["aarch64"],
    "armeabi_v7a": [
        "armv7l",
        "arm",
    ],  # software floating-point arguments: readers call such code plain arm
    "x86": ["i686"],
    "x86_64": ["x86_64"],
    "riscv64": ["riscv64"],
}
LIBRARIES = {
    "libc.so": 1,
    "libdl.so": 1,
    "libm.so": 1,
    "libstdc++.so": 1,
    "liblog.so": 3,
    "libz.so": 3,
    "libGLESv1_CM.so": 4,
    "libGLESv2.so": 5,
    "libjnigraphics.so": 8,
    "libandroid.so": 9,
    "libEGL.so": 9,
    "libOpenSLES.so": 9,
    "libOpenMAXAL.so": 14,
    "libGLESv3.so": 18,
    "libmediandk.so": 21,
    "libcamera2ndk.so": 24,
    "libvulkan.so": 24,
    "libaaudio.so": 26,
    "libnativewindow.so": 26,
    "libsync.so": 26,
    "libneuralnetworks.so": 27,
    "libamidi.so": 29,
    "libbinder_ndk.so": 29,
    "libicu.so": 31,
    "libnativehelper.so": 31,
}


def main() -> None:
    """Write the tables above."""
    table = {
        "source": "Android NDK, Stable APIs; PEP 738",
        "abis": ABIS,
        "libraries": LIBRARIES,
        "oldest": 21,
    }
    TARGET.write_text(
        json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
