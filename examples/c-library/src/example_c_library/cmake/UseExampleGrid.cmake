# example_grid_use(MODULE PACKAGE)
#
# Link a module with the library, and let it find the library at run time: PACKAGE, where the module is installed, and
# example_c_library lie in site-packages together.
function(example_grid_use module package)
  find_package(ExampleGrid 1.0 REQUIRED)
  target_link_libraries(${module} PRIVATE ExampleGrid::grid)
  file(RELATIVE_PATH step "/${package}" /example_c_library/lib)
  if(APPLE)
    set_target_properties(${module} PROPERTIES INSTALL_RPATH "@loader_path/${step}")
  elseif(UNIX)
    set_target_properties(${module} PROPERTIES INSTALL_RPATH "$ORIGIN/${step}")
  endif()
endfunction()
