// study diff: two models side by side.
#include "microgpt/study/diff.hpp"

#include <cmath>
#include <memory>

#include "microgpt/base/error.hpp"
#include "microgpt/base/number.hpp"
#include "microgpt/run/chosen_model.hpp"
#include "microgpt/run/config_difference.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kDiffOptions[] = {
    {.name = "A", .about = "Run folder or checkpoint file", .value_name = "A", .required = true},
    {.name = "B",
     .about = "Run folder or checkpoint file to compare with A",
     .value_name = "B",
     .required = true},
    text_option("--text", "TEXT", "Text to run both models on"),
    flag_option("--last", "Use the last weights of run folders, not those with the lowest held-out loss"),
    amount_option("--top", "Number of rows shown of each table; 0 shows all", "20"),
};

/// One of the two models.
struct DiffSide {
  std::string name;  ///< "A" or "B"
  std::shared_ptr<const Checkpoint> checkpoint;
  Subject subject;

  /// The text as this model reads it; what is wrong with it is said of this model.
  [[nodiscard]] Batch text(const std::string& text) const {
    try {
      return subject.text(text);
    } catch (const Error& error) {
      ErrorParts parts = error.parts();
      parts.what = "model " + name + ": " + parts.what;
      throw Error(error.fault(), std::move(parts));
    }
  }
};

DiffSide diff_side(const Request& request, const std::string& name) {
  const std::string path = *request.options.text(name);
  bool told = false;
  const Weights weights = request.options.flag("--last") ? Weights::last : Weights::best;
  ChosenModel chosen = choose_model(path, weights, [&](const Error& damaged) {
    if (!told && request.warn) request.warn(printable(damaged.what()) + ": another one is used");
    told = true;
  });
  auto checkpoint = std::make_shared<const Checkpoint>(std::move(chosen.checkpoint));
  Subject subject(checkpoint, path);
  return {name, std::move(checkpoint), std::move(subject)};
}

/// A number, but no cell where it is none.
Value finite_cell(double value) {
  return std::isfinite(value) ? Value(value) : Value();
}

template <class Numbers>
std::string sizes_text(const Numbers& shape) {
  std::string text;
  for (const auto n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

/// "27 x 16", or "6 x 8 | 4 x 8" where A and B differ.
template <class Numbers>
std::string both_sizes_text(const Numbers& a, const Numbers& b) {
  if (a == b || b.empty()) return sizes_text(a);
  return a.empty() ? sizes_text(b) : sizes_text(a) + " | " + sizes_text(b);
}

/// Where the largest difference is; or why there is none.
template <class Row>
std::string place_text(const Row& row, const std::string& at) {
  if (row.shape_b.empty()) return "only in A";
  if (row.shape_a.empty()) return "only in B";
  if (!row.difference) return "shapes differ";
  return row.difference->equal ? "equal" : at;
}

/// How many rows of so many are shown; where some are not, the table says so.
std::size_t bound_rows(const Options& options, std::size_t count, Table& table) {
  const auto top = static_cast<std::size_t>(options.whole("--top", 20));
  if (top == 0 || count <= top) return count;
  table.total_rows = count;
  table.more = "--top 0 shows all";
  return top;
}

Section config_section(const Options& options, const std::vector<KeyDifference>& keys) {
  Section section{
      .key = "config",
      .title = "Config: " + counted(keys.size(), "key") + (keys.size() == 1 ? " differs" : " differ")};
  section.table = {.columns = {{"key", "key"}, {"a", "A"}, {"b", "B"}}};
  const std::size_t shown = bound_rows(options, keys.size(), section.table);
  for (std::size_t i = 0; i < shown; ++i) section.table.rows.push_back({keys[i].key, keys[i].a, keys[i].b});
  return section;
}

Section vocabulary_section(const Options& options, const study::VocabularyDifference& vocabulary) {
  const std::size_t shared = vocabulary.shared.size() - 1;  // without BOS
  Section section{.key = "vocabulary", .title = "Vocabulary: " + counted(shared, "character") + " in both"};
  section.table = {.columns = {{"character", "character"}, {"model", "only in"}}};
  std::vector<std::vector<Value>> rows;
  for (const auto* only : {&vocabulary.only_a, &vocabulary.only_b}) {
    for (const char32_t c : *only) {
      std::string character;
      append_utf8(character, c);
      rows.push_back({character_text(character), std::string(only == &vocabulary.only_a ? "A" : "B")});
    }
  }
  rows.resize(bound_rows(options, rows.size(), section.table));
  section.table.rows = std::move(rows);
  section.note = "Tokens are compared by their characters.";
  return section;
}

Section weights_section(const Options& options, const study::WeightsDifference& weights) {
  std::size_t equal = 0;
  for (const study::TensorDifference& tensor : weights.tensors) equal += tensor.equal ? 1U : 0U;
  Section section{.key = "weights",
                  .title = "Weights: " + std::to_string(equal) + " of "
                           + counted(weights.tensors.size(), "tensor") + " equal bit for bit"};
  section.table = {.columns = {{"tensor", "tensor"},
                               {"shape", "shape"},
                               {"norm_a", "norm A", number(3)},
                               {"norm_b", "norm B", number(3)},
                               {"norm", "norm B-A", number(3)},
                               {"relative", "relative", number(4), Heat::column},
                               {"largest", "largest", number(4)},
                               {"at", "at"},
                               {"cosine", "cosine", number(4)}}};
  const auto numbers = [](const study::Difference& d) {
    return std::vector<Value>{finite_cell(d.norm_a), finite_cell(d.norm_b), finite_cell(d.norm),
                              finite_cell(d.relative), finite_cell(d.largest)};
  };
  const std::size_t shown = bound_rows(options, weights.tensors.size(), section.table);
  for (std::size_t i = 0; i < shown; ++i) {
    const study::TensorDifference& tensor = weights.tensors[i];
    std::vector<Value> row = {tensor.name, both_sizes_text(tensor.shape_a, tensor.shape_b)};
    const std::vector<Value> alone = {finite_cell(tensor.norm_a), finite_cell(tensor.norm_b), {}, {}, {}};
    for (const Value& value : tensor.difference ? numbers(*tensor.difference) : alone) row.push_back(value);
    row.emplace_back(place_text(tensor, tensor.at().substr(tensor.name.size())));
    row.push_back(tensor.difference ? finite_cell(tensor.difference->cosine) : Value());
    section.table.rows.push_back(std::move(row));
  }
  if (weights.compared > 0) {
    std::vector<Value> row = {"total", counted(weights.compared, "number")};
    for (Value& value : numbers(weights.total)) row.push_back(std::move(value));
    row.emplace_back(std::string(weights.total.equal ? "equal" : ""));
    row.push_back(finite_cell(weights.total.cosine));
    section.table.rows.push_back(std::move(row));
    section.table.totals = 1;
  }
  section.figure =
      weights.compared > 0
          ? Figure{.kind = Figure::Kind::bars, .title = "Norm of B-A, relative to the norm of A", .y = {5}}
          : Figure{.kind = Figure::Kind::bars, .title = "Norm of each tensor in A and in B", .y = {2, 3}};
  section.note =
      "relative: the norm of B-A over the norm of A. Of wte and lm_head the rows of the characters in both "
      "models are compared.";
  return section;
}

Section sites_section(const Options& options, const study::RunDifference& run) {
  Section section{.key = "sites", .title = "Activations on the text"};
  if (run.first) {
    const study::SiteDifference& first = run.sites[*run.first];
    section.says = "The models first differ at " + study::to_string(first.at) + ": " + number_text(first.a, 4)
                   + " in A, " + number_text(first.b, 4) + " in B.";
    section.address = study::to_string(first.site);
  } else {
    section.says = "Every activation that both models have with the same shape is equal bit for bit.";
  }
  section.table = {.columns = {{"site", "site"},
                               {"relative", "relative", number(4), Heat::column},
                               {"largest", "largest", number(4)},
                               {"at", "at"},
                               {"a", "in A", number(4)},
                               {"b", "in B", number(4)}}};
  const std::size_t shown = bound_rows(options, run.sites.size(), section.table);
  for (std::size_t i = 0; i < shown; ++i) {
    const study::SiteDifference& site = run.sites[i];
    const std::string name = study::to_string(site.site);
    std::vector<Value> row = {name};
    if (site.difference) {
      row.insert(row.end(), {finite_cell(site.difference->relative), finite_cell(site.difference->largest)});
      row.emplace_back(place_text(site, study::to_string(site.at).substr(name.size())));
      row.insert(row.end(), {finite_cell(site.a), finite_cell(site.b)});
    } else {
      row.resize(3);
      row.emplace_back(place_text(site, "") + ": " + both_sizes_text(site.shape_a, site.shape_b));
      row.resize(6);
    }
    section.table.rows.push_back(std::move(row));
  }
  return section;
}

/// "'a' 0.41  'e' 0.10": the likeliest three.
std::string likeliest_text(const Subject& subject, const std::vector<double>& probs) {
  std::string text;
  for (const std::size_t token : study::ranked(probs, 3)) {
    text += (text.empty() ? "" : "  ") + subject.label(static_cast<Token>(token)) + " "
            + fixed_text(probs[token], 2);
  }
  return text;
}

Section predictions_section(const Options& options, const DiffSide& a, const DiffSide& b, const Batch& batch,
                            const study::RunDifference& run, bool same_vocabulary) {
  Section section{.key = "predictions", .title = "Predictions"};
  section.table = {.columns = {{"position", "after position"},
                               {"next", "next"},
                               {"likeliest_a", "A predicts"},
                               {"likeliest_b", "B predicts"},
                               {"kl", "KL", number(3), Heat::column},
                               {"nll_a", "nll A", number(4)},
                               {"nll_b", "nll B", number(4)}},
                   .labels = 2};
  const std::size_t shown = bound_rows(options, run.positions.size(), section.table);
  for (std::size_t i = 0; i < shown; ++i) {
    const study::PredictionDifference& p = run.positions[i];
    section.table.rows.push_back({a.subject.position_label(batch, p.position),
                                  a.subject.label(batch.target[static_cast<std::size_t>(p.position)]),
                                  likeliest_text(a.subject, p.probs_a), likeliest_text(b.subject, p.probs_b),
                                  finite_cell(p.kl), finite_cell(p.nll_a), finite_cell(p.nll_b)});
  }
  section.note =
      std::string("KL: the sum of A's probabilities times ln(A / B), in nats")
      + (same_vocabulary
             ? ""
             : ", over BOS and the characters in both, whose probabilities are made to add up to 1")
      + ". nll: -ln of the probability of the character that came next, in nats.";
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "How far B's predictions are from A's", .y = {4}};
  return section;
}

Page make_diff(const Request& request) {
  const Options& options = request.options;
  const DiffSide a = diff_side(request, "A");
  const DiffSide b = diff_side(request, "B");
  const study::Model& model_a = a.subject.model();
  const study::Model& model_b = b.subject.model();
  const auto keys = differing_keys(a.subject.run(), b.subject.run());
  const auto vocabulary = study::diff_vocabularies(model_a.tokenizer, model_b.tokenizer);
  const auto weights = study::diff_weights(model_a, model_b);
  const auto text = options.text("--text");
  Batch batch;  // as A has it
  std::optional<study::RunDifference> run;
  if (text) {
    batch = a.text(*text);
    run = study::diff_runs(model_a, study::run(model_a, batch), model_b, study::run(model_b, b.text(*text)));
  }
  const bool equal = keys.empty() && vocabulary.equal() && weights.equal && (!run || run->equal());

  Page page{.view = "diff", .about = "Two models, B compared with A."};
  for (const DiffSide* side : {&a, &b}) {
    const std::string key = side == &a ? "a" : "b";
    page.facts.push_back({key, side->name, side->checkpoint->path().string()});
    page.facts.push_back(
        {"step_" + key, "step of " + side->name, std::int64_t{side->checkpoint->training().step}, whole()});
  }
  if (text) page.facts.push_back({"text", "text", *text});
  page.facts.push_back({"equal", "equal bit for bit", std::string(equal ? "yes" : "no")});
  page.facts.push_back(
      {"keys", "keys of the config that differ", static_cast<std::int64_t>(keys.size()), whole()});
  page.facts.push_back({"weights", "weights compared", static_cast<std::int64_t>(weights.compared), whole()});
  if (weights.compared > 0 && std::isfinite(weights.total.relative)) {
    page.facts.push_back({"relative", "norm of B-A over the norm of A", weights.total.relative, percent(2)});
  }
  if (run) {
    page.facts.push_back(
        {"first", "first difference at",
         run->first ? Value(study::to_string(run->sites[*run->first].site)) : Value("nowhere")});
  }
  if (!keys.empty()) page.sections.push_back(config_section(options, keys));
  if (!vocabulary.equal()) page.sections.push_back(vocabulary_section(options, vocabulary));
  if (!weights.equal) page.sections.push_back(weights_section(options, weights));
  if (run && !run->equal()) page.sections.push_back(sites_section(options, *run));
  if (run && run->first) {
    page.sections.push_back(predictions_section(options, a, b, batch, *run, vocabulary.equal()));
  }
  return page;
}

}  // namespace

ViewSpec diff_view() {
  return {.name = "diff",
          .about = "Two models: how far apart their weights are, and where they first differ",
          .example = "diff runs/names-1/checkpoints/best.safetensors runs/names-1 --last --text emma",
          .needs = Needs::nothing,
          .options = kDiffOptions,
          .make = make_diff};
}

}  // namespace microgpt::view
