// What the engine keeps between two calls, and how its functions answer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/run/own_text.hpp"
#include "microgpt/run/session.hpp"
#include "microgpt/text/known_texts.hpp"
#include "microgpt/view/subject.hpp"

namespace microgpt::lab {

using Json = nlohmann::ordered_json;

/// The text of a training run, read once for all models of it.
struct SharedText {
  OwnText own;
  KnownTexts known;
  std::string path;

  SharedText(OwnText text, DataMode mode, std::string path);
};

/// A frozen model.
struct Model {
  std::shared_ptr<const Checkpoint> checkpoint;
  std::string path;
  std::string unwritten{};  ///< the bytes of its file, where there is none yet
  std::optional<view::Subject> subject{};
  std::optional<std::shared_ptr<const SharedText>> text{};  ///< of a text that is not there, nullptr
};

/// A run that is being trained, and what it was begun with.
struct Run {
  Session session;
  std::optional<std::string> text;  ///< of a run that was taken up, none: it cannot begin anew
  RunConfig config;
};

struct Lab {
  std::map<int, Run> runs;
  std::map<int, Model> models;
  std::map<std::string, std::shared_ptr<const SharedText>> texts;
  std::string answer;  ///< of the last call
  std::string bytes;   ///< a file that the last call read
};
Lab& lab();

/// Throws Error (usage) for a number that is none.
Run& run_of(int session);
Model& model_of(int model);
/// A number that is none of the keys.
template <class T>
int next_number(const std::map<int, T>& map) {
  return map.empty() ? 1 : map.rbegin()->first + 1;
}

/// What make() returns, as a text that stays until the next call; or what it throws.
const char* answer(const std::function<Json()>& make);

/// A number as JSON can hold it.
Json number(double value);
/// The options of a call: a JSON object, or nothing for an empty text. Throws Error (usage).
Json options_of(const char* text);
/// A list of texts in the options; empty if there is none. Throws Error (usage) if it is something else.
std::vector<std::string> texts_of(const Json& options, const char* key);

/// Every token as a page writes it: 'a', BOS.
Json vocabulary_of(const Tokenizer& tokenizer);
/// A config without what only the lab means by it.
Json config_json(const RunConfig& config);

/// Takes a model up, and says what lab_open says.
Json add_model(std::shared_ptr<const Checkpoint> checkpoint, std::string path, std::string unwritten = {});
/// Writes the file of a model that has none yet.
void require_file(Model& model);
/// The model's own text; nullptr if it is not there.
std::shared_ptr<const SharedText> text_of(Model& model);

}  // namespace microgpt::lab
