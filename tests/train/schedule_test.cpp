#include "microgpt/train/schedule.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

TEST_SUITE("train") {
  using namespace microgpt;

  namespace {

  struct Figure {
    int step;
    double rate;
  };

  void check(const TrainConfig& config, std::initializer_list<Figure> figures) {
    for (const Figure& figure : figures) {
      const double got = learning_rate(config, figure.step);
      CHECK_MESSAGE(std::abs(got - figure.rate) < 1e-15, "step ", figure.step, ": got ", got, ", expected ",
                    figure.rate);
    }
  }

  }  // namespace

  TEST_CASE("schedule: linear decay as in the latest revision") {
    check({.steps = 1000, .learning_rate = 0.01},
          {{0, 0.01}, {1, 0.00999}, {250, 0.0075}, {500, 0.005}, {999, 0.00001}});
  }

  TEST_CASE("schedule: cosine decay as in the course revision") {
    check({.steps = 500, .learning_rate = 0.01, .schedule = Schedule::cosine},
          {{0, 0.01},
           {125, 0.008535533905932738},  // (1 + sqrt(1/2)) / 2
           {250, 0.005},
           {375, 0.001464466094067262},
           {499, 9.869571931442334e-08}});
  }

  TEST_CASE("schedule: constant") {
    check({.steps = 10, .learning_rate = 0.25, .schedule = Schedule::constant},
          {{0, 0.25}, {5, 0.25}, {9, 0.25}});
  }

  TEST_CASE("schedule: warm-up grows from one share to the peak and the decay starts there") {
    check({.steps = 110, .learning_rate = 0.01, .warmup_steps = 10},
          {{0, 0.001}, {4, 0.005}, {9, 0.01}, {10, 0.01}, {11, 0.0099}, {60, 0.005}, {109, 0.0001}});
    check({.steps = 104, .learning_rate = 0.8, .schedule = Schedule::cosine, .warmup_steps = 4},
          {{0, 0.2}, {3, 0.8}, {4, 0.8}, {54, 0.4}, {29, 0.682842712474619}});
    check({.steps = 8, .learning_rate = 1, .schedule = Schedule::constant, .warmup_steps = 2},
          {{0, 0.5}, {1, 1}, {2, 1}, {7, 1}});
    check({.steps = 4, .learning_rate = 1, .warmup_steps = 4}, {{0, 0.25}, {3, 1}});
  }
}
