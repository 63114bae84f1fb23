#include "cli/explain/page.hpp"

#include <algorithm>
#include <cmath>

#include "cli/terminal.hpp"

namespace microgpt::cli::explain {

namespace {

std::string lines_text(const Lines& lines) {
  if (lines.first == 0) return "";
  std::string text = "microgpt.py:" + std::to_string(lines.first);
  if (lines.last > lines.first) text += "-" + std::to_string(lines.last);
  return text + (lines.course_only ? " (course)" : "");
}

double largest_of(const Grid& grid, std::size_t column) {
  double largest = 0;
  for (const auto& row : grid.rows) {
    if (column >= row.size()) continue;
    const double* number = std::get_if<double>(&row[column]);
    if (number != nullptr && std::isfinite(*number)) largest = std::max(largest, std::abs(*number));
  }
  return largest;
}

Table as_table(const Grid& grid, int digits) {
  std::vector<Table::Column> columns;
  for (std::size_t c = 0; c < grid.columns.size(); ++c) {
    const bool words = std::any_of(grid.rows.begin(), grid.rows.end(), [&](const auto& row) {
      return c < row.size() && std::holds_alternative<std::string>(row[c])
             && !std::get<std::string>(row[c]).empty();
    });
    columns.push_back({grid.columns[c], words});
  }
  std::vector<double> scale(columns.size(), 0);
  for (const std::size_t c : grid.hot) scale[c] = largest_of(grid, c);
  Table table(std::move(columns), grid.labels);
  for (const auto& row : grid.rows) {
    std::vector<Cell> cells;
    for (std::size_t c = 0; c < row.size(); ++c) {
      Cell cell;
      if (const auto* number = std::get_if<double>(&row[c])) {
        cell.text = number_text(*number, digits);
        if (*number == 0 && digits > 0) cell.text += std::string(static_cast<std::size_t>(digits) + 1, ' ');
        if (scale[c] > 0 && std::isfinite(*number)) cell.heat = *number / scale[c];
      } else if (const auto* whole = std::get_if<long>(&row[c])) {
        cell.text = std::to_string(*whole);
      } else {
        cell.text = std::get<std::string>(row[c]);
      }
      cells.push_back(std::move(cell));
    }
    table.add(std::move(cells));
  }
  return table;
}

/// JSON has no infinities and no NaN: they are words.
nlohmann::ordered_json number_json(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(number_text(value, 0));
}

nlohmann::ordered_json lines_json(const Lines& lines) {
  if (lines.first == 0) return nullptr;
  const auto revisions =
      lines.course_only ? nlohmann::ordered_json{"course"} : nlohmann::ordered_json{"latest", "course"};
  return {{"first", lines.first}, {"last", lines.last}, {"revisions", revisions}};
}

nlohmann::ordered_json words_json(const std::string& words) {
  return words.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(words);
}

nlohmann::ordered_json grid_json(const Grid& grid) {
  if (grid.columns.empty()) return nullptr;
  auto rows = nlohmann::ordered_json::array();
  for (const auto& row : grid.rows) {
    auto cells = nlohmann::ordered_json::array();
    for (const Value& value : row) {
      if (const auto* number = std::get_if<double>(&value)) {
        cells.push_back(number_json(*number));
      } else if (const auto* whole = std::get_if<long>(&value)) {
        cells.push_back(*whole);
      } else {
        cells.push_back(words_json(std::get<std::string>(value)));
      }
    }
    while (cells.size() < grid.columns.size()) cells.push_back(nullptr);
    rows.push_back(std::move(cells));
  }
  return {{"columns", grid.columns}, {"rows", rows}};
}

template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

void print(std::ostream& out, const Page& page, const Context& context, const Screen& screen, int digits) {
  const std::string lines = lines_text(page.lines);
  out << bold(page.topic) << (lines.empty() ? "" : "   " + lines) << '\n';
  print_wrapped(out, screen, page.about, 0, 0);
  if (context.text) {
    std::string of = context.model ? "model " + one_line(*context.model) : "the built-in example";
    of += ", text '" + one_line(*context.text) + "'";
    if (context.position) of += ", position " + std::to_string(*context.position);
    if (context.layer) of += ", layer " + std::to_string(*context.layer);
    if (context.head) of += ", head " + std::to_string(*context.head);
    print_wrapped(out, screen, of, 0, 2);
  }
  for (std::size_t i = 0; i < page.steps.size(); ++i) {
    const Step& step = page.steps[i];
    const std::string number = std::to_string(i + 1) + ". ";
    std::string place = step.address;
    if (const std::string at = lines_text(step.lines); !at.empty())
      place += (place.empty() ? "" : "   ") + at;
    const std::size_t length = number.size() + step.name.size() + 3 + place.size();
    const bool fits = length <= static_cast<std::size_t>(screen.width);
    out << '\n' << bold(number + step.name) << (place.empty() || !fits ? "" : "   " + place) << '\n';
    if (!fits) print_wrapped(out, screen, place, 3, 3);
    print_wrapped(out, screen, step.says, 3, 3);
    print_wrapped(out, screen, step.formula, 5, 9);
    std::string numbers = step.numbers;
    if (step.result) numbers += (numbers.empty() ? "= " : " = ") + number_text(*step.result, digits);
    print_wrapped(out, screen, numbers, 5, 9);
    if (!step.table.columns.empty()) as_table(step.table, digits).print(out, screen, 5);
  }
}

nlohmann::ordered_json to_json(const Page& page, const Context& context) {
  nlohmann::ordered_json document = {{"topic", page.topic},
                                     {"about", page.about},
                                     {"lines", lines_json(page.lines)},
                                     {"model", or_null(context.model)},
                                     {"text", or_null(context.text)},
                                     {"position", or_null(context.position)},
                                     {"layer", or_null(context.layer)},
                                     {"head", or_null(context.head)},
                                     {"steps", nlohmann::ordered_json::array()}};
  for (const Step& step : page.steps) {
    document["steps"].push_back(
        {{"name", step.name},
         {"says", words_json(step.says)},
         {"address", words_json(step.address)},
         {"lines", lines_json(step.lines)},
         {"formula", words_json(step.formula)},
         {"numbers", words_json(step.numbers)},
         {"result", step.result ? number_json(*step.result) : nlohmann::ordered_json(nullptr)},
         {"table", grid_json(step.table)}});
  }
  return document;
}

std::string sum_of(const std::vector<std::string>& terms) {
  constexpr std::size_t kMost = 16;
  constexpr std::size_t kFirst = 6;
  std::string text;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms.size() > kMost && i == kFirst) {
      text += " + ... (" + std::to_string(terms.size() - kFirst - 1) + " more)";
      i = terms.size() - 1;
    }
    text += (i == 0 ? "" : " + ") + terms[i];
  }
  return text;
}

}  // namespace microgpt::cli::explain
