#include <cmath>
#include <new>

#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "web/engine/lab.hpp"

namespace microgpt::lab {

namespace {

const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::usage:
      return "usage";
    case Fault::data:
      return "data";
    case Fault::checkpoint:
      return "checkpoint";
    case Fault::io:
      return "io";
    case Fault::numeric:
      return "numeric";
  }
  return "io";
}

/// "--text" of "bad --text: ...", or of "--text: ...", which view::Options says.
std::string option_in(const std::string& what) {
  const std::size_t at = what.starts_with("bad ") ? 4 : 0;
  if (what.compare(at, 2, "--") != 0) return "";
  return what.substr(at, what.find_first_of(" :", at) - at);
}

Json error_json(const std::string& words, Fault fault, const std::string& what = "") {
  Json json = {{"error", printable(words)}, {"fault", name_of(fault)}};
  if (const std::string option = option_in(what); !option.empty()) json["option"] = option;
  return json;
}

}  // namespace

Lab& lab() {
  static Lab only;
  return only;
}

const char* answer(const std::function<Json()>& make) {
  Json json;
  try {
    json = make();
  } catch (const Error& error) {
    json = error_json(error.what(), error.fault(), error.parts().what);
  } catch (const std::bad_alloc&) {
    json = error_json("out of memory: a smaller model, batch or text needs less", Fault::io);
  } catch (const std::exception& error) {
    json = error_json(std::string("this should not happen: ") + error.what(), Fault::io);
  }
  lab().answer = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return lab().answer.c_str();
}

Run& run_of(int session) {
  const auto found = lab().runs.find(session);
  if (found == lab().runs.end())
    throw Error(Fault::usage, {.what = "no such session", .value = std::to_string(session)});
  return found->second;
}

Model& model_of(int model) {
  const auto found = lab().models.find(model);
  if (found == lab().models.end())
    throw Error(Fault::usage, {.what = "no such model", .value = std::to_string(model)});
  return found->second;
}

Json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

Json options_of(const char* text) {
  if (text == nullptr || *text == '\0') return Json::object();
  Json options = Json::parse(text, nullptr, false);
  if (!options.is_object())
    throw Error(Fault::usage, {.what = "bad options", .hint = "they must be an object"});
  return options;
}

std::vector<std::string> texts_of(const Json& options, const char* key) {
  const auto found = options.find(key);
  if (found == options.end() || found->is_null()) return {};
  std::vector<std::string> texts;
  bool are_texts = found->is_array();
  for (const Json& one : are_texts ? *found : Json::array()) {
    are_texts = are_texts && one.is_string();
    if (are_texts) texts.push_back(one.get<std::string>());
  }
  if (!are_texts) {
    throw Error(Fault::usage, {.what = "bad options", .where = key, .hint = "it must be a list of texts"});
  }
  return texts;
}

Json vocabulary_of(const Tokenizer& tokenizer) {
  Json labels = Json::array();
  for (Token token = 0; token < tokenizer.vocab_size(); ++token)
    labels.push_back(token_text(tokenizer, token));
  return labels;
}

}  // namespace microgpt::lab
