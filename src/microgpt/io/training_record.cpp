#include "microgpt/io/training_record.hpp"

#include <nlohmann/json.hpp>

#include "microgpt/config/config_keys.hpp"

namespace microgpt {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json to_json(const TrainingRecord& record) {
  const auto or_null = [](const std::optional<double>& number) {
    return number ? ordered_json(*number) : ordered_json(nullptr);
  };
  ordered_json rng = {{"words", record.rng.words}, {"index", record.rng.index}};
  rng["waiting_gauss"] = or_null(record.rng.waiting_gauss);
  ordered_json document = {{"step", record.step}, {"data_sha256", record.data_sha256}, {"rng", rng}};
  document["held_out_loss"] = or_null(record.held_out_loss);
  if (record.sample) document["sample"] = *record.sample;
  if (record.from) {
    document["from"] = {{"sha256", record.from->sha256},
                        {"step", record.from->step},
                        {"earlier_steps", record.from->earlier_steps}};
  }
  return document;
}

namespace {

Rng::State read_rng(const json& document) {
  if (document.size() != 3 || !document.contains("words") || !document.contains("index")
      || !document.contains("waiting_gauss")) {
    throw Refusal{"its generator state is not {words, index, waiting_gauss}"};
  }
  Rng::State state;
  const json& words = document["words"];
  if (!words.is_array() || words.size() != state.words.size()) {
    throw Refusal{"its generator has not 624 words"};
  }
  for (std::size_t i = 0; i < state.words.size(); ++i) {
    if (!words[i].is_number_unsigned() || words[i].get<std::uint64_t>() > 0xffffffffU) {
      throw Refusal{"a word of its generator is not a 32-bit number"};
    }
    state.words[i] = words[i].get<std::uint32_t>();
  }
  const json& index = document["index"];
  if (!index.is_number_unsigned() || index.get<std::uint64_t>() > state.words.size()) {
    throw Refusal{"its generator's index is not from 0 to 624"};
  }
  state.index = index.get<std::uint32_t>();
  const json& waiting = document["waiting_gauss"];
  if (!waiting.is_null()) {
    if (!waiting.is_number()) throw Refusal{"its generator's waiting_gauss is not a number"};
    state.waiting_gauss = waiting.get<double>();
  }
  return state;
}

bool is_digest(const json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Origin read_origin(const json& document) {
  const auto is_count = [&](const char* key) {
    return document.contains(key) && document[key].is_number_unsigned()
           && document[key].get<std::uint64_t>() <= std::uint64_t{kManySteps};
  };
  if (document.size() != 3 || !document.contains("sha256") || !is_digest(document["sha256"])
      || !is_count("step") || !is_count("earlier_steps")) {
    throw Refusal{"its training begins from a model that is not {sha256, step, earlier_steps}"};
  }
  return {document["sha256"].get<std::string>(), document["step"].get<int>(),
          document["earlier_steps"].get<int>()};
}

}  // namespace

TrainingRecord read_training_record(const json& training, int last_step) {
  for (const char* key : {"step", "data_sha256", "rng", "held_out_loss"}) {
    if (!training.contains(key)) {  // nor does anything that is no object
      throw Refusal{std::string("its training has no ") + key};
    }
  }
  TrainingRecord record;
  const json& step = training["step"];
  if (!step.is_number_unsigned() || step.get<std::uint64_t>() > static_cast<std::uint64_t>(last_step)) {
    throw Refusal{"its step is not a number from 0 to train.steps"};
  }
  record.step = step.get<int>();
  if (!is_digest(training["data_sha256"])) {
    throw Refusal{"its data_sha256 is not 64 lower-case hexadecimal digits"};
  }
  record.data_sha256 = training["data_sha256"].get<std::string>();
  record.rng = read_rng(training["rng"]);
  if (!training["held_out_loss"].is_null()) {
    if (!training["held_out_loss"].is_number()) throw Refusal{"its held_out_loss is not a number"};
    record.held_out_loss = training["held_out_loss"].get<double>();
  }
  if (training.contains("sample")) {
    if (!training["sample"].is_number_unsigned()) throw Refusal{"its sample is not a number of characters"};
    record.sample = training["sample"].get<std::uint64_t>();
  }
  if (training.contains("from")) record.from = read_origin(training["from"]);
  return record;
}

}  // namespace microgpt
