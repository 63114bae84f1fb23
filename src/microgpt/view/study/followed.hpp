// Scalars that are followed through the checkpoints of a run, for study history.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "microgpt/run/history.hpp"
#include "microgpt/study/history.hpp"
#include "microgpt/view/view.hpp"

namespace microgpt::view {

/// More than these take too long to be read unasked, and more than a line of a page has room for.
inline constexpr std::size_t kMostCheckpoints = 50;

/// What is followed, over what, and what came of it.
struct Followed {
  std::optional<Subject> subject;  ///< the newest checkpoint that is whole: it says what the model is
  std::vector<study::Scalar> scalars;
  std::size_t files = 0;                                 ///< checkpoints that there are
  std::size_t asked = 0;                                 ///< scalars, of which `scalars` are the first
  Batch text, documents;                                 ///< empty if not asked for
  std::map<int, std::vector<study::ScalarValue>> steps;  ///< by step: one for each scalar
  std::vector<PassedOver> skipped;

  [[nodiscard]] bool any_needs_documents() const {
    return std::any_of(scalars.begin(), scalars.end(), [](const auto& s) { return s.needs_documents(); });
  }
  [[nodiscard]] std::vector<double> values_of(std::size_t scalar) const {
    std::vector<double> values;
    for (const auto& [step, measured] : steps) values.push_back(measured[scalar].value);
    return values;
  }
};

/// Whether the options name something to follow; if not, there are defaults.
bool asks_for_scalars(const Options& options);

/// Follows the scalars that --scalar, --text, --data, --limit, --top and --all-steps name; with --list only the subject
/// is found. Without a text to measure the defaults on none are followed if `losses_suffice`. Throws Error.
Followed follow_scalars(const Request& request, bool losses_suffice);

}  // namespace microgpt::view
