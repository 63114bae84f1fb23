# Makes the list of tests for ctest, after the test program was built:
#   cmake -D "STARTED=<how to start the program>" -D OUTPUT=<file> -P discover.cmake
# One start of the program names all its test cases and their suites, which become labels. (doctest's own script starts it
# once for each: minutes, under a sanitizer or an emulator.)
cmake_minimum_required(VERSION 3.25)

list(REMOVE_ITEM STARTED "")  # where there is no emulator
execute_process(COMMAND ${STARTED} --list-test-cases --reporters=xml OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
# What means something in CMake's own lists, until each name stands by itself.
string(ASCII 1 semicolon)
string(ASCII 2 opening)
string(ASCII 3 closing)
string(REPLACE ";" "${semicolon}" listed "${listed}")
string(REPLACE "[" "${opening}" listed "${listed}")
string(REPLACE "]" "${closing}" listed "${listed}")
string(REGEX MATCHALL "<TestCase [^\n]*" cases "${listed}")

set(script "")
foreach(case IN LISTS cases)
  if(NOT case MATCHES "name=\"([^\"]*)\" testsuite=\"([^\"]*)\"")
    message(FATAL_ERROR "cannot read this test case: ${case}")
  endif()
  set(name "${CMAKE_MATCH_1}")
  set(suite "${CMAKE_MATCH_2}")
  string(REPLACE "${semicolon}" ";" name "${name}")
  string(REPLACE "${opening}" "[" name "${name}")
  string(REPLACE "${closing}" "]" name "${name}")
  string(REPLACE "&quot;" "\"" name "${name}")
  string(REPLACE "&apos;" "'" name "${name}")
  string(REPLACE "&lt;" "<" name "${name}")
  string(REPLACE "&gt;" ">" name "${name}")
  string(REPLACE "&amp;" "&" name "${name}")
  string(REPLACE "," "\\," filter "${name}")  # a comma separates filters
  string(APPEND script "add_test([=[${name}]=]")
  foreach(word IN LISTS STARTED)
    string(APPEND script " [=[${word}]=]")
  endforeach()
  string(APPEND script " [=[--test-case=${filter}]=])\n"
                       "set_tests_properties([=[${name}]=] PROPERTIES LABELS ${suite})\n")
endforeach()
if(script STREQUAL "")
  message(FATAL_ERROR "no test case was found")
endif()
file(WRITE ${OUTPUT} "${script}")
