# What the linker can see of a form of the kernels:  cmake -D NM=<nm> -D OBJECTS=<object;...> -P forms.cmake
# One symbol, its table. Any other that several objects define, as inline functions and templates are, it would take from
# whichever comes first: and so code for one processor would run on another.
cmake_minimum_required(VERSION 3.25)

foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND ${NM} --defined-only --extern-only ${object}
                  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
  list(LENGTH symbols count)
  if(NOT count EQUAL 1 OR NOT symbols MATCHES "[DR] [^ ]*form_[a-z0-9]+E?$")
    message(SEND_ERROR "${object}: expected the table of the form alone, got ${symbols}")
  endif()
endforeach()
