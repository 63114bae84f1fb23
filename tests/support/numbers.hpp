// Numbers for the tests to work on, from a generator of their own, and how far two lists of numbers
// are apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace microgpt::test {

using Numbers = std::vector<double>;

/// SplitMix64 (Steele, Lea & Flood 2014): nothing to do with the generator under test.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  /// Uniform in [-scale, scale).
  double number(double scale = 1) { return scale * (static_cast<double>(bits() >> 11) * 0x1p-52 - 1); }

  /// Uniform in low ... high.
  int whole(int low, int high) {
    return low + static_cast<int>(bits() % static_cast<std::uint64_t>(high - low + 1));
  }

  /// The numbers are floats, so that float and double code may be given the same.
  Numbers numbers(std::size_t n, double scale = 1) {
    Numbers list(n);
    for (double& x : list) x = static_cast<double>(static_cast<float>(number(scale)));
    return list;
  }

  std::vector<int> wholes(std::size_t n, int low, int high) {
    std::vector<int> list(n);
    for (int& x : list) x = whole(low, high);
    return list;
  }

 private:
  std::uint64_t state_;
};

/// The list in another precision.
template <class T, class List>
std::vector<T> as(const List& list) {
  std::vector<T> other;
  other.reserve(list.size());
  for (const auto x : list) other.push_back(static_cast<T>(x));
  return other;
}

/// Largest difference over largest number of `expected`; infinite where either is not a number, and
/// where the lengths differ.
template <class Got, class Expected>
double difference(const Got& got, const Expected& expected) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (got.size() != expected.size()) return kInfinity;
  double worst = 0;
  double largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double a = static_cast<double>(got[i]);
    const double b = static_cast<double>(expected[i]);
    if (!std::isfinite(a) || !std::isfinite(b)) return kInfinity;
    worst = std::max(worst, std::abs(a - b));
    largest = std::max(largest, std::abs(b));
  }
  return worst == 0 ? 0 : worst / largest;
}

/// What was added to a list that stood at `before`.
template <class List>
Numbers added(const List& list, const Numbers& before) {
  Numbers sum = as<double>(list);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] -= before[i];
  return sum;
}

}  // namespace microgpt::test
