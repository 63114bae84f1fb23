// The views of the model's parts: heads, neurons, embeddings, circuits.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "cli/options.hpp"
#include "cli/study.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/study/embeddings.hpp"
#include "microgpt/study/heads.hpp"
#include "microgpt/study/neurons.hpp"
#include "microgpt/study/sweeps.hpp"

namespace microgpt::cli {

namespace {

using nlohmann::ordered_json;

struct PartsOptions : StudyOptions {
  int layer = -1;
  int head = 0;
  int query = -1;
  int key = -1;
  int top = 3;
  bool ov = false;
  bool positions = false;
  bool dead = false;
};

void heads(const PartsOptions& options) {
  const Subject subject(options.model);
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
               {"loss without"},
               {"+-"}});
  for (const study::HeadScores& s : scores) {
    const study::Address at = {.site = Site::z, .layer = s.layer, .head = s.head};
    const study::AblationRow without = study::ablate(model, batch, {at}, study::Ablation::mean).front();
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
               {fixed_text(without.standard_error, 4)}});
  }
  if (options.json) {
    std::cout << document.dump() << '\n';
    return;
  }
  table.print(std::cout, screen(options.width));
  std::cout << '\n';
  print_wrapped(std::cout, screen(options.width),
                "Shares of attention, means over " + counted(batch.positions(), "character") + " of "
                    + counted(batch.documents(), "document")
                    + ": on the position before, on BOS, on itself, on earlier places of the same character, on "
                      "what followed those. A score tells what a head looks at, not what it does: the last columns are the "
                      "change of the loss, in nats a character, if its z is replaced by its mean, with its standard error.",
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

void neurons(const PartsOptions& options) {
  const Subject subject(options.model);
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
  for (const study::NeuronSummary& n : all) {
    if (n.dead()) ++dead;
    if (options.layer >= 0 && n.layer != options.layer) continue;
    if (options.dead && !n.dead()) continue;
    const std::string address =
        study::to_string({.site = Site::mlp_post, .layer = n.layer, .neuron = n.neuron});
    ordered_json firings = ordered_json::array();
    std::string contexts;
    for (const study::Firing& f : n.top) {
      const std::string text = subject.document_text(batch, f.document, f.position);
      firings.push_back({{"text", text}, {"position", f.position}, {"value", f.value}});
      contexts += (contexts.empty() ? "" : "  ") + text;
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
               {contexts}});
  }
  document["dead"] = dead;
  if (options.json) {
    std::cout << document.dump() << '\n';
    return;
  }
  table.print(std::cout, screen(options.width));
  std::cout << '\n'
            << dead << " of " << counted(all.size(), "neuron")
            << (dead == 1 ? " never fires on " : " never fire on ") << counted(batch.positions(), "character")
            << ". '>' stands before the character they fire on.\n";
}

/// Points as letters on a map of characters; where two fall together the later one is not drawn.
void print_map(const Subject& subject, const Matrix<double>& xy, bool positions, int width) {
  const int columns = std::min(width, 100) - 2;
  const int rows = columns / 4;
  std::vector<std::string> map(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns), " ");
  const Eigen::RowVectorXd low = xy.colwise().minCoeff();
  const Eigen::RowVectorXd high = xy.colwise().maxCoeff();
  for (Index i = 0; i < xy.rows(); ++i) {
    const auto place = [&](Index axis, int cells) {
      const double span = std::max(high(axis) - low(axis), 1e-300);
      return std::min(cells - 1, static_cast<int>((xy(i, axis) - low(axis)) / span * cells));
    };
    const int at = (rows - 1 - place(1, rows)) * columns + place(0, columns);
    std::string& cell = map[static_cast<std::size_t>(at)];
    if (cell != " ") continue;
    const std::string label =
        positions ? std::string(1, static_cast<char>('0' + i % 10)) : subject.label(static_cast<int>(i));
    cell = label == "BOS" ? "#" : label == "' '" ? "_" : label.size() > 1 && label[0] == '\\' ? "?" : label;
  }
  for (int r = 0; r < rows; ++r) {
    std::cout << ' ';
    for (int c = 0; c < columns; ++c) std::cout << map[static_cast<std::size_t>(r * columns + c)];
    std::cout << '\n';
  }
}

void embeddings(const PartsOptions& options) {
  const Subject subject(options.model);
  const study::Model& model = subject.model();
  const Matrix<double> x =
      options.positions ? Matrix<double>(model.parameters.wpe()) : Matrix<double>(model.parameters.wte());
  const Matrix<double> near = study::cosines(x);
  const auto components = study::principal_components(x, std::min<Index>(3, x.cols()));
  const auto name = [&](Index i) {
    return options.positions ? std::to_string(i) : subject.label(static_cast<int>(i));
  };
  ordered_json document = {
      {"view", "embeddings"},
      {"tensor", options.positions ? "wpe" : "wte"},
      {"explained", std::vector<double>(components.explained.begin(), components.explained.end())},
      {"rows", ordered_json::array()}};
  Table table({{options.positions ? "position" : "token", true},
               {"length"},
               {"nearest, by cosine", true},
               {"1st"},
               {"2nd"},
               {"3rd"}});
  const auto count = static_cast<std::size_t>(options.top);
  for (Index i = 0; i < x.rows(); ++i) {
    std::vector<Index> order;
    for (Index j = 0; j < x.rows(); ++j) {
      if (j != i) order.push_back(j);
    }
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return near(i, a) > near(i, b); });
    order.resize(std::min(order.size(), count));
    std::string nearest;
    ordered_json neighbours = ordered_json::array();
    for (const Index j : order) {
      nearest += (nearest.empty() ? "" : "  ") + name(j) + " " + fixed_text(near(i, j), 2);
      neighbours.push_back({{"row", name(j)}, {"cosine", near(i, j)}});
    }
    const Eigen::RowVectorXd at = components.coordinates.row(i);
    document["rows"].push_back({{"row", name(i)},
                                {"norm", x.row(i).norm()},
                                {"nearest", neighbours},
                                {"coordinates", std::vector<double>(at.begin(), at.end())}});
    std::vector<Cell> row = {{name(i)}, {number_text(x.row(i).norm(), 3)}, {nearest}};
    for (const double c : at) row.push_back({fixed_text(c, 3)});
    table.add(row);
  }
  if (options.json) {
    std::cout << document.dump() << '\n';
    return;
  }
  table.print(std::cout, screen(options.width));
  if (components.coordinates.cols() < 2) return;
  std::cout << "\nFirst principal component across, second upwards: "
            << number_text(100 * components.explained(0), 0) << "% and "
            << number_text(100 * components.explained(1), 0) << "% of the variance"
            << (options.positions ? "; last digits of positions" : "; # is BOS") << "\n\n";
  print_map(subject, components.coordinates.leftCols(2), options.positions, screen(options.width).width);
}

void circuits(const PartsOptions& options) {
  const Subject subject(options.model);
  const study::Model& model = subject.model();
  const int T = model.config.block_size;
  // Without positions: the mean over all pairs of them, or over all positions.
  Matrix<double> values = Matrix<double>::Zero(model.config.vocab_size, model.config.vocab_size);
  int count = 0;
  for (int i = 0; i < T; ++i) {
    if (options.query >= 0 && !options.ov && i != options.query) continue;
    for (int j = 0; j <= (options.ov ? 0 : i); ++j) {
      const int key = options.ov ? i : j;
      if (options.key >= 0 && key != options.key) continue;
      values += options.ov ? study::ov_table(model, options.head, key)
                           : study::qk_table(model, options.head, i, key);
      ++count;
    }
  }
  if (count == 0) {  // says why
    (void)study::qk_table(model, options.head, options.query >= 0 ? options.query : T - 1, options.key);
  }
  values /= std::max(count, 1);
  const study::Address at = {.site = options.ov ? Site::z : Site::scores, .layer = 0, .head = options.head};
  struct Entry {
    Index row, column;
  };
  std::vector<Entry> order;
  for (Index r = 0; r < values.rows(); ++r) {
    for (Index c = 0; c < values.cols(); ++c) order.push_back({r, c});
  }
  std::stable_sort(order.begin(), order.end(), [&](const Entry& a, const Entry& b) {
    return std::abs(values(a.row, a.column)) > std::abs(values(b.row, b.column));
  });
  if (options.json) {
    ordered_json document = {
        {"view", "circuits"}, {"table", options.ov ? "ov" : "qk"}, {"address", study::to_string(at)}};
    if (options.query >= 0) document["query"] = options.query;
    if (options.key >= 0) document["key"] = options.key;
    document["tokens"] = ordered_json::array();
    for (int t = 0; t < model.config.vocab_size; ++t) document["tokens"].push_back(subject.label(t));
    document["values"] = matrix_json(values);
    std::cout << document.dump() << '\n';
    return;
  }
  std::cout << bold(study::to_string(at))
            << (options.ov ? "   what attending to a character adds to each logit"
                           : "   scores of a character asking for another")
            << (count > 1 ? ", the mean over positions" : "") << '\n';
  Table strongest_entries(options.ov
                              ? std::vector<Table::Column>{{"attended", true}, {"logit of", true}, {"adds"}}
                              : std::vector<Table::Column>{{"asks", true}, {"is asked", true}, {"score"}});
  const double largest = std::abs(values(order[0].row, order[0].column));
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 12); ++i) {
    const double value = values(order[i].row, order[i].column);
    strongest_entries.add({{subject.label(static_cast<int>(order[i].row))},
                           {subject.label(static_cast<int>(order[i].column))},
                           {fixed_text(value, 3), largest > 0 ? value / largest : 0}});
  }
  strongest_entries.print(std::cout, screen(options.width), 2);
  std::cout << '\n';
  std::vector<Table::Column> columns = {{"", true}};
  for (int t = 0; t < model.config.vocab_size; ++t) columns.push_back({subject.label(t)});
  Table whole(columns);
  for (int t = 0; t < model.config.vocab_size; ++t) {
    std::vector<Cell> row = {{subject.label(t)}};
    for (Index c = 0; c < values.cols(); ++c) {
      row.push_back({fixed_text(values(t, c), 1), largest > 0 ? values(t, c) / largest : 0});
    }
    whole.add(row);
  }
  whole.print(std::cout, screen(options.width));
}

}  // namespace

void add_parts_views(CLI::App& study) {
  const auto add = [&](const char* name, const char* about, const char* example, bool data,
                       void (*show)(const PartsOptions&)) {
    auto options = std::make_shared<PartsOptions>();
    CLI::App& view = *study.add_subcommand(name, about);
    add_study_options(view, *options);
    if (data) add_data_options(view, *options);
    view.footer(std::string("Example:\n  microgpt study ") + example);
    view.callback([options, show] { show(*options); });
    return std::pair<CLI::App*, std::shared_ptr<PartsOptions>>(&view, options);
  };
  add("heads", "What each head looks at over a text, and what it is worth", "heads --model runs/names-1",
      true, heads);
  {
    auto [view, options] = add("neurons", "What neurons fire on and which characters they promote",
                               "neurons --model runs/names-1 --top 4", true, neurons);
    view->add_option("--layer", options->layer, "Only this layer")->check(whole_between(0, 1'000'000'000));
    view->add_option("--top", options->top, "Contexts shown of each")
        ->check(whole_between(0, 1000))
        ->capture_default_str();
    view->add_flag("--dead", options->dead, "Only neurons that never fire");
  }
  {
    auto [view, options] = add("embeddings", "Characters as points: neighbours, principal components, a map",
                               "embeddings --model runs/names-1", false, embeddings);
    view->add_option("--top", options->top, "Neighbours shown of each")
        ->check(whole_between(0, 1000))
        ->capture_default_str();
    view->add_flag("--positions", options->positions, "Positions (wpe) instead of characters (wte)");
  }
  {
    auto [view, options] =
        add("circuits", "A first-layer head as whole tables: who asks for whom, what it writes",
            "circuits --model runs/names-1 --head 2 --ov", false, circuits);
    view->add_option("--head", options->head, "The head")
        ->check(whole_between(0, 1'000'000'000))
        ->capture_default_str();
    view->add_flag("--ov", options->ov,
                   "What attending to a character adds to each logit, instead of the scores");
    view->add_option("--query", options->query, "Position that asks (default: the mean over all pairs)")
        ->check(whole_between(0, 1'000'000'000));
    view->add_option("--key", options->key, "Position that is asked")->check(whole_between(0, 1'000'000'000));
  }
}

}  // namespace microgpt::cli
