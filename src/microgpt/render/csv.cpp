#include "microgpt/render/csv.hpp"

#include <cmath>
#include <cstdio>

#include "microgpt/base/error.hpp"
#include "microgpt/base/number.hpp"

namespace microgpt::render {

namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

/// The shortest of its forms that is read again as the same number.
std::string every_digit(double value) {
  if (!std::isfinite(value)) return number_text(value, 0);
  char text[40];
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (parse_double(text) == value) break;
  }
  return text;
}

struct ValueText {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(const std::string& text) const { return quoted(text); }
  std::string operator()(std::int64_t whole) const { return std::to_string(whole); }
  std::string operator()(double value) const { return every_digit(value); }
  std::string operator()(const Agreement& agreement) const { return every_digit(agreement.difference); }
  std::string operator()(const std::vector<double>& values) const {
    std::string text;
    for (const double value : values) text += (text.empty() ? "" : " ") + every_digit(value);
    return text;
  }
};

}  // namespace

std::string to_csv(const view::Table& table) {
  std::string text;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    text += (c > 0 ? "," : "") + quoted(table.columns[c].key);
  text += "\r\n";
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      if (c > 0) text += ',';
      if (c < row.size()) text += std::visit(ValueText(), row[c]);
    }
    text += "\r\n";
  }
  return text;
}

const view::Table& find_table(const view::Page& page, const std::string& key) {
  std::string keys;
  for (const view::Section& section : page.sections) {
    if (section.table.empty()) continue;
    if (key.empty() || section.key == key) return section.table;
    keys += (keys.empty() ? "" : ", ") + section.key;
  }
  if (keys.empty()) throw Error(Fault::usage, {.what = "no table to write", .hint = "this page has none"});
  throw bad_option("--section", key, "the sections with a table are " + keys);
}

}  // namespace microgpt::render
