# The library, the command line tool, and what is installed beside them.
include(CheckLinkerFlag)

# nr_version_resource(TARGET FILETYPE FILE PRODUCT DESCRIPTION): on Windows only
function(nr_version_resource target nr_file_type nr_file_name nr_product nr_description)
  if(WIN32)
    configure_file(${CMAKE_SOURCE_DIR}/cmake/version.rc.in ${CMAKE_BINARY_DIR}/generated/${target}.rc @ONLY)
    target_sources(${target} PRIVATE ${CMAKE_BINARY_DIR}/generated/${target}.rc)
  endif()
endfunction()
if(WIN32)
  enable_language(RC)
endif()

file(GLOB clr_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/clr/*.c)
if(clr_sources)
  # The objects of src/clr themselves: nothing refers to the entry points, so an archive would be left out.
  add_library(NewRelicProfiler SHARED $<TARGET_OBJECTS:nr_clr>)
  target_link_libraries(NewRelicProfiler PRIVATE nr_engine nr_validate) # of an archive only what is referred to
  set_target_properties(NewRelicProfiler PROPERTIES LINKER_LANGUAGE C)
  nr_version_resource(NewRelicProfiler VFT_DLL NewRelic.Profiler.dll "New Relic .NET Agent" "New Relic .NET Agent Profiler (nrprof)")
  if(WIN32)
    set_target_properties(NewRelicProfiler PROPERTIES PREFIX "" OUTPUT_NAME "NewRelic.Profiler")
    target_sources(NewRelicProfiler PRIVATE ${CMAKE_SOURCE_DIR}/cmake/exports.def)
    if(MINGW)
      # stdcall-fixup: on x86 DllGetClassObject@12 is exported without its suffix. No time stamp: builds can be compared.
      target_link_options(NewRelicProfiler PRIVATE -static-libgcc -Wl,--enable-stdcall-fixup -Wl,--no-insert-timestamp
        -Wl,--gc-sections -Wl,--nxcompat -Wl,--dynamicbase)
    endif()
  else()
    set(map ${CMAKE_SOURCE_DIR}/cmake/exports.map)
    set_target_properties(NewRelicProfiler PROPERTIES LINK_DEPENDS ${map})
    # nodelete: a CLR that unloads us while a thread is inside (or glibc 2.34-2.36 with its TLS clean-up) would crash.
    target_link_options(NewRelicProfiler PRIVATE -static-libgcc -Wl,--version-script=${map} -Wl,--gc-sections
      -Wl,--build-id=sha1 -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
    if(NOT NRPROF_SANITIZED) # a sanitizer's runtime comes with the program
      target_link_options(NewRelicProfiler PRIVATE -Wl,-z,defs)
    endif()
    if(NRPROF_GLIBC)
      # Before glibc 2.34 threads live in libpthread; later and on musl this name is an empty shell or libc itself.
      # The same holds for dlopen and libdl.
      check_linker_flag(C "-l:libpthread.so.0" NRPROF_LIBPTHREAD)
      if(NRPROF_LIBPTHREAD)
        target_link_libraries(NewRelicProfiler PRIVATE -Wl,--push-state,--no-as-needed -l:libpthread.so.0 -l:libdl.so.2
          -Wl,--pop-state)
      endif()
    endif()
  endif()
  install(TARGETS NewRelicProfiler LIBRARY DESTINATION . RUNTIME DESTINATION . ARCHIVE DESTINATION lib EXCLUDE_FROM_ALL)
endif()

if(EXISTS ${CMAKE_SOURCE_DIR}/src/cli/main.c)
  add_executable(nrprof ${CMAKE_SOURCE_DIR}/src/cli/main.c)
  nr_own(nrprof)
  nr_warnings(nrprof)
  target_link_libraries(nrprof PRIVATE nr_cli ${CMAKE_DL_LIBS})
  if(WIN32)
    target_link_options(nrprof PRIVATE -static)
  endif()
  nr_version_resource(nrprof VFT_APP nrprof.exe nrprof "nrprof, command line tool of the .NET profiler")
  install(TARGETS nrprof RUNTIME DESTINATION .)
endif()
foreach(dir lua instrumentation)
  if(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/${dir})
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/${dir}/ DESTINATION ${dir})
  endif()
endforeach()

if(NRPROF_COVERAGE)
  target_sources(NewRelicProfiler PRIVATE ${CMAKE_SOURCE_DIR}/tests/coverage/library.c)
  target_sources(nrprof PRIVATE ${CMAKE_SOURCE_DIR}/tests/coverage/tool.c)
  target_link_options(nrprof PRIVATE -Wl,--wrap=_exit -Wl,--export-dynamic-symbol=nr_coverage_register)
endif()

if(NRPROF_TESTS AND NOT CMAKE_CROSSCOMPILING AND NOT WIN32)
  # A profiler with a mistake, for tests of the shadow run; built when asked for.
  add_library(validate_mutator MODULE EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/tests/validate/mutator.c)
  nr_own(validate_mutator)
  nr_warnings(validate_mutator)
  target_link_libraries(validate_mutator PRIVATE nr_validate ${CMAKE_DL_LIBS})
endif()
