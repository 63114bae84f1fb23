// microgpt study diff: two models side by side.
#include <algorithm>
#include <iostream>

#include "cli/model.hpp"
#include "cli/study/diff_report.hpp"
#include "cli/study/study.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace {

using nlohmann::ordered_json;

struct DiffOptions : StudyOptions {
  std::string other;
  bool with_text = false;
};

DiffSide side(const std::string& name, const Checkpoint& checkpoint) {
  return {name, checkpoint.path().string(), checkpoint.training().step, Subject(checkpoint)};
}

/// The text for one of the two: what is wrong with it is said of this model.
Batch text_for(const DiffSide& side, const std::string& text) {
  try {
    return side.subject.text(text);
  } catch (const Error& error) {
    throw Error(error.fault(), "model " + side.name + ": " + error.what());
  }
}

std::vector<KeyDifference> differing_keys(const RunConfig& a, const RunConfig& b) {
  const ordered_json flat_a = to_json(a).flatten();  // "/train/steps"
  const ordered_json flat_b = to_json(b).flatten();
  std::vector<KeyDifference> keys;
  for (const auto& [key, value] : flat_a.items()) {
    if (flat_b.at(key) == value || key == "/why") continue;  // (a note to readers says nothing of the model)
    std::string name = key.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    keys.push_back({name, value, flat_b.at(key)});
  }
  return keys;
}

ordered_json difference_json(const std::optional<study::Difference>& difference) {
  if (!difference) return nullptr;
  return {{"norm_a", difference->norm_a},
          {"norm", difference->norm},
          {"relative", difference->relative},
          {"largest", difference->largest},
          {"cosine", difference->cosine}};
}

void print_json(const Comparison& all) {
  ordered_json document = {{"view", "diff"}};
  if (all.run) document = json_of_text(all.a.subject, "diff", all.text, all.batch);
  document["a"] = {{"file", all.a.path}, {"step", all.a.step}};
  document["b"] = {{"file", all.b.path}, {"step", all.b.step}};
  document["equal"] = all.equal();
  document["config"] = ordered_json::array();
  for (const KeyDifference& key : all.keys) {
    document["config"].push_back({{"key", key.key}, {"a", key.a}, {"b", key.b}});
  }
  const auto characters = [](const std::vector<char32_t>& list) {
    ordered_json texts = ordered_json::array();
    for (const char32_t c : list) {
      std::string text;
      append_utf8(text, c);
      texts.push_back(text);
    }
    return texts;
  };
  document["vocabulary"] = {{"shared", all.vocabulary.shared.size() - 1},
                            {"only_a", characters(all.vocabulary.only_a)},
                            {"only_b", characters(all.vocabulary.only_b)}};
  const auto shape = [](const auto& sizes) {
    return sizes.empty() ? ordered_json(nullptr) : ordered_json(sizes);
  };
  document["tensors"] = ordered_json::array();
  for (const study::TensorDifference& tensor : all.weights.tensors) {
    ordered_json row = {{"tensor", tensor.name},
                        {"shape_a", shape(tensor.shape_a)},
                        {"shape_b", shape(tensor.shape_b)},
                        {"equal", tensor.equal},
                        {"difference", difference_json(tensor.difference)}};
    if (tensor.difference) row["largest_at"] = weight_at(tensor);
    document["tensors"].push_back(row);
  }
  document["total"] = {{"compared", all.weights.compared},
                       {"equal", all.weights.equal},
                       {"difference", difference_json(all.weights.total)}};
  if (all.run) {
    const study::RunDifference& run = *all.run;
    document["first"] =
        run.first ? ordered_json(study::to_string(run.sites[*run.first].site)) : ordered_json(nullptr);
    document["sites"] = ordered_json::array();
    for (const study::SiteDifference& site : run.sites) {
      ordered_json row = {{"address", study::to_string(site.site)},
                          {"shape_a", shape(site.shape_a)},
                          {"shape_b", shape(site.shape_b)},
                          {"equal", site.difference && site.difference->equal},
                          {"difference", difference_json(site.difference)}};
      if (site.difference) {
        row["largest_at"] = study::to_string(site.at);
        row["a"] = site.a;
        row["b"] = site.b;
      }
      document["sites"].push_back(row);
    }
    const auto tokens = [](const Subject& subject) {
      ordered_json labels = ordered_json::array();
      for (int t = 0; t < subject.model().config.vocab_size; ++t) labels.push_back(subject.label(t));
      return labels;
    };
    document["tokens_a"] = tokens(all.a.subject);
    document["tokens_b"] = tokens(all.b.subject);
    document["positions"] = ordered_json::array();
    for (const study::PredictionDifference& p : run.positions) {
      const int next = all.batch.target[static_cast<std::size_t>(p.position)];
      document["positions"].push_back({{"position", p.position},
                                       {"next", all.a.subject.label(next)},
                                       {"probs_a", p.probs_a},
                                       {"probs_b", p.probs_b},
                                       {"kl", p.kl},
                                       {"nll_a", p.nll_a},
                                       {"nll_b", p.nll_b}});
    }
  }
  // A file's name may be any bytes; JSON is UTF-8.
  std::cout << document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

void diff(const DiffOptions& options) {
  const DiffSide a = side("A", load_model(options.model));
  const DiffSide b = side("B", load_model(options.other));
  const study::Model& model_a = a.subject.model();
  const study::Model& model_b = b.subject.model();
  Comparison all{.a = a,
                 .b = b,
                 .keys = differing_keys(a.subject.config(), b.subject.config()),
                 .vocabulary = study::diff_vocabularies(model_a.tokenizer, model_b.tokenizer),
                 .weights = study::diff_weights(model_a, model_b)};
  if (options.with_text) {
    all.text = options.text;
    all.batch = text_for(a, options.text);
    all.run = study::diff_runs(model_a, study::run(model_a, all.batch), model_b,
                               study::run(model_b, text_for(b, options.text)));
  }
  if (options.json) {
    print_json(all);
  } else {
    print_diff(all, screen(options.width));
  }
}

}  // namespace

void add_diff_view(CLI::App& study) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App& view =
      *study.add_subcommand("diff", "Two models: how far apart their weights are, where they part");
  view.add_option("MODEL_A", options->model, "Checkpoint, or run folder (then its newest)")
      ->required()
      ->option_text("MODEL_A");
  view.add_option("MODEL_B", options->other, "The other one")->required()->option_text("MODEL_B");
  const CLI::Option* text = view.add_option("--text", options->text, "A text to run both on");
  add_page_options(view, *options);
  view.footer(
      "Example:\n  microgpt study diff runs/names-1/checkpoints/best.safetensors runs/names-1 --text emma");
  view.callback([options, text] {
    options->with_text = text->count() > 0;
    diff(*options);
  });
}

}  // namespace microgpt::cli
