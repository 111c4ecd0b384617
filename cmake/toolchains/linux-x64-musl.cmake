set(_musl_name musl-x64)
include(${CMAKE_CURRENT_LIST_DIR}/musl.inc.cmake)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-linux-gnu-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR ${NRPROF_MUSL_SYSROOT}/lib/ld-musl-x86_64.so.1) # the loader itself runs the program
