// The views of a model's weights alone: embeddings, circuits.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "cli/options.hpp"
#include "cli/study/study.hpp"
#include "cli/terminal.hpp"
#include "microgpt/study/embeddings.hpp"
#include "microgpt/study/heads.hpp"

namespace microgpt::cli {

namespace {

using nlohmann::ordered_json;

struct TableOptions : StudyOptions {
  int head = 0;
  int query = -1;
  int key = -1;
  int top = 3;
  bool ov = false;
  bool positions = false;
};

/// Points as letters on a map of characters; where two fall together the later one is not drawn. Returns
/// those.
std::string print_map(const Subject& subject, const Matrix<double>& xy, bool positions, int width) {
  const int columns = std::min(width, 100) - 2;
  const int rows = columns / 4;
  std::vector<std::string> map(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns), " ");
  std::string hidden;
  const Eigen::RowVectorXd low = xy.colwise().minCoeff();
  const Eigen::RowVectorXd high = xy.colwise().maxCoeff();
  for (Index i = 0; i < xy.rows(); ++i) {
    const auto place = [&](Index axis, int cells) {
      const double span = std::max(high(axis) - low(axis), 1e-300);
      return std::min(cells - 1, static_cast<int>((xy(i, axis) - low(axis)) / span * cells));
    };
    const int at = (rows - 1 - place(1, rows)) * columns + place(0, columns);
    std::string& cell = map[static_cast<std::size_t>(at)];
    if (cell != " ") {
      hidden += " " + (positions ? std::to_string(i) : subject.label(static_cast<int>(i)));
      continue;
    }
    const std::string label =
        positions ? std::string(1, static_cast<char>('0' + i % 10)) : subject.label(static_cast<int>(i));
    cell = label == "BOS" ? "#" : label == "' '" ? "_" : label.size() > 1 && label[0] == '\\' ? "?" : label;
  }
  for (int r = 0; r < rows; ++r) {
    std::string line = " ";
    for (int c = 0; c < columns; ++c) line += map[static_cast<std::size_t>(r * columns + c)];
    std::cout << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
  return hidden;
}

void embeddings(const TableOptions& options) {
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
  std::cout << '\n';
  print_wrapped(
      std::cout, screen(options.width),
      "First principal component across, second upwards: " + number_text(100 * components.explained(0), 0)
          + "% and " + number_text(100 * components.explained(1), 0) + "% of the variance"
          + (options.positions ? "; last digits of positions" : "; # is BOS"),
      0, 0);
  std::cout << '\n';
  const std::string hidden =
      print_map(subject, components.coordinates.leftCols(2), options.positions, screen(options.width).width);
  if (hidden.empty()) return;
  std::cout << '\n';
  print_wrapped(std::cout, screen(options.width), "Behind others:" + hidden, 0, 0);
}

void circuits(const TableOptions& options) {
  const Subject subject(options.model);
  const study::Model& model = subject.model();
  const int T = model.config.block_size;
  // Without positions: the mean over all pairs of them, or over all positions.
  Matrix<double> values = Matrix<double>::Zero(model.config.vocab_size, model.config.vocab_size);
  int count = 0;
  for (int i = 0; i < T; ++i) {
    if (options.query >= 0 && i != options.query) continue;
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
  std::cout << bold(study::to_string(at)) << '\n';
  print_wrapped(std::cout, screen(options.width),
                std::string(options.ov ? "what attending to a character (rows) adds to each logit (columns)"
                                       : "scores of a character that asks (rows) for another (columns)")
                    + (count > 1 ? ", the mean over positions" : ""),
                0, 0);
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

void add_table_views(CLI::App& study) {
  const auto add = [&](const char* name, const char* about, const char* example,
                       void (*show)(const TableOptions&)) {
    auto options = std::make_shared<TableOptions>();
    CLI::App& view = *study.add_subcommand(name, about);
    add_study_options(view, *options);
    view.footer(std::string("Example:\n  microgpt study ") + example);
    view.callback([options, show] { show(*options); });
    return std::pair<CLI::App*, std::shared_ptr<TableOptions>>(&view, options);
  };
  {
    auto [view, options] = add("embeddings", "Characters as points: neighbours, principal components, a map",
                               "embeddings --model runs/names-1", embeddings);
    view->add_option("--top", options->top, "Neighbours shown of each")
        ->check(whole_between(0, 1000))
        ->capture_default_str();
    view->add_flag("--positions", options->positions, "Positions (wpe) instead of characters (wte)");
  }
  {
    auto [view, options] =
        add("circuits", "A first-layer head as whole tables: who asks for whom, what it writes",
            "circuits --model runs/names-1 --head 2 --ov", circuits);
    view->add_option("--head", options->head, "The head")
        ->check(whole_between(0, 1'000'000'000))
        ->capture_default_str();
    view->add_flag("--ov", options->ov,
                   "What attending to a character adds to each logit, instead of the scores");
    view->add_option("--query", options->query, "Position that asks (default: the mean over all pairs)")
        ->check(whole_between(0, 1'000'000'000))
        ->excludes("--ov");
    view->add_option("--key", options->key, "Position that is asked, or attended to")
        ->check(whole_between(0, 1'000'000'000));
  }
}

}  // namespace microgpt::cli
