#include "microgpt/io/run_config.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/io/strict_json.hpp"
#include "microgpt/text/nearest.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

template <class E>
using Names = std::initializer_list<std::pair<const char*, E>>;

constexpr int kManySteps = 1'000'000'000;

/// The one list of keys: reader, writer and help all walk it.
template <class Config, class Visitor>
void each_key(Config& c, Visitor&& v) {
  v.text("why", c.why, "a sentence for the reader of this file");
  v.whole("seed", c.seed, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(),
          "of all random numbers: shuffle, initial weights, samples");

  v.text("data.path", c.data.path, "the text file, UTF-8; relative to this file");
  v.choice(
      "data.mode", c.data.mode,
      Names<DataMode>{
          {"lines", DataMode::lines}, {"paragraphs", DataMode::paragraphs}, {"stream", DataMode::stream}},
      "a document is a line, or lines up to a blank one; or it is all one text");
  v.choice("data.long_documents", c.data.long_documents,
           Names<LongDocuments>{{"cut", LongDocuments::cut}, {"split", LongDocuments::split}},
           "beyond block_size: drop the rest, or go on in further examples");
  v.real("data.held_out", c.data.held_out, 0.0, 0.9,
         "fraction to judge by: of the distinct documents, or of the stream's end");
  v.real("data.test", c.data.test, 0.0, 0.9, "a further fraction that training never looks at");

  v.whole("model.n_layer", c.model.n_layer, 0, 200, "transformer blocks");
  v.whole("model.n_embd", c.model.n_embd, 1, 65536, "width; a multiple of n_head");
  v.whole("model.n_head", c.model.n_head, 1, 65536, "attention heads");
  v.whole("model.block_size", c.model.block_size, 1, 65536, "longest context, in characters");
  v.choice("model.activation", c.model.activation,
           Names<Activation>{{"relu", Activation::relu}, {"relu2", Activation::relu2}},
           "of the MLP: max(x, 0), or its square");
  v.real("model.init_std", c.init.std, 0.0, 10.0, "standard deviation of the initial weights");
  v.flag("model.zero_projections", c.init.zero_projections, "begin attn_wo and mlp_fc2 at 0");

  v.choice("train.precision", c.precision,
           Names<Precision>{{"float32", Precision::float32}, {"float64", Precision::float64}},
           "of weights and arithmetic");
  v.whole("train.steps", c.train.steps, 1, kManySteps, "updates");
  v.whole("train.batch_size", c.train.batch_size, 1, 1'000'000, "documents a step");
  v.choice("train.loss", c.train.loss,
           Names<LossMean>{{"document_mean", LossMean::document}, {"token_mean", LossMean::token}},
           "mean of the documents' means, or over all characters");
  v.real("train.learning_rate", c.train.learning_rate, 0.0, 1e10, "at its peak");
  v.choice("train.schedule", c.train.schedule,
           Names<Schedule>{
               {"constant", Schedule::constant}, {"linear", Schedule::linear}, {"cosine", Schedule::cosine}},
           "decay of the learning rate to 0");
  v.whole("train.warmup_steps", c.train.warmup_steps, 0, kManySteps, "of linear growth before the schedule");
  v.real("train.beta1", c.train.beta1, 0.0, 0.999999, "Adam: memory of the mean");
  v.real("train.beta2", c.train.beta2, 0.0, 0.999999, "Adam: memory of the square");
  v.real("train.epsilon", c.train.epsilon, 1e-16, 1.0, "Adam: added to the root");
  v.real("train.weight_decay", c.train.weight_decay, 0.0, 10.0, "decoupled; 0 is off");
  v.real("train.grad_clip", c.train.grad_clip, 0.0, 1e6, "largest norm of the gradient; 0 is off");
  v.whole("train.eval_every", c.eval_every, 0, kManySteps, "steps between held-out losses; 0: at the end");
  v.whole("train.patience", c.patience, 0, 1'000'000,
          "such losses without a new best before it stops; 0: never");
  v.real("train.time_budget", c.time_budget, 0.0, 1e8, "seconds to train instead of steps; 0: by steps");
  v.whole("train.checkpoint_every", c.checkpoint_every, 0, kManySteps,
          "steps between checkpoints; 0: at the end");
  v.whole("train.keep", c.keep, 0, kManySteps, "how many checkpoints are kept, the newest; 0: all");

  v.whole("sample.count", c.sample.count, 0, 1'000'000, "texts after training");
  v.real("sample.temperature", c.sample.sampler.temperature, 0.0, 100.0, "0 is the most probable text");
  v.whole("sample.top_k", c.sample.sampler.top_k, 0, 1'114'112, "draw from the k most probable; 0 is off");
  v.real("sample.top_p", c.sample.sampler.top_p, 0.0, 1.0, "from the fewest that hold so much; 1 is off");
  v.real("sample.min_p", c.sample.sampler.min_p, 0.0, 1.0, "from those not rarer than this times the best");
  v.whole("sample.max_chars", c.sample.max_chars, 0, 1'000'000, "characters a text; 0 is block_size");
}

std::pair<std::string, std::string> split_key(const std::string& key) {
  const std::size_t dot = key.find('.');
  if (dot == std::string::npos) return {"", key};
  return {key.substr(0, dot), key.substr(dot + 1)};
}

std::string number_text(double value) {
  return json(value).dump();
}

/// What may stand at a key, in words.
template <class N>
std::string range_text(const char* kind, N low, N high) {
  return std::string(kind) + " from " + json(low).dump() + " to " + json(high).dump();
}

template <class E>
std::string choice_text(Names<E> names) {
  std::string text;
  for (const auto& [name, value] : names) text += (text.empty() ? "\"" : " | \"") + std::string(name) + "\"";
  return text;
}

class Reader {
 public:
  Reader(const json& document, Fault fault, const std::string& where)
      : document_(document), fault_(fault), where_(where) {}

  void text(const std::string& key, std::string& value, const char* /*meaning*/) {
    if (const json* found = find(key)) {
      if (!found->is_string()) refuse(key, *found, "a string");
      value = found->get<std::string>();
    }
  }
  template <class N>
  void whole(const std::string& key, N& value, N low, N high, const char* /*meaning*/) {
    if (const json* found = find(key)) {
      value = static_cast<N>(
          whole_number(key, *found, static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high)));
    }
  }
  void real(const std::string& key, double& value, double low, double high, const char* /*meaning*/) {
    const json* found = find(key);
    if (found == nullptr) return;
    const std::string allowed = range_text("a number", low, high);
    if (!found->is_number()) refuse(key, *found, allowed);
    const auto number = found->get<double>();
    if (!(number >= low && number <= high)) refuse(key, *found, allowed);
    value = number;
  }
  void flag(const std::string& key, bool& value, const char* /*meaning*/) {
    if (const json* found = find(key)) {
      if (!found->is_boolean()) refuse(key, *found, "true or false");
      value = found->get<bool>();
    }
  }
  template <class E>
  void choice(const std::string& key, E& value, Names<E> names, const char* /*meaning*/) {
    const json* found = find(key);
    if (found == nullptr) return;
    for (const auto& [name, meant] : names) {
      if (*found == name) {
        value = meant;
        return;
      }
    }
    refuse(key, *found, choice_text(names));
  }

  /// To be called when all keys were asked for: whatever else the document holds is an error.
  void refuse_unknown() const {
    for (const auto& [name, value] : document_.items()) {
      if (groups_.contains(name)) {
        for (const auto& [inner, unused] : value.items()) check_known(name + "." + inner);
      } else {
        check_known(name);
        // "train.steps" as one name at the top would look right and do nothing.
        if (name.find('.') != std::string::npos) {
          const auto [group, inner] = split_key(name);
          throw Error(fault_, "bad config: " + where_ + ", " + name + ": write it in its group: \"" + group
                                  + "\": {\"" + inner + "\": ...}");
        }
      }
    }
  }

  [[noreturn]] void refuse(const std::string& key, const json& value, const std::string& allowed) const {
    std::string shown = printable(value.dump(-1, ' ', false, json::error_handler_t::replace));
    if (shown.size() > 80) shown = shown.substr(0, 77) + "...";
    throw Error(fault_, "bad config: " + where_ + ", " + key + " (" + shown + "): must be " + allowed);
  }

 private:
  [[nodiscard]] std::uint64_t whole_number(const std::string& key, const json& found, std::uint64_t low,
                                           std::uint64_t high) const {
    // The JSON library holds whole numbers below 0 as signed, and others from 2^64 on as real ones.
    if (!found.is_number_unsigned() || found.get<std::uint64_t>() < low
        || found.get<std::uint64_t>() > high) {
      refuse(key, found, range_text("a whole number", low, high));
    }
    return found.get<std::uint64_t>();
  }

  const json* find(const std::string& key) {
    known_.push_back(key);
    const auto [group, name] = split_key(key);
    const json* object = &document_;
    if (!group.empty()) {
      groups_.insert(group);
      const auto found = document_.find(group);
      if (found == document_.end()) return nullptr;
      if (!found->is_object()) refuse(group, *found, "an object");
      object = &*found;
    }
    const auto found = object->find(name);
    return found == object->end() ? nullptr : &*found;
  }

  void check_known(const std::string& key) const {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) return;
    throw Error(fault_, "bad config: " + where_ + ", " + printable(key) + ": no such key: did you mean "
                            + (key == "data.documents"      ? "data.mode"
                               : key == "sample.max_length" ? "sample.max_chars"
                                                            : nearest_name(key, known_))
                            + "?");
  }

  const json& document_;
  Fault fault_;
  std::string where_;
  std::vector<std::string> known_;
  std::set<std::string> groups_;
};

class Writer {
 public:
  void text(const std::string& key, const std::string& value, const char* /*meaning*/) { put(key, value); }
  template <class N>
  void whole(const std::string& key, N value, N /*low*/, N /*high*/, const char* /*meaning*/) {
    put(key, value);
  }
  void real(const std::string& key, double value, double /*low*/, double /*high*/, const char* /*meaning*/) {
    put(key, value);
  }
  void flag(const std::string& key, bool value, const char* /*meaning*/) { put(key, value); }
  template <class E>
  void choice(const std::string& key, E value, Names<E> names, const char* /*meaning*/) {
    for (const auto& [name, meant] : names) {
      if (meant == value) put(key, name);
    }
  }
  [[nodiscard]] const ordered_json& document() const { return document_; }

 private:
  void put(const std::string& key, const ordered_json& value) {
    const auto [group, name] = split_key(key);
    (group.empty() ? document_ : document_[group])[name] = value;
  }
  ordered_json document_;
};

class Describer {
 public:
  void text(const std::string& key, const std::string& value, const char* meaning) {
    line(key, "a string", json(value).dump(), meaning);
  }
  template <class N>
  void whole(const std::string& key, N value, N low, N high, const char* meaning) {
    line(key, json(low).dump() + " ... " + json(high).dump(), json(value).dump(), meaning);
  }
  void real(const std::string& key, double value, double low, double high, const char* meaning) {
    line(key, number_text(low) + " ... " + number_text(high), number_text(value), meaning);
  }
  void flag(const std::string& key, bool value, const char* meaning) {
    line(key, "true | false", json(value).dump(), meaning);
  }
  template <class E>
  void choice(const std::string& key, E value, Names<E> names, const char* meaning) {
    for (const auto& [name, meant] : names) {
      if (meant == value) line(key, choice_text(names), '"' + std::string(name) + '"', meaning);
    }
  }
  [[nodiscard]] std::string table() const {
    return "| key | may be | default | meaning |\n|---|---|---|---|\n" + lines_.str();
  }

 private:
  void line(const std::string& key, const std::string& allowed, const std::string& standard,
            const std::string& meaning) {
    lines_ << "| `" << key << "` | " << escaped(allowed) << " | " << standard << " | " << meaning << " |\n";
  }
  static std::string escaped(std::string cell) {
    for (std::size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2) cell.insert(at, "\\");
    return cell;
  }
  std::ostringstream lines_;
};

}  // namespace

RunConfig read_run_config(const json& given, Fault fault, const std::string& where) {
  json document = given;
  const auto rename = [&](const char* group, const char* former, const char* name) {
    if (!document.contains(group) || !document[group].contains(former)) return;
    document[group][name] = document[group][former];
    document[group].erase(former);
  };
  if (fault == Fault::checkpoint) {
    rename("data", "documents", "mode");
    rename("sample", "max_length", "max_chars");
  }
  RunConfig config;
  Reader reader(document, fault, where);
  if (!document.is_object()) reader.refuse("the document", document, "an object");
  each_key(config, reader);
  reader.refuse_unknown();
  if (config.model.n_embd % config.model.n_head != 0) {
    reader.refuse("model.n_head", config.model.n_head,
                  "a divisor of model.n_embd (" + std::to_string(config.model.n_embd) + ")");
  }
  if (config.data.held_out + config.data.test > 0.9) {
    reader.refuse("data.test", config.data.test, "at most 0.9 together with data.held_out");
  }
  return config;
}

RunConfig load_run_config(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  constexpr std::uint64_t kLimit = 1 << 20;
  json document = parse_strict_json(read_file(path, Fault::data, kLimit), Fault::data, path.string());
  const json path_in_file = document.contains("data") && document["data"].is_object()
                                ? document["data"].value("path", json())
                                : json();
  if (path_in_file.is_string() && !path_in_file.get<std::string>().empty()) {
    document["data"]["path"] =
        (path.parent_path() / path_in_file.get<std::string>()).lexically_normal().string();
  }
  for (const std::string& override_text : overrides) {
    const std::size_t equals = override_text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(Fault::usage, "bad --set: " + printable(override_text)
                                    + ": it must have the form key=value, as in train.steps=500");
    }
    if (find_invalid_utf8(override_text) != std::string::npos) {
      throw Error(Fault::usage, "bad --set: " + printable(override_text) + ": it is not valid UTF-8");
    }
    const auto [group, name] = split_key(override_text.substr(0, equals));
    const std::string text = override_text.substr(equals + 1);
    json value = text;
    try {
      value = parse_strict_json(text, Fault::usage, "--set");
    } catch (const Error&) {  // not JSON: a string
    }
    if (!document.is_object()) break;  // read_run_config says what is wrong
    if (group.empty()) {
      document[name] = value;
    } else {
      if (!document.contains(group)) document[group] = json::object();
      if (!document[group].is_object()) break;
      document[group][name] = value;
    }
  }
  return read_run_config(document, Fault::data, path.string());
}

ordered_json to_json(const RunConfig& config) {
  Writer writer;
  each_key(config, writer);
  return writer.document();
}

void save_run_config(const std::filesystem::path& path, const RunConfig& config) {
  const std::string text = to_json(config).dump(2) + '\n';
  const std::string_view pieces[] = {text};
  write_file_atomically(path, pieces);
}

std::string config_keys_table() {
  Describer describer;
  const RunConfig standard;
  each_key(standard, describer);
  return describer.table();
}

}  // namespace microgpt
