// The random numbers of CPython's `random` module, draw for draw: MT19937 behind random(),
// shuffle(), gauss() and choices(). The order of the calls is part of the format of a run: the same
// seed gives the same documents, the same initial weights and the same samples as microgpt.py.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace microgpt {

class Rng {
 public:
  /// random.seed(seed): the seed's 32-bit words, lowest first, mixed into the state
  /// (Matsumoto & Nishimura's init_by_array).
  explicit Rng(std::uint64_t seed);

  /// random.random(): uniform in [0, 1), 53 bits.
  double random();

  /// random.randrange(n) for 1 <= n < 2^32: uniform in 0 ... n-1, by rejection.
  std::uint32_t below(std::uint32_t n);

  /// random.gauss(mu, sigma). Normal numbers come in pairs (Box-Muller); the second waits for the
  /// next call.
  double gauss(double mu, double sigma);

  /// random.choices(range(n), weights)[0]: an index drawn with the given non-negative weights.
  /// Throws Error (numeric) if their sum is not a positive finite number.
  std::size_t choose(std::span<const double> weights);

  /// random.shuffle(items), for fewer than 2^32 items.
  template <class T>
  void shuffle(std::span<T> items) {
    // Of many items most are far from the cache: their places are drawn ahead, so that they are on
    // their way before their turn comes.
    std::array<std::uint32_t, 128> places;
    for (std::size_t left = items.size(); left > 1;) {
      const auto some = std::span(places).first(std::min(places.size(), left - 1));
      draw_places(static_cast<std::uint32_t>(left), some);
      for (const std::uint32_t place : some) __builtin_prefetch(&items[place], 1);
      for (const std::uint32_t place : some) std::swap(items[--left], items[place]);
    }
  }

  /// All there is to know about the generator: what a checkpoint keeps, so that a run can go on.
  struct State {
    std::array<std::uint32_t, 624> words{};
    std::uint32_t index = 0;              ///< words used up, 0 ... 624
    std::optional<double> waiting_gauss;  ///< the second of a pair, before mu and sigma
    bool operator==(const State&) const = default;
  };
  [[nodiscard]] const State& state() const { return state_; }
  void set_state(const State& state) { state_ = state; }

 private:
  std::uint32_t next_u32();
  void refill();

  /// below(n), below(n - 1), below(n - 2), ... as many as there is room for, n at least as large.
  void draw_places(std::uint32_t n, std::span<std::uint32_t> places);

  State state_;
};

}  // namespace microgpt
