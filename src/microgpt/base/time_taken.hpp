// How long something takes.
#pragma once

#include <chrono>

namespace microgpt {

/// Counts from when it is made.
class TimeTaken {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace microgpt
