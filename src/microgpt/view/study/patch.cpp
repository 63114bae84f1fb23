// study patch: which places carry a difference between two texts.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "microgpt/base/error.hpp"
#include "microgpt/study/sweeps.hpp"
#include "microgpt/study/work.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kPatchOptions[] = {
    {.name = "--clean",
     .about = "Text whose values are put into the other run",
     .value_name = "TEXT",
     .required = true},
    {.name = "--corrupt",
     .about = "Text of the run they are put into; as long as the clean text",
     .value_name = "TEXT",
     .required = true},
    {.name = "--target",
     .about = "Token whose prediction at the end is measured: a character, or BOS",
     .value_name = "TOKEN",
     .required = true},
    text_option("--contrast", "TOKEN",
                "Measure the target's logit minus the logit of this token, instead of the target's loss"),
    {.name = "--at",
     .kind = OptionSpec::Kind::texts,
     .about = "Patch only what has this address (may be repeated)",
     .value_name = "ADDRESS",
     .excludes = "--all"},
    amount_flag("--all", "Patch every site at every position, however long it takes").excluding("--at"),
};

constexpr int kMostPositions = 16;  // columns of a heat map
constexpr int kMostLayers = 16;     // its rows
constexpr int kFewestOfEach = 4;    // whatever it costs
constexpr int kEverySite = 2;       // layers up to which all sites are shown

/// A heat map: some parts, each at all the positions shown or, if its address names one, there alone.
struct PatchMap {
  std::string key, title;
  std::vector<study::Address> parts;
};

struct PatchPlan {
  std::vector<PatchMap> maps;
  std::vector<int> positions;
  int layers = 0;  ///< how many are shown of those the model has
};

std::vector<study::Address> named_patches(const Options& options, const ModelConfig& config,
                                          const Batch& clean) {
  std::vector<study::Address> parts;
  for (const std::string& text : options.texts("--at")) {
    const study::Address at = study::parse_address(text, config, "--at");
    if (info(at.site).kind == SiteKind::tokens) {
      throw bad_option("--at", study::to_string(at),
                       "this is the prediction itself, which is what is measured");
    }
    if (at.position.value_or(0) >= static_cast<int>(clean.positions())) {
      throw bad_option(
          "--at", study::to_string(at),
          "the text has positions " + index_range(static_cast<std::ptrdiff_t>(clean.positions())));
    }
    parts.push_back(at);
  }
  return parts;
}

/// At most `count` positions: the last one, those where the texts differ, then those that follow the first of these,
/// where the difference can have gone to.
std::vector<int> telling_positions(const Batch& clean, const Batch& corrupted, int count) {
  const auto n = static_cast<int>(std::min(clean.positions(), corrupted.positions()));
  std::vector<int> wanted = {n - 1};
  const auto differs = [&](int p) {
    return clean.token[static_cast<std::size_t>(p)] != corrupted.token[static_cast<std::size_t>(p)];
  };
  int first = n;
  for (int p = n - 1; p >= 0; --p) first = differs(p) ? p : first;
  for (int p = first; p < n; ++p) {
    if (differs(p)) wanted.push_back(p);
  }
  for (int p = first; p < n; ++p) wanted.push_back(p);
  for (int p = 0; p < n; ++p) wanted.push_back(p);
  std::set<int> chosen;
  for (const int p : wanted) {
    if (static_cast<int>(chosen.size()) < count) chosen.insert(p);
  }
  return {chosen.begin(), chosen.end()};
}

/// `count` of a model's layers, evenly spread, with the first and the last.
std::vector<int> spread_layers(int layers, int count) {
  std::vector<int> chosen;
  for (int i = 0; i < count; ++i) chosen.push_back(count == 1 ? 0 : i * (layers - 1) / (count - 1));
  return chosen;
}

/// What is patched if neither --at nor --all says so. In small models every site; in deep ones the residual stream and
/// what the two blocks of a layer add to it, one map each.
PatchPlan usual_patches(const ModelConfig& config, const Batch& clean, const Batch& corrupted) {
  const auto n = static_cast<int>(std::min(clean.positions(), corrupted.positions()));
  PatchPlan plan{.maps = {}, .positions = {}, .layers = config.n_layer};
  int positions = std::min(n, kMostPositions);
  if (config.n_layer <= kEverySite) {
    const std::vector<study::Address> all = study::patchable(config);
    const double work = static_cast<double>(all.size()) * study::run_work(config, clean.positions());
    positions = std::clamp(static_cast<int>(std::min(study::kFewSeconds / work, 1e6)),
                           std::min(n, kFewestOfEach), positions);
    plan.maps = {{"sites", "Every site", all}};
  } else {
    plan.layers = std::min(config.n_layer, kMostLayers);
    const auto work = [&] {
      return 3.0 * plan.layers * positions * study::run_work(config, clean.positions());
    };
    while (plan.layers > kFewestOfEach && work() > study::kFewSeconds) --plan.layers;
    while (positions > kFewestOfEach && work() > study::kFewSeconds) --positions;
    plan.maps = {{"resid_pre", "The residual stream before each layer", {}},
                 {"attn_out", "What the attention of each layer adds", {}},
                 {"mlp_out", "What the MLP of each layer adds", {}}};
    for (const int layer : spread_layers(config.n_layer, plan.layers)) {
      plan.maps[0].parts.push_back({.site = Site::resid_pre, .layer = layer});
      plan.maps[1].parts.push_back({.site = Site::attn_out, .layer = layer});
      plan.maps[2].parts.push_back({.site = Site::mlp_out, .layer = layer});
    }
  }
  plan.positions = telling_positions(clean, corrupted, positions);
  return plan;
}

PatchPlan planned_patches(const Subject& subject, const Options& options, const Batch& clean,
                          const Batch& corrupted) {
  const ModelConfig& config = subject.config();
  const std::vector<study::Address> named = named_patches(options, config, clean);
  if (!options.flag("--all") && named.empty()) return usual_patches(config, clean, corrupted);
  PatchPlan plan{.maps = {{"sites", named.empty() ? "Every site" : "The sites asked for", named}},
                 .positions = std::vector<int>(clean.positions()),
                 .layers = config.n_layer};
  std::iota(plan.positions.begin(), plan.positions.end(), 0);
  if (named.empty()) {
    plan.maps[0].parts = study::patchable(config);
    return plan;
  }
  plan.positions = telling_positions(clean, corrupted, kMostPositions);
  std::set<int> shown(plan.positions.begin(), plan.positions.end());
  for (const study::Address& at : named) {
    if (at.position) shown.insert(*at.position);
  }
  plan.positions.assign(shown.begin(), shown.end());
  return plan;
}

/// The runs of a map's row: one at each position, or one alone.
std::vector<study::Address> cells_of(study::Address part, const PatchPlan& plan) {
  if (part.position) return {part};
  std::vector<study::Address> cells;
  for (const int position : plan.positions) {
    part.position = position;
    cells.push_back(part);
  }
  return cells;
}

/// Takes the map's share of the sweep's rows from `next` on.
Section section_of_map(const Subject& subject, const Batch& corrupted, const PatchPlan& plan,
                       const PatchMap& map, std::vector<study::PatchRow>::const_iterator& next) {
  Section section{.key = map.key, .title = map.title};
  section.table.columns = {{"site", "site"}};
  Figure figure{.kind = Figure::Kind::heatmap,
                .title = map.title + ": the share of the difference that comes back",
                .y = {},
                .x_title = "position",
                .y_title = "site"};
  for (const int position : plan.positions) {
    figure.y.push_back(section.table.columns.size());
    section.table.columns.push_back({"position_" + std::to_string(position),
                                     subject.position_label(corrupted, position), fixed(2), Heat::unit});
  }
  for (const study::Address& part : map.parts) {
    std::map<int, double> recovered;
    for (const study::Address& cell : cells_of(part, plan)) recovered[*cell.position] = next++->recovered;
    study::Address name = part;
    name.position.reset();
    std::vector<Value> row = {study::to_string(name)};
    for (const int position : plan.positions) {
      const auto found = recovered.find(position);
      row.push_back(found == recovered.end() ? Value() : Value(found->second));
    }
    section.table.rows.push_back(std::move(row));
  }
  section.figure = figure;
  return section;
}

Page make_patch(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  const Batch clean = subject.text(*options.text("--clean"), "--clean");
  const Batch corrupted = subject.text(*options.text("--corrupt"), "--corrupt");
  const Token target = subject.token(*options.text("--target"), "--target");
  const auto contrast = options.text("--contrast");
  const Token minus = contrast ? subject.token(*contrast, "--contrast") : -1;
  const PatchPlan plan = planned_patches(subject, options, clean, corrupted);
  std::vector<study::Address> cells;
  for (const PatchMap& map : plan.maps) {
    for (const study::Address& part : map.parts) {
      for (const study::Address& cell : cells_of(part, plan)) cells.push_back(cell);
    }
  }
  const study::PatchSweep sweep = study::patch_sweep(subject.model(), clean, corrupted, cells, target, minus,
                                                     request.threads, request.progress);

  Page page{.view = "patch",
            .about =
                "The model runs on the corrupted text with the numbers of one place taken from its run on "
                "the clean text. 1 means that the whole difference between the two runs comes back, 0 that "
                "none of it does."};
  page.facts = {{"clean_text", "clean text", *options.text("--clean")},
                {"corrupted_text", "corrupted text", *options.text("--corrupt")},
                {"metric", "measured at the end", contrast ? "logit difference" : "loss"},
                {"target", contrast ? "logit of" : "loss of", subject.label(target)}};
  if (contrast) page.facts.push_back({"contrast", "minus the logit of", subject.label(minus)});
  page.facts.push_back({"clean", "in the clean run", sweep.clean, number(4)});
  page.facts.push_back({"corrupted", "in the corrupted run", sweep.corrupted, number(4)});
  if (plan.positions.size() < clean.positions()) {
    page.facts.push_back({"positions", "positions shown",
                          with_commas(plan.positions.size()) + " of " + with_commas(clean.positions())});
  }
  if (plan.layers < subject.config().n_layer) {
    page.facts.push_back({"layers", "layers shown",
                          std::to_string(plan.layers) + " of " + std::to_string(subject.config().n_layer)});
  }
  auto next = sweep.rows.begin();
  for (const PatchMap& map : plan.maps) {
    page.sections.push_back(section_of_map(subject, corrupted, plan, map, next));
  }
  if (plan.maps.size() > 1 || plan.positions.size() < clean.positions()) {
    page.sections.back().note = "--at ADDRESS patches another site or position, --all every one of them.";
  }
  return page;
}

}  // namespace

ViewSpec patch_view() {
  return {.name = "patch",
          .about = "Which places carry the difference between two texts",
          .example = "patch --clean anna --corrupt enna --target BOS --contrast e",
          .options = kPatchOptions,
          .make = make_patch};
}

}  // namespace microgpt::view
