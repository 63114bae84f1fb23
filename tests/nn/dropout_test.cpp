#include "microgpt/nn/dropout.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "microgpt/nn/fast/kernels.hpp"
#include "support/forms.hpp"
#include "support/numbers.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// 1 or 0 for each number of a mask, by what becomes of ones.
  std::vector<bool> kept(const DropoutMask& mask, Index rows, Index cols) {
    Arena<double> ones(static_cast<std::size_t>(rows * cols), 1.0);
    dropout<double>(View<double>(ones.data(), rows, cols), mask);
    std::vector<bool> list;
    for (const double x : ones) list.push_back(x != 0);
    return list;
  }

  double share(const std::vector<bool>& list) {
    return static_cast<double>(std::count(list.begin(), list.end(), true)) / static_cast<double>(list.size());
  }

  double agreement(const std::vector<bool>& a, const std::vector<bool>& b) {
    std::size_t same = 0;
    for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i] ? 1U : 0U;
    return static_cast<double>(same) / static_cast<double>(a.size());
  }

  }  // namespace

  TEST_CASE("dropout: what is dropped is 0, and the rest grows so that the mean stays") {
    for (const double rate : {0.0, 0.1, 0.5, 0.9}) {
      CAPTURE(rate);
      const Dropout pass = dropout_of_step(rate, 7, 3);
      Arena<double> x(200 * 300, 2.0);
      dropout<double>(View<double>(x.data(), 200, 300), pass.at(1));
      double sum = 0;
      for (const double number : x) {
        CHECK_UNARY(number == 0 || std::abs(number - 2 / (1 - rate)) < 1e-12);
        sum += number;
      }
      // 60,000 draws: five standard deviations of their mean.
      const double deviation = 2 * std::sqrt(rate / (1 - rate) / 60000);
      CHECK(std::abs(sum / 60000 - 2) <= 5 * deviation);
    }
  }

  TEST_CASE("dropout: masks of other steps, seeds, places, rows and columns have nothing in common") {
    constexpr double kRate = 0.5;
    const std::vector<bool> first = kept(dropout_of_step(kRate, 7, 3).at(1), 100, 64);
    CHECK(kept(dropout_of_step(kRate, 7, 3).at(1), 100, 64) == first);
    const DropoutMask others[] = {dropout_of_step(kRate, 7, 4).at(1), dropout_of_step(kRate, 8, 3).at(1),
                                  dropout_of_step(kRate, 7, 3).at(0), dropout_of_step(kRate, 7, 3).at(2),
                                  dropout_of_step(kRate, 7, 3).at(1).from_row(1)};
    // 6,400 numbers, of which half agree by chance: six standard deviations.
    for (const DropoutMask& other : others)
      CHECK(std::abs(agreement(kept(other, 100, 64), first) - 0.5) < 0.0375);
    std::vector<bool> next_column(first.begin() + 1, first.end());
    next_column.push_back(false);
    CHECK(std::abs(agreement(next_column, first) - 0.5) < 0.0375);
    for (Index row = 0; row < 100; ++row) {
      const std::vector<bool> one(first.begin() + row * 64, first.begin() + (row + 1) * 64);
      CHECK_MESSAGE(std::abs(share(one) - 0.5) < 0.375, "row ", row);  // six standard deviations again
    }
  }

  TEST_CASE("dropout: a part of the rows is dropped as in the whole") {
    const DropoutMask mask = dropout_of_step(0.3, 1, 0).at(2);
    const std::vector<bool> whole = kept(mask, 50, 7);
    const std::vector<bool> part = kept(mask.from_row(20), 30, 7);
    CHECK(part == std::vector<bool>(whole.begin() + 20 * 7, whole.end()));
  }

  TEST_CASE_TEMPLATE("dropout: every fast form drops what the readable one drops", T, float, double) {
    Noise noise(5);
    const auto numbers = as<T>(noise.numbers(40 * 37));
    for (const fast::Form* form : fast::forms()) {
      const InForm in(*form);
      const std::string name = form->name;
      CAPTURE(name);
      const DropoutMask mask = dropout_of_step(0.2, 99, 12).at(5).from_row(3);
      Arena<T> got(numbers.begin(), numbers.end());
      Arena<T> expected(numbers.begin(), numbers.end());
      fast::dropout<T>(View<T>(got.data(), 40, 37), mask);
      dropout<T>(View<T>(expected.data(), 40, 37), mask);
      CHECK(got == expected);
    }
  }
}
