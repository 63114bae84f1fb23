#include "microgpt/run/own_text.hpp"

#include <algorithm>

#include "microgpt/base/error.hpp"
#include "microgpt/run/moved_text.hpp"

namespace microgpt {

bool is_stream(const RunConfig& config) {
  return config.data.mode == DataMode::stream;
}

Token opening(const RunConfig& config, const Tokenizer& tokenizer) {
  if (!is_stream(config)) return tokenizer.bos();
  const auto characters = tokenizer.characters();
  const auto newline = std::find(characters.begin(), characters.end(), U'\n');
  return newline == characters.end() ? 0 : static_cast<Token>(newline - characters.begin());
}

OwnText load_own_text(const Checkpoint& checkpoint, const std::string& data) {
  const DataConfig& config = checkpoint.config().data;
  const std::string& sha256 = checkpoint.training().data_sha256;
  const std::string path = data.empty() ? find_own_text(config.path, checkpoint.path(), sha256) : data;
  Dataset dataset = Dataset::load(path, config.mode, ByteOrderMark::drop);
  if (dataset.digest() != sha256) {
    throw Error(Fault::data,
                {.what = "not the model's own text",
                 .where = path,
                 .hint = std::string("its SHA-256 is not that of the text the run was trained on")
                         + (data.empty() ? ": it was changed since; give the old one with --data" : "")});
  }
  Sides sides = split_texts(dataset, config);
  return {std::move(dataset), std::move(sides)};
}

}  // namespace microgpt
