// The JSON of a page that the program printed, its facts and cells by key.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "support/json.hpp"
#include "support/page_schema.hpp"

namespace microgpt::test {

struct PageJson {
  Json json;

  explicit PageJson(std::string_view text) : json(Json::parse(text)) { CHECK(faults_of_page(text) == ""); }
  explicit PageJson(const Json& page) : json(page) { CHECK(faults_of_page(page.dump()) == ""); }

  [[nodiscard]] bool has_fact(const std::string& key) const { return json["facts"].has(key); }
  [[nodiscard]] Json fact(const std::string& key) const { return json["facts"][key]["value"]; }
  [[nodiscard]] Json table(const std::string& key) const {
    const Json sections = json["sections"];
    for (std::size_t s = 0; s < sections.size(); ++s) {
      if (sections[s]["key"].text() == key) return sections[s]["table"];
    }
    throw std::runtime_error("no section " + key);
  }
  [[nodiscard]] std::size_t rows(const std::string& section) const { return table(section)["rows"].size(); }
  [[nodiscard]] Json cell(const std::string& section, std::size_t row, const std::string& column) const {
    const Json in = table(section);
    const Json columns = in["columns"];
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (columns[c]["key"].text() == column) return in["rows"][row][c];
    }
    throw std::runtime_error("no column " + column);
  }
};

}  // namespace microgpt::test
