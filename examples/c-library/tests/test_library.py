import ctypes
import importlib.metadata
import importlib.util
import sys

import example_c_library
import pytest

(entry,) = importlib.metadata.entry_points(group="cmake.prefix", name="example-c-library")


def test_the_entry_point_names_the_prefix():
    assert importlib.util.find_spec(entry.value).submodule_search_locations[0] == str(example_c_library.PREFIX)
    assert (example_c_library.PREFIX / "include" / "grid.h").is_file()
    assert (example_c_library.PREFIX / "cmake" / "UseExampleGrid.cmake").is_file()
    assert (example_c_library.PREFIX / "lib" / "cmake" / "ExampleGrid" / "ExampleGridConfig.cmake").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="names of libraries differ")
def test_the_library_works():
    library = ctypes.CDLL(example_c_library.PREFIX / "lib" / "libexample_grid_1.so")
    square = ctypes.create_string_buffer(7)
    assert library.grid_square(ctypes.c_double(48.14666), ctypes.c_double(11.60833), square) == 0
    assert square.value == b"JN58td"
