# Installs the build into a folder of its own and uses it from there as another project would:
#   cmake -D BUILD=<build> -D SCRATCH=<folder> -D CONFIG=<build type> -D GENERATOR=… -D COMPILER=…
#         -D FLAGS=… -D PREFIX_PATH=… -P run.cmake
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${code}): ${command}\n${said}")
  endif()
  message(STATUS "${said}")
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/installed --config "${CONFIG}")
foreach(file bin/microgpt include/microgpt/model/gpt.hpp)
  if(NOT EXISTS ${SCRATCH}/installed/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()
run(${SCRATCH}/installed/bin/microgpt --version)

# The installed files must stand on their own: nothing in them may point back to where they were made.
file(GLOB_RECURSE described ${SCRATCH}/installed/*.cmake)
foreach(file IN LISTS described)
  file(READ ${file} text)
  foreach(path ${BUILD} ${SOURCE_DIR})
    string(FIND "${text}" "${path}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} points to ${path}")
    endif()
  endforeach()
endforeach()

run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${SCRATCH}/build -G ${GENERATOR}
    -DCMAKE_BUILD_TYPE=${CONFIG} -DCMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}"
    "-DCMAKE_PREFIX_PATH=${SCRATCH}/installed;${PREFIX_PATH}"
    -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
run(${CMAKE_COMMAND} --build ${SCRATCH}/build --config "${CONFIG}")
find_program(consumer consumer PATHS ${SCRATCH}/build ${SCRATCH}/build/${CONFIG} NO_DEFAULT_PATH REQUIRED)
run(${consumer})
file(REMOVE_RECURSE ${SCRATCH})
