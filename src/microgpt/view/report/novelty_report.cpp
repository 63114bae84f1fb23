#include "microgpt/view/report/novelty_report.hpp"

#include "microgpt/text/words.hpp"

namespace microgpt::view {

namespace {

Section shares_section(const NoveltySummary& summary) {
  Section section{.key = "shares", .title = "Samples beside the training text"};
  section.table = {.columns = {{"kind", "samples"},
                               {"count", "count", whole()},
                               {"share", "share", percent(1)},
                               {"low", "95 % from", percent(1)},
                               {"high", "to", percent(1)}}};
  const auto add = [&](const char* kind, std::size_t count, std::size_t of) {
    std::vector<Value> row = {std::string(kind), static_cast<std::int64_t>(count)};
    if (of > 0) {
      const Interval interval = share_interval(count, of);
      row.insert(row.end(),
                 {static_cast<double>(count) / static_cast<double>(of), interval.low, interval.high});
    } else {
      row.resize(5);
    }
    section.table.rows.push_back(std::move(row));
  };
  add("new", summary.fresh, summary.samples);
  add("in the training text", summary.known, summary.samples);
  add("blank", summary.blank, summary.samples);
  section.figure = Figure{
      .kind = Figure::Kind::bars, .title = "Samples that are new, in the training text or blank", .y = {1}};
  if (summary.held_out) add("new, and in the held-out text", *summary.held_out, summary.fresh);
  if (summary.held_out) section.note = "The last line is a share of the new ones.";
  return section;
}

/// What is asked of samples that are only the beginning of what the model would have written.
std::string about_pieces(const NoveltySummary& summary) {
  const std::string cut = "cut (by sample.max_chars or, if that is 0, by model.block_size)";
  const std::string stopped = "ended by a stop string";
  if (summary.cut == 0 && summary.stopped == 0) return "";
  return "A sample that was "
         + (summary.cut == 0       ? stopped
            : summary.stopped == 0 ? cut
                                   : cut + " or " + stopped)
         + " is new only if no training document contains it.";
}

Section distances_section(const NoveltySummary& summary) {
  Section section{.key = "distances", .title = "How close the new samples are to the training text"};
  section.table = {.columns = {{"measure", "of a new sample"},
                               {"mean", "mean", fixed(2)},
                               {"low", "95 % from", fixed(2)},
                               {"high", "to", fixed(2)}}};
  const auto add = [&](const char* measure, const std::optional<MeanWithInterval>& mean) {
    if (!mean) return;
    const auto& interval = mean->interval;
    section.table.rows.push_back({std::string(measure), mean->mean, interval ? Value(interval->low) : Value(),
                                  interval ? Value(interval->high) : Value()});
  };
  add("edits to the nearest training document", summary.distance);
  add("characters of the longest copied piece", summary.copied);
  return section;
}

}  // namespace

Page novelty_report(const NoveltySummary& summary, int max_chars) {
  const auto count = [](std::size_t n) { return Value(static_cast<std::int64_t>(n)); };
  Page page{.view = "novelty",
            .about = "What the model invented, and what it copied from its training text."};
  page.facts = {{"samples", "samples", count(summary.samples), whole()}};
  if (!summary.stream) {
    page.facts.push_back(
        {"training_documents", "training documents", count(summary.training_documents), whole()});
  }
  if (summary.samples == 0) return page;
  page.facts.push_back({"new", "new (not in the training text)", count(summary.fresh), whole()});
  page.facts.push_back({"repeated", "identical to an earlier sample", count(summary.repeated), whole()});
  page.sections.push_back(shares_section(summary));
  if (summary.cut > 0) {
    page.facts.push_back({"cut", "cut at " + counted(static_cast<std::size_t>(max_chars), "character"),
                          count(summary.cut), whole()});
  }
  if (summary.stopped > 0) {
    page.facts.push_back({"stopped", "ended by a stop string", count(summary.stopped), whole()});
  }
  if (!summary.stream) page.sections.back().says = about_pieces(summary);
  if (summary.fresh == 0) return page;
  page.sections.push_back(distances_section(summary));
  if (summary.longest_copied > 0) {
    page.facts.push_back(
        {"longest_copied", "longest copied piece, in characters", count(summary.longest_copied), whole()});
    page.facts.push_back({"longest_piece", "this piece", summary.longest_piece});
    if (!summary.stream) {
      page.facts.push_back({"longest_in", "in the sample", summary.longest_in});
      page.facts.push_back({"longest_from", "in the training document", summary.longest_from});
    }
  }
  return page;
}

}  // namespace microgpt::view
