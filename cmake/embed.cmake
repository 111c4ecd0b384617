# nr_embed(TARGET SYMBOL NAME=PATH...): a static library that holds files as byte arrays and one table of them,
# `const nr_embedded SYMBOL[]` (src/script/embedded.h). Written by CMake itself: nothing has to be built for the host.
function(nr_embed target symbol)
  list(SORT ARGN)
  set(out ${CMAKE_BINARY_DIR}/embedded/${symbol}.c)
  set(list ${CMAKE_BINARY_DIR}/embedded/${symbol}.txt)
  set(paths "")
  set(rows "")
  foreach(row ${ARGN})
    string(REGEX REPLACE "^[^=]+=" "" path "${row}")
    list(APPEND paths ${path})
    string(APPEND rows "${row}\n")
  endforeach()
  file(CONFIGURE OUTPUT ${list} CONTENT "${rows}" @ONLY)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DLIST=${list} -DOUT=${out} -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_write.cmake
    DEPENDS ${paths} ${list} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_write.cmake
    COMMENT "Embedding ${symbol}"
    VERBATIM)
  add_library(${target} STATIC ${out})
  nr_own(${target})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src)
endfunction()

# nr_embed_tree(TARGET SYMBOL WITHOUT FOLDER...): all Lua files below the folders but those of the list WITHOUT, under their names
# relative to the project.
function(nr_embed_tree target symbol without)
  set(rows "")
  foreach(top ${ARGN})
    file(GLOB_RECURSE files RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${top}/*.lua)
    foreach(f ${files})
      if(NOT f IN_LIST without)
        list(APPEND rows ${f}=${CMAKE_SOURCE_DIR}/${f})
      endif()
    endforeach()
  endforeach()
  nr_embed(${target} ${symbol} ${rows})
endfunction()
