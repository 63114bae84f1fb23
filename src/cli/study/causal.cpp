// The views that interfere: ablate, patch, gradients.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "cli/options.hpp"
#include "cli/study/study.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/study/sweeps.hpp"

namespace microgpt::cli {

namespace {

using nlohmann::ordered_json;

struct CausalOptions : StudyOptions {
  std::vector<std::string> at;
  bool all = false;
  bool mean = false;
  int top = 20;
  std::string clean, corrupt, target, contrast;
};

/// What --at names.
std::vector<study::Address> asked_parts(const CausalOptions& options, const ModelConfig& config) {
  std::vector<study::Address> parts;
  for (const std::string& text : options.at) parts.push_back(study::parse_address(text, config));
  return parts;
}

void add_at_option(CLI::App& view, CausalOptions& options) {
  view.add_option("--at", options.at, "Only this address (may be repeated)")->allow_extra_args(false);
}

void ablate(const CausalOptions& options) {
  const Subject subject(options.model);
  const study::Model& model = subject.model();
  std::vector<study::Address> parts = asked_parts(options, model.config);
  if (parts.empty()) {
    for (const study::Address& at : study::ablatable(model.config)) {
      if (options.all || !at.neuron) parts.push_back(at);
    }
  }
  if (options.all && !options.at.empty())
    throw Error(Fault::usage, "--all and --at do not go together: give one");
  for (const study::Address& at : parts) {
    if (at.site == Site::probs)
      throw Error(Fault::usage, "bad --at: " + study::to_string(at) + ": the loss is that of the logits");
    if (options.mean && info(at.site).kind == SiteKind::keys) {
      throw Error(Fault::usage,
                  "bad --at: " + study::to_string(at) + ": head matrices have no mean: leave --mean out");
    }
  }
  const Batch batch = subject.documents(options.data, options.limit);
  const auto how = options.mean ? study::Ablation::mean : study::Ablation::zero;
  auto rows = study::ablate(model, batch, parts, how, all_cores());
  const double whole = study::run(model, batch).loss();
  ordered_json document = {{"view", "ablate"},
                           {"ablation", options.mean ? "mean" : "zero"},
                           {"documents", batch.documents()},
                           {"characters", batch.positions()},
                           {"loss", whole},
                           {"rows", ordered_json::array()}};
  Table table({{"without", true}, {"loss"}, {"change"}, {"+-"}});
  double largest = 0;
  for (const study::AblationRow& row : rows) largest = std::max(largest, std::abs(row.change));
  for (const study::AblationRow& row : rows) {
    const std::string name = study::to_string(row.at);
    document["rows"].push_back({{"address", name},
                                {"loss", row.loss},
                                {"change", row.change},
                                {"standard_error", row.standard_error}});
    if (options.top > 0 && document["rows"].size() > static_cast<std::size_t>(options.top)) continue;
    table.add({{name},
               {number_text(row.loss, 4)},
               {fixed_text(row.change, 4), largest > 0 ? row.change / largest : 0},
               {error_text(row.standard_error)}});
  }
  if (options.json) {
    std::cout << document.dump() << '\n';
    return;
  }
  print_wrapped(std::cout, screen(options.width),
                "loss of the whole model: " + number_text(whole, 4) + " nats a character over "
                    + counted(batch.positions(), "character"),
                0, 0);
  std::cout << '\n';
  table.print(std::cout, screen(options.width));
  const std::size_t count = document["rows"].size();
  if (options.top > 0 && count > static_cast<std::size_t>(options.top)) {
    std::cout << "and " << count - static_cast<std::size_t>(options.top)
              << " more whose change is lower (--top 0 shows all)\n";
  }
}

void patch(const CausalOptions& options) {
  const Subject subject(options.model);
  const Batch clean = subject.text(options.clean, "--clean");
  const Batch corrupted = subject.text(options.corrupt, "--corrupt");
  const ModelConfig& config = subject.model().config;
  const int target = subject.token(options.target, "--target");
  const bool loss = options.contrast.empty();
  const int contrast = loss ? -1 : subject.token(options.contrast, "--contrast");
  std::vector<study::Address> parts = asked_parts(options, config);
  for (const study::Address& at : parts) {
    if (info(at.site).kind != SiteKind::tokens
        && at.position.value_or(0) < static_cast<int>(clean.positions()))
      continue;
    throw Error(Fault::usage,
                "bad --at: " + study::to_string(at)
                    + (info(at.site).kind == SiteKind::tokens
                           ? ": it is the answer itself"
                           : ": the text has positions 0 to " + std::to_string(clean.positions() - 1)));
  }
  if (parts.empty()) parts = study::patchable(config);
  const study::PatchSweep sweep =
      study::patch_sweep(subject.model(), clean, corrupted, parts, target, contrast);
  if (options.json) {
    ordered_json document = {{"view", "patch"},
                             {"clean_text", options.clean},
                             {"corrupted_text", options.corrupt},
                             {"metric", loss ? "loss" : "logit difference"},
                             {"target", subject.label(target)}};
    if (!loss) document["contrast"] = subject.label(contrast);
    document["clean"] = sweep.clean;
    document["corrupted"] = sweep.corrupted;
    document["rows"] = ordered_json::array();
    for (const study::PatchRow& row : sweep.rows) {
      document["rows"].push_back(
          {{"address", study::to_string(row.at)}, {"metric", row.metric}, {"recovered", row.recovered}});
    }
    std::cout << document.dump() << '\n';
    return;
  }
  const std::string metric =
      loss ? "loss of " + subject.label(target) + " (-log of its probability)"
           : "logit of " + subject.label(target) + " minus that of " + subject.label(contrast);
  print_wrapped(std::cout, screen(options.width),
                metric + " at the end: clean " + number_text(sweep.clean, 4) + ", corrupted "
                    + number_text(sweep.corrupted, 4),
                0, 0);
  print_wrapped(std::cout, screen(options.width),
                "share of the difference that comes back with one place from the clean run:", 0, 0);
  std::cout << '\n';
  std::vector<Table::Column> columns = {{"site", true}};
  for (int p = 0; p < static_cast<int>(corrupted.positions()); ++p) {
    columns.push_back({subject.position_label(corrupted, p)});
  }
  Table table(columns);
  auto r = sweep.rows.begin();
  for (study::Address part : parts) {
    const std::optional<int> only = part.position;
    part.position.reset();
    std::vector<Cell> row = {{study::to_string(part)}};
    for (int p = 0; p < static_cast<int>(corrupted.positions()); ++p) {
      if (only && p != *only) {
        row.push_back({""});
        continue;
      }
      row.push_back({fixed_text(r->recovered, 2), std::clamp(r->recovered, -1.0, 1.0)});
      ++r;
    }
    table.add(row);
  }
  table.print(std::cout, screen(options.width));
}

/// The loss with one weight moved.
double loss_with(const study::Model& model, const Batch& batch, std::size_t weight, double value) {
  study::Model moved = model;
  moved.parameters.values()[weight] = value;
  return study::run(moved, batch).loss();
}

void gradients(const CausalOptions& options) {
  const Subject subject(options.model);
  const study::Model& model = subject.model();
  const Batch batch = subject.text(options.text);
  const study::Trace trace = study::run(model, batch, {}, true);
  const Parameters<double>& gradient = trace.weight_gradient();
  ordered_json document = json_of_text(subject, "gradients", options.text, batch);
  document["loss"] = trace.loss();
  document["tensors"] = ordered_json::array();
  Table table({{"tensor", true}, {"norm"}, {"zeros"}, {"largest"}, {"at", true}, {"by differences"}});
  for (std::size_t i = 0; i < gradient.table().size(); ++i) {
    const TensorSpec& spec = gradient.table()[i];
    const auto g = gradient.tensor(i);
    Index row = 0;
    Index column = 0;
    g.cwiseAbs().maxCoeff(&row, &column);
    const auto zeros = static_cast<double>((g.array() == 0).count()) / static_cast<double>(g.size());
    // (f(w + h) - f(w - h)) / 2h: an independent witness for the largest entry.
    const auto index = static_cast<std::size_t>(spec.offset + row * spec.cols + column);
    const double w = model.parameters.values()[index];
    const double h = 1e-5;
    const double difference =
        (loss_with(model, batch, index, w + h) - loss_with(model, batch, index, w - h)) / (2 * h);
    const std::string at = spec.name + "[" + std::to_string(row) + "," + std::to_string(column) + "]";
    document["tensors"].push_back({{"tensor", spec.name},
                                   {"norm", g.norm()},
                                   {"zeros", zeros},
                                   {"largest", g(row, column)},
                                   {"largest_at", at},
                                   {"by_differences", difference}});
    table.add({{spec.name},
               {number_text(g.norm(), 4)},
               {number_text(100 * zeros, 1) + "%", zeros},
               {number_text(g(row, column), 5)},
               {at},
               {number_text(difference, 5)}});
  }
  if (options.json) {
    std::cout << document.dump() << '\n';
    return;
  }
  std::cout << "gradient of the mean loss, " << number_text(trace.loss(), 4) << " nats a character\n\n";
  table.print(std::cout, screen(options.width));
}

}  // namespace

void add_causal_views(CLI::App& study) {
  const auto add = [&](const char* name, const char* about, const char* example,
                       void (*show)(const CausalOptions&)) {
    auto options = std::make_shared<CausalOptions>();
    CLI::App& view = *study.add_subcommand(name, about);
    add_study_options(view, *options);
    view.footer(std::string("Example:\n  microgpt study ") + example);
    view.callback([options, show] { show(*options); });
    return std::pair<CLI::App*, std::shared_ptr<CausalOptions>>(&view, options);
  };
  {
    auto [view, options] = add("ablate", "The loss without each head, layer or neuron, and without positions",
                               "ablate --model runs/names-1 --at 'layer0.attn.z[head 1]'", ablate);
    add_data_options(*view, *options);
    add_at_option(*view, *options);
    view->add_flag("--all", options->all, "Every neuron too");
    view->add_flag("--mean", options->mean, "Put the mean in its place instead of 0");
    view->add_option("--top", options->top, "Rows shown; 0: all")
        ->check(whole_between(0, 1'000'000))
        ->capture_default_str();
  }
  {
    auto [view, options] =
        add("patch", "Which places carry a difference between two texts",
            "patch --model runs/names-1 --clean anna --corrupt enna --target BOS --contrast e", patch);
    view->add_option("--clean", options->clean, "The text whose values are taken")->required();
    view->add_option("--corrupt", options->corrupt, "The text they are put into, equally long")->required();
    view->add_option("--target", options->target, "Character, or BOS, that is predicted")->required();
    view->add_option("--contrast", options->contrast,
                     "The metric is then the target's logit less this one's; else the target's loss");
    add_at_option(*view, *options);
  }
  {
    auto [view, options] = add("gradients", "Gradients of every tensor on a text, with a witness",
                               "gradients --model runs/names-1 --text emma", gradients);
    add_text_option(*view, *options);
  }
}

}  // namespace microgpt::cli
