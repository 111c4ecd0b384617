# version.h: the version of project(), and the commit that is checked out ("unknown" outside a git checkout). Configured again when
# another commit is checked out, so that what the log says is what was built.
set(NRPROF_COMMIT unknown)
find_package(Git QUIET)
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse --short=9 HEAD WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(NRPROF_COMMIT ${commit})
  endif()
  foreach(file HEAD logs/HEAD) # in a worktree they are not below the source directory
    execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse --git-path ${file} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
      get_filename_component(path "${path}" ABSOLUTE BASE_DIR ${CMAKE_SOURCE_DIR})
      if(EXISTS ${path})
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
      endif()
    endif()
  endforeach()
endif()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/base/version.h CONTENT
  "#define NRPROF_VERSION \"${PROJECT_VERSION}\"\n#define NRPROF_COMMIT \"${NRPROF_COMMIT}\"\n")
include_directories(${CMAKE_BINARY_DIR}/generated)
