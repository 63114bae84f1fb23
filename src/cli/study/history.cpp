// microgpt study history: numbers of a model through the checkpoints of its run.
#include "microgpt/study/history.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "cli/model.hpp"
#include "cli/study/study.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/io/run_folder.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace {

using nlohmann::ordered_json;
using study::Measured;
using study::Scalar;

struct HistoryOptions : StudyOptions {
  std::vector<std::string> scalars;
  bool with_text = false;
  bool list = false;
};

/// What is followed, over what, and what came of it.
struct History {
  std::vector<Scalar> scalars;
  Batch text, documents;                       ///< empty if not asked for
  std::map<int, std::vector<Measured>> steps;  ///< by step: one for each scalar
  std::vector<std::string> skipped;            ///< checkpoints, and why

  [[nodiscard]] bool any_needs_documents() const {
    return std::any_of(scalars.begin(), scalars.end(), [](const Scalar& s) { return s.needs_documents(); });
  }
  /// A scalar's values, by step.
  [[nodiscard]] std::vector<double> values_of(std::size_t scalar) const {
    std::vector<double> values;
    for (const auto& [step, measured] : steps) values.push_back(measured[scalar].value);
    return values;
  }
};

bool same_model(const study::Model& a, const study::Model& b) {
  const auto shape = [](const ModelConfig& c) {
    return std::tuple(c.n_layer, c.n_embd, c.n_head, c.block_size, c.vocab_size, c.activation);
  };
  return shape(a.config) == shape(b.config)
         && std::ranges::equal(a.tokenizer.characters(), b.tokenizer.characters());
}

void prepare(History& history, const HistoryOptions& options, const Subject& subject) {
  if (options.with_text) history.text = subject.text(options.text);
  std::vector<std::string> names = options.scalars;
  if (names.empty()) {
    names = {"loss"};
    if (subject.model().config.n_layer > 0) names.insert(names.end(), {"head.induction", "head.previous"});
    if (options.with_text) names.emplace_back("nll");
  }
  for (const std::string& name : names) {
    const auto more = study::parse_scalars(name, subject.model(), static_cast<int>(history.text.positions()));
    history.scalars.insert(history.scalars.end(), more.begin(), more.end());
  }
  if (history.any_needs_documents()) history.documents = subject.documents(options.data, options.limit);
}

/// The newest checkpoint that is whole says what the model is; the others follow, downwards. `subject` is it.
History follow(const HistoryOptions& options, std::optional<Subject>& subject) {
  History history;
  std::optional<Error> first_failure;
  for (const auto& path : find_checkpoints(options.model)) {
    std::string why;
    try {
      const Checkpoint checkpoint = Checkpoint::load(path);
      const Subject here(checkpoint);
      if (!subject) {
        subject.emplace(here);
        if (options.list) return history;
        prepare(history, options, here);
      }
      const int step = checkpoint.training().step;
      if (history.steps.contains(step)) continue;  // the best, which stands there by its step as well
      if (same_model(here.model(), subject->model())) {
        history.steps[step] = study::measure(here.model(), history.scalars, history.text, history.documents);
        continue;
      }
      why = "not the same model: " + path.string() + ": its shape or vocabulary is not that of the newest";
    } catch (const Error& error) {
      if (error.fault() != Fault::checkpoint) throw;
      if (!first_failure) first_failure = error;
      why = error.what();
    }
    history.skipped.push_back(why);
    std::cerr << "warning: " << one_line(why) << ": skipped\n";
  }
  if (!subject) throw *first_failure;
  return history;
}

/// The lowest and the highest of the finite values; nothing if there are none.
struct Extremes {
  double low = std::nan("");
  double high = std::nan("");
  explicit Extremes(const std::vector<double>& values) {
    for (const double value : values) {
      if (!std::isfinite(value)) continue;
      low = std::isnan(low) ? value : std::min(low, value);
      high = std::isnan(high) ? value : std::max(high, value);
    }
  }
  /// From 0 to 1; the middle if all values are the same.
  [[nodiscard]] double share(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};

/// Values as a line of blocks, ▁ the lowest and █ the highest; at most `width` of them, each then the mean of
/// several. × where one is not a finite number.
std::string sparkline(const std::vector<double>& values, std::size_t width) {
  static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const Extremes extremes(values);
  const std::size_t columns = std::min(values.size(), width);
  std::string line;
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t begin = c * values.size() / columns;
    const std::size_t end = (c + 1) * values.size() / columns;
    double mean = 0;
    for (std::size_t i = begin; i < end; ++i) {
      mean += (std::isfinite(values[i]) ? extremes.share(values[i]) : values[i])
              / static_cast<double>(end - begin);
    }
    line += std::isfinite(mean) ? kBlocks[std::clamp(static_cast<int>(mean * 8), 0, 7)] : "×";
  }
  return line;
}

std::string neighbours_text(const Subject& subject, const Measured& measured) {
  std::string text;
  for (const study::Neighbour& n : measured.neighbours) {
    text += (text.empty() ? "" : "  ") + subject.label(n.token) + " " + number_text(n.cosine, 2);
  }
  return text;
}

void print_history_json(const HistoryOptions& options, const Subject& subject, const History& history) {
  ordered_json document = {{"view", "history"}};
  if (options.with_text) document = json_of_text(subject, "history", options.text, history.text);
  if (history.any_needs_documents()) {
    document["documents"] = history.documents.documents();
    document["characters"] = history.documents.positions();
  }
  document["steps"] = ordered_json::array();
  for (const auto& [step, measured] : history.steps) document["steps"].push_back(step);
  document["scalars"] = ordered_json::array();
  for (std::size_t s = 0; s < history.scalars.size(); ++s) {
    ordered_json values = history.values_of(s);
    if (history.scalars[s].kind == Scalar::Kind::nearest) {
      values = ordered_json::array();
      for (const auto& [step, measured] : history.steps) {
        ordered_json row = ordered_json::array();
        for (const study::Neighbour& n : measured[s].neighbours) {
          row.push_back({{"row", subject.label(n.token)}, {"cosine", n.cosine}});
        }
        values.push_back(row);
      }
    }
    document["scalars"].push_back({{"scalar", history.scalars[s].name}, {"values", values}});
  }
  document["skipped"] = history.skipped;
  // A file's name may be any bytes; JSON is UTF-8.
  std::cout << document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

/// The scalars with their lines, as wide as the screen has room for.
void print_lines(const History& history, const std::vector<std::size_t>& numbers, const Screen& out) {
  std::size_t names = std::string("scalar").size();
  std::size_t low = 3, high = 3, last = 4;  // their headings
  std::vector<std::vector<std::string>> figures;
  for (const std::size_t s : numbers) {
    const std::vector<double> values = history.values_of(s);
    const Extremes extremes(values);
    const auto text = [](double value) { return std::isnan(value) ? "-" : number_text(value, 4); };
    figures.push_back({text(extremes.low), text(extremes.high), number_text(values.back(), 4)});
    names = std::max(names, count_code_points(printable(history.scalars[s].name)));
    low = std::max(low, figures.back()[0].size());
    high = std::max(high, figures.back()[1].size());
    last = std::max(last, figures.back()[2].size());
  }
  const std::size_t others = names + low + high + last + 8;  // and four gaps
  const std::size_t width = static_cast<std::size_t>(out.width);
  const std::size_t room = width > others + 8 ? width - others : 8;
  Table table({{"scalar", true}, {"by step", true}, {"min"}, {"max"}, {"last"}});
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    table.add({{printable(history.scalars[numbers[i]].name)},
               {sparkline(history.values_of(numbers[i]), room)},
               {figures[i][0]},
               {figures[i][1]},
               {figures[i][2]}});
  }
  table.print(std::cout, out);
  std::cout << '\n';
  const std::size_t count = history.steps.size();
  print_wrapped(
      std::cout, out,
      std::string("From ▁, the lowest of its row, to █, the highest; ")
          + (count > room ? "each is the mean of a few of the " + std::to_string(count) + " checkpoints"
                          : "each is a checkpoint")
          + ". × is not a finite number.",
      0, 0);
  std::cout << '\n';
}

void print_values(const History& history, const std::vector<std::size_t>& numbers, const Screen& out) {
  std::vector<Table::Column> columns = {{"scalar", true}};
  for (const auto& [step, measured] : history.steps) columns.push_back({std::to_string(step)});
  Table table(columns);
  for (const std::size_t s : numbers) {
    const std::vector<double> values = history.values_of(s);
    const Extremes extremes(values);
    std::vector<Cell> row = {{printable(history.scalars[s].name)}};
    for (const double value : values) {
      const bool hot = std::isfinite(value) && extremes.high > extremes.low;
      row.push_back({number_text(value, 4), hot ? std::optional(extremes.share(value)) : std::nullopt});
    }
    table.add(row);
  }
  table.print(std::cout, out);
}

void print_neighbours(const Subject& subject, const History& history, const std::vector<std::size_t>& words,
                      const Screen& out) {
  std::vector<Table::Column> columns = {{"step"}};
  for (const std::size_t s : words) columns.push_back({printable(history.scalars[s].name), true});
  Table table(columns);
  for (const auto& [step, measured] : history.steps) {
    std::vector<Cell> row = {{std::to_string(step)}};
    for (const std::size_t s : words) row.push_back({neighbours_text(subject, measured[s])});
    table.add(row);
  }
  table.print(std::cout, out);
}

void print_history(const HistoryOptions& options, const Subject& subject, const History& history) {
  const Screen out = screen(options.width);
  const std::size_t count = history.steps.size();
  const int first = history.steps.begin()->first;
  const int last = history.steps.rbegin()->first;
  std::string head = one_line(options.model) + ": ";
  if (count == 1) {
    head += "one checkpoint, of step " + std::to_string(last)
            + ": no history (train.checkpoint_every says how often a run keeps one)";
  } else {
    head += std::to_string(count) + " checkpoints, steps " + std::to_string(first) + " to "
            + std::to_string(last);
  }
  if (history.any_needs_documents()) {
    head += "; over " + with_commas(history.documents.documents()) + " documents of "
            + with_commas(history.documents.positions()) + " characters";
  }
  print_wrapped(std::cout, out, head, 0, 2);
  std::cout << '\n';
  std::vector<std::size_t> numbers, words;
  for (std::size_t s = 0; s < history.scalars.size(); ++s) {
    (history.scalars[s].kind == Scalar::Kind::nearest ? words : numbers).push_back(s);
  }
  if (!numbers.empty()) {
    if (count > 1) print_lines(history, numbers, out);
    print_values(history, numbers, out);
  }
  if (!numbers.empty() && !words.empty()) std::cout << '\n';
  if (!words.empty()) print_neighbours(subject, history, words, out);
}

struct Form {
  const char* name;
  const char* what;
};
constexpr Form kForms[] = {
    {"loss", "mean nll over the documents"},
    {"head.SCORE[layer L, head H]", "a head's score over the documents"},
    {"ablation(ADDRESS)", "change of that loss with 0 at the address"},
    {"nll[position P]", "of what comes next in the text"},
    {"prob[position P, token X]", "probability of a token in the text"},
    {"logit[position P, token X]", "its logit"},
    {"ADDRESS", "what stands there, in the run on the text"},
    {"norm(ADDRESS)", "of all that stands there"},
    {"norm(TENSOR)", "of a weight tensor"},
    {"TENSOR[ROW,COLUMN]", "a weight"},
    {"cosine(X, Y)", "of the angle between two rows of wte"},
    {"nearest(X)", "a token's neighbours by that: words"},
};

/// The grammar, and what this model has to put into it.
void print_list(const HistoryOptions& options, const Subject& subject) {
  const study::Model& model = subject.model();
  const ModelConfig& config = model.config;
  std::vector<std::string> sites, tensors, tokens;
  for (const study::Address& site : study::sites_of(config)) sites.push_back(study::to_string(site));
  for (const TensorSpec& tensor : model.parameters.table()) tensors.push_back(tensor.name);
  for (Token t = 0; t < config.vocab_size; ++t) tokens.push_back(study::token_name(model, t));
  if (options.json) {
    ordered_json document = {{"view", "history"}, {"forms", ordered_json::array()}};
    for (const Form& form : kForms) document["forms"].push_back({{"scalar", form.name}, {"what", form.what}});
    document["scores"] = study::head_score_names();
    document["layers"] = config.n_layer;
    document["heads"] = config.n_head;
    document["tokens"] = tokens;
    document["sites"] = sites;
    document["tensors"] = tensors;
    std::cout << document.dump() << '\n';
    return;
  }
  const Screen out = screen(options.width);
  Table table({{"scalar", true}, {"what", true}});
  for (const Form& form : kForms) table.add({{form.name}, {form.what}});
  table.print(std::cout, out);
  std::cout << '\n';
  const auto say = [&](const std::string& name, const std::vector<std::string>& what) {
    std::string text = name + ":";
    for (const std::string& word : what) text += " " + printable(word);
    print_wrapped(std::cout, out, text, 0, 2);
  };
  say("SCORE", study::head_score_names());
  const auto to = [](int count) { return "0 to " + std::to_string(count - 1); };
  if (config.n_layer > 0) say("L, H", {to(config.n_layer) + ",", to(config.n_head)});
  say("P", {"0, which is BOS, to the text's last"});
  say("X, Y", tokens);
  say("TENSOR", tensors);
  say("ADDRESS", sites);
  std::cout << '\n';
  print_wrapped(
      std::cout, out,
      "An ADDRESS has indices in brackets: layer0.mlp.post[neuron 3, position 2]. An index that is left out "
      "means all, each in a row of its own. A token is one character, in single quotes if it is a space or "
      "the "
      "like; in an ADDRESS it is its number.",
      0, 0);
}

void history(const HistoryOptions& options) {
  std::optional<Subject> subject;
  const History followed = follow(options, subject);
  if (options.list) {
    print_list(options, *subject);
  } else if (options.json) {
    print_history_json(options, *subject, followed);
  } else {
    print_history(options, *subject, followed);
  }
}

}  // namespace

void add_history_view(CLI::App& study) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App& view = *study.add_subcommand("history", "Numbers of a model through the checkpoints of its run");
  view.add_option("RUN", options->model, "Run folder")->required()->option_text("RUN");
  view.add_option("--scalar", options->scalars,
                  "What to follow; may be repeated (default: loss, head.induction, head.previous, and nll "
                  "with --text)")
      ->allow_extra_args(false);
  view.add_flag("--list", options->list, "What there is to follow");
  const CLI::Option* text = view.add_option("--text", options->text, "A text for what is of a text");
  add_data_options(view, *options);
  add_page_options(view, *options);
  view.footer(
      "Runs keep a checkpoint every train.checkpoint_every steps, the newest\ntrain.keep of them (0: "
      "all).\n\n"
      "Example:\n  microgpt train --config configs/names.json --set train.checkpoint_every=150\n"
      "  microgpt study history runs/names-1 --scalar loss --scalar 'head.induction[layer 1]'\n"
      "  microgpt study history runs/names-1 --text emma --scalar 'prob[position 3, token a]'");
  view.callback([options, text] {
    options->with_text = text->count() > 0;
    history(*options);
  });
}

}  // namespace microgpt::cli
