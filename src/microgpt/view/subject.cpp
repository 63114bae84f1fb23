#include "microgpt/view/subject.hpp"

#include <algorithm>
#include <filesystem>

#include "microgpt/base/error.hpp"
#include "microgpt/model/activations.hpp"
#include "microgpt/run/moved_text.hpp"
#include "microgpt/run/own_text.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::view {

Subject::Subject(std::shared_ptr<const Checkpoint> checkpoint, std::string name)
    : checkpoint_(std::move(checkpoint)),
      model_{checkpoint_->config().model, checkpoint_->parameters<double>(), checkpoint_->tokenizer()},
      run_(checkpoint_->config()),
      name_(std::move(name)) {}

Subject::Subject(study::Model model, std::string name) : model_(std::move(model)), name_(std::move(name)) {
  run_.model = model_.config;
}

std::string Subject::label(Token token) const {
  return token_text(model_.tokenizer, token);
}

Token Subject::token(const std::string& text, const std::string& option) const {
  return parse_token(model_.tokenizer, text, option);
}

std::string Subject::position_label(const Batch& batch, int position) const {
  return std::to_string(position) + " " + label(batch.token[static_cast<std::size_t>(position)]);
}

Batch Subject::text(const std::string& text, const std::string& option) const {
  if (find_invalid_utf8(text) != std::string::npos) {
    throw bad_option(option, "'" + printable(text) + "'", "it is not valid UTF-8");
  }
  const std::string plain = unescaped(text, option);
  require_known_characters(model_.tokenizer, plain, option);
  const std::size_t length = count_code_points(plain);
  if (length > static_cast<std::size_t>(model_.config.block_size)) {
    throw bad_option(option, "",
                     "it has " + counted(length, "character") + ", and the model reads at most "
                         + std::to_string(model_.config.block_size) + " (its block_size)");
  }
  return study::batch_of_text(model_, plain, opening(run_, model_.tokenizer));
}

Batch Subject::documents(const std::optional<std::string>& path, std::size_t limit) const {
  DataConfig data = run_.data;
  if (path) data.path = *path;
  if (!path && checkpoint_) {
    data.path = find_own_text(data.path, checkpoint_->path(), checkpoint_->training().data_sha256);
  }
  data.held_out = 0;
  data.test = 0;
  Rng rng(run_.seed);
  const Corpus corpus = Corpus::load(data, static_cast<std::size_t>(model_.config.block_size), rng);
  Batch batch;
  for (std::size_t n = 0; n < std::min(limit, corpus.training.size()); ++n) {
    const Example example = corpus.training[n];
    require_known(model_.tokenizer, data.path, example.text);
    batch.add(model_.tokenizer.encode(example));
  }
  return batch;
}

std::string Subject::text_of(const Batch& batch, int first, int last, int marked) const {
  std::string text;
  for (int p = first; p < last; ++p) {
    const Token token = batch.token[static_cast<std::size_t>(p)];
    if (p == marked) text += ">";
    if (token != model_.tokenizer.bos()) text += model_.tokenizer.decode({&token, 1});
    if (p == marked && token == model_.tokenizer.bos()) text += "BOS ";
  }
  return text;
}

std::string Subject::document_text(const Batch& batch, std::size_t document, int position) const {
  const int begin = batch.offsets[document];
  return text_of(batch, begin, batch.offsets[document + 1], position < 0 ? -1 : begin + position);
}

std::string Subject::context(const Batch& batch, std::size_t document, int position, int characters) const {
  const int begin = batch.offsets[document];
  const int end = batch.offsets[document + 1];
  const int marked = begin + position;
  const int after = std::min(end - marked, std::max(characters / 3, characters - position));
  const int first = marked - std::min(position, characters - after);
  const int last = marked + after;
  return (first > begin ? "…" : "") + text_of(batch, first, last, marked) + (last < end ? "…" : "");
}

void Subject::require_layers() const {
  if (model_.config.n_layer == 0)
    throw Error(Fault::usage, {.what = "nothing to show", .hint = "the model has no layers"});
}

std::vector<Token> distinct_tokens(const Batch& batch) {
  std::vector<Token> tokens;
  const auto add = [&](Token token) {
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
  };
  for (std::size_t d = 0; d < batch.documents(); ++d) {
    const auto begin = static_cast<std::size_t>(batch.offsets[d]);
    const auto end = static_cast<std::size_t>(batch.offsets[d + 1]);
    for (std::size_t p = begin; p < end; ++p) add(batch.token[p]);
    if (begin < end) add(batch.target[end - 1]);
  }
  return tokens;
}

Batch documents(const Subject& subject, const Options& options) {
  constexpr double kMostDocumentNumbers = 1 << 25;
  Batch all =
      subject.documents(options.text("--data"), static_cast<std::size_t>(options.whole("--limit", 1000)));
  if (options.given("--limit")) return all;
  double numbers = 0;
  std::size_t fitting = 0;
  for (; fitting < all.documents(); ++fitting) {
    const auto length = static_cast<std::size_t>(all.offsets[fitting + 1] - all.offsets[fitting]);
    numbers += static_cast<double>(Activations<double>::numbers(subject.config(), length, Keep::everything));
    if (numbers > kMostDocumentNumbers && fitting > 0) break;
  }
  if (fitting == all.documents()) return all;
  Batch some;
  some.assign(all, 0, fitting);
  return some;
}

std::optional<int> checked_index(const Options& options, std::string_view name, int count,
                                 const std::string& what) {
  const auto index = options.whole(name);
  if (!index || *index < count) return index;
  const std::string thing(name.substr(name.find_first_not_of('-')));
  const std::string there = count == 0   ? "no " + thing + "s"
                            : count == 1 ? "only " + thing + " 0"
                                         : thing + "s " + index_range(count);
  throw bad_option(name, std::to_string(*index), what + " has " + there);
}

}  // namespace microgpt::view
