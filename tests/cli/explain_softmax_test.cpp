// microgpt explain softmax against its definition in long double.
#include <doctest/doctest.h>

#include <cmath>

#include "cli/explain_pages.hpp"

namespace {

using namespace microgpt::test;

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("explain softmax: the table of the page it all began with") {
    const auto result = explain({"softmax", "2.0", "1.0", "0.1"});
    CHECK(result.exit_code == 0);
    for (const std::string line :
         {"     0      2.000   7.389        0.659\n", "     1      1.000   2.718        0.242\n",
          "     2      0.100   1.105        0.099\n", "add up to 11.212; in full the total is"}) {
      CAPTURE(line);
      CHECK(result.out.find(line) != std::string::npos);
    }
    CHECK(explain({"softmax"}).out == result.out);  // it is the example, too
  }

  TEST_CASE("explain softmax: both ways, Jacobian and log-sum-exp are what they are defined as") {
    const std::vector<std::vector<std::string>> cases = {
        {"2.0", "1.0", "0.1"}, {"-3.5", "+2", "1e1", "0"}, {"7"}, {"0.5", "0.5", "-700"}};
    for (const auto& numbers : cases) {
      for (const long double t : {1.0L, 0.5L, 2.0L}) {
        auto arguments = numbers;
        arguments.insert(arguments.begin(), "softmax");
        arguments.insert(arguments.end(), {"--temperature", std::to_string(static_cast<double>(t))});
        const Json page = explain_json(arguments);
        std::vector<long double> e;
        long double total = 0;
        for (const auto& number : numbers) total += e.emplace_back(std::exp(std::stold(number) / t));
        const auto naive = column_of(step_of(page, kNaive), "probability");
        const auto stable = column_of(step_of(page, kStable), "probability");
        REQUIRE(naive.size() == numbers.size() + 1);  // and the total
        for (std::size_t i = 0; i < numbers.size(); ++i) {
          CAPTURE(numbers[i]);
          const auto p = static_cast<double>(e[i] / total);
          CHECK(naive[i].number() == doctest::Approx(p).epsilon(1e-13));
          CHECK(stable[i].number() == doctest::Approx(p).epsilon(1e-13));
          CHECK(column_of(step_of(page, kNaive), "e^z")[i].number()
                == doctest::Approx(static_cast<double>(e[i])).epsilon(1e-12));
          for (std::size_t j = 0; j < numbers.size(); ++j) {
            const long double slope = e[i] / total * ((i == j ? 1 : 0) - e[j] / total) / t;
            const double got =
                column_of(step_of(page, "the Jacobian"), "d/d" + std::to_string(j))[i].number();
            CHECK(std::abs(got - static_cast<double>(slope)) < 1e-14);
          }
        }
        CHECK(step_of(page, "log-sum-exp")["result"].number()
              == doctest::Approx(static_cast<double>(std::log(total))).epsilon(1e-13));
      }
    }
  }

  TEST_CASE("explain softmax: 1000 0 -1000 is inf and nan one way, and 1, 0, 0 the other") {
    for (const std::string dtype : {"float32", "float64"}) {
      const Json page = explain_json({"softmax", "1000", "0", "-1000", "--dtype", dtype});
      CAPTURE(dtype);
      const auto e = column_of(step_of(page, kNaive), "e^z");
      CHECK(e[0].text() == "inf");
      CHECK(e[1].number() == 1);
      CHECK(e[2].number() == 0);
      const auto naive = column_of(step_of(page, kNaive), "probability");
      CHECK(naive[0].text() == "nan");
      const auto stable = column_of(step_of(page, kStable), "probability");
      CHECK(stable[0].number() == 1);
      CHECK(stable[1].number() == 0);
      CHECK(stable[2].number() == 0);
      const auto fate = column_of(step_of(page, "what became of these"), "e^z is");
      CHECK(fate[0].text() == "inf: overflow");
      CHECK(fate[1].text() == "right");
      CHECK(fate[2].text() == "0: underflow");
    }
  }

  TEST_CASE("explain softmax: the borders it names are where the numbers change") {
    const Json page = explain_json({"softmax", "0"});
    const Json limits = step_of(page, "where e^z overflows and underflows");
    const std::string dtypes[] = {"float32", "float64"};
    for (std::size_t d = 0; d < 2; ++d) {
      const double eps = d == 0 ? 1e-5 : 1e-11;
      const auto at = [&](const std::string& border, double side) {
        const double z = column_of(limits, border)[d].number() + side * eps * 100;
        char text[40];
        std::snprintf(text, sizeof text, "%.17g", z);
        return column_of(step_of(explain_json({"softmax", text, "--dtype", dtypes[d]}), kNaive), "e^z")[0];
      };
      CAPTURE(dtypes[d]);
      CHECK(at("inf above", 1).dump() == "\"inf\"");
      CHECK(std::isfinite(at("inf above", -1).number()));
      CHECK(at("0 below", -1).number() == 0);
      CHECK(at("0 below", 1).number() > 0);
      const double normal = d == 0 ? 1.17549435e-38 : 2.2250738585072014e-308;
      CHECK(at("digits lost below", -1).number() < normal);
      CHECK(at("digits lost below", 1).number() > normal);
    }
  }

  TEST_CASE("explain softmax: the four properties, and the one that underflow breaks") {
    const auto verdicts = [](std::vector<std::string> arguments) {
      std::string all;
      for (const Json& holds :
           column_of(step_of(explain_json(std::move(arguments)), "four properties, checked"), "holds"))
        all += holds.text() + " ";
      return all;
    };
    CHECK(verdicts({"softmax", "2", "1", "0.1"}) == "yes yes yes yes ");
    CHECK(verdicts({"softmax", "2", "1", "0.1", "--dtype", "float32"}) == "yes yes yes yes ");
    CHECK(verdicts({"softmax", "1000", "0", "-1000"}) == "NO yes yes yes ");
    CHECK(verdicts({"softmax", "0", "-104", "--dtype", "float32"}) == "NO yes yes yes ");
    CHECK(verdicts({"softmax", "0", "-104"}) == "yes yes yes yes ");
  }
}
