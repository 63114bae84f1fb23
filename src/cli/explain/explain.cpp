// microgpt explain: one step of the model at a time, with its numbers.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <memory>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/explain/topics.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "cli/usage.hpp"
#include "microgpt/text/nearest.hpp"

namespace microgpt::cli {

namespace explain {

namespace {

struct Topic {
  std::string name, about;
  bool layer = false, head = false;  ///< what of a model it looks at
  bool position = true;
  std::vector<Site> sites{};  ///< that an address may name
};
const Topic kTopics[] = {
    {"tokens", "characters as numbers"},
    {.name = "embedding",
     .about = "numbers as vectors",
     .sites = {Site::embed, Site::embed_token, Site::embed_position}},
    {.name = "rmsnorm",
     .about = "vectors of one size",
     .sites = {Site::embed_norm, Site::attn_norm, Site::mlp_norm}},
    {.name = "linear",
     .about = "a matrix times a vector",
     .sites = {Site::q, Site::k, Site::v, Site::attn_out, Site::mlp_pre, Site::mlp_out, Site::logits}},
    {.name = "softmax",
     .about = "any numbers as probabilities",
     .sites = {Site::scores, Site::pattern, Site::logits, Site::probs}},
    {.name = "attention",
     .about = "what a position takes from those before it",
     .layer = true,
     .head = true,
     .sites = {Site::q, Site::k, Site::v, Site::scores, Site::pattern, Site::z}},
    {.name = "heads",
     .about = "several looks at once, and their mixture",
     .layer = true,
     .sites = {Site::pattern, Site::z, Site::attn_out}},
    {.name = "residual",
     .about = "the stream that everything is added to",
     .layer = true,
     .sites = {Site::resid_pre, Site::attn_out, Site::resid_mid, Site::mlp_out, Site::resid_post}},
    {.name = "mlp",
     .about = "neurons",
     .layer = true,
     .sites = {Site::mlp_pre, Site::mlp_post, Site::mlp_out}},
    {.name = "logits", .about = "a number for every next character", .sites = {Site::logits}},
    {.name = "loss", .about = "how wrong they are", .sites = {Site::logits, Site::probs}},
    {.name = "backprop", .about = "how the loss answers to one weight", .position = false},
    {.name = "adam", .about = "how that weight is moved", .position = false},
    {.name = "sampling", .about = "how a next character is drawn", .sites = {Site::logits, Site::probs}}};

std::string topic_names() {
  std::string names;
  for (const Topic& topic : kTopics) names += (names.empty() ? "" : ", ") + topic.name;
  return names;
}

const Topic& find_topic(const std::string& name) {
  const auto* found =
      std::find_if(std::begin(kTopics), std::end(kTopics), [&](const Topic& t) { return t.name == name; });
  if (found == std::end(kTopics)) {
    std::vector<std::string> names;
    for (const Topic& topic : kTopics) names.push_back(topic.name);
    throw Error(Fault::usage, "unknown topic '" + one_line(name) + "'" + suggestion(name, names)
                                  + (near_name(name, names) ? "" : ": there are " + topic_names()));
  }
  return *found;
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

/// The address of --at; it must be of a site the topic shows.
study::Address parse_at(const std::string& text, const Topic& topic, const ModelConfig& config) {
  const study::Address at = study::parse_address(text, config);
  if (std::find(topic.sites.begin(), topic.sites.end(), at.site) != topic.sites.end()) return at;
  std::string names;
  for (const Site site : topic.sites) names += (names.empty() ? "" : ", ") + study::site_name(site, 0);
  throw Error(Fault::usage, "bad --at: " + to_string(at) + ": the topic " + topic.name + " shows "
                                + (names.empty() ? "no site" : names));
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
    return explain_rmsnorm(s, at.value_or(study::Address{.site = usual, .layer = s.layer}), n);
  }
  if (topic == "linear") {
    const Site usual = s.config().n_layer > 0 ? Site::q : Site::logits;
    study::Address address = at.value_or(study::Address{.site = usual, .layer = s.layer});
    if (options.head && !at) address.head = s.head;
    return explain_linear(s, address, n);
  }
  if (topic == "attention") return explain_attention(s, n);
  if (topic == "heads") return explain_heads(s, n);
  if (topic == "residual") return explain_residual(s, n);
  if (topic == "mlp") return explain_mlp(s, n);
  if (topic == "logits") return explain_logits(s, n);
  if (topic == "loss") return explain_loss(s, n);
  if (topic == "sampling")
    return explain_sampling(s, options.temperature.value_or(0.5), options.seed.value_or(42), n);
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
  refuse(options.seed && topic.name != "sampling", "--seed", "the topic sampling");
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
    if (options.at) at = parse_at(*options.at, topic, model.config);
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

CLI::App& add_explain(CLI::App& program) {
  auto options = std::make_shared<explain::ExplainOptions>();
  CLI::App& command =
      *program.add_subcommand("explain", "One step of a model with its numbers: softmax, attention, ...");
  command.add_option("TOPIC", options->topic, "What to explain; without one, the list")->option_text("TOPIC");
  command.add_option("NUMBER", options->numbers, "For softmax: any numbers")->option_text("NUMBER ...");
  command
      .add_option("--model", options->model,
                  "Run folder or checkpoint file; without, a small built-in example")
      ->option_text("PATH");
  command.add_option("--text", options->text, "What the model reads (the example: letters of emma)");

  const char* where = "Which part of it";
  command
      .add_option("--position", options->position, "Which position of the text, from 0 (default: the last)")
      ->group(where);
  command.add_option("--layer", options->layer, "Which layer, from 0")->group(where);
  command.add_option("--head", options->head, "Which head, from 0")->group(where);
  command.add_option("--at", options->at, "All of these: 'layer0.attn.scores[head 2, position 3]'")
      ->option_text("ADDRESS")
      ->group(where);
  command.add_option("--weight", options->weight, "For backprop and adam: 'layer0.attn_wq[3,5]'")
      ->option_text("WEIGHT")
      ->group(where);

  const char* special = "For softmax and sampling";
  command
      .add_option("--temperature", options->temperature,
                  "What logits are divided by (default 1; sampling 0.5)")
      ->group(special);
  command.add_option("--dtype", options->dtype, "Softmax: float32 or float64 (default)")
      ->check(one_of({"float32", "float64"}))
      ->option_text("TYPE")
      ->group(special);
  command.add_option("--seed", options->seed, "Sampling: of the draw (default 42)")
      ->check(check_seed)
      ->group(special);

  const char* others = "Other options";
  command.add_option("--digits", options->digits, "Digits after the point (default 4; softmax 3)")
      ->check(whole_between(0, 17))
      ->group(others);
  command.add_option("--width", options->width, "Columns of the output (default: the terminal's, or 80)")
      ->check(whole_between(20, 10000))
      ->group(others);
  command.add_flag("--json", options->json, "One JSON document instead of text, with every digit")
      ->group(others);
  std::ostringstream topics;
  print_wrapped(topics, {.width = 80}, "Topics: " + explain::topic_names(), 0, 2);
  command.footer(topics.str()
                 + "\nExample:\n"
                   "  microgpt explain softmax 2.0 1.0 0.1\n"
                   "  microgpt explain attention --model runs/names-1 --text emma --head 2\n"
                   "  microgpt explain adam --model runs/names-1 --text emma");
  command.callback([options] { explain::run_explain(*options); });
  return command;
}

}  // namespace microgpt::cli
