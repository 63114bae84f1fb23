#include "microgpt/text/distinct.hpp"

#include <algorithm>
#include <utility>

namespace microgpt {

void DistinctCounter::make_room() {
  if (slots_.size() >= most_slots_) unsampled_ = 2 * unsampled_ + 1;
  const std::size_t size = std::min(2 * slots_.size(), most_slots_);
  const auto before = std::exchange(slots_, std::vector<std::uint64_t>(size, kFree));
  kept_ = 0;
  for (const std::uint64_t hash : before) {
    if (hash == kFree || (hash & unsampled_) != 0) continue;
    insert(hash);
    ++kept_;
  }
}

}  // namespace microgpt
