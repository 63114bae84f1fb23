// Ctrl-C (SIGINT), SIGTERM and SIGHUP as a wish to stop at the next good place.
#pragma once

#include <stdexcept>

namespace microgpt::cli {

/// From now on the first such signal is noted, and only a second one ends the program at once.
void watch_for_interrupt();
bool interrupted();

/// Thrown when all is saved; the program ends with 130.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace microgpt::cli
