#include "microgpt/reference/value.hpp"

#include <doctest/doctest.h>

#include "support/oracle.hpp"

TEST_SUITE("reference") {
  using namespace microgpt::reference;
  namespace oracle = microgpt::test::oracle;
  using microgpt::test::Noise;
  using microgpt::test::Numbers;

  namespace {

  /// Every operation at least once, operands shared, a constant on either side. Written for Value,
  /// double and complex alike; relu by the caller, since complex numbers have none. (No power of a
  /// negative number: the complex one is good only to its last digit, far above the step.)
  template <class S, class Relu>
  S formula(const std::vector<S>& x, const Relu& relu) {
    using std::exp;
    using std::log;
    using std::pow;
    const S a = x[0] * x[1] + x[2];
    const S b = a / x[3] - x[1];
    const S c = exp(b * 0.25) + log(x[3]);
    const S d = pow(c * c + 1.5, -0.5);
    const S e = relu(a - 0.3) + relu(-a - 0.3) / 3.0;
    return d * e + a * c - b / 2.0 + pow(x[2] * x[2] + 0.5, 1.5) * d;
  }

  }  // namespace

  TEST_CASE("value: numbers and slopes by hand") {
    Tape tape;
    const Value a = tape.leaf(3);
    const Value b = tape.leaf(-2);
    const auto check = [&](Value c, double data, double da, double db) {
      Value first = a;
      Value second = b;
      first.set_grad(0);
      second.set_grad(0);
      CHECK(c.data() == data);
      tape.backward(c);
      CHECK(a.grad() == da);
      CHECK(b.grad() == db);
    };
    check(a + b, 1, 1, 1);
    check(a - b, 5, 1, -1);
    check(a * b, -6, -2, 3);
    check(a / b, -1.5, -0.5, -0.75);
    check(a + 2.0, 5, 1, 0);
    check(a - 2.0, 1, 1, 0);
    check(a * 2.0, 6, 2, 0);
    check(a / 2.0, 1.5, 0.5, 0);
    check(-a, -3, -1, 0);
    check(pow(a, 2.0), 9, 6, 0);
    check(pow(a, -1.0), 1.0 / 3, -std::pow(3.0, -2.0), 0);
    check(exp(b), std::exp(-2.0), 0, std::exp(-2.0));
    check(log(a), std::log(3.0), 1.0 / 3, 0);
    check(relu(a), 3, 1, 0);
    check(relu(b), 0, 0, 0);
    check(relu(a - 3.0), 0, 0, 0);  // at 0 the slope is the source's: 0
    check(a + a, 6, 2, 0);
    check(a * a * b, -18, -12, 9);
  }

  TEST_CASE("value: gradients of a formula against the complex step") {
    Noise noise(91);
    for (int i = 0; i < 200; ++i) {
      Numbers x = noise.numbers(4);
      x[3] = 0.5 + std::abs(x[3]);  // for log and the quotient
      Tape tape;
      std::vector<Value> leaves;
      for (const double xi : x) leaves.push_back(tape.leaf(xi));
      const Value y = formula(leaves, [](Value v) { return relu(v); });
      tape.backward(y);
      const Numbers expected = oracle::gradient(
          [](const auto& z) { return formula(z, [](oracle::Complex v) { return v.real() > 0 ? v : 0.0; }); },
          x);
      const double data = formula(x, [](double v) { return v > 0 ? v : 0.0; });
      CHECK_MESSAGE(std::abs(y.data() - data) <= 1e-13 * std::max(1.0, std::abs(data)), "got ", y.data(),
                    ", expected ", data);
      for (std::size_t j = 0; j < x.size(); ++j) {
        CHECK_MESSAGE(
            std::abs(leaves[j].grad() - expected[j]) <= 1e-12 * std::max(1.0, std::abs(expected[j])),
            "operand ", j, ": got ", leaves[j].grad(), ", expected ", expected[j]);
      }
    }
  }

  TEST_CASE("value: gradients add up until they are set back") {
    Tape tape;
    Value a = tape.leaf(2);
    const std::size_t end = tape.size();
    for (int i = 1; i <= 3; ++i) {
      tape.backward(a * a);
      tape.rewind(end);
      CHECK(tape.size() == end);
      CHECK(a.grad() == 4 * i);
    }
    a.set_grad(0);
    a.set_data(5);
    tape.backward(a * 3.0);
    CHECK(a.grad() == 3);
  }

  TEST_CASE("value: a chain of a hundred thousand operations") {
    // Python's recursion has a limit here; the tape has none.
    Tape tape;
    const Value a = tape.leaf(1);
    Value y = a;
    for (int i = 0; i < 100000; ++i) y = y + a;
    CHECK(y.data() == 100001);
    tape.backward(y);
    CHECK(a.grad() == 100001);
  }

  TEST_CASE("value: a diamond of shared operands is walked once") {
    // 2^60 paths lead from y to a.
    Tape tape;
    const Value a = tape.leaf(1);
    Value y = a;
    for (int i = 0; i < 60; ++i) y = y + y;
    tape.backward(y);
    CHECK(a.grad() == std::ldexp(1.0, 60));
  }
}
