#include "microgpt/base/error.hpp"

#include <doctest/doctest.h>

#include <type_traits>

TEST_SUITE("base") {
  using microgpt::Error;
  using microgpt::ErrorParts;
  using microgpt::Fault;

  TEST_CASE("error: its line is what, where, value and hint, without those that are empty") {
    struct Case {
      ErrorParts parts;
      const char* line;
    };
    const Case cases[] = {
        {{.what = "bad config"}, "bad config"},
        {{.what = "bad config", .where = "a.json, seed"}, "bad config: a.json, seed"},
        {{.what = "bad config", .value = "-1"}, "bad config: -1"},
        {{.what = "bad config", .hint = "must be 0"}, "bad config: must be 0"},
        {{.what = "bad config", .where = "a.json, seed", .value = "-1"}, "bad config: a.json, seed (-1)"},
        {{.what = "bad config", .where = "a.json, seed", .hint = "must be 0"},
         "bad config: a.json, seed: must be 0"},
        {{.what = "bad config", .value = "-1", .hint = "must be 0"}, "bad config: -1: must be 0"},
        {{.what = "bad config", .where = "a.json, seed", .value = "-1", .hint = "must be 0"},
         "bad config: a.json, seed (-1): must be 0"},
    };
    for (const Case& each : cases) {
      const Error error(Fault::data, each.parts);
      CHECK(std::string(error.what()) == each.line);
      CHECK(error.fault() == Fault::data);
      CHECK(error.parts().what == each.parts.what);
      CHECK(error.parts().where == each.parts.where);
      CHECK(error.parts().value == each.parts.value);
      CHECK(error.parts().hint == each.parts.hint);
    }
  }

  TEST_CASE("error: a hint can be added, and nothing is added by none") {
    const Error error(Fault::numeric, {.what = "training broke down", .where = "step 4"});
    const Error hinted = error.with_hint("lower train.learning_rate");
    CHECK(std::string(hinted.what()) == "training broke down: step 4: lower train.learning_rate");
    CHECK(hinted.with_hint("all is saved").parts().hint == "lower train.learning_rate: all is saved");
    CHECK(hinted.fault() == Fault::numeric);
    CHECK(std::string(hinted.with_hint("").what()) == hinted.what());
    CHECK(std::string(error.with_hint("").what()) == error.what());
  }

  TEST_CASE("error: a bad option is the caller's fault, and a copy throws nothing") {
    const Error error = microgpt::bad_option("--steps", "0", "must be at least 1");
    CHECK(std::string(error.what()) == "bad --steps: 0: must be at least 1");
    CHECK(error.fault() == Fault::usage);
    static_assert(std::is_nothrow_copy_constructible_v<Error>);
  }
}
