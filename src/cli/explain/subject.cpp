// What the topics share: a model that has read a text; names of tokens, rows of a trace, addresses of
// weights.
#include <algorithm>
#include <charconv>

#include "cli/explain/topics.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli::explain {

namespace {

/// An index that was asked for, or else `otherwise`.
int checked_index(const std::optional<int>& asked, const std::string& name, int count, int otherwise) {
  if (!asked) return otherwise;
  if (*asked < 0 || *asked >= count) {
    throw Error(Fault::usage, "bad --" + name + ": " + std::to_string(*asked) + ": there "
                                  + (count == 0   ? "are none"
                                     : count == 1 ? "is only 0"
                                                  : "are 0 to " + std::to_string(count - 1)));
  }
  return *asked;
}

}  // namespace

study::Model built_in_model() {
  ModelConfig config{.n_layer = 1, .n_embd = 4, .n_head = 2, .block_size = 8};
  Tokenizer tokenizer(std::vector<char32_t>{U'a', U'e', U'm'});
  config.vocab_size = tokenizer.vocab_size();
  study::Model model{config, Parameters<double>(config), std::move(tokenizer)};
  Rng rng(42);
  initialize(model.parameters, {.std = 0.5}, rng);
  return model;
}

Subject make_subject(const ExplainOptions& options, const std::optional<study::Address>& at,
                     const std::optional<Checkpoint>& checkpoint, study::Model model) {
  const Token boundary =
      checkpoint ? opening(checkpoint->config(), checkpoint->tokenizer()) : model.tokenizer.bos();
  const std::string text = options.text.value_or("emma");
  Batch batch = read_text(model, text, boundary, "--text");
  const int positions = static_cast<int>(batch.positions());
  study::Trace trace = study::run(model, std::move(batch), {}, true);
  const ModelConfig config = model.config;
  Subject subject{.model = std::move(model),
                  .train = {},
                  .first_moment = Parameters<double>(config),
                  .second_moment = Parameters<double>(config),
                  .text = text,
                  .trace = std::move(trace)};
  if (checkpoint) {
    subject.train = checkpoint->config().train;
    subject.step = checkpoint->training().step;
  }
  if (checkpoint && options.topic == "adam") {  // the moments are as large as the model
    TrainState<double> state = checkpoint->train_state<double>();
    subject.first_moment = std::move(state.m);
    subject.second_moment = std::move(state.v);
  }
  const auto asked = [&](const std::optional<int>& index, std::optional<int> study::Address::*part) {
    if (!at || !((*at).*part)) return index;
    if (index && index != (*at).*part) {
      throw Error(Fault::usage, "bad --at: " + to_string(*at) + ": another option names another place");
    }
    return (*at).*part;
  };
  subject.position =
      checked_index(asked(options.position, &study::Address::position), "position", positions, positions - 1);
  if (at && info(at->site).in_layer && options.layer && options.layer != at->layer) {
    throw Error(Fault::usage, "bad --at: " + to_string(*at) + ": --layer names another");
  }
  const std::optional<int> layer = at && info(at->site).in_layer ? at->layer : options.layer;
  subject.layer = checked_index(layer, "layer", config.n_layer, 0);
  subject.head = checked_index(asked(options.head, &study::Address::head), "head", config.n_head, 0);
  return subject;
}

std::string token_text(const Tokenizer& tokenizer, Token token) {
  if (token == tokenizer.bos()) return "BOS";
  const std::string character = tokenizer.decode({&token, 1});
  return character == " " ? "\xe2\x90\xa3" : one_line(character);
}

Numbers row_of(const study::Trace& trace, Site site, int layer, int position) {
  const Matrix<double> values = trace.values(site, layer);
  return {values.row(position).begin(), values.row(position).end()};
}

Lines lines_of_site(Site site) {
  return {info(site).line, info(site).line};
}

study::Address end_of_stream(const ModelConfig& config) {
  if (config.n_layer == 0) return {.site = Site::embed_norm};
  return {.site = Site::resid_post, .layer = config.n_layer - 1};
}

WeightAddress parse_weight(const std::string& text, const Parameters<double>& parameters) {
  const auto refuse = [&](const std::string& why) {
    throw Error(Fault::usage, "bad --weight: '" + text + "': " + why);
  };
  const std::string name = text.substr(0, text.find('['));
  const auto& table = parameters.table();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const TensorSpec& t) { return t.name == name; });
  if (found == table.end()) {
    std::string names;
    for (const TensorSpec& tensor : table) names += (names.empty() ? "" : ", ") + tensor.name;
    refuse("no such tensor: there are " + names);
  }
  const std::string shape = std::to_string(found->rows) + " x " + std::to_string(found->cols);
  WeightAddress weight{.tensor = static_cast<std::size_t>(found - table.begin())};
  const char* at = text.data() + std::min(text.size(), name.size() + 1);
  const char* const end = text.data() + text.size();
  const auto row = std::from_chars(at, end, weight.row);
  bool good = row.ec == std::errc() && row.ptr != end && *row.ptr == ',';
  if (good) {
    at = row.ptr + 1;
    while (at != end && *at == ' ') ++at;
    const auto column = std::from_chars(at, end, weight.column);
    good = column.ec == std::errc() && end - column.ptr == 1 && *column.ptr == ']';
  }
  if (!good) refuse("write row and column as in " + name + "[0,0]; it is " + shape);
  if (weight.row < 0 || weight.row >= found->rows || weight.column < 0 || weight.column >= found->cols) {
    refuse(name + " is " + shape + ": rows 0 to " + std::to_string(found->rows - 1) + ", columns 0 to "
           + std::to_string(found->cols - 1));
  }
  return weight;
}

std::string to_string(const WeightAddress& weight, const Parameters<double>& parameters) {
  return parameters.table()[weight.tensor].name + "[" + std::to_string(weight.row) + ","
         + std::to_string(weight.column) + "]";
}

}  // namespace microgpt::cli::explain
