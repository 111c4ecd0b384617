# Compiles instrumentation/rules/process.lua into C arrays.
#
#   include(cmake/process_lists.cmake)                       adds the header to the room rules
#   cmake -DINPUT=… -DOUTPUT=… -P process_lists.cmake        writes it
#
# The file is Lua, but only so much of it is understood: comments to the end of the line, one
# `return { name = { "text", … }, … }`. Everything else stops the build with file:line, so that
# nothing written there is silently without effect.

# The lists that the C code asks for: all of them must be there, and no others.
set(process_list_names
  ignored_processes default_processes dotnet_names dotnet_commands refused_command_lines
  iis_processes functions_hosts functions_workers functions_tools functions_arguments)

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(process_lists_input ${CMAKE_SOURCE_DIR}/instrumentation/rules/process.lua)
  set(process_lists_output ${CMAKE_BINARY_DIR}/generated/rules/process_lists.h)
  add_custom_command(OUTPUT ${process_lists_output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${process_lists_input} -DOUTPUT=${process_lists_output} -P ${CMAKE_CURRENT_LIST_FILE}
    DEPENDS ${process_lists_input} ${CMAKE_CURRENT_LIST_FILE}
    COMMENT "Generating rules/process_lists.h")
  target_sources(nr_rules PRIVATE ${process_lists_output})
  target_include_directories(nr_rules PRIVATE ${CMAKE_BINARY_DIR}/generated)
  enable_testing() # else the test is dropped: the top file calls it later
  add_test(NAME process_lists COMMAND ${CMAKE_COMMAND} -DSCRIPT=${CMAKE_CURRENT_LIST_FILE} -DSOURCE=${process_lists_input}
    -DWORK=${CMAKE_BINARY_DIR}/unit/rules/process_lists -P ${CMAKE_SOURCE_DIR}/tests/unit/rules/process_lists.cmake)
  return()
endif()

cmake_minimum_required(VERSION 3.25)
file(READ "${INPUT}" text)
string(REPLACE "\r\n" "\n" text "${text}")
set(line 1)

function(stop message)
  message(FATAL_ERROR "${INPUT}:${line}: ${message}")
endfunction()

# start -> return -> file { -> (name -> = -> list { -> (text -> ,)… } -> ,)… } -> end
set(state start)
set(name "")
set(seen "")
set(out "/* Generated from instrumentation/rules/process.lua: edit that file. */\n")

macro(expect)
  if(NOT state MATCHES "^(${ARGN})$")
    stop("'${token}' is not understood here")
  endif()
endmacro()

# No CMake list may hold the text: ';' and brackets in it would be taken apart. So it is eaten
# from the left, one token at a time.
while(NOT text STREQUAL "")
  if(text MATCHES "^\n")
    math(EXPR line "${line} + 1")
  elseif(text MATCHES "^[ \t]+")
  elseif(text MATCHES "^--\\[=*\\[")
    stop("long comments are not understood")
  elseif(text MATCHES "^--[^\n]*")
  elseif(text MATCHES "^\"([^\"\\\\\n;]*)\"")
    set(token "${CMAKE_MATCH_0}")
    expect(list|list_comma)
    if(state STREQUAL "list_comma")
      stop("',' is missing before ${token}")
    endif()
    if(token STREQUAL "\"\"")
      stop("an empty text would match everything")
    endif()
    # Outside ASCII the number of bytes is not the number of characters: let C count.
    string(APPEND out "    {${token}, sizeof(${token}) - 1},\n")
    set(state list_comma)
    string(REGEX MATCH "^\"([^\"\\\\\n;]*)\"" again "${text}")
  elseif(text MATCHES "^[A-Za-z_][A-Za-z0-9_]*")
    set(token "${CMAKE_MATCH_0}")
    if(state STREQUAL "start" AND token STREQUAL "return")
      set(state return)
    else()
      expect(file)
      if(NOT token IN_LIST process_list_names)
        stop("'${token}' is not a list that this version knows: ${process_list_names}")
      endif()
      if(token IN_LIST seen)
        stop("'${token}' is there twice")
      endif()
      list(APPEND seen ${token})
      set(name ${token})
      set(state name)
    endif()
    string(REGEX MATCH "^[A-Za-z_][A-Za-z0-9_]*" again "${text}")
  elseif(text MATCHES "^[={},]")
    set(token "${CMAKE_MATCH_0}")
    if(token STREQUAL "=")
      expect(name)
      set(state equals)
    elseif(token STREQUAL "{")
      expect(return|equals)
      if(state STREQUAL "return")
        set(state file)
      else()
        string(APPEND out "static const nr_str process_${name}[] = {\n")
        set(state list)
      endif()
    elseif(token STREQUAL ",")
      expect(list_comma|file_comma)
      string(REPLACE "_comma" "" state ${state})
    elseif(state MATCHES "^list")
      string(APPEND out "    {0, 0},\n};\n")
      set(state file_comma)
    else()
      expect(file|file_comma)
      set(state end)
    endif()
    string(REGEX MATCH "^[={},]" again "${text}")
  else()
    string(REGEX MATCH "^[^\n]*" token "${text}")
    stop("not understood: ${token}")
  endif()
  string(LENGTH "${CMAKE_MATCH_0}" size)
  string(SUBSTRING "${text}" ${size} -1 text)
endwhile()

if(NOT state STREQUAL "end")
  stop("the file ends too early")
endif()
foreach(wanted ${process_list_names})
  if(NOT wanted IN_LIST seen)
    stop("the list '${wanted}' is missing")
  endif()
endforeach()
file(WRITE "${OUTPUT}" "${out}")
