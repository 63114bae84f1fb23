// One row for each view and topic: its name, what it shows, its options, and the function that makes its page.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "microgpt/view/options.hpp"
#include "microgpt/view/page.hpp"
#include "microgpt/view/subject.hpp"

namespace microgpt::view {

/// What a view is made from.
struct Request {
  const Options& options;
  const Subject* subject = nullptr;  ///< the model; null where the view needs none and none was given
  int threads = 1;                   ///< a page is the same for any number of them
  /// Told the share of the work that is done, from 0 to 1, now and then; may be empty.
  std::function<void(double)> progress{};
  /// Told in one line what was passed over; may be empty.
  std::function<void(const std::string&)> warn{};
};

/// Whether a view is about a model, which then comes from --model.
enum class Needs : std::uint8_t { nothing, model, model_or_example };

struct ViewSpec {
  std::string_view name;
  std::string_view about;    ///< one line
  std::string_view example;  ///< what follows "microgpt study" or "microgpt explain", without the model
  Needs needs = Needs::model;
  std::span<const OptionSpec> options{};
  /// Throws Error: usage, for what an option names and the model does not have; data; numeric.
  Page (*make)(const Request&) = nullptr;
};

std::span<const ViewSpec> study_views();
std::span<const ViewSpec> explain_topics();

/// nullptr if there is none of this name.
const ViewSpec* find_view(std::span<const ViewSpec> views, std::string_view name);

}  // namespace microgpt::view
