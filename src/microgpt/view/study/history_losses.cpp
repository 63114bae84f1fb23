#include "microgpt/view/study/history_losses.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/evaluate/texts.hpp"
#include "microgpt/run/history.hpp"
#include "microgpt/run/moved_text.hpp"
#include "microgpt/run/own_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/view/report/loss_facts.hpp"

namespace microgpt::view {

namespace {

/// Whether the training text is read for n-grams although nobody asked: it is there, and that takes about a second.
bool is_small(const Checkpoint& checkpoint, const std::string& data) {
  constexpr std::uintmax_t kMost = 4'000'000;
  std::error_code missing;
  try {
    const std::string path = data.empty() ? find_own_text(checkpoint.config().data.path, checkpoint.path(),
                                                          checkpoint.training().data_sha256)
                                          : data;
    const auto size = std::filesystem::file_size(path, missing);
    return !missing && size <= kMost;
  } catch (const Error&) {
    return false;
  }
}

/// What guessing costs and the best table of n-grams, in nats per character.
std::vector<Reference> loss_references(const Request& request, const Checkpoint& checkpoint) {
  const RunConfig& config = checkpoint.config();
  std::vector<Reference> lines = {
      {"uniform guessing", uniform_nats(config.model.vocab_size, config.data.mode)}};
  const std::string data = request.options.text("--data").value_or("");
  const bool asked = request.options.flag("--baselines");
  if (!asked && !is_small(checkpoint, data)) return lines;
  try {
    const OwnText own = load_own_text(checkpoint, data);
    const auto& judged = own.split.held_out.empty() ? own.split.training : own.split.held_out;
    const auto all =
        ngram_baselines(config.model, config.data, checkpoint.tokenizer(), own.split.training, judged);
    const auto best = std::min_element(all.begin(), all.end(),
                                       [](const Baseline& a, const Baseline& b) { return a.nats < b.nats; });
    if (best != all.begin()) {  // which is uniform
      lines.push_back(
          {best->name + (own.split.held_out.empty() ? " on the training text" : " on the held-out text"),
           best->nats});
    }
  } catch (const Error& error) {
    if (asked && request.warn) request.warn(std::string("no n-grams: ") + printable(error.what()));
  }
  return lines;
}

Section loss_section(const MetricsRecord& record, std::size_t points,
                     const std::vector<Reference>& references) {
  Section section{.key = "loss", .title = "Loss by step"};
  section.table = {.columns = {{"step", "step", whole()},
                               {"training", "training", number(4)},
                               {"held_out", "held out", number(4)}}};
  if (record.held_out.empty()) section.table.columns.pop_back();
  for (const CurvePoint& point : loss_curve(record, points)) {
    std::vector<Value> row = {std::int64_t{point.step}};
    row.push_back(point.training ? Value(*point.training) : Value());
    if (!record.held_out.empty()) row.push_back(point.held_out ? Value(*point.held_out) : Value());
    section.table.rows.push_back(std::move(row));
  }
  section.figure = Figure{.kind = Figure::Kind::line,
                          .title = "Loss of the run by step, in nats per character",
                          .y = {1},
                          .x_title = "step",
                          .y_title = "nats per character",
                          .references = references};
  if (!record.held_out.empty()) section.figure->y.push_back(2);
  section.note =
      "training: the mean loss of the batches since the point before. held out: the loss on documents that "
      "are kept from training. All in nats per character.";
  if (const std::size_t steps = record.training.size(); steps > section.table.rows.size()) {
    section.note += " --points " + std::to_string(steps) + " shows every step.";
  }
  return section;
}

}  // namespace

void add_losses(Page& page, const Request& request, const MetricsRecord& record, const Checkpoint* newest) {
  if (record.training.empty() && record.held_out.empty()) return;
  const int last = std::max(record.training.empty() ? 0 : record.training.back().step,
                            record.held_out.empty() ? 0 : record.held_out.back().step);
  page.facts.push_back({"steps", "steps recorded", std::int64_t{last}, whole()});
  if (!record.held_out.empty()) {
    add_loss_facts(page.facts, "held_out_", "last held-out loss" + of_a_sample(record.sample),
                   record.held_out.back().loss);
    const MeasuredLoss best = *lowest(record.held_out);
    page.facts.push_back({"best", "lowest held-out loss" + of_a_sample(record.sample), best.loss, number(4)});
    page.facts.push_back({"best_step", "at step", std::int64_t{best.step}, whole()});
  }
  std::vector<Reference> references;
  if (newest != nullptr) references = loss_references(request, *newest);
  for (const Reference& line : references) {
    page.facts.push_back(
        {&line == references.data() ? "uniform" : "ngram", line.title, line.value, number(4)});
  }
  page.sections.push_back(
      loss_section(record, static_cast<std::size_t>(request.options.whole("--points", 400)), references));
}

}  // namespace microgpt::view
