// study history: the losses of a run, and numbers of its model through its checkpoints.
#include <cmath>
#include <filesystem>

#include "microgpt/base/error.hpp"
#include "microgpt/base/number.hpp"
#include "microgpt/run/run_folder.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/study/followed.hpp"
#include "microgpt/view/study/history_list.hpp"
#include "microgpt/view/study/history_losses.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kHistoryOptions[] = {
    {.name = "RUN", .about = "Run folder", .value_name = "RUN", .required = true},
    {.name = "--scalar",
     .kind = OptionSpec::Kind::texts,
     .about = "Number of the model to follow through the checkpoints; may be repeated",
     .value_name = "SCALAR",
     .otherwise = "loss, head.induction and head.previous, and nll with --text"},
    flag_option("--list", "List the scalars that this model has, and nothing else"),
    text_option("--text", "TEXT",
                "Text to run the model on; needed by the scalars nll, prob, logit and addresses"),
    kDataOption,
    kLimitOption,
    flag_option("--baselines",
                "Compare the losses with n-gram tables even if the training text is larger than 4 MB"),
    whole_option(
        "--points",
        "Number of points of the loss curve; where there are more steps, a point is the mean of several",
        "400", 2, 1'000'000),
    amount_option("--top", "Number of scalars followed, in the order they were given; 0 follows all", "20"),
    amount_flag(
        "--all-steps",
        "Follow every checkpoint (usually at most 50) and show the values at all of them (usually at 12)"),
};

Value cell_of(double value) {
  return std::isfinite(value) ? Value(value) : Value();
}

Section lines_section(const Followed& followed, const std::vector<std::size_t>& numbers) {
  Section section{.key = "scalars", .title = "Scalars by checkpoint"};
  section.table = {.columns = {{"scalar", "scalar"},
                               {"values", "by step"},
                               {"min", "min", number(4)},
                               {"max", "max", number(4)},
                               {"last", "last", number(4)}}};
  for (const std::size_t s : numbers) {
    const std::vector<double> values = followed.values_of(s);
    const auto range = study::extremes(values);
    section.table.rows.push_back({followed.scalars[s].name, values, range ? Value(range->low) : Value(),
                                  range ? Value(range->high) : Value(), cell_of(values.back())});
  }
  if (followed.asked > followed.scalars.size()) {
    section.table.total_rows = numbers.size() + followed.asked - followed.scalars.size();
    section.table.more = "--top 0 follows all";
  }
  section.note =
      "Each line goes from the lowest to the highest of its own values, through the checkpoints in the order "
      "of their steps.";
  return section;
}

/// The steps shown: all, or 12 of them with the first and the last.
std::vector<int> steps_shown(const Followed& followed, bool all) {
  constexpr std::size_t kMost = 12;
  std::vector<int> steps;
  for (const auto& [step, measured] : followed.steps) steps.push_back(step);
  if (all || steps.size() <= kMost) return steps;
  std::vector<int> chosen;
  for (std::size_t i = 0; i < kMost; ++i) chosen.push_back(steps[i * (steps.size() - 1) / (kMost - 1)]);
  return chosen;
}

std::string shown_of(const Followed& followed, const std::vector<int>& steps) {
  if (steps.size() == followed.steps.size()) return "";
  return std::to_string(steps.size()) + " of " + counted(followed.steps.size(), "checkpoint")
         + "; --all-steps shows every one.";
}

Section values_section(const Followed& followed, const std::vector<std::size_t>& numbers,
                       const std::vector<int>& steps) {
  Section section{.key = "values", .title = "Values at steps"};
  section.table = {.columns = {{"scalar", "scalar"}}};
  Figure figure{.kind = Figure::Kind::heatmap,
                .title = "Scalars by step, each row from its lowest to its highest",
                .y = {},
                .x_title = "step"};
  for (const int step : steps) {
    figure.y.push_back(section.table.columns.size());
    section.table.columns.push_back(
        {"step_" + std::to_string(step), std::to_string(step), number(4), Heat::row});
  }
  for (const std::size_t s : numbers) {
    std::vector<Value> row = {followed.scalars[s].name};
    for (const int step : steps) row.push_back(cell_of(followed.steps.at(step)[s].value));
    section.table.rows.push_back(std::move(row));
  }
  if (followed.asked > followed.scalars.size()) {
    section.table.total_rows = numbers.size() + followed.asked - followed.scalars.size();
    section.table.more = "--top 0 follows all";
  }
  section.figure = figure;
  section.note = shown_of(followed, steps);
  return section;
}

Section neighbours_section(const Followed& followed, const std::vector<std::size_t>& words,
                           const std::vector<int>& steps) {
  Section section{.key = "nearest",
                  .title = "Nearest characters, with the cosines between their rows of wte"};
  section.table = {.columns = {{"step", "step", whole()}}};
  for (const std::size_t s : words) {
    section.table.columns.push_back(
        {"nearest_" + std::to_string(section.table.columns.size()), followed.scalars[s].name});
  }
  for (const int step : steps) {
    std::vector<Value> row = {std::int64_t{step}};
    for (const std::size_t s : words) {
      std::string text;
      for (const study::Neighbour& n : followed.steps.at(step)[s].neighbours) {
        text += (text.empty() ? "" : "  ") + followed.subject->label(n.token) + " " + fixed_text(n.cosine, 2);
      }
      row.emplace_back(text);
    }
    section.table.rows.push_back(std::move(row));
  }
  section.note = shown_of(followed, steps);
  return section;
}

Section skipped_section(const Followed& followed) {
  constexpr std::size_t kMost = 10;
  Section section{.key = "skipped", .title = "Checkpoints that were passed over"};
  section.table = {.columns = {{"file", "file"}, {"why", "why"}}};
  for (const PassedOver& one : followed.skipped) {
    if (section.table.rows.size() == kMost) break;
    section.table.rows.push_back({one.path.filename().string(), one.why});
  }
  if (followed.skipped.size() > kMost) {
    section.table.total_rows = followed.skipped.size();
    section.table.more = "a warning names each of them";
  }
  return section;
}

void add_scalars(Page& page, const Request& request, const Followed& followed) {
  if (!followed.steps.empty()) {
    const std::size_t count = followed.steps.size();
    const bool every = request.options.flag("--all-steps") || followed.files <= kMostCheckpoints;
    page.facts.push_back({"checkpoints", every ? "checkpoints" : "checkpoints followed",
                          static_cast<std::int64_t>(count), whole()});
    if (!every) {
      page.facts.push_back(
          {"files", "checkpoints in the run", static_cast<std::int64_t>(followed.files), whole()});
    }
    page.facts.push_back({"first_step", "from step", std::int64_t{followed.steps.begin()->first}, whole()});
    page.facts.push_back({"last_step", "to step", std::int64_t{followed.steps.rbegin()->first}, whole()});
  }
  if (const auto text = request.options.text("--text")) page.facts.push_back({"text", "text", *text});
  if (followed.any_needs_documents()) {
    page.facts.push_back(
        {"documents", "documents", static_cast<std::int64_t>(followed.documents.documents()), whole()});
    page.facts.push_back(
        {"characters", "characters", static_cast<std::int64_t>(followed.documents.positions()), whole()});
  }
  if (!followed.skipped.empty()) {
    page.facts.push_back(
        {"skipped", "checkpoints passed over", static_cast<std::int64_t>(followed.skipped.size()), whole()});
  }
  if (!followed.steps.empty()) {
    std::vector<std::size_t> numbers, words;
    for (std::size_t s = 0; s < followed.scalars.size(); ++s) {
      (followed.scalars[s].kind == study::Scalar::Kind::nearest ? words : numbers).push_back(s);
    }
    const std::vector<int> steps = steps_shown(followed, request.options.flag("--all-steps"));
    if (!numbers.empty() && followed.steps.size() > 1)
      page.sections.push_back(lines_section(followed, numbers));
    if (!numbers.empty()) page.sections.push_back(values_section(followed, numbers, steps));
    if (!words.empty()) page.sections.push_back(neighbours_section(followed, words, steps));
    if (followed.steps.size() == 1) {
      page.sections.back().note =
          "There is one checkpoint, and so no history: train.checkpoint_every says how often a run keeps "
          "one.";
    }
  }
  if (!followed.skipped.empty()) page.sections.push_back(skipped_section(followed));
}

Page make_history(const Request& request) {
  const std::string run = *request.options.text("RUN");
  std::error_code unknown;
  MetricsRecord record;
  if (std::filesystem::is_directory(run, unknown)) record = read_metrics(RunFolder{run}.metrics());
  const bool record_is_there = !record.training.empty() || !record.held_out.empty();
  Followed followed;
  try {
    followed = follow_scalars(request, record_is_there);
  } catch (const Error& error) {
    // The losses can be shown without a checkpoint.
    const bool losses_suffice =
        record_is_there && !asks_for_scalars(request.options) && !request.options.flag("--list");
    if (error.fault() != Fault::checkpoint || !losses_suffice) throw;
    if (request.warn) request.warn(std::string("no scalars: ") + printable(error.what()));
  }
  if (request.options.flag("--list")) return history_list(*followed.subject);

  Page page{.view = "history", .about = "The losses of a run, and numbers of its model at its checkpoints."};
  page.facts = {{"run", "run", run}};
  add_losses(page, request, record, followed.subject ? followed.subject->checkpoint() : nullptr);
  add_scalars(page, request, followed);
  return page;
}

}  // namespace

ViewSpec history_view() {
  return {.name = "history",
          .about = "The losses of a run, and numbers of its model through its checkpoints",
          .example = "history runs/names-1 --scalar 'head.induction[layer 0]'",
          .needs = Needs::nothing,
          .options = kHistoryOptions,
          .make = make_history};
}

}  // namespace microgpt::view
