// Frozen models: opened, changed, forgotten.
#include <algorithm>
#include <filesystem>

#include "microgpt/io/atomic_file.hpp"
#include "microgpt/run/chosen_model.hpp"
#include "microgpt/run/moved_text.hpp"
#include "microgpt/run/run_folder.hpp"
#include "microgpt/study/edit.hpp"
#include "microgpt/text/utf8.hpp"
#include "web/engine/lab.hpp"
#include "web/engine/lab_engine.hpp"

namespace microgpt::lab {

SharedText::SharedText(OwnText text, DataMode mode, std::string where)
    : own(std::move(text)), known(own.split.training, mode), path(std::move(where)) {}

void require_file(Model& model) {
  if (model.unwritten.empty()) return;
  const std::string_view pieces[] = {model.unwritten};
  write_file_atomically(model.path, pieces);
  model.unwritten.clear();
}

std::shared_ptr<const SharedText> text_of(Model& model) {
  if (model.text) return *model.text;
  const Checkpoint& checkpoint = *model.checkpoint;
  const DataConfig& data = checkpoint.config().data;
  try {
    const std::string path = find_own_text(data.path, model.path, checkpoint.training().data_sha256);
    // All models of a run share it, for as long as they split it alike.
    const std::string key = path + '\n' + to_json(checkpoint.config())["data"].dump();
    std::shared_ptr<const SharedText>& shared = lab().texts[key];
    if (!shared) shared = std::make_shared<SharedText>(load_own_text(checkpoint, path), data.mode, path);
    model.text = shared;
  } catch (const Error&) {  // not there, or another by now: it may still be dropped on the page
    return nullptr;
  }
  return *model.text;
}

Json add_model(std::shared_ptr<const Checkpoint> checkpoint, std::string path, std::string unwritten) {
  const int number_of_model = next_number(lab().models);
  Model& model = lab().models[number_of_model];
  model = {.checkpoint = std::move(checkpoint), .path = std::move(path), .unwritten = std::move(unwritten)};
  const Checkpoint& one = *model.checkpoint;
  const std::optional<double> held_out = one.training().held_out_loss;
  const auto text = text_of(model);
  return {{"model", number_of_model},
          {"path", model.path},
          {"step", one.training().step},
          {"config", to_json(one.config())},
          {"n_parameters", parameter_count(one.config().model)},
          {"vocabulary", vocabulary_of(one.tokenizer())},
          {"held_out_loss", held_out ? number(*held_out) : Json(nullptr)},
          {"has_moments", one.has_moments()},
          {"warnings", Json::array()},
          {"text", text ? Json(text->path) : Json(nullptr)},
          {"steps", Json::array()}};
}

namespace {

std::string text_in(const Json& edit, const char* key) {
  const auto found = edit.find(key);
  if (found == edit.end() || !found->is_string())
    throw Error(Fault::usage, {.what = "bad edit", .where = key, .hint = "it must be a text"});
  return found->get<std::string>();
}

const Checkpoint& source_of(const Json& edit, const Checkpoint& of) {
  if (!edit["from"].is_number_integer())
    throw Error(Fault::usage,
                {.what = "bad edit", .where = "from", .hint = "it must be the number of a model"});
  const Checkpoint& from = *model_of(edit["from"].get<int>()).checkpoint;
  const ModelConfig& a = of.config().model;
  const ModelConfig& b = from.config().model;
  if (a.n_layer != b.n_layer || a.n_embd != b.n_embd || a.n_head != b.n_head || a.block_size != b.block_size
      || !(of.tokenizer() == from.tokenizer())) {
    throw Error(Fault::usage, {.what = "cannot patch weights",
                               .hint = "the other model must have the same shape and vocabulary"});
  }
  return from;
}

template <class T>
void edit_weights(const Json& edit, const Checkpoint& checkpoint, Parameters<T>& parameters) {
  const ModelConfig& config = checkpoint.config().model;
  if (!edit.is_object()) throw Error(Fault::usage, {.what = "bad edit", .hint = "it must be an object"});
  if (edit.contains("off")) {
    const study::Address part = study::parse_address(text_in(edit, "off"), config);
    study::set_zero(parameters, study::written_by(part, config));
  } else if (edit.contains("from")) {
    const Parameters<T> from = source_of(edit, checkpoint).template parameters<T>();
    const study::Address part = study::parse_address(text_in(edit, "at"), config);
    for (const study::Block& block : study::weights_of(part, config))
      study::copy_block(parameters, from, block);
  } else {
    const auto at = study::parse_weight(text_in(edit, "weight"), parameters.table());
    const auto to = edit.find("to");
    if (to == edit.end() || !to->is_number())
      throw Error(Fault::usage, {.what = "bad edit", .where = "to", .hint = "it must be a number"});
    parameters.tensor(at.tensor)(at.row, at.column) = static_cast<T>(to->template get<double>());
  }
}

template <class T>
std::string edited_bytes(const Checkpoint& checkpoint, const Json& edits) {
  TrainState<T> state = checkpoint.train_state<T>();
  for (const Json& edit : edits) edit_weights(edit, checkpoint, state.parameters);
  TrainingRecord record = checkpoint.training();
  record.held_out_loss.reset();  // it was another model's
  record.sample.reset();
  return checkpoint_bytes(checkpoint.config(), checkpoint.tokenizer(), record, state);
}

}  // namespace

}  // namespace microgpt::lab

using namespace microgpt;
using lab::answer;
using lab::Json;

const char* lab_open(const char* path, int last) {
  return answer([&] {
    Json warnings = Json::array();
    const Weights weights = last != 0 ? Weights::last : Weights::best;
    ChosenModel chosen =
        choose_model(path, weights, [&](const Error& newer) { warnings.push_back(printable(newer.what())); });
    auto checkpoint = std::make_shared<const Checkpoint>(std::move(chosen.checkpoint));
    Json json = lab::add_model(checkpoint, checkpoint->path().string());
    json["warnings"] = warnings;
    std::vector<int> steps = RunFolder{path}.checkpoint_steps();
    std::reverse(steps.begin(), steps.end());
    json["steps"] = steps;
    return json;
  });
}

const char* lab_edit(int model, const char* edits) {
  return answer([&] {
    const lab::Model& before = lab::model_of(model);
    const Json list = Json::parse(edits, nullptr, false);
    if (!list.is_array()) throw Error(Fault::usage, {.what = "bad edits", .hint = "they must be a list"});
    const Checkpoint& checkpoint = *before.checkpoint;
    std::string bytes = checkpoint.config().precision == Precision::float32
                            ? lab::edited_bytes<float>(checkpoint, list)
                            : lab::edited_bytes<double>(checkpoint, list);
    // Beside the model, so that its text is found from there.
    const std::string name = "edited-" + std::to_string(lab::next_number(lab::lab().models)) + ".safetensors";
    const std::string path = (std::filesystem::path(before.path).parent_path() / name).string();
    auto edited = std::make_shared<const Checkpoint>(Checkpoint::parse(bytes, path));
    return lab::add_model(std::move(edited), path, std::move(bytes));
  });
}

const char* lab_drop(int model) {
  return answer([&] {
    const std::string path = lab::model_of(model).path;
    lab::lab().models.erase(model);
    if (std::filesystem::path(path).filename().string().starts_with("edited-")) remove_file(path);
    return Json::object();
  });
}
