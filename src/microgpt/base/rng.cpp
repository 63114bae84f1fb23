#include "microgpt/base/rng.hpp"

#include <bit>
#include <cmath>
#include <numbers>

#include "microgpt/base/error.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kWords = 624;
constexpr std::size_t kShift = 397;

}  // namespace

Rng::Rng(std::uint64_t seed) {
  auto& mt = state_.words;
  mt[0] = 19650218U;
  for (std::uint32_t i = 1; i < kWords; ++i) {
    mt[i] = 1812433253U * (mt[i - 1] ^ (mt[i - 1] >> 30)) + i;
  }

  const std::array<std::uint32_t, 2> key = {static_cast<std::uint32_t>(seed),
                                            static_cast<std::uint32_t>(seed >> 32)};
  const std::uint32_t key_length = key[1] == 0 ? 1 : 2;
  std::uint32_t i = 1;
  std::uint32_t j = 0;
  const auto advance = [&] {
    if (++i >= kWords) {
      mt[0] = mt[kWords - 1];
      i = 1;
    }
  };
  for (std::size_t round = 0; round < kWords; ++round) {
    mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1664525U)) + key[j] + j;
    advance();
    j = (j + 1) % key_length;
  }
  for (std::size_t round = 0; round < kWords - 1; ++round) {
    mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1566083941U)) - i;
    advance();
  }
  mt[0] = 0x80000000U;
  state_.index = kWords;
}

void Rng::refill() {
  auto& mt = state_.words;
  const auto renew = [&](std::size_t i, std::size_t next, std::size_t shifted) {
    const std::uint32_t y = (mt[i] & 0x80000000U) | (mt[next] & 0x7fffffffU);
    mt[i] = mt[shifted] ^ (y >> 1) ^ ((y & 1U) * 0x9908b0dfU);
  };
  for (std::size_t i = 0; i < kWords - kShift; ++i) renew(i, i + 1, i + kShift);
  for (std::size_t i = kWords - kShift; i < kWords - 1; ++i) renew(i, i + 1, i + kShift - kWords);
  renew(kWords - 1, 0, kShift - 1);
  state_.index = 0;
}

std::uint32_t Rng::next_u32() {
  if (state_.index >= kWords) refill();
  std::uint32_t y = state_.words[state_.index++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680U;
  y ^= (y << 15) & 0xefc60000U;
  return y ^ (y >> 18);
}

double Rng::random() {
  const std::uint32_t high = next_u32() >> 5;  // 27 bits
  const std::uint32_t low = next_u32() >> 6;   // 26 bits
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

std::uint32_t Rng::below(std::uint32_t n) {
  const auto spare_bits = std::countl_zero(n);
  std::uint32_t value = next_u32() >> spare_bits;
  while (value >= n) value = next_u32() >> spare_bits;
  return value;
}

void Rng::draw_places(std::uint32_t n, std::span<std::uint32_t> places) {
  // As below() does, without its branch, which nothing could foresee: a value that is too large is
  // written over by the next.
  for (std::size_t i = 0; i < places.size();) {
    places[i] = next_u32() >> std::countl_zero(n);
    const std::uint32_t good = places[i] < n ? 1 : 0;
    i += good;
    n -= good;
  }
}

double Rng::gauss(double mu, double sigma) {
  double z = 0;
  if (state_.waiting_gauss) {
    z = *state_.waiting_gauss;
    state_.waiting_gauss.reset();
  } else {
    const double angle = random() * (2.0 * std::numbers::pi);
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random()));
    z = std::cos(angle) * radius;
    state_.waiting_gauss = std::sin(angle) * radius;
  }
  return mu + z * sigma;
}

std::size_t Rng::choose(std::span<const double> weights) {
  double total = 0;
  for (const double weight : weights) total += weight;
  if (!(total > 0) || !std::isfinite(total)) {
    throw Error(Fault::numeric,
                {.what = "cannot draw from these weights", .hint = "their sum is not a positive number"});
  }
  const double mark = random() * total;
  // The index is the number of cumulative sums <= mark, but never past the last.
  double sum = 0;
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
    sum += weights[i];
    if (sum > mark) return i;
  }
  return weights.size() - 1;
}

}  // namespace microgpt
