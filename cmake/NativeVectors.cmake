# The size of a vector where everything is compiled for this machine's processor: MICROGPT_NATIVE_BYTES.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_FLAGS -march=native)
check_cxx_source_compiles("#if !defined(__AVX512BW__) || !defined(__AVX512DQ__) || !defined(__AVX512VL__)
    #error
    #endif
    int main() {}" MICROGPT_NATIVE_AVX512)
check_cxx_source_compiles("#if !defined(__AVX2__) || !defined(__FMA__)
    #error
    #endif
    int main() {}" MICROGPT_NATIVE_AVX2)
unset(CMAKE_REQUIRED_FLAGS)
if(MICROGPT_NATIVE_AVX512)
  set(MICROGPT_NATIVE_BYTES 64)
elseif(MICROGPT_NATIVE_AVX2)
  set(MICROGPT_NATIVE_BYTES 32)
else()
  set(MICROGPT_NATIVE_BYTES 16)
endif()
