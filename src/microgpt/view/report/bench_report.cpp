#include "microgpt/view/report/bench_report.hpp"

#include <array>
#include <numeric>

#include "microgpt/base/number.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/nn/fast/forms.hpp"

namespace microgpt::view {

namespace {

constexpr std::array<const char*, static_cast<std::size_t>(Phase::count)> kPhaseTitles = {
    "embed", "norms", "lin fwd", "attent", "activ", "loss", "lin bwd", "w grads", "adam"};

Section training_section(const BenchReport& report) {
  Section section{.key = "training", .title = "Training"};
  section.table = {.columns = {{"name", "setting"},
                               {"threads", "threads", whole()},
                               {"batch_size", "batch", whole()},
                               {"us_per_document", "us/document", number(2)},
                               {"ms_per_step", "ms/step", number(4)},
                               {"characters_per_second", "characters/s", whole()},
                               {"gflops", "GFLOP/s", number(1)},
                               {"share_of_peak", "of peak", percent(1)},
                               {"spread", "spread", percent(1)}}};
  for (const BenchResult& r : report.results) {
    section.table.rows.push_back({r.setting.name, std::int64_t{r.setting.threads},
                                  std::int64_t{r.setting.batch_size}, r.us_per_document(),
                                  1e3 * r.seconds.median, r.characters_per_second(), r.gflops(),
                                  report.share_of_peak(r), r.seconds.spread});
  }
  section.figure = Figure{
      .kind = Figure::Kind::bars, .title = "Floating-point operations per second, in units of 1e9", .y = {6}};
  section.note =
      "Numbers are medians. spread: how far apart the middle half of the measurements lies, as a share of "
      "the median.";
  if (const double worst = report.worst_spread(); worst > kNoisySpread) {
    section.note += " The machine was busy: the middle half of some measurements lies "
                    + fixed_text(100 * worst, 0) + " % apart. Stop other programs and measure again.";
  }
  return section;
}

Section growth_section(const BenchReport& report) {
  Section section{.key = "growth", .title = "Time and memory"};
  section.table = {.columns = {{"name", "setting"},
                               {"parameters", "parameters", whole()},
                               {"context", "context", whole()},
                               {"batch_size", "batch", whole()},
                               {"us_per_position", "us/character", number(3)},
                               {"megabytes", "MB", number(1)}}};
  for (const BenchResult& r : report.results) {
    section.table.rows.push_back({r.setting.name, std::int64_t{parameter_count(r.setting.model)},
                                  std::int64_t{r.setting.model.block_size},
                                  std::int64_t{r.setting.batch_size}, r.us_per_position(), r.megabytes()});
  }
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "Microseconds of training per character", .y = {4}};
  section.note =
      "MB: weights, moments, gradients and activations of a training run, with what evaluation adds; as it "
      "is checked "
      "before a run begins.";
  return section;
}

Section phases_section(const BenchReport& report) {
  Section section{.key = "phases", .title = "Share of a thread's time in each part of a step"};
  section.table = {.columns = {{"name", "setting"}}};
  for (std::size_t i = 0; i < kPhaseTitles.size(); ++i) {
    section.table.columns.push_back({kPhaseNames[i], kPhaseTitles[i], percent(1), Heat::unit});
  }
  section.table.columns.push_back({"us_per_step", "us/step", number(1)});
  for (const BenchResult& r : report.results) {
    const double total = std::accumulate(r.phases.begin(), r.phases.end(), 0.0);
    std::vector<Value> row = {r.setting.name};
    for (const double seconds : r.phases) row.push_back(total > 0 ? Value(seconds / total) : Value());
    row.emplace_back(1e6 * total);
    section.table.rows.push_back(std::move(row));
  }
  section.note =
      "us/step: the sum of all parts. The clock is read around every operation here, which takes a little "
      "time of its own.";
  return section;
}

}  // namespace

Page bench_report(const BenchReport& report) {
  Page page{.view = "bench",
            .about = "How fast training is on this machine, and how near to its processor's peak."};
  page.facts = {
      {"peak_gflops", "peak of one thread, in GFLOP/s", report.peak_gflops.median, number(1)},
      {"peak_spread", "spread of the peak", report.peak_gflops.spread, percent(1)},
      {"form", "form of the kernels", std::string(fast::form().name)},
      {"instructions", "its instructions", std::string(fast::form().instructions)},
      {"vector_bits", "width of a vector, in bits", std::int64_t{fast::form().vector_bits}, whole()}};
  page.sections = {training_section(report), phases_section(report), growth_section(report)};
  return page;
}

}  // namespace microgpt::view
