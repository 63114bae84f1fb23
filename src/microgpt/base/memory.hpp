// How much memory the machine has, so that what cannot fit is refused before anything is allocated.
#pragma once

#include <string>

namespace microgpt {

/// Bytes of memory this machine has; infinite where it does not say, which POSIX does not ask of it.
double physical_memory();

/// Throws Error (data) if this machine has less memory than so many bytes. `hint` says what to do.
void require_memory(double bytes, const std::string& where, const std::string& hint);

}  // namespace microgpt
