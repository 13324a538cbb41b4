import math
import os
import platform
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from example_cpu_dispatch import dot, kernel


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 1000])
def test_agrees_with_python(count):
    x = array("d", (math.sin(i) for i in range(count)))
    y = array("d", (math.cos(i) for i in range(count)))
    assert dot(x, y) == pytest.approx(math.fsum(a * b for a, b in zip(x, y, strict=True)), abs=1e-12)


def test_refuses_what_are_no_vectors():
    for x, y in [("d" * 2, "f" * 2), ("dd", "d")]:
        with pytest.raises(ValueError, match="same length"):
            dot(array(x[0], [0.0] * len(x)), array(y[0], [0.0] * len(y)))


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="asks Linux what the CPU can do")
def test_chooses_what_the_cpu_can_do():
    flags = set(Path("/proc/cpuinfo").read_text().split())
    able = platform.machine() == "x86_64" and {"avx2", "fma", "bmi2"} <= flags
    forced = os.environ.get("EXAMPLE_CPU_DISPATCH") == "baseline"
    assert kernel == ("x86_64_v3" if able and not forced else "baseline")


def test_the_choice_can_be_forced():
    script = "import example_cpu_dispatch as e; print(e.kernel)"
    environ = {**os.environ, "EXAMPLE_CPU_DISPATCH": "baseline"}
    assert subprocess.check_output([sys.executable, "-c", script], env=environ, text=True).strip() == "baseline"
