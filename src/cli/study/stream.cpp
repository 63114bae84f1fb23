// The views of one run on one text: attention, lens, residual, ledger.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "cli/options.hpp"
#include "cli/study/study.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/study/attribution.hpp"

namespace microgpt::cli {

namespace {

using nlohmann::ordered_json;
using study::Trace;

struct StreamOptions : StudyOptions {
  int position = -1;
  int layer = -1;
  int head = -1;
  std::string target, contrast, at;
  int top = 20;
  bool scores = false;
};

void attention(StreamOptions options) {
  const Subject subject(options.model);
  const ModelConfig& config = subject.model().config;
  require_layers(subject);
  if (!options.at.empty()) {
    const study::Address at = study::parse_address(options.at, config);
    if (info(at.site).kind != SiteKind::keys || at.position || at.source) {
      throw Error(Fault::usage, "bad --at: " + study::to_string(at)
                                    + ": give a layer's attn.pattern or attn.scores, whole or of a head");
    }
    options.layer = at.layer;
    options.head = at.head.value_or(-1);
    options.scores = at.site == Site::scores;
  }
  check_choice(options.layer, config.n_layer, "--layer");
  check_choice(options.head, config.n_head, "--head");
  const Batch batch = subject.text(options.text);
  const Trace trace = study::run(subject.model(), batch);
  ordered_json document = json_of_text(subject, "attention", options.text, batch);
  document["heads"] = ordered_json::array();
  const auto n = static_cast<int>(batch.positions());
  for (int layer = 0; layer < config.n_layer; ++layer) {
    for (int head = 0; head < config.n_head; ++head) {
      if ((options.layer >= 0 && layer != options.layer) || (options.head >= 0 && head != options.head))
        continue;
      const Matrix<double> pattern = trace.head(Site::pattern, layer, head);
      const Matrix<double> scores = trace.head(Site::scores, layer, head);
      const study::Address at = {
          .site = options.scores ? Site::scores : Site::pattern, .layer = layer, .head = head};
      ordered_json visible = ordered_json::array();
      for (int i = 0; i < n; ++i) {
        visible.push_back(std::vector<double>(scores.row(i).data(), scores.row(i).data() + i + 1));
      }
      document["heads"].push_back(
          {{"address", study::to_string({.site = Site::pattern, .layer = layer, .head = head})},
           {"pattern", matrix_json(pattern)},
           {"scores", visible}});
      if (options.json) continue;
      std::cout << bold(study::to_string(at)) << "   microgpt.py:" << info(at.site).line << '\n';
      std::vector<Table::Column> columns = {{"", true}};
      for (int j = 0; j < n; ++j) columns.push_back({subject.position_label(batch, j)});
      Table table(columns);
      const Matrix<double>& shown = options.scores ? scores : pattern;
      const double largest = Matrix<double>(shown.triangularView<Eigen::Lower>()).cwiseAbs().maxCoeff();
      const double scale = options.scores && largest > 0 ? largest : 1;
      for (int i = 0; i < n; ++i) {
        std::vector<Cell> row = {{subject.position_label(batch, i)}};
        for (int j = 0; j <= i; ++j) {
          row.push_back({fixed_text(shown(i, j), 3), shown(i, j) / scale});
        }
        table.add(row);
      }
      table.print(std::cout, screen(options.width));
      std::cout << '\n';
    }
  }
  if (options.json) {
    std::cout << document.dump() << '\n';
  } else {
    std::cout << "Rows ask, columns are asked.\n";
  }
}

void lens(const StreamOptions& options) {
  const Subject subject(options.model);
  const Batch batch = subject.text(options.text);
  const Trace trace = study::run(subject.model(), batch);
  ordered_json document = json_of_text(subject, "lens", options.text, batch);
  document["positions"] = ordered_json::array();
  const auto n = static_cast<int>(batch.positions());
  const int only = options.position >= 0 ? chosen_position(options.position, batch) : -1;
  for (int p = 0; p < n; ++p) {
    if (only >= 0 && p != only) continue;
    const auto rows = study::logit_lens(subject.model(), trace, p);
    const int next = batch.target[static_cast<std::size_t>(p)];
    ordered_json stages = ordered_json::array();
    std::vector<Table::Column> columns = {{"stage", true}, {"loss"}, {"p(" + subject.label(next) + ")"}};
    const std::size_t best =
        std::min<std::size_t>(5, static_cast<std::size_t>(subject.model().config.vocab_size));
    for (std::size_t i = 0; i < best; ++i) columns.push_back({i == 0 ? "likeliest" : ""});
    Table table(columns);
    for (const study::LensRow& row : rows) {
      stages.push_back({{"address", study::to_string(row.at)}, {"nll", row.nll}, {"probs", row.probs}});
      std::vector<std::size_t> order(row.probs.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::stable_sort(order.begin(), order.end(),
                       [&](auto a, auto b) { return row.probs[a] > row.probs[b]; });
      const double p_next = row.probs[static_cast<std::size_t>(next)];
      std::vector<Cell> cells = {
          {study::to_string(row.at)}, {fixed_text(row.nll, 3)}, {fixed_text(p_next, 3), p_next}};
      for (std::size_t i = 0; i < best; ++i) {
        const double value = row.probs[order[i]];
        cells.push_back({subject.label(static_cast<int>(order[i])) + " " + fixed_text(value, 3), value});
      }
      table.add(cells);
    }
    document["positions"].push_back({{"position", p}, {"next", subject.label(next)}, {"stages", stages}});
    if (options.json) continue;
    std::cout << bold("position " + subject.position_label(batch, p)) << ", next " << subject.label(next)
              << '\n';
    table.print(std::cout, screen(options.width), 2);
  }
  if (options.json) {
    std::cout << document.dump() << '\n';
  } else {
    std::cout << '\n';
    print_wrapped(
        std::cout, screen(options.width),
        "Each stage of the residual stream read through lm_head; there is no norm before it, so this "
        "is exact.",
        0, 0);
  }
}

void residual(const StreamOptions& options) {
  const Subject subject(options.model);
  const Batch batch = subject.text(options.text);
  const Trace trace = study::run(subject.model(), batch);
  ordered_json document = json_of_text(subject, "residual", options.text, batch);
  document["positions"] = ordered_json::array();
  const int only = options.position >= 0 ? chosen_position(options.position, batch) : -1;
  for (int p = 0; p < static_cast<int>(batch.positions()); ++p) {
    if (only >= 0 && p != only) continue;
    ordered_json stages = ordered_json::array();
    Table table({{"stage", true}, {"length"}, {"cosine to the one before"}, {"to the last"}});
    for (const study::StreamRow& row : study::residual_stream(trace, p)) {
      stages.push_back({{"address", study::to_string(row.at)},
                        {"norm", row.norm},
                        {"cosine_before", row.cosine_before},
                        {"cosine_last", row.cosine_last}});
      table.add({{study::to_string(row.at)},
                 {number_text(row.norm, 3)},
                 {fixed_text(row.cosine_before, 3), row.cosine_before},
                 {fixed_text(row.cosine_last, 3), row.cosine_last}});
    }
    document["positions"].push_back({{"position", p}, {"stages", stages}});
    if (options.json) continue;
    std::cout << bold("position " + subject.position_label(batch, p)) << '\n';
    table.print(std::cout, screen(options.width), 2);
  }
  if (options.json) std::cout << document.dump() << '\n';
}

/// What a part of a logit, or a stage, is in words.
std::string part_in_words(const Subject& subject, const Batch& batch, const study::Address& at) {
  if (at.site == Site::embed_token)
    return "the character " + subject.label(batch.token[static_cast<std::size_t>(*at.position)]);
  if (at.site == Site::embed_position) return "its position";
  if (at.site == Site::attn_out) return "heads of layer " + std::to_string(at.layer);
  if (at.site == Site::mlp_out) return "neurons of layer " + std::to_string(at.layer);
  if (at.neuron) return "neuron " + std::to_string(*at.neuron);
  return "head " + std::to_string(*at.head) + " from " + subject.position_label(batch, *at.source);
}

void ledger(const StreamOptions& options) {
  const Subject subject(options.model);
  const Batch batch = subject.text(options.text);
  const Trace trace = study::run(subject.model(), batch);
  const int position = chosen_position(options.position, batch);
  const int target = options.target.empty() ? batch.target[static_cast<std::size_t>(position)]
                                            : subject.token(options.target, "--target");
  const int contrast = options.contrast.empty() ? -1 : subject.token(options.contrast, "--contrast");
  const study::Ledger result = study::ledger(subject.model(), trace, position, target, contrast);
  if (options.json) {
    ordered_json document = json_of_text(subject, "ledger", options.text, batch);
    document["position"] = position;
    document["target"] = subject.label(target);
    if (contrast >= 0) document["contrast"] = subject.label(contrast);
    document["logit"] = result.logit;
    const auto list = [](const std::vector<study::LedgerPart>& parts) {
      ordered_json rows = ordered_json::array();
      for (const study::LedgerPart& part : parts) {
        rows.push_back({{"address", study::to_string(part.at)}, {"value", part.value}});
      }
      return rows;
    };
    document["parts"] = list(result.parts);
    document["sum"] = result.sum;
    document["stages"] = list(result.stages);
    std::cout << document.dump() << '\n';
    return;
  }
  const std::string what =
      "logit of " + subject.label(target) + (contrast < 0 ? "" : " minus that of " + subject.label(contrast));
  std::cout << bold(what) << " after position " << subject.position_label(batch, position) << ": "
            << number_text(result.logit, 6) << '\n';
  Table table({{"part", true}, {"value"}, {"address", true}});
  double largest = std::abs(result.parts.front().value);
  for (const study::LedgerPart& stage : result.stages) largest = std::max(largest, std::abs(stage.value));
  const auto add = [&](const study::LedgerPart& part) {
    table.add({{part_in_words(subject, batch, part.at)},
               {fixed_text(part.value, 4), largest > 0 ? part.value / largest : 0},
               {study::to_string(part.at)}});
  };
  for (const study::LedgerPart& stage : result.stages) add(stage);
  table.add({{"sum"}, {fixed_text(result.sum, 4)}, {""}});
  table.print(std::cout, screen(options.width), 2);
  std::cout << "\nThe largest parts of these:\n";
  table = Table({{"part", true}, {"value"}, {"address", true}});
  const std::size_t shown = options.top == 0
                                ? result.parts.size()
                                : std::min(result.parts.size(), static_cast<std::size_t>(options.top));
  double rest = result.sum;
  for (std::size_t i = 0; i < shown; ++i) {
    const study::LedgerPart& part = result.parts[i];
    rest -= part.value;
    add(part);
  }
  if (shown < result.parts.size()) {
    table.add({{counted(result.parts.size() - shown, "smaller part")}, {fixed_text(rest, 4)}, {""}});
  }
  table.print(std::cout, screen(options.width), 2);
  const double error = std::abs(result.sum - result.logit);
  std::cout << (error <= 1e-12 * (1 + std::abs(result.logit))
                    ? "\nThe sum is the logit; rounding is below 1e-12.\n"
                    : "\nThe sum differs from the logit by " + number_text(error, 1) + ".\n");
}

}  // namespace

void add_stream_views(CLI::App& study) {
  const auto add = [&](const char* name, const char* about, const char* example,
                       void (*show)(const StreamOptions&)) {
    auto options = std::make_shared<StreamOptions>();
    CLI::App& view = *study.add_subcommand(name, about);
    add_study_options(view, *options);
    add_text_option(view, *options);
    view.footer(std::string("Example:\n  microgpt study ") + example);
    view.callback([options, show] { show(*options); });
    return std::pair<CLI::App*, std::shared_ptr<StreamOptions>>(&view, options);
  };
  {
    auto [view, options] = add("attention", "Where each head looks: patterns and scores",
                               "attention --model runs/names-1 --text emma --head 2",
                               [](const StreamOptions& o) { attention(o); });
    view->add_option("--layer", options->layer, "Only this layer")->check(whole_between(0, 1'000'000'000));
    view->add_option("--head", options->head, "Only this head")->check(whole_between(0, 1'000'000'000));
    view->add_flag("--scores", options->scores, "The scores before the softmax instead of the pattern");
    view->add_option("--at", options->at, "Only these, as an address: 'layer0.attn.scores[head 2]'")
        ->excludes("--layer")
        ->excludes("--head")
        ->excludes("--scores");
  }
  {
    auto [view, options] = add("lens", "What each stage of the residual stream would predict",
                               "lens --model runs/names-1 --text emma --position 3", lens);
    view->add_option("--position", options->position, "Only this position")
        ->check(whole_between(0, 1'000'000'000));
  }
  {
    auto [view, options] = add("residual", "Lengths and angles along the residual stream",
                               "residual --model runs/names-1 --text emma", residual);
    view->add_option("--position", options->position, "Only this position")
        ->check(whole_between(0, 1'000'000'000));
  }
  {
    auto [view, options] = add("ledger", "A logit as an exact sum of what each head and neuron adds",
                               "ledger --model runs/names-1 --text emm --target a --contrast e", ledger);
    view->add_option("--position", options->position, "After this position (default: the last)")
        ->check(whole_between(0, 1'000'000'000));
    view->add_option("--target", options->target, "Character, or BOS (default: what comes next)");
    view->add_option("--contrast", options->contrast, "Take off the logit of this character");
    view->add_option("--top", options->top, "Parts shown; 0: all")
        ->check(whole_between(0, 1'000'000))
        ->capture_default_str();
  }
}

}  // namespace microgpt::cli
