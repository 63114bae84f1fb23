// The program's `explain` as tests run it, and what they look for in its pages.
#pragma once

#include <doctest/doctest.h>

#include "cli/small_run.hpp"
#include "support/json.hpp"

namespace microgpt::test {

inline ProcessResult explain(std::vector<std::string> arguments, ProcessOptions options = {}) {
  arguments.insert(arguments.begin(), "explain");
  return run_microgpt(arguments, std::move(options));
}

inline Json explain_json(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const auto result = explain(arguments);
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  CHECK(result.err.empty());
  REQUIRE(lines_of(result.out).size() == 1);
  return Json::parse(result.out);
}

inline Json step_of(const Json& page, const std::string& name) {
  for (std::size_t i = 0; i < page["steps"].size(); ++i) {
    if (page["steps"][i]["name"].text() == name) return page["steps"][i];
  }
  FAIL("no step ", name);
  return page;
}

/// A column of a step's table.
inline std::vector<Json> column_of(const Json& step, const std::string& name) {
  const Json table = step["table"];
  std::vector<Json> column;
  for (std::size_t c = 0; c < table["columns"].size(); ++c) {
    if (table["columns"][c].text() != name) continue;
    for (std::size_t r = 0; r < table["rows"].size(); ++r) column.push_back(table["rows"][r][c]);
  }
  INFO("column ", name);
  REQUIRE(!column.empty());
  return column;
}

inline constexpr const char* kNaive = "without the maximum subtracted";
inline constexpr const char* kStable = "with the maximum subtracted";

inline const std::vector<std::string> kTopics = {"tokens",    "embedding", "rmsnorm",  "linear",  "softmax",
                                                 "attention", "heads",     "residual", "mlp",     "logits",
                                                 "loss",      "backprop",  "adam",     "sampling"};

}  // namespace microgpt::test
