// The pages of the topics, made in-process, and what tests look for in them.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "microgpt/view/views.hpp"
#include "support/made_page.hpp"
#include "support/numbers.hpp"

namespace microgpt::test {

inline const view::ViewSpec& topic_of(const std::string& name) {
  const view::ViewSpec* topic = view::find_view(view::explain_topics(), name);
  REQUIRE_MESSAGE(topic != nullptr, "no topic ", name);
  return *topic;
}

/// Without a subject: the built-in example, or softmax's numbers.
inline view::Page explain_page(const std::string& name, const Given& given,
                               const view::Subject* subject = nullptr) {
  const view::ViewSpec& topic = topic_of(name);
  view::Options options(topic.options);
  for (const auto& [option, value] : given) options.set(option, value);
  options.check();
  return topic.make({.options = options, .subject = subject});
}

inline bool has_section(const view::Page& page, const std::string& key) {
  for (const view::Section& section : page.sections) {
    if (section.key == key) return true;
  }
  return false;
}

inline const view::Section& section_of(const view::Page& page, const std::string& key) {
  for (const view::Section& section : page.sections) {
    if (section.key == key) return section;
  }
  FAIL("no section ", key, " in ", page.view);
  return page.sections.front();
}

/// A column of a section's table, without the rows that sum up.
inline std::vector<view::Value> values_of(const view::Section& section, const std::string& key,
                                          bool with_totals = false) {
  const view::Table& table = section.table;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].key != key) continue;
    std::vector<view::Value> column;
    for (std::size_t r = 0; r < table.rows.size() - (with_totals ? 0 : table.totals); ++r) {
      column.push_back(table.rows[r].at(c));
    }
    return column;
  }
  FAIL("no column ", key, " in ", section.key);
  return {};
}

inline double number_of(const view::Value& value) {
  if (const auto* agreement = std::get_if<Agreement>(&value)) return agreement->difference;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::get<double>(value);
}

inline Numbers column_of(const view::Section& section, const std::string& key, bool with_totals = false) {
  Numbers numbers;
  for (const view::Value& value : values_of(section, key, with_totals)) numbers.push_back(number_of(value));
  return numbers;
}

/// What an index column and a column of numbers say together: the numbers by index.
inline Numbers by_index(const view::Section& section, const std::string& index, const std::string& key,
                        std::size_t count) {
  Numbers all(count, std::nan(""));
  const Numbers places = column_of(section, index);
  const Numbers numbers = column_of(section, key);
  for (std::size_t i = 0; i < places.size(); ++i) all.at(static_cast<std::size_t>(places[i])) = numbers[i];
  return all;
}

inline double result_of(const view::Page& page, const std::string& key) {
  return number_of(section_of(page, key).result.value());
}

inline void check_near(const Numbers& got, const Numbers& expected, double tolerance = 1e-12) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(got[i] - expected[i]) <= tolerance * (1 + std::abs(expected[i])));
  }
}

}  // namespace microgpt::test
