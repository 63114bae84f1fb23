// explain softmax against its definition in long double.
#include <doctest/doctest.h>

#include <cmath>

#include "support/errors.hpp"
#include "view/explain_pages.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  view::Page softmax_of(const std::vector<std::string>& numbers, const Given& more = {}) {
    Given given;
    for (const std::string& number : numbers) given.emplace_back("NUMBER", number);
    given.insert(given.end(), more.begin(), more.end());
    return explain_page("softmax", given);
  }

  std::string verdicts(const std::vector<std::string>& numbers, const Given& more = {}) {
    std::string all;
    for (const view::Value& one : values_of(section_of(softmax_of(numbers, more), "properties"), "holds")) {
      all += std::get<std::string>(one) + " ";
    }
    return all;
  }

  }  // namespace

  TEST_CASE("view: softmax is a lesson, in the order in which one learns it") {
    std::string keys;
    for (const view::Section& section : softmax_of({"2.0", "1.0", "0.1"}).sections) keys += section.key + " ";
    CHECK(keys == "numbers formula maximum overflow properties temperature derivative logarithm ");
    const view::Page page = explain_page("softmax", {});  // the same numbers
    check_near(column_of(section_of(page, "formula"), "exponential"),
               {7.38905609893065, 2.718281828459045, 1.1051709180756477});
    check_near(column_of(section_of(page, "maximum"), "probability"),
               {0.6590011388859679, 0.2424329707047139, 0.09856589040931818});
    CHECK(section_of(page, "maximum").lines == view::Lines{97, 101});
    // "If the temperature is 2": 0.502, 0.304, 0.194.
    const view::Section& temperature = section_of(page, "temperature");
    CHECK(column_of(temperature, "p_0")[3] == doctest::Approx(0.502).epsilon(1e-3));
    CHECK(column_of(temperature, "p_1")[3] == doctest::Approx(0.304).epsilon(1e-3));
    CHECK(column_of(temperature, "p_2")[3] == doctest::Approx(0.194).epsilon(2e-3));
  }

  TEST_CASE("view: both ways, the derivative and log-sum-exp are what they are defined as") {
    const std::vector<std::vector<std::string>> cases = {
        {"2.0", "1.0", "0.1"}, {"-3.5", "+2", "1e1", "0"}, {"7"}, {"0.5", "0.5", "-700"}};
    for (const auto& numbers : cases) {
      for (const long double t : {1.0L, 0.5L, 2.0L}) {
        const view::Page page =
            softmax_of(numbers, {{"--temperature", std::to_string(static_cast<double>(t))}});
        std::vector<long double> e;
        long double total = 0;
        for (const auto& one : numbers) total += e.emplace_back(std::exp(std::stold(one) / t));
        Numbers p;
        Numbers exponentials;
        for (const long double one : e) {
          p.push_back(static_cast<double>(one / total));
          exponentials.push_back(static_cast<double>(one));
        }
        check_near(column_of(section_of(page, "formula"), "exponential"), exponentials, 2e-12);
        check_near(column_of(section_of(page, "formula"), "probability"), p);
        check_near(column_of(section_of(page, "maximum"), "probability"), p);
        CHECK(column_of(section_of(page, "maximum"), "probability", true).back()
              == doctest::Approx(1).epsilon(1e-14));
        for (std::size_t j = 0; j < numbers.size(); ++j) {
          const Numbers slopes = column_of(section_of(page, "derivative"), "dz_" + std::to_string(j));
          for (std::size_t i = 0; i < numbers.size(); ++i) {
            CHECK(std::abs(slopes[i] - p[i] * ((i == j ? 1 : 0) - p[j])) < 1e-14);
          }
        }
        CHECK(std::abs(section_of(page, "derivative").agreement.value().difference) < 1e-9);
        CHECK(result_of(page, "logarithm")
              == doctest::Approx(static_cast<double>(std::log(total))).epsilon(1e-13));
        const Numbers log_p = column_of(section_of(page, "logarithm"), "log_p");
        for (std::size_t i = 0; i < numbers.size(); ++i) {
          CHECK(log_p[i] == doctest::Approx(static_cast<double>(std::log(e[i] / total))).epsilon(1e-12));
        }
      }
    }
  }

  TEST_CASE("view: 1000 0 -1000 is inf and nan by the formula, and 1, 0, 0 with the maximum subtracted") {
    for (const std::string dtype : {"float32", "float64"}) {
      CAPTURE(dtype);
      const view::Page page = softmax_of({"1000", "0", "-1000"}, {{"--dtype", dtype}});
      const Numbers e = column_of(section_of(page, "formula"), "exponential");
      CHECK(std::isinf(e[0]));
      CHECK(e[1] == 1);
      CHECK(e[2] == 0);
      CHECK(std::isnan(column_of(section_of(page, "formula"), "probability")[0]));
      CHECK(column_of(section_of(page, "maximum"), "probability") == Numbers{1, 0, 0});
      CHECK(!section_of(page, "maximum").agreement);
      const view::Section& outcome = section_of(page, "outcome");
      REQUIRE(outcome.table.rows.size() == 3);
      CHECK(std::get<std::string>(values_of(outcome, "formula")[0]).starts_with("inf"));
      CHECK(std::get<std::string>(values_of(outcome, "stable")[0]) == "right");
      CHECK(std::get<std::string>(values_of(outcome, "stable")[2]).starts_with("0"));
    }
    CHECK(!has_section(softmax_of({"1", "2"}), "outcome"));
  }

  TEST_CASE("view: the borders that softmax names are where the numbers change") {
    const view::Section limits = section_of(softmax_of({"0"}), "overflow");
    const std::string types[] = {"float32", "float64"};
    for (std::size_t d = 0; d < 2; ++d) {
      CAPTURE(types[d]);
      const double eps = d == 0 ? 1e-5 : 1e-11;
      const auto at = [&](const std::string& border, double side) {
        char text[40];
        std::snprintf(text, sizeof text, "%.17g", column_of(limits, border)[d] + side * eps * 100);
        return column_of(section_of(softmax_of({text}, {{"--dtype", types[d]}}), "formula"),
                         "exponential")[0];
      };
      CHECK(std::isinf(at("overflow", 1)));
      CHECK(std::isfinite(at("overflow", -1)));
      CHECK(at("zero", -1) == 0);
      CHECK(at("zero", 1) > 0);
      const double normal = d == 0 ? 1.17549435e-38 : 2.2250738585072014e-308;
      CHECK(at("digits_lost", -1) < normal);
      CHECK(at("digits_lost", 1) > normal);
    }
  }

  TEST_CASE("view: the four properties of softmax, and the one that underflow breaks") {
    CHECK(verdicts({"2", "1", "0.1"}) == "yes yes yes yes ");
    CHECK(verdicts({"2", "1", "0.1"}, {{"--dtype", "float32"}}) == "yes yes yes yes ");
    CHECK(verdicts({"1000", "0", "-1000"}) == "NO yes yes yes ");
    CHECK(verdicts({"0", "-106"}, {{"--dtype", "float32"}}) == "NO yes yes yes ");
    CHECK(verdicts({"0", "-106"}) == "yes yes yes yes ");
    CHECK(verdicts({"3", "3", "3"}) == "yes yes yes yes ");
  }

  TEST_CASE("view: what softmax cannot take is refused") {
    const auto refused = [](const std::vector<std::string>& numbers, const Given& more,
                            const std::string& part) {
      const Failure failure = failure_of([&] { (void)softmax_of(numbers, more); });
      CAPTURE(failure.message);
      CHECK(failure.fault == static_cast<int>(Fault::usage));
      CHECK(failure.is_one_line());
      CHECK(failure.names(part));
    };
    refused({"1", "x"}, {}, "bad NUMBER: x");
    refused({"1", "nan"}, {}, "bad NUMBER: nan");
    refused({"1e39"}, {{"--dtype", "float32"}}, "beyond float32");
    refused({"1e300"}, {{"--temperature", "1e-300"}}, "beyond float64");
    refused({"1"}, {{"--temperature", "0"}}, "above 0");
    refused({"1"}, {{"--temperature", "-1"}}, "above 0");
    refused({"1"}, {{"--temperature", "nan"}}, "--temperature");
    refused({"1"}, {{"--dtype", "float16"}}, "float64");
    refused({"1", "2"}, {{"--position", "3"}}, "do not go together");
    refused({"1", "2"}, {{"--text", "emma"}}, "do not go together");
  }

  TEST_CASE("view: many numbers are shown as the largest and the sum of the others") {
    std::vector<std::string> numbers;
    for (int i = 0; i < 200; ++i) numbers.push_back(std::to_string((i * 37) % 200 / 20.0));
    const view::Page page = softmax_of(numbers);
    const view::Section& maximum = section_of(page, "maximum");
    CHECK(maximum.table.rows.size() == 12);
    CHECK(maximum.table.totals == 2);
    CHECK(maximum.table.total_rows == 200);
    const Numbers e = column_of(maximum, "exponential", true);
    double sum = 0;
    for (std::size_t i = 0; i + 1 < e.size(); ++i) sum += e[i];
    CHECK(sum == doctest::Approx(e.back()).epsilon(1e-13));
    for (std::size_t i = 1; i < 10; ++i) CHECK(e[i] <= e[i - 1]);
    CHECK(softmax_of(numbers, {{"--top", "0"}}).sections[0].table.rows.size() == 200);
  }
}
