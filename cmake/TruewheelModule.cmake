# Targets for wheels. CMake 3.18 or newer; Python must have been found with Development.Module (and
# Development.SABIModule for STABLE_ABI), as find_package(Python COMPONENTS Interpreter Development.Module) does.

# truewheel_add_module(NAME [STABLE_ABI 3.N] [DESTINATION DIR] SOURCES...)
#
# An extension module: the right suffix, hidden symbols, no libpython, $ORIGIN as its RPATH, installed into the wheel.
# STABLE_ABI: define Py_LIMITED_API for that Python and use the .abi3 suffix; pass ${SKBUILD_SABI_VERSION} to follow
# wheel.py-api (an empty value means a version-specific module).
# DESTINATION: the package directory in the wheel; the project's own package when it is left out.
function(truewheel_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "STABLE_ABI;DESTINATION" "")
  if(NOT arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "truewheel_add_module(${name}): no sources")
  endif()
  if(NOT COMMAND Python_add_library)
    message(FATAL_ERROR "truewheel_add_module(${name}): call "
      "find_package(Python REQUIRED COMPONENTS Interpreter Development.Module) first")
  endif()
  if(NOT DEFINED arg_DESTINATION)
    set(arg_DESTINATION "${SKBUILD_PROJECT_NAME}")
  endif()

  if(arg_STABLE_ABI)
    _truewheel_stable_module(${name} "${arg_STABLE_ABI}" ${arg_UNPARSED_ARGUMENTS})
  else()
    Python_add_library(${name} MODULE WITH_SOABI ${arg_UNPARSED_ARGUMENTS})
  endif()
  if(WIN32 AND SKBUILD_SOABI MATCHES "t-win")
    # The headers of Windows serve both builds: the free-threaded one must be asked for (CPython "Free threading").
    target_compile_definitions(${name} PRIVATE Py_GIL_DISABLED=1)
  endif()
  set_target_properties(${name} PROPERTIES
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  _truewheel_origin(${name})
  set_target_properties(${name} PROPERTIES TRUEWHEEL_DESTINATION "${arg_DESTINATION}")
  install(TARGETS ${name} DESTINATION "${arg_DESTINATION}")
endfunction()

# CMake 3.26 knows USE_SABI; before, the definition and the suffix are set by hand.
function(_truewheel_stable_module name version)
  if(TARGET Python::SABIModule)
    Python_add_library(${name} MODULE USE_SABI ${version} WITH_SOABI ${ARGN})
    get_target_property(suffix ${name} SUFFIX)
    if(version VERSION_LESS 3.15 AND suffix MATCHES "^\\.abi3-.+\\.so$")
      # Python 3.15 prefers a suffix that names the platform as well (.abi3-x86_64-linux-gnu.so), and FindPython takes
      # it; older Pythons look for .abi3.so only (CPython gh-122931).
      set_target_properties(${name} PROPERTIES SUFFIX ".abi3.so")
    endif()
    return()
  endif()
  if(NOT version MATCHES "^3\\.([0-9]+)$")
    message(FATAL_ERROR "truewheel_add_module(${name}): STABLE_ABI ${version} is not a version such as 3.10")
  endif()
  math(EXPR hex "0x03000000 + ${CMAKE_MATCH_1} * 0x10000" OUTPUT_FORMAT HEXADECIMAL)
  Python_add_library(${name} MODULE ${ARGN})
  target_compile_definitions(${name} PRIVATE Py_LIMITED_API=${hex})
  if(NOT WIN32)
    set_target_properties(${name} PROPERTIES SUFFIX ".abi3.so")
  endif()
endfunction()

# truewheel_install_library(TARGET... [DESTINATION DIR] [FOR MODULE...])
#
# These shared libraries belong in the wheel: they are installed into DIR (the project's own package when it is left
# out), and the modules after FOR find them there. Where truewheel_add_module put a module is known; one that another
# command made (pybind11_add_module) must be installed into DIR too.
function(truewheel_install_library)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "DESTINATION" "FOR")
  if(NOT DEFINED arg_DESTINATION)
    set(arg_DESTINATION "${SKBUILD_PROJECT_NAME}")
  endif()
  foreach(target IN LISTS arg_UNPARSED_ARGUMENTS)
    _truewheel_origin(${target})
    # A wheel holds no symbolic links: one file, named as others ask for it.
    set_property(TARGET ${target} PROPERTY VERSION)
    set_property(TARGET ${target} PROPERTY SOVERSION)
    install(TARGETS ${target}
      LIBRARY DESTINATION "${arg_DESTINATION}"
      RUNTIME DESTINATION "${arg_DESTINATION}"
      ARCHIVE DESTINATION "${SKBUILD_NULL_DIR}")
  endforeach()
  foreach(module IN LISTS arg_FOR)
    target_link_libraries(${module} PRIVATE ${arg_UNPARSED_ARGUMENTS})
    _truewheel_search(${module} "${arg_DESTINATION}")
  endforeach()
endfunction()

# Let the loader search the installed directory `destination` from the directory that `module` is installed into.
function(_truewheel_search module destination)
  get_target_property(home ${module} TRUEWHEEL_DESTINATION)
  set(step "")
  if(home)
    file(RELATIVE_PATH step "/${home}" "/${destination}")
    string(REGEX REPLACE "/$" "" step "${step}")
    if(step)
      set(step "/${step}")
    endif()
  endif()
  if(APPLE)
    set_property(TARGET ${module} APPEND PROPERTY INSTALL_RPATH "@loader_path${step}")
  elseif(UNIX)
    set_property(TARGET ${module} APPEND PROPERTY INSTALL_RPATH "$ORIGIN${step}")
  endif()
endfunction()

function(_truewheel_origin target)
  if(APPLE)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "@loader_path")
  elseif(UNIX)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
  endif()
endfunction()
