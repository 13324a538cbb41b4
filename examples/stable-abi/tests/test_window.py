import gc
import importlib
import sys
import weakref

import example_stable_abi
import pytest
from example_stable_abi import EmptyWindow, Window, _window, instances


def test_keeps_the_last_values():
    window = Window(size=3)
    for value in (1, 2, 3, 4):
        window.push(value)
    assert len(window) == 3
    assert window.mean == 3.0


def test_says_when_it_is_empty():
    with pytest.raises(EmptyWindow, match="no values"):
        Window(1).mean


@pytest.mark.parametrize("size", [0, -1, sys.maxsize])
def test_refuses_other_sizes(size):
    with pytest.raises((ValueError, MemoryError)):
        Window(size)


def test_each_module_has_its_own_state():
    Window(1)
    spec = importlib.util.find_spec("example_stable_abi._window")
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    assert instances() > 0 == other.instances()
    assert other.EmptyWindow is not _window.EmptyWindow


def test_a_module_can_be_collected():
    spec = importlib.util.find_spec("example_stable_abi._window")
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    window = other.Window(1)
    gone = weakref.ref(other.Window)
    del other, window
    gc.collect()
    assert gone() is None


SCRIPT = """
import example_stable_abi
assert example_stable_abi.instances() == 0
example_stable_abi.Window(2).push(1)
assert example_stable_abi.instances() == 1
"""


def run_in_subinterpreter(script, *, own_gil):
    """Raise what the script raises there; the interfaces changed from version to version."""
    if sys.version_info >= (3, 13):
        import _interpreters

        name = _interpreters.create("isolated" if own_gil else "legacy")
        problem = _interpreters.run_string(name, script)
        _interpreters.destroy(name)
        assert problem is None, problem
    else:
        import _xxsubinterpreters

        name = _xxsubinterpreters.create(isolated=own_gil)
        _xxsubinterpreters.run_string(name, script)
        _xxsubinterpreters.destroy(name)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="CPython's own")
@pytest.mark.parametrize(
    "own_gil",
    [False, pytest.param(True, marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="from 3.12 on"))],
)
def test_a_subinterpreter_has_its_own_state(own_gil):
    before = example_stable_abi.instances()
    run_in_subinterpreter(SCRIPT, own_gil=own_gil)
    run_in_subinterpreter(SCRIPT, own_gil=own_gil)
    assert example_stable_abi.instances() == before
