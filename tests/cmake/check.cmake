# What was installed: the right names, one file per library, modules that find their library and can be imported.
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILT} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "the project cannot be installed")
endif()
file(GLOB_RECURSE found RELATIVE ${INSTALLED} ${INSTALLED}/*)
foreach(pattern IN ITEMS "pkg/_plain\\.cpython-.*\\.so" "pkg/inner/_stable\\.abi3\\.so" "pkg/libhelper\\.so"
    "pkg/inner/_apart\\.cpython-.*\\.so" "pkg/libs/libapart\\.so" "pkg/_other\\.cpython-.*\\.so" "pkg/libbeside\\.so"
    "pkg/_before\\.cpython-.*\\.so" "pkg/_foreign\\.cpython-.*\\.so" "pkg\\.libs/libbundled\\.so\\.1"
    "pkg/inner/_after\\.cpython-.*\\.so" "pkg/theirs/libtheirs\\.so\\.7")
  set(matches ${found})
  list(FILTER matches INCLUDE REGEX "^${pattern}$")
  list(LENGTH matches count)
  if(NOT count EQUAL 1)
    message(FATAL_ERROR "expected one ${pattern} in: ${found}")
  endif()
endforeach()
list(LENGTH found count)
if(NOT count EQUAL 12)
  message(FATAL_ERROR "expected twelve files, got: ${found}")
endif()

foreach(file IN LISTS found)
  if(IS_SYMLINK "${INSTALLED}/${file}")
    message(FATAL_ERROR "a wheel holds no symbolic links, but ${file} is one")
  endif()
endforeach()
# Else modules might find the libraries where they were built.
file(RENAME ${THEIRS} ${THEIRS}-gone)

file(STRINGS ${BUILT}/CMakeCache.txt python REGEX "^_?Python_EXECUTABLE:")
list(GET python 0 python)
string(REGEX REPLACE "^[^=]*=" "" python "${python}")
foreach(pair IN ITEMS "pkg:_plain" "pkg/inner:_stable" "pkg/inner:_apart" "pkg:_other"
    "pkg:_before" "pkg:_foreign" "pkg/inner:_after")
  string(REPLACE ":" ";" pair "${pair}")
  list(GET pair 0 place)
  list(GET pair 1 module)
  execute_process(
    COMMAND ${python} -c "import sys; sys.path.insert(0, '${INSTALLED}/${place}'); import ${module}; assert ${module}.call() == 42"
    RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${module} cannot be imported")
  endif()
endforeach()
