#include "microgpt/config/run_config.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/config/config_keys.hpp"
#include "microgpt/config/near_key.hpp"
#include "microgpt/config/strict_json.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// A value as it may stand in a line.
std::string cut(const std::string& value) {
  const std::string shown = printable(value);
  return shown.size() > 80 ? shown.substr(0, 77) + "..." : shown;
}

using Overrides = std::vector<std::string>;

std::string override_key(const std::string& text) {
  return text.substr(0, text.find('='));
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

class ConfigReader {
 public:
  ConfigReader(const json& document, Fault fault, const std::string& where, const Overrides& overrides)
      : document_(document), fault_(fault), where_(where), overrides_(overrides) {}

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
          throw error(name, "", "write it in its group: \"" + group + "\": {\"" + inner + "\": ...}");
        }
      }
    }
  }

  [[noreturn]] void refuse(const std::string& key, const json& value, const std::string& allowed) const {
    throw error(key, cut(value.dump(-1, ' ', false, json::error_handler_t::replace)), "must be " + allowed);
  }

  /// Of two values that do not go together the second is to blame, unless only the first was set by hand.
  [[noreturn]] void refuse_pair(const std::string& first, const json& first_value,
                                const std::string& first_allowed, const std::string& second,
                                const json& second_value, const std::string& second_allowed) const {
    if (find_override(overrides_, first) != nullptr && find_override(overrides_, second) == nullptr) {
      refuse(first, first_value, first_allowed);
    }
    refuse(second, second_value, second_allowed);
  }

  /// To be called when all keys were asked for.
  void check_known(const std::string& key) const {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) return;
    if (key == "train.time_budget") {
      throw error(key, "", "it no longer exists: 'microgpt train --time 30s' chooses train.steps for a time");
    }
    const auto near = near_key(key, known_);
    throw error(key, "",
                near ? "no such key: did you mean " + *near + "?"
                     : "no such key: 'microgpt train --keys' lists them");
  }
  [[nodiscard]] bool is_group(const std::string& name) const { return groups_.contains(name); }

 private:
  /// What is wrong with a key is blamed on the override that sets it, if one does.
  [[nodiscard]] Error error(const std::string& key, const std::string& value,
                            const std::string& words) const {
    if (const std::string* set = find_override(overrides_, key)) {
      const bool whole_group = override_key(*set) != key;
      if (whole_group) {
        return {Fault::usage,
                {.what = "bad --set " + override_key(*set),
                 .where = printable(key),
                 .value = value,
                 .hint = words}};
      }
      return {Fault::usage, {.what = "bad --set " + (value.empty() ? key : cut(*set)), .hint = words}};
    }
    return {fault_,
            {.what = "bad config",
             .where = where_ + ", " + (key.empty() ? "\"\"" : printable(key)),
             .value = value,
             .hint = words}};
  }

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

  const json& document_;
  Fault fault_;
  std::string where_;
  const Overrides& overrides_;
  std::vector<std::string> known_;
  std::set<std::string> groups_;
};

class ConfigWriter {
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
    return "| key | may be | default | meaning |\n|---|---|---|---|\n" + lines_;
  }

 private:
  void line(const std::string& key, const std::string& allowed, const std::string& standard,
            const std::string& meaning) {
    lines_ += "| `" + key + "` | " + escaped(allowed) + " | " + standard + " | " + meaning + " |\n";
  }
  static std::string escaped(std::string cell) {
    for (std::size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2) cell.insert(at, "\\");
    return cell;
  }
  std::string lines_;
};

}  // namespace

const std::string* find_override(const std::vector<std::string>& overrides, const std::string& key) {
  const auto found = std::find_if(overrides.rbegin(), overrides.rend(), [&](const std::string& text) {
    return override_key(text) == key || override_key(text) == split_key(key).first;
  });
  return found == overrides.rend() ? nullptr : &*found;
}

namespace {

/// Version 0.1 could train by the clock. A run that did goes on by the steps that its checkpoint expected.
void drop_time_budget(json& document, bool whatever_it_is) {
  if (!document.is_object()) return;
  const auto train = document.find("train");
  if (train == document.end() || !train->is_object()) return;
  const auto budget = train->find("time_budget");
  if (budget != train->end() && (whatever_it_is || *budget == 0)) train->erase(budget);
}

RunConfig read(json document, Fault fault, const std::string& where, const Overrides& overrides) {
  RunConfig config;
  drop_time_budget(document, fault == Fault::checkpoint);
  ConfigReader reader(document, fault, where, overrides);
  if (!document.is_object()) reader.refuse("the document", document, "an object");
  each_key(config, reader);
  reader.refuse_unknown();
  if (config.model.n_embd % config.model.n_head != 0) {
    reader.refuse_pair("model.n_embd", config.model.n_embd,
                       "a multiple of model.n_head (" + std::to_string(config.model.n_head) + ")",
                       "model.n_head", config.model.n_head,
                       "a divisor of model.n_embd (" + std::to_string(config.model.n_embd) + ")");
  }
  if (config.data.held_out + config.data.test > 0.9) {
    reader.refuse_pair("data.held_out", config.data.held_out,
                       "at most 0.9 together with data.test (" + number_text(config.data.test) + ")",
                       "data.test", config.data.test, "at most 0.9 together with data.held_out");
  }
  return config;
}

/// A misspelt override is refused before it is put into a document, where it would be one more of its keys.
void check_keys(const Overrides& overrides) {
  const json nothing = json::object();
  RunConfig unused;
  ConfigReader reader(nothing, Fault::usage, "", overrides);
  each_key(unused, reader);
  for (const std::string& text : overrides) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(Fault::usage, {.what = "bad --set",
                                 .value = printable(text),
                                 .hint = "it must have the form key=value, as in train.steps=500"});
    }
    if (find_invalid_utf8(text) != std::string::npos) {
      throw Error(Fault::usage,
                  {.what = "bad --set", .value = printable(text), .hint = "it is not valid UTF-8"});
    }
    if (!reader.is_group(override_key(text))) reader.check_known(override_key(text));
  }
}

/// Puts overrides into a config's document.
void apply(const Overrides& overrides, json& document) {
  check_keys(overrides);
  for (const std::string& override_text : overrides) {
    const auto [group, name] = split_key(override_key(override_text));
    const std::string text = override_text.substr(override_text.find('=') + 1);
    json value = text;
    try {
      value = parse_strict_json(text, Fault::usage, "--set");
    } catch (const Error&) {  // not JSON: a string
    }
    if (!document.is_object()) break;  // read says what is wrong
    if (group.empty()) {
      document[name] = value;
    } else {
      if (!document.contains(group)) document[group] = json::object();
      if (!document[group].is_object()) break;
      document[group][name] = value;
    }
  }
}

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
  return read(document, fault, where, {});
}

void resolve_paths(json& document, const std::filesystem::path& folder) {
  for (const auto& [group, key] : {std::pair{"data", "path"}, {"model", "from"}}) {
    if (!document.is_object() || !document.contains(group) || !document[group].is_object()) continue;
    const json path = document[group].value(key, json());
    if (!path.is_string() || path.get_ref<const std::string&>().empty()) continue;
    document[group][key] = (folder / path.get<std::string>()).lexically_normal().string();
  }
}

RunConfig load_run_config(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  constexpr std::uint64_t kLimit = 1 << 20;
  json document = parse_strict_json(read_file(path, Fault::data, kLimit), Fault::data, path.string());
  resolve_paths(document, path.parent_path());
  apply(overrides, document);
  return read(document, Fault::data, path.string(), overrides);
}

RunConfig with_overrides(const RunConfig& config, const std::vector<std::string>& overrides) {
  json document = json::parse(to_json(config).dump());  // whole numbers are unsigned in what was read
  apply(overrides, document);
  return read(document, Fault::data, "config", overrides);
}

ordered_json to_json(const RunConfig& config) {
  ConfigWriter writer;
  each_key(config, writer);
  return writer.document();
}

std::string config_keys_table() {
  Describer describer;
  const RunConfig standard;
  each_key(standard, describer);
  return describer.table();
}

}  // namespace microgpt
