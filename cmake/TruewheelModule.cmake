# Targets for wheels. CMake 3.18 or newer; Python must have been found with Development.Module (and
# Development.SABIModule for STABLE_ABI), as find_package(Python COMPONENTS Interpreter Development.Module) does.

# truewheel_add_module(NAME [STABLE_ABI 3.N | ABI3T 3.N] [DESTINATION DIR] SOURCES...)
#
# An extension module: the right suffix, hidden symbols, no libpython, $ORIGIN as its RPATH, installed into the wheel.
# STABLE_ABI: define Py_LIMITED_API for that Python and use the .abi3 suffix; pass ${SKBUILD_SABI_VERSION} to follow
# wheel.py-api (an empty value means a version-specific module).
# ABI3T: the stable ABI of free-threaded Pythons, which those with the GIL load as well (PEP 803): define Py_TARGET_ABI3T
# for that Python and use the .abi3t suffix. Python 3.15 or newer has to build; an empty value is as above.
# DESTINATION: the package directory in the wheel; the project's own package when it is left out.
function(truewheel_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "STABLE_ABI;ABI3T;DESTINATION" "")
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

  if(arg_ABI3T)
    if(arg_STABLE_ABI)
      message(FATAL_ERROR "truewheel_add_module(${name}): STABLE_ABI and ABI3T exclude each other; "
        "ABI3T serves Pythons with the GIL as well")
    endif()
    _truewheel_abi3t_module(${name} "${arg_ABI3T}" ${arg_UNPARSED_ARGUMENTS})
  elseif(arg_STABLE_ABI)
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
  set_property(GLOBAL APPEND PROPERTY TRUEWHEEL_MODULES ${name})
  get_property(bundles GLOBAL PROPERTY TRUEWHEEL_BUNDLES)
  foreach(bundle IN LISTS bundles)
    _truewheel_reach(${name} ${bundle})
  endforeach()
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

# PEP 803. FindPython chooses abi3t only when a free-threaded Python builds, so it is not asked.
function(_truewheel_abi3t_module name version)
  if(NOT version MATCHES "^3\\.([0-9]+)$" OR version VERSION_LESS 3.15)
    message(FATAL_ERROR "truewheel_add_module(${name}): ABI3T ${version} is not a version such as 3.15, "
      "the first Python with this ABI (PEP 803)")
  endif()
  math(EXPR hex "0x03000000 + ${CMAKE_MATCH_1} * 0x10000" OUTPUT_FORMAT HEXADECIMAL)
  if(DEFINED Python_VERSION AND Python_VERSION VERSION_LESS version)
    message(FATAL_ERROR "truewheel_add_module(${name}): ABI3T ${version} cannot be built with Python ${Python_VERSION}: "
      "build with Python ${version} or newer, or leave ABI3T empty for older ones")
  endif()
  if(WIN32)
    _truewheel_abi3t_library(library)
    add_library(${name} MODULE ${ARGN})
    target_include_directories(${name} PRIVATE
      $<TARGET_PROPERTY:Python::Module,INTERFACE_INCLUDE_DIRECTORIES>)
    target_link_libraries(${name} PRIVATE "${library}")
    set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".pyd")
  else()
    Python_add_library(${name} MODULE ${ARGN})
    set_target_properties(${name} PROPERTIES SUFFIX ".abi3t.so")
  endif()
  # Both: abi3t alone says nothing of abi3, and headers take the lower of the two.
  target_compile_definitions(${name} PRIVATE Py_TARGET_ABI3T=${hex} Py_LIMITED_API=${hex})
endfunction()

# The import library of python3t.dll, which both builds of Windows have from 3.15 on (CPython gh-148690); FindPython knows
# the one of the Python that builds, which lies beside it.
function(_truewheel_abi3t_library result)
  set(places ${Python_SABI_LIBRARY_DIRS} ${Python_LIBRARY_DIRS})
  foreach(library IN LISTS Python_SABI_LIBRARY_RELEASE Python_LIBRARY_RELEASE)
    get_filename_component(place "${library}" DIRECTORY)
    list(APPEND places "${place}")
  endforeach()
  find_library(TRUEWHEEL_ABI3T_LIBRARY NAMES python3t PATHS ${places} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
  if(NOT TRUEWHEEL_ABI3T_LIBRARY)
    message(FATAL_ERROR "truewheel_add_module(): ABI3T needs python3t.lib, which is not in: ${places}")
  endif()
  set(${result} "${TRUEWHEEL_ABI3T_LIBRARY}" PARENT_SCOPE)
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

# truewheel_bundle(TARGET... [DESTINATION DIR] [FOR MODULE...])
#
# These shared libraries belong in the wheel, be they the project's own or IMPORTED ones of find_package: they are installed
# into DIR (${SKBUILD_PROJECT_NAME}.libs beside the package when it is left out), each under the name that others ask for,
# its SONAME. On Windows they go beside each module that is linked with them, where alone the loader looks for them.
# All modules of truewheel_add_module find them there. Those after FOR are linked with them and find them too: modules that
# another command made are taken to be installed into the project's own package.
function(truewheel_bundle)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "DESTINATION" "FOR")
  if(NOT arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "truewheel_bundle(): no targets: name the libraries, truewheel_bundle(NAME ...)")
  endif()
  if(NOT arg_DESTINATION)
    if(NOT SKBUILD_PROJECT_NAME)
      message(FATAL_ERROR "truewheel_bundle(${arg_UNPARSED_ARGUMENTS}): DESTINATION is missing")
    endif()
    set(arg_DESTINATION "${SKBUILD_PROJECT_NAME}.libs")
  endif()
  # It would be installed on this machine, and no search path of a wheel leads there.
  if(IS_ABSOLUTE "${arg_DESTINATION}")
    message(FATAL_ERROR "truewheel_bundle(${arg_UNPARSED_ARGUMENTS}): DESTINATION ${arg_DESTINATION} is outside of the wheel: name a directory from the root of the wheel, ${SKBUILD_PROJECT_NAME}/lib")
  endif()
  get_property(modules GLOBAL PROPERTY TRUEWHEEL_MODULES)
  list(APPEND modules ${arg_FOR})
  if(modules)
    list(REMOVE_DUPLICATES modules)
  endif()
  foreach(target IN LISTS arg_UNPARSED_ARGUMENTS)
    _truewheel_prepare_bundle(${target} "${arg_DESTINATION}" bundle)
    set_property(GLOBAL APPEND PROPERTY TRUEWHEEL_BUNDLES ${bundle})
    foreach(module IN LISTS arg_FOR)
      target_link_libraries(${module} PRIVATE ${target})
    endforeach()
    foreach(module IN LISTS modules)
      _truewheel_reach(${module} ${bundle})
    endforeach()
    if(NOT WIN32)
      _truewheel_install_bundle(${bundle} "${arg_DESTINATION}")
    endif()
  endforeach()
endfunction()

# Refuse what cannot be bundled, note where the library goes, and have the project's own carry one name. The result is the
# library's target that is no alias.
function(_truewheel_prepare_bundle target destination result)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "truewheel_bundle(${target}): there is no such target: call it after the add_library or find_package that makes the target")
  endif()
  get_target_property(real ${target} ALIASED_TARGET)
  if(NOT real)
    set(real ${target})
  endif()
  get_target_property(type ${real} TYPE)
  get_target_property(imported ${real} IMPORTED)
  if(NOT type STREQUAL "SHARED_LIBRARY" AND NOT (imported AND type STREQUAL "UNKNOWN_LIBRARY"))
    message(FATAL_ERROR "truewheel_bundle(${target}): it is a target of type ${type}; only shared libraries can be bundled")
  endif()
  if(imported)
    _truewheel_imported_file(${real} file name)
    set_property(GLOBAL PROPERTY "TRUEWHEEL_FILE_${real}" "${file}")
    set_property(GLOBAL PROPERTY "TRUEWHEEL_NAME_${real}" "${name}")
  else()
    _truewheel_origin(${real})
    # The SONAME of VERSION 1.2.3 and SOVERSION 1 is libfoo.so.1, and a wheel holds no symbolic links.
    get_target_property(soversion ${real} SOVERSION)
    if(soversion)
      set_property(TARGET ${real} PROPERTY VERSION)
    endif()
  endif()
  set_property(GLOBAL PROPERTY "TRUEWHEEL_HOME_${real}" "${destination}")
  set(${result} ${real} PARENT_SCOPE)
endfunction()

# The shared library of an IMPORTED target, and the name under which modules ask for it.
function(_truewheel_imported_file target file_result name_result)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
  get_target_property(location ${target} LOCATION_${config})
  if(NOT location)
    get_target_property(location ${target} LOCATION)
  endif()
  if(NOT location OR NOT EXISTS "${location}")
    message(FATAL_ERROR "truewheel_bundle(${target}): its library is not there: ${location}")
  endif()
  # Links lead to it: libfoo.so -> libfoo.so.1.2.3.
  get_filename_component(file "${location}" REALPATH)
  if(NOT file MATCHES "\\.(so|dylib|dll)(\\.[0-9.]+)?$")
    message(FATAL_ERROR "truewheel_bundle(${target}): ${file} is not a shared library")
  endif()
  _truewheel_soname(${target} "${file}" name)
  if(NOT name)
    get_filename_component(name "${location}" NAME)
  endif()
  set(${file_result} "${file}" PARENT_SCOPE)
  set(${name_result} "${name}" PARENT_SCOPE)
endfunction()

# The file's SONAME; empty when it has none, or when nothing can tell.
function(_truewheel_soname target file result)
  set(${result} "" PARENT_SCOPE)
  if(WIN32)
    return()
  endif()
  set(name "")
  if(APPLE AND CMAKE_OTOOL)
    execute_process(COMMAND ${CMAKE_OTOOL} -D "${file}" OUTPUT_VARIABLE said ERROR_QUIET)
    if(said MATCHES "([^/\n]+)\n?$")
      set(name "${CMAKE_MATCH_1}")
    endif()
  elseif(CMAKE_READELF)
    execute_process(
      COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${CMAKE_READELF} -d "${file}"
      OUTPUT_VARIABLE said ERROR_QUIET)
    if(said MATCHES "\\(SONAME\\)[^[]*\\[([^]]+)\\]")
      set(name "${CMAKE_MATCH_1}")
    endif()
  endif()
  if(NOT name)
    get_target_property(soname ${target} IMPORTED_SONAME)
    if(soname)
      get_filename_component(name "${soname}" NAME)
    endif()
  endif()
  set(${result} "${name}" PARENT_SCOPE)
endfunction()

# Install a bundled library into a directory of the wheel.
function(_truewheel_install_bundle bundle destination)
  get_property(file GLOBAL PROPERTY "TRUEWHEEL_FILE_${bundle}")
  if(file)
    get_property(name GLOBAL PROPERTY "TRUEWHEEL_NAME_${bundle}")
    install(PROGRAMS "${file}" DESTINATION "${destination}" RENAME "${name}")
  else()
    install(TARGETS ${bundle}
      LIBRARY DESTINATION "${destination}" NAMELINK_SKIP
      ARCHIVE DESTINATION "${SKBUILD_NULL_DIR}")
  endif()
endfunction()

# Modules are loaded with LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR: only their own directory counts. Whether a module is linked with
# the library is known when CMake generates; CMake 3.21 sees through libraries in between.
function(_truewheel_install_beside module bundle home)
  if(CMAKE_VERSION VERSION_LESS 3.21)
    set(is_linked "$<IN_LIST:${bundle},$<TARGET_PROPERTY:${module},LINK_LIBRARIES>>")
  else()
    set(is_linked "$<IN_LIST:$<TARGET_FILE:${bundle}>,$<TARGET_RUNTIME_DLLS:${module}>>")
  endif()
  install(FILES "$<${is_linked}:$<TARGET_FILE:${bundle}>>" DESTINATION "${home}")
endfunction()

# Let a module find a bundled library.
function(_truewheel_reach module bundle)
  get_target_property(home ${module} TRUEWHEEL_DESTINATION)
  if(NOT home)
    set(home "${SKBUILD_PROJECT_NAME}")
  endif()
  if(WIN32)
    _truewheel_install_beside(${module} ${bundle} "${home}")
    return()
  endif()
  get_property(destination GLOBAL PROPERTY "TRUEWHEEL_HOME_${bundle}")
  file(RELATIVE_PATH step "/${home}" "/${destination}")
  string(REGEX REPLACE "/$" "" step "/${step}")
  set(path "$ORIGIN${step}")
  if(APPLE)
    set(path "@loader_path${step}")
  endif()
  # Twice the same is one too many: newer macOS refuses to load such a file.
  get_target_property(paths ${module} INSTALL_RPATH)
  if(NOT path IN_LIST paths)
    set_property(TARGET ${module} APPEND PROPERTY INSTALL_RPATH "${path}")
  endif()
endfunction()
