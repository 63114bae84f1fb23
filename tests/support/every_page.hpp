// A page of every view, topic and report, each view made as the example of its help asks for it.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "microgpt/run/evaluation.hpp"
#include "microgpt/view/report/bench_report.hpp"
#include "microgpt/view/report/eval_report.hpp"
#include "microgpt/view/report/file_scores_report.hpp"
#include "microgpt/view/report/info_report.hpp"
#include "microgpt/view/report/novelty_report.hpp"
#include "microgpt/view/report/score_report.hpp"
#include "microgpt/view/views.hpp"
#include "support/made_page.hpp"
#include "support/made_runs.hpp"

namespace microgpt::test {

/// The words of a command line, single quotes around those with spaces.
inline std::vector<std::string> words_of_command(const std::string& line) {
  std::vector<std::string> words;
  bool quoted = false, inside = false;
  for (const char c : line) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && c == ' ') inside = false;
    if (c == '\'' || (c == ' ' && !quoted)) continue;
    if (!inside) words.emplace_back();
    inside = true;
    words.back() += c;
  }
  return words;
}

/// The options in a view's example.
inline Given given_by_example(const view::ViewSpec& spec) {
  Given given;
  auto words = words_of_command(std::string(spec.example));
  std::vector<std::string> arguments;  // names of what stands without an option
  for (const view::OptionSpec& option : spec.options) {
    if (!option.name.starts_with("--")) arguments.emplace_back(option.name);
  }
  std::size_t argument = 0;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      given.emplace_back(arguments.at(std::min(argument++, arguments.size() - 1)), words[i]);
      continue;
    }
    const auto option = std::find_if(spec.options.begin(), spec.options.end(),
                                     [&](const auto& o) { return o.name == words[i]; });
    REQUIRE_MESSAGE(option != spec.options.end(), spec.example);
    const bool is_flag = option->kind == view::OptionSpec::Kind::flag;
    given.emplace_back(words[i], is_flag ? "" : words.at(i + 1));
    if (!is_flag) ++i;
  }
  return given;
}

/// Runs, texts and a trained model for every view.
class EveryPage {
 public:
  EveryPage() {
    for (const int step : {0, 10, 20, 30}) runs_.save("run", step, {}, 2.5 - 0.01 * step);
    std::string metrics;
    for (int step = 1; step <= 30; ++step) {
      metrics += "{\"step\":" + std::to_string(step) + ",\"loss\":" + std::to_string(3 - 0.02 * step) + "}\n";
    }
    write_bytes(runs_.folder / "run/metrics.jsonl", metrics + "{\"step\":30,\"held_out_loss\":2.5}\n");
  }

  [[nodiscard]] const view::Subject& names() const { return names_; }
  [[nodiscard]] std::string text() const { return (runs_.folder / "names.txt").string(); }

  /// What the example of a view gives it, with files that are there.
  [[nodiscard]] Given given(const view::ViewSpec& spec) const {
    Given given = given_by_example(spec);
    std::erase_if(given, [](const auto& option) { return option.first == "--out"; });
    for (auto& [name, value] : given) {
      if (name == "RUN") value = runs_.run("run");
      if (name == "A") value = runs_.path("run", 10).string();
      if (name == "B") value = runs_.run("run");
    }
    const auto reads = [](const view::OptionSpec& option) { return option.name == "--data"; };
    if (spec.needs == view::Needs::model && std::any_of(spec.options.begin(), spec.options.end(), reads))
      given.emplace_back("--data", text());
    return given;
  }
  [[nodiscard]] MadePage view(const view::ViewSpec& spec) const {
    const bool of_model = spec.needs != view::Needs::nothing && spec.name != "softmax";  // of numbers
    return {spec, given(spec), of_model ? &names_ : nullptr};
  }

  [[nodiscard]] std::vector<view::Page> all() const {
    std::vector<view::Page> pages;
    for (const view::ViewSpec& spec : view::study_views()) pages.push_back(view(spec).page);
    for (const view::ViewSpec& spec : view::explain_topics()) pages.push_back(view(spec).page);
    pages.push_back(MadePage(view::softmax_topic(), names_, {{"--text", "emma"}}).page);
    for (view::Page& report : reports()) pages.push_back(std::move(report));
    return pages;
  }

 private:
  [[nodiscard]] std::vector<view::Page> reports() const {
    const Checkpoint checkpoint = runs_.load("run", 30);
    const std::vector<std::string> texts = {"emma", "", "nana"};
    BenchResult result;
    result.setting = {.name = "made-c8-b1-t1", .model = runs_.config.model, .batch_size = 1, .threads = 1};
    result.seconds = {.median = 1e-3, .spread = 0.02};
    result.positions = 100;
    result.phases.fill(1e-5);
    NoveltySummary novelty{.samples = 20, .training_documents = 6, .fresh = 15, .known = 4, .blank = 1};
    novelty.distance = MeanWithInterval{1.5, Interval{1, 2}};
    return {view::eval_report(evaluate_split(checkpoint, text(), "all", 1)),
            view::score_report(score_texts(checkpoint, texts)),
            view::file_scores_report(score_file(checkpoint, text(), 1), true),
            view::info_report(view::model_info(checkpoint, runs_.folder / "run")),
            view::bench_report({.peak_gflops = {.median = 50, .spread = 0.01}, .results = {result}}),
            view::novelty_report(novelty, 16)};
  }

  MadeRuns runs_;
  view::Subject names_ = kept_model("names");
};

}  // namespace microgpt::test
