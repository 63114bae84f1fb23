// microgpt explain: one step of the model at a time, with its numbers.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/explain_topics.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace explain {

namespace {

struct ExplainOptions {
  std::string topic;
  std::vector<std::string> numbers;
  std::optional<std::string> model, text, at, weight, dtype;
  std::optional<int> position, layer, head;
  std::optional<double> temperature;
  std::uint64_t seed = 42;
  std::optional<int> digits;
  int width = 0;
  bool json = false;
};

struct Topic {
  std::string name, about;
  bool layer = false, head = false;  ///< what of a model it looks at
  bool position = true;
};
const Topic kTopics[] = {{"tokens", "characters as numbers"},
                         {"embedding", "numbers as vectors"},
                         {"rmsnorm", "vectors of one size"},
                         {"linear", "a matrix times a vector"},
                         {"softmax", "any numbers as probabilities"},
                         {"attention", "what a position takes from those before it", true, true},
                         {"heads", "several looks at once, and their mixture", true},
                         {"residual", "the stream that everything is added to", true},
                         {"mlp", "neurons", true},
                         {"logits", "a number for every next character"},
                         {"loss", "how wrong they are"},
                         {"backprop", "how the loss answers to one weight", false, false, false},
                         {"adam", "how that weight is moved", false, false, false},
                         {"sampling", "how a next character is drawn"}};

std::string topic_names() {
  std::string names;
  for (const Topic& topic : kTopics) names += (names.empty() ? "" : ", ") + topic.name;
  return names;
}

const Topic& find_topic(const std::string& name) {
  const auto* found =
      std::find_if(std::begin(kTopics), std::end(kTopics), [&](const Topic& t) { return t.name == name; });
  if (found == std::end(kTopics)) {
    throw Error(Fault::usage, "bad TOPIC: '" + name + "': there are " + topic_names());
  }
  return *found;
}

/// The example without a model: four channels, two heads, the letters of emma, weights from a seed.
study::Model built_in_model() {
  ModelConfig config{.n_layer = 1, .n_embd = 4, .n_head = 2, .block_size = 8};
  Tokenizer tokenizer(std::vector<char32_t>{U'a', U'e', U'm'});
  config.vocab_size = tokenizer.vocab_size();
  study::Model model{config, Parameters<double>(config), std::move(tokenizer)};
  Rng rng(42);
  initialize(model.parameters, {.std = 0.5}, rng);
  return model;
}

/// The text as the model reads it; whole, or it is refused.
Batch read_text(const study::Model& model, const std::string& text, bool stream, Token opening) {
  if (find_invalid_utf8(text) != std::string::npos) {
    throw Error(Fault::usage, "bad --text: '" + one_line(text) + "': it is not valid UTF-8");
  }
  if (stream && text.empty()) throw Error(Fault::usage, "bad --text: it is empty, and a stream has no end");
  require_known_characters(model.tokenizer, text, "--text");
  const std::size_t length = count_code_points(text);
  if (length > static_cast<std::size_t>(model.config.block_size)) {
    throw Error(Fault::usage, "bad --text: it has " + std::to_string(length)
                                  + " characters, and the model reads at most "
                                  + std::to_string(model.config.block_size) + " (its block_size)");
  }
  if (!stream) return study::batch_of_text(model, text);
  std::vector<Token> tokens = {opening};
  model.tokenizer.encode(text, tokens);
  Batch batch;
  batch.add(tokens);
  return batch;
}

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

Parameters<double> as_doubles(const ModelConfig& config, const auto& stored) {
  Parameters<double> doubles(config);
  std::copy(stored.values().begin(), stored.values().end(), doubles.values().begin());
  return doubles;
}

Subject make_subject(const ExplainOptions& options, const std::optional<study::Address>& at,
                     const std::optional<Checkpoint>& checkpoint, study::Model model) {
  const bool stream = checkpoint && is_stream(checkpoint->config());
  const Token first = checkpoint ? opening(checkpoint->config(), checkpoint->tokenizer()) : 0;
  const std::string text = options.text.value_or("emma");
  Batch batch = read_text(model, text, stream, first);
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
    const auto take = [&](const auto& state) {
      subject.first_moment = as_doubles(config, state.m);
      subject.second_moment = as_doubles(config, state.v);
    };
    checkpoint->config().precision == Precision::float32 ? take(checkpoint->train_state<float>())
                                                         : take(checkpoint->train_state<double>());
  }
  const auto asked = [&](const std::optional<int>& index, std::optional<int> study::Address::*part) {
    return at && ((*at).*part) ? (*at).*part : index;
  };
  subject.position =
      checked_index(asked(options.position, &study::Address::position), "position", positions, positions - 1);
  const std::optional<int> layer = at && info(at->site).in_layer ? at->layer : options.layer;
  subject.layer = checked_index(layer, "layer", config.n_layer, 0);
  subject.head = checked_index(asked(options.head, &study::Address::head), "head", config.n_head, 0);
  return subject;
}

double to_number(const std::string& text, bool float32) {
  double number = 0;
  const auto [end, failed] =
      std::from_chars(text.data() + (text.starts_with('+') ? 1 : 0), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    throw Error(Fault::usage, "bad number: '" + text + "': softmax takes finite numbers such as 2.0 1.0 0.1");
  }
  if (float32 && !std::isfinite(static_cast<float>(number))) {
    throw Error(Fault::usage, "bad number: '" + text + "': it is beyond float32");
  }
  return number;
}

SoftmaxInput softmax_of_numbers(const ExplainOptions& options) {
  SoftmaxInput input{.temperature = options.temperature.value_or(1), .float32 = options.dtype == "float32"};
  for (const std::string& text : options.numbers) input.logits.push_back(to_number(text, input.float32));
  if (input.logits.empty()) input.logits = {2.0, 1.0, 0.1};
  return input;
}

/// The scores of a head, or the logits of a position.
SoftmaxInput softmax_of_model(const ExplainOptions& options, const Subject& s,
                              const std::optional<study::Address>& at) {
  if (at && at->site != Site::scores && at->site != Site::pattern && at->site != Site::logits
      && at->site != Site::probs) {
    throw Error(Fault::usage,
                "bad --at: " + to_string(*at)
                    + ": softmax takes layer0.attn.scores[head 0, position 2] or logits[position 2]");
  }
  SoftmaxInput input{.temperature = options.temperature.value_or(1), .float32 = options.dtype == "float32"};
  const bool scores =
      at ? info(at->site).kind == SiteKind::keys : options.head.has_value() || options.layer.has_value();
  if (scores) {
    const Matrix<double> all = s.trace.head(Site::scores, s.layer, s.head);
    input.address =
        study::to_string({.site = Site::scores, .layer = s.layer, .position = s.position, .head = s.head});
    input.label = "source";
    for (int t = 0; t <= s.position; ++t) {
      input.logits.push_back(all(s.position, t));
      input.labels.push_back(token_text(s.model.tokenizer, s.batch().token[static_cast<std::size_t>(t)]));
    }
  } else {
    input.address = study::to_string({.site = Site::logits, .position = s.position});
    input.label = "token";
    input.logits = row_of(s.trace, Site::logits, 0, s.position);
    for (Token t = 0; t < s.config().vocab_size; ++t)
      input.labels.push_back(token_text(s.model.tokenizer, t));
  }
  return input;
}

/// The address of --at, or one made of the topic's usual site; of a site the topic knows.
study::Address site_at(const Subject& s, const std::optional<study::Address>& at, Site usual,
                       std::initializer_list<Site> allowed) {
  if (!at) return {.site = usual, .layer = info(usual).in_layer ? s.layer : 0};
  if (allowed.size() > 0 && std::find(allowed.begin(), allowed.end(), at->site) == allowed.end()) {
    std::string names;
    for (const Site site : allowed) names += (names.empty() ? "" : ", ") + study::site_name(site, 0);
    throw Error(Fault::usage, "bad --at: " + to_string(*at) + ": this topic has " + names);
  }
  return *at;
}

Page make_page(const ExplainOptions& options, const Subject& s, const std::optional<study::Address>& at,
               int digits) {
  const Digits n{digits};
  const std::string& topic = options.topic;
  if (topic == "softmax") return explain_softmax(softmax_of_model(options, s, at), n);
  if (topic == "tokens") return explain_tokens(s, n);
  if (topic == "embedding") return explain_embedding(s, n);
  if (topic == "rmsnorm") {
    const Site usual = options.layer ? Site::attn_norm : Site::embed_norm;
    return explain_rmsnorm(s, site_at(s, at, usual, {Site::embed_norm, Site::attn_norm, Site::mlp_norm}), n);
  }
  if (topic == "linear") {
    study::Address address = site_at(s, at, s.config().n_layer > 0 ? Site::q : Site::logits, {});
    if (options.head && !at) address.head = s.head;
    return explain_linear(s, address, n);
  }
  if (topic == "attention") return explain_attention(s, n);
  if (topic == "heads") return explain_heads(s, n);
  if (topic == "residual") return explain_residual(s, n);
  if (topic == "mlp") return explain_mlp(s, n);
  if (topic == "logits") return explain_logits(s, n);
  if (topic == "loss") return explain_loss(s, n);
  if (topic == "sampling") return explain_sampling(s, options.temperature.value_or(0.5), options.seed, n);
  const WeightAddress weight =
      parse_weight(options.weight.value_or(s.config().n_layer > 0 ? "layer0.attn_wq[0,0]" : "lm_head[0,0]"),
                   s.model.parameters);
  return topic == "backprop" ? explain_backprop(s, weight, n) : explain_adam(s, weight, n);
}

/// Options that another topic has are not passed over in silence.
void check_options(const ExplainOptions& options, const Topic& topic) {
  const auto refuse = [&](bool given, const std::string& what, const std::string& where) {
    if (given) throw Error(Fault::usage, what + " is for " + where + ", not for the topic " + topic.name);
  };
  const bool softmax = topic.name == "softmax";
  refuse(!options.numbers.empty() && !softmax, "a list of numbers", "the topic softmax");
  refuse(options.dtype && !softmax, "--dtype", "the topic softmax");
  refuse(options.temperature && !softmax && topic.name != "sampling", "--temperature",
         "the topics softmax and sampling");
  refuse(options.weight && topic.name != "backprop" && topic.name != "adam", "--weight",
         "the topics backprop and adam");
  refuse(options.layer && !topic.layer && !softmax && topic.name != "rmsnorm" && topic.name != "linear",
         "--layer", "the topics rmsnorm, linear, softmax, attention, heads, residual and mlp");
  refuse(options.head && !topic.head && !softmax && topic.name != "linear", "--head",
         "the topics linear, softmax and attention");
  refuse((options.position || options.at) && !topic.position, options.at ? "--at" : "--position",
         "topics of one position");
  if (options.model && !options.text) throw Error(Fault::usage, "--model needs a --text to read");
  const bool place = options.at || options.position || options.layer || options.head;
  if (!options.numbers.empty() && (options.model || options.text || place)) {
    throw Error(Fault::usage, "softmax takes numbers or a model's, not both");
  }
  if (options.temperature && !(*options.temperature > 0)) {
    throw Error(Fault::usage,
                "bad --temperature: " + number_text(*options.temperature, 3) + ": it must be above 0");
  }
}

void run_explain(const ExplainOptions& options) {
  if (options.topic.empty()) {
    Table table({{"topic", true}, {"", true}});
    for (const Topic& topic : kTopics) table.add({{topic.name}, {topic.about}});
    table.print(std::cout, screen(options.width));
    return;
  }
  const Topic& topic = find_topic(options.topic);
  check_options(options, topic);
  const int digits = options.digits.value_or(topic.name == "softmax" ? 3 : 4);
  Context context;
  Page page;
  const bool of_a_model =
      options.model || options.text || options.at || options.position || options.layer || options.head;
  if (topic.name == "softmax" && !of_a_model) {
    page = explain_softmax(softmax_of_numbers(options), Digits{digits});
  } else {
    std::optional<Checkpoint> checkpoint;
    if (options.model) checkpoint.emplace(load_model(*options.model));
    study::Model model = checkpoint ? study_model(*checkpoint) : built_in_model();
    std::optional<study::Address> at;
    if (options.at) at = study::parse_address(*options.at, model.config);
    if (topic.layer && model.config.n_layer == 0) {
      throw Error(Fault::usage, "the topic " + topic.name + " needs a layer, and this model has none");
    }
    const Subject subject = make_subject(options, at, checkpoint, std::move(model));
    page = make_page(options, subject, at, digits);
    context = {.model = options.model, .text = subject.text};
    if (topic.position) context.position = subject.position;
    const bool attends = topic.name == "softmax" && !page.steps[0].address.starts_with("logits");
    if (topic.layer || attends) context.layer = subject.layer;
    if (topic.head || attends) context.head = subject.head;
  }
  if (options.json) {
    std::cout << to_json(page, context).dump() << '\n';
  } else {
    print(std::cout, page, context, screen(options.width), digits);
  }
}

}  // namespace

}  // namespace explain

void add_explain(CLI::App& program) {
  auto options = std::make_shared<explain::ExplainOptions>();
  CLI::App& command = *program.add_subcommand(
      "explain", "Show one step of the model with its numbers: softmax, attention, ...");
  command.add_option("topic", options->topic, "What to explain; without one, the list")->option_text("TOPIC");
  command.add_option("numbers", options->numbers, "For softmax: any numbers")->option_text("NUMBER ...");
  command.add_option("--model", options->model,
                     "Run folder or checkpoint file; without, a small built-in example");
  command.add_option("--text", options->text, "What the model reads (the example: letters of emma)");
  command.add_option("--position", options->position, "Which position of it, from 0 (default: the last)");
  command.add_option("--layer", options->layer, "Which layer, from 0");
  command.add_option("--head", options->head, "Which head, from 0");
  command.add_option("--at", options->at, "The same as an address: 'layer0.attn.scores[head 2, position 3]'");
  command.add_option("--weight", options->weight, "For backprop and adam: 'layer0.attn_wq[3,5]'");
  command.add_option("--temperature", options->temperature, "For softmax (default 1) and sampling (0.5)");
  command.add_option("--dtype", options->dtype, "For softmax: float32 or float64 (default)")
      ->check(CLI::IsMember({"float32", "float64"}));
  command.add_option("--seed", options->seed, "For sampling: the draw's")
      ->check(check_seed)
      ->capture_default_str();
  command.add_option("--digits", options->digits, "Digits after the point (default 4; softmax 3)")
      ->check(CLI::Range(0, 17));
  command
      .add_option("--width", options->width,
                  "Columns of the output (default: COLUMNS, the terminal's, or 80)")
      ->check(CLI::Range(20, 10000));
  command.add_flag("--json", options->json, "One JSON document instead of text, with every digit");
  command.footer(
      "Topics: " + explain::topic_names()
      + "\n\nExample:\n  microgpt explain softmax 2.0 1.0 0.1\n"
        "  microgpt explain attention --model runs/names-1 --text emma --position 3 --head 2\n"
        "  microgpt explain adam --model runs/names-1 --text emma --weight layer0.attn_wq[3,5]");
  command.callback([options] { explain::run_explain(*options); });
}

}  // namespace microgpt::cli
