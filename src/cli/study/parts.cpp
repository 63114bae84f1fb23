// The views of the model's parts over a text: heads, neurons.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "cli/options.hpp"
#include "cli/study/study.hpp"
#include "cli/terminal.hpp"
#include "microgpt/study/heads.hpp"
#include "microgpt/study/neurons.hpp"
#include "microgpt/study/sweeps.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/width.hpp"

namespace microgpt::cli {

namespace {

using nlohmann::ordered_json;

struct PartsOptions : StudyOptions {
  int layer = -1;
  int top = 3;
  bool dead = false;
};

void heads(const PartsOptions& options) {
  const Subject subject(options.model);
  require_layers(subject);
  const study::Model& model = subject.model();
  const Batch batch = subject.documents(options.data, options.limit);
  const auto scores = study::head_scores(study::run(model, batch));
  ordered_json document = {{"view", "heads"},
                           {"documents", batch.documents()},
                           {"characters", batch.positions()},
                           {"heads", ordered_json::array()}};
  Table table({{"head", true},
               {"previous"},
               {"first"},
               {"self"},
               {"duplicate"},
               {"induction"},
               {"entropy"},
               {"loss change"},
               {"+-"}});
  std::vector<study::Address> heads;
  for (const study::HeadScores& s : scores)
    heads.push_back({.site = Site::z, .layer = s.layer, .head = s.head});
  const auto ablated = study::ablate(model, batch, heads, study::Ablation::mean, all_cores());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const study::HeadScores& s = scores[i];
    const study::Address& at = heads[i];
    const study::AblationRow& without =
        *std::find_if(ablated.begin(), ablated.end(), [&](const auto& row) { return row.at == at; });
    document["heads"].push_back({{"address", study::to_string(at)},
                                 {"previous", s.previous},
                                 {"first", s.first},
                                 {"self", s.self},
                                 {"duplicate", s.duplicate},
                                 {"induction", s.induction},
                                 {"duplicate_positions", s.duplicate_positions},
                                 {"entropy", s.entropy},
                                 {"loss_change_without", without.change},
                                 {"standard_error", without.standard_error}});
    const auto share = [](double value) { return Cell{fixed_text(value, 3), value}; };
    table.add({{study::to_string(at)},
               share(s.previous),
               share(s.first),
               share(s.self),
               share(s.duplicate),
               share(s.induction),
               {fixed_text(s.entropy, 3)},
               {fixed_text(without.change, 4)},
               {error_text(without.standard_error)}});
  }
  if (options.json) {
    std::cout << document.dump() << '\n';
    return;
  }
  table.print(std::cout, screen(options.width));
  std::cout << '\n';
  print_wrapped(std::cout, screen(options.width),
                "Shares of attention, means over the positions after the first of "
                    + counted(batch.documents(), "document") + " (" + counted(batch.positions(), "character")
                    + "): on the position before, on BOS, on itself, on earlier places of the same character, on "
                      "what followed those; and the entropy of the pattern in nats. A score tells what a head looks at, "
                      "not what it does: the last columns are the change of the loss, in nats a character, if its z is "
                      "replaced by its mean, with its standard error.",
                0, 0);
}

/// Tokens by what a neuron or head adds to their logits, largest first (or smallest).
std::string strongest(const Subject& subject, const std::vector<double>& adds, bool promoted,
                      std::size_t count) {
  std::vector<std::size_t> order(adds.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return promoted ? adds[a] > adds[b] : adds[a] < adds[b]; });
  std::string text;
  for (std::size_t i = 0; i < std::min(count, order.size()); ++i) {
    text += (text.empty() ? "" : " ") + subject.label(static_cast<int>(order[i]));
  }
  return text;
}

/// So many columns of a text around the byte `at`: most of what is before it, a third of what follows.
std::string window(const std::string& text, std::size_t at, std::size_t columns) {
  if (display_width(text) <= columns) return text;
  while (at > 0 && at < text.size() && continues_character(text[at])) --at;
  std::string before = text.substr(0, at);
  std::string after = text.substr(at);
  const std::size_t room = std::max(columns / 3, columns - std::min(columns, display_width(before)));
  if (display_width(after) > room) after = cut_to_width(after, room - 1) + "…";
  if (display_width(before) + display_width(after) > columns) {
    std::size_t from = 0;
    while (display_width(std::string_view(before).substr(from)) + 1 + display_width(after) > columns) {
      next_code_point(before, from);
    }
    before = "…" + before.substr(from);
  }
  return before + after;
}

/// As many of the contexts as fit into so many columns, and at least one.
std::string fitting(const std::vector<std::string>& contexts, std::size_t columns) {
  std::string text;
  for (const std::string& context : contexts) {
    const std::string longer = text + (text.empty() ? "" : "  ") + context;
    if (!text.empty() && display_width(longer) > columns) break;
    text = longer;
  }
  return text;
}

void neurons(const PartsOptions& options) {
  const Subject subject(options.model);
  require_layers(subject);
  check_choice(options.layer, subject.model().config.n_layer, "--layer");
  const Batch batch = subject.documents(options.data, options.limit);
  const auto top = static_cast<std::size_t>(options.top);
  const auto all = study::summarize_neurons(subject.model(), study::run(subject.model(), batch), top);
  ordered_json document = {{"view", "neurons"},
                           {"documents", batch.documents()},
                           {"characters", batch.positions()},
                           {"neurons", ordered_json::array()}};
  Table table({{"neuron", true},
               {"active"},
               {"mean"},
               {"promotes", true},
               {"suppresses", true},
               {"fires most on", true}});
  std::size_t dead = 0;
  int beside = 30;  // the address and a gap
  for (const study::NeuronSummary& n : all) {
    const auto address = study::to_string({.site = Site::mlp_post, .layer = n.layer, .neuron = n.neuron});
    beside = std::max(beside, static_cast<int>(address.size()) + 2);
  }
  const auto room = static_cast<std::size_t>(std::max(20, screen(options.width).width - beside));
  for (const study::NeuronSummary& n : all) {
    if (n.dead()) ++dead;
    if (options.layer >= 0 && n.layer != options.layer) continue;
    if (options.dead && !n.dead()) continue;
    const std::string address =
        study::to_string({.site = Site::mlp_post, .layer = n.layer, .neuron = n.neuron});
    ordered_json firings = ordered_json::array();
    std::vector<std::string> contexts;
    for (const study::Firing& f : n.top) {
      firings.push_back(
          {{"text", subject.document_text(batch, f.document)}, {"position", f.position}, {"value", f.value}});
      // The mark stands where the text with it and the text without it part.
      const std::string plain = firings.back()["text"].get<std::string>();
      const std::string marked = subject.document_text(batch, f.document, f.position);
      const auto mark = std::mismatch(marked.begin(), marked.end(), plain.begin(), plain.end()).first;
      contexts.push_back(window(marked, static_cast<std::size_t>(mark - marked.begin()), room));
    }
    document["neurons"].push_back({{"address", address},
                                   {"active", n.active},
                                   {"mean", n.mean},
                                   {"top", firings},
                                   {"writes", n.writes}});
    table.add({{address},
               {number_text(100 * n.active, 1) + "%", n.active},
               {number_text(n.mean, 3)},
               {strongest(subject, n.writes, true, 3)},
               {strongest(subject, n.writes, false, 3)},
               {fitting(contexts, room)}});
  }
  document["dead"] = dead;
  if (options.json) {
    std::cout << document.dump() << '\n';
    return;
  }
  table.print(std::cout, screen(options.width));
  std::cout << '\n';
  print_wrapped(std::cout, screen(options.width),
                std::to_string(dead) + " of " + std::to_string(all.size()) + " neurons never fire on these "
                    + with_commas(batch.positions())
                    + " characters. They promote and suppress the characters whose logits they add most to and take "
                      "most from. '>' stands before the character they fire on.",
                0, 0);
}

/// The neurons that fire on one text, by position; those that fire most first.
void neurons_on_text(const PartsOptions& options) {
  const Subject subject(options.model);
  require_layers(subject);
  const ModelConfig& config = subject.model().config;
  check_choice(options.layer, config.n_layer, "--layer");
  const Batch batch = subject.text(options.text);
  const study::Trace trace = study::run(subject.model(), batch);
  struct Row {
    study::Address at;
    std::vector<double> values;
    double largest;
  };
  std::vector<Row> rows;
  for (int layer = 0; layer < config.n_layer; ++layer) {
    if (options.layer >= 0 && layer != options.layer) continue;
    const Matrix<double> post = trace.values(Site::mlp_post, layer);
    for (int n = 0; n < 4 * config.n_embd; ++n) {
      const Eigen::VectorXd values = post.col(n);
      rows.push_back({{.site = Site::mlp_post, .layer = layer, .neuron = n},
                      {values.begin(), values.end()},
                      values.maxCoeff()});
    }
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.largest > b.largest; });
  const auto silent =
      std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.largest == 0; });
  ordered_json document = json_of_text(subject, "neurons", options.text, batch);
  document["neurons"] = ordered_json::array();
  std::vector<Table::Column> columns = {{"neuron", true}};
  for (int p = 0; p < static_cast<int>(batch.positions()); ++p)
    columns.push_back({subject.position_label(batch, p)});
  Table table(columns);
  for (const Row& row : rows) {
    document["neurons"].push_back({{"address", study::to_string(row.at)}, {"values", row.values}});
    if (row.largest == 0) continue;
    std::vector<Cell> cells = {{study::to_string(row.at)}};
    for (const double value : row.values)
      cells.push_back({fixed_text(value, 3), value / rows.front().largest});
    table.add(cells);
  }
  if (options.json) {
    std::cout << document.dump() << '\n';
    return;
  }
  table.print(std::cout, screen(options.width));
  std::cout << '\n' << silent << " of " << counted(rows.size(), "neuron") << " are silent on this text.\n";
}

}  // namespace

void add_parts_views(CLI::App& study) {
  const auto add = [&](const char* name, const char* about, const char* example,
                       void (*show)(const PartsOptions&)) {
    auto options = std::make_shared<PartsOptions>();
    CLI::App& view = *study.add_subcommand(name, about);
    add_study_options(view, *options);
    add_data_options(view, *options);
    view.footer(std::string("Example:\n  microgpt study ") + example);
    view.callback([options, show] { show(*options); });
    return std::pair<CLI::App*, std::shared_ptr<PartsOptions>>(&view, options);
  };
  add("heads", "What each head looks at over a text, and what it is worth", "heads --model runs/names-1",
      heads);
  {
    auto [view, options] = add("neurons", "What neurons fire on and which characters they promote",
                               "neurons --model runs/names-1 --top 4", [](const PartsOptions& o) {
                                 o.text.empty() ? neurons(o) : neurons_on_text(o);
                               });
    view->add_option("--layer", options->layer, "Only this layer")->check(whole_between(0, 1'000'000'000));
    view->add_option("--top", options->top, "Contexts shown of each")
        ->check(whole_between(0, 1000))
        ->capture_default_str();
    auto* dead = view->add_flag("--dead", options->dead, "Only neurons that never fire");
    view->add_option("--text", options->text, "The activations on one text instead of over many")
        ->excludes(dead)
        ->excludes("--data")
        ->excludes("--limit");
  }
}

}  // namespace microgpt::cli
