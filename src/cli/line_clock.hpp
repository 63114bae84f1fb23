// When a program that works for hours is to give a sign of life in a log: after 10 s without one, then less and less often.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace microgpt::cli {

class LineClock {
 public:
  /// `now` in seconds since the start; it never falls. True if a line is due, which then counts as written.
  bool due(double now) {
    if (now - last_ < kWaits[next_]) return false;
    next_ = std::min(next_ + 1, kWaits.size() - 1);
    last_ = now;
    return true;
  }
  /// A line was written for another reason.
  void written(double now) { last_ = now; }

 private:
  static constexpr std::array<double, 6> kWaits = {10, 30, 60, 120, 300, 600};

  std::size_t next_ = 0;
  double last_ = 0;
};

}  // namespace microgpt::cli
