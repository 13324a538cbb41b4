# A library of somebody else's, with links to it as distributions install them: libtheirs.so -> .so.7 -> .so.7.1.
file(REMOVE_RECURSE ${THEIRS} ${THEIRS}-gone)
file(MAKE_DIRECTORY ${THEIRS})
execute_process(
  COMMAND cc -shared -fPIC -Wl,-soname,libtheirs.so.7 -o ${THEIRS}/libtheirs.so.7.1 ${CMAKE_CURRENT_LIST_DIR}/helper.c
  RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "the library cannot be made")
endif()
file(CREATE_LINK libtheirs.so.7.1 ${THEIRS}/libtheirs.so.7 SYMBOLIC)
file(CREATE_LINK libtheirs.so.7 ${THEIRS}/libtheirs.so SYMBOLIC)
