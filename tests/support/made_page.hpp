// Pages made in this process, their facts, tables and cells by key, and the promises that every page keeps.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/render/svg_figure.hpp"
#include "microgpt/view/view.hpp"
#include "support/data.hpp"
#include "support/odd_models.hpp"

namespace microgpt::test {

/// Names of options with their values; of flags with "".
using Given = std::vector<std::pair<std::string, std::string>>;

inline const view::Value& cell(const view::Table& table, std::size_t row, std::string_view key) {
  REQUIRE(row < table.rows.size());
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].key == key) return table.rows[row].at(c);
  }
  FAIL("no column ", std::string(key));
  return table.rows[0][0];
}
inline double number_in(const view::Value& value) {
  if (const auto* agreement = std::get_if<Agreement>(&value)) return agreement->difference;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  REQUIRE(std::holds_alternative<double>(value));
  return std::get<double>(value);
}
inline double number_in(const view::Table& table, std::size_t row, std::string_view key) {
  return number_in(cell(table, row, key));
}
inline std::string text_in(const view::Value& value) {
  REQUIRE(std::holds_alternative<std::string>(value));
  return std::get<std::string>(value);
}
inline std::string text_in(const view::Table& table, std::size_t row, std::string_view key) {
  return text_in(cell(table, row, key));
}
inline bool is_empty(const view::Value& value) {
  return std::holds_alternative<std::monostate>(value);
}
/// The row whose first column has this text.
inline std::size_t row_of(const view::Table& table, const std::string& name) {
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    if (table.rows[r].at(0) == view::Value(name)) return r;
  }
  FAIL("no row ", name);
  return 0;
}

/// Whether two tables have the same texts and numbers in the same places, to the last bit.
inline bool same_rows(const view::Table& a, const view::Table& b) {
  const auto same = [](const view::Value& x, const view::Value& y) {
    if (x.index() != y.index()) return false;
    if (const auto* text = std::get_if<std::string>(&x)) return *text == std::get<std::string>(y);
    return is_empty(x) || number_in(x) == number_in(y);
  };
  return a.rows.size() == b.rows.size()
         && std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), [&](const auto& x, const auto& y) {
              return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(), same);
            });
}

/// A figure can be told from the others of its page by its title, and its rows from each other by their names; it has
/// something to draw if its table has rows.
inline void check_figure(const view::Page& page, const view::Section& section) {
  const view::Figure& figure = *section.figure;
  const view::Table& table = section.table;
  CHECK(figure.x < table.columns.size());
  for (const std::size_t y : figure.y) CHECK(y < table.columns.size());
  if (figure.label) CHECK(*figure.label < table.columns.size());
  if (table.rows.size() > table.totals) CHECK(render::has_numbers(table, figure));
  for (const view::Section& other : page.sections) {
    if (&other != &section && other.figure) CHECK(other.figure->title != figure.title);
  }
  // The characters of a text follow each other, so that they need no other names; so do texts that were typed.
  if (page.view == "score" || figure.kind == view::Figure::Kind::scatter) return;
  std::set<std::string> names;
  for (std::size_t r = 0; r + table.totals < table.rows.size(); ++r) {
    CHECK_MESSAGE(names.insert(render::row_name(table, figure, r)).second,
                  render::row_name(table, figure, r));
  }
}

/// Keys are unique, rows have a cell for each column, figures draw columns that are there, numbers are finite.
inline void check_shape(const view::Page& page) {
  const auto is_finite = [](const view::Value& value) {
    const auto* number = std::get_if<double>(&value);
    return number == nullptr || *number - *number == 0;
  };
  std::set<std::string> keys;
  for (const view::Fact& fact : page.facts) {
    CHECK_MESSAGE(keys.insert(fact.key).second, fact.key);
    CHECK_MESSAGE(is_finite(fact.value), fact.key);
  }
  keys.clear();
  for (const view::Section& section : page.sections) {
    CAPTURE(section.key);
    CHECK(keys.insert(section.key).second);
    const view::Table& table = section.table;
    std::set<std::string> columns;
    for (const view::Column& column : table.columns) CHECK(columns.insert(column.key).second);
    for (const auto& row : table.rows) {
      CHECK(row.size() == table.columns.size());
      CHECK(std::all_of(row.begin(), row.end(), is_finite));
    }
    CHECK((table.total_rows == 0) == table.more.empty());
    CHECK((table.total_rows == 0 || table.total_rows > table.rows.size() - table.totals));
    if (section.figure) check_figure(page, section);
  }
}

/// A page that is asked for its parts.
struct MadePage {
  view::Page page;
  std::vector<std::string> warnings;  ///< of the view
  std::vector<double> progress;       ///< shares of the work, as they were told

  explicit MadePage(view::Page made) : page(std::move(made)) { check_shape(page); }
  MadePage(const view::ViewSpec& spec, const Given& given, const view::Subject* subject = nullptr,
           int threads = 2) {
    view::Options options(spec.options);
    for (const auto& [name, value] : given) options.set(name, value);
    options.check();
    page = spec.make({.options = options,
                      .subject = subject,
                      .threads = threads,
                      .progress = [this](double share) { progress.push_back(share); },
                      .warn = [this](const std::string& line) { warnings.push_back(line); }});
    CHECK(page.view == spec.name);
    check_shape(page);
  }
  MadePage(const view::ViewSpec& spec, const view::Subject& subject, const Given& given, int threads = 2)
      : MadePage(spec, given, &subject, threads) {}

  [[nodiscard]] const view::Fact* find_fact(std::string_view key) const {
    const auto found =
        std::find_if(page.facts.begin(), page.facts.end(), [&](const auto& f) { return f.key == key; });
    return found == page.facts.end() ? nullptr : &*found;
  }
  [[nodiscard]] const view::Value& fact(const std::string& key) const {
    REQUIRE_MESSAGE(find_fact(key) != nullptr, "no fact ", key);
    return find_fact(key)->value;
  }
  [[nodiscard]] std::int64_t count(const std::string& key) const { return std::get<std::int64_t>(fact(key)); }

  [[nodiscard]] const view::Section* find_section(std::string_view key) const {
    const auto found =
        std::find_if(page.sections.begin(), page.sections.end(), [&](const auto& s) { return s.key == key; });
    return found == page.sections.end() ? nullptr : &*found;
  }
  [[nodiscard]] bool has(std::string_view section) const { return find_section(section) != nullptr; }
  [[nodiscard]] const view::Section& section(const std::string& key) const {
    REQUIRE_MESSAGE(has(key), "no section ", key);
    return *find_section(key);
  }
  [[nodiscard]] const view::Table& table(const std::string& key) const { return section(key).table; }

  [[nodiscard]] const view::Value& cell(const std::string& key, std::size_t row,
                                        const std::string& column) const {
    return test::cell(table(key), row, column);
  }
  [[nodiscard]] double number(const std::string& key, std::size_t row, const std::string& column) const {
    return std::get<double>(cell(key, row, column));
  }
  [[nodiscard]] std::string text(const std::string& key, std::size_t row, const std::string& column) const {
    return std::get<std::string>(cell(key, row, column));
  }
  /// The row that begins with this text.
  [[nodiscard]] std::size_t row_of(const std::string& key, const std::string& label) const {
    return test::row_of(table(key), label);
  }

  /// Rows of all tables together.
  [[nodiscard]] std::size_t rows() const {
    std::size_t sum = 0;
    for (const view::Section& section : page.sections) sum += section.table.rows.size();
    return sum;
  }
};

/// One of the models of data/models.
inline view::Subject kept_model(const std::string& name) {
  const auto path = repository_file("data/models/" + name + ".safetensors");
  return {std::make_shared<const Checkpoint>(Checkpoint::load(path)), path.string()};
}

/// A model of numbers alone, with as many characters as its vocabulary has room for.
inline view::Subject random_subject(Noise& noise, const ModelConfig& config) {
  std::vector<char32_t> characters;
  for (int i = 0; i + 1 < config.vocab_size; ++i) characters.push_back(U'\u4e00' + static_cast<char32_t>(i));
  return {study::Model{config, random_parameters<double>(config, noise), Tokenizer(characters)}, "random"};
}

/// A model whose vocabulary is that of a whole library; its weights are made up.
inline view::Subject subject_of_many_tokens() {
  const ModelConfig config = {
      .n_layer = 1, .n_embd = 16, .n_head = 4, .block_size = 16, .vocab_size = 20'000};
  std::vector<char32_t> characters;
  for (int i = 0; i + 1 < config.vocab_size; ++i) characters.push_back(U'a' + static_cast<char32_t>(i));
  Parameters<double> parameters(config);
  double next = 0.5;  // the logistic map: well spread, and made in no time
  for (double& w : parameters.values()) {
    next = 3.99 * next * (1 - next);
    w = next - 0.5;
    if (next < 1e-3) next = 0.3;
  }
  return {study::Model{config, std::move(parameters), Tokenizer(characters)}, "made up"};
}

/// A text of a model's characters, and the tokens it is read as.
struct OddText {
  std::string text;
  std::vector<int> tokens;

  OddText(const study::Model& model, Noise& noise, int length) {
    const Token bos = model.tokenizer.bos();
    tokens = noise.wholes(static_cast<std::size_t>(length), 0, bos - 1);
    text = model.tokenizer.decode(tokens);
    tokens.insert(tokens.begin(), bos);
    tokens.push_back(bos);
    tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(model.config.block_size) + 1));
  }
};

}  // namespace microgpt::test
