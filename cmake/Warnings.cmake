# The warnings of this project's own code; never exported to whoever uses the library.
add_library(microgpt_warnings INTERFACE)
target_compile_options(microgpt_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Wdouble-promotion $<$<BOOL:${MICROGPT_WERROR}>:-Werror>)
# GCC 12's own AVX-512 headers and std::string set these off wherever they are inlined (GCC bugs 105593
# and 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(microgpt_warnings INTERFACE -Wno-maybe-uninitialized -Wno-uninitialized -Wno-restrict)
endif()
# A unity build includes its sources, and GCC takes what is included for headers, where an anonymous namespace would be
# a mistake.
if(MICROGPT_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(microgpt_warnings INTERFACE -Wno-subobject-linkage)
endif()
