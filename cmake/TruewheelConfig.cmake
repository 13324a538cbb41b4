# find_package(Truewheel): helpers for CMake projects that are built into wheels.
#
#   truewheel_add_module(NAME [STABLE_ABI 3.N | ABI3T 3.N] [DESTINATION DIR] SOURCES...)
#   truewheel_install_library(TARGET... [DESTINATION DIR] [FOR MODULE...])
#   truewheel_bundle(TARGET... [DESTINATION DIR] [FOR MODULE...])
include("${CMAKE_CURRENT_LIST_DIR}/TruewheelModule.cmake")
