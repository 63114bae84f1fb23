// Ctrl-C (SIGINT), SIGTERM and SIGHUP as a wish to stop at the next good place.
#pragma once

#include <stdexcept>

namespace microgpt::cli {

/// From now on the first such signal is noted; a second, of whichever kind, ends the program at once
/// (exit code 130).
void watch_for_interrupt();
bool interrupted();

/// Thrown when all is saved; the program ends with 130.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace microgpt::cli
