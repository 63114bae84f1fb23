# Builds for 64-bit ARM with Debian's cross compiler and runs what was built under QEMU: the preset aarch64.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# With the cross compiler's own C library, even where Debian's for ARM is installed too: the loader of the one does not fit
# the other, and threads would never start.
set(CMAKE_CROSSCOMPILING_EMULATOR
    qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH=/usr/aarch64-linux-gnu/lib)
# Headers are the same for every processor; what is linked is put into the program, since QEMU has no library beside it.
set(utf8proc_LIBRARY /usr/lib/aarch64-linux-gnu/libutf8proc.a CACHE FILEPATH "Linked into the program")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
