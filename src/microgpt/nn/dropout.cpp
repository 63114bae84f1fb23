#include "microgpt/nn/dropout.hpp"

#include <cmath>

#include "microgpt/base/mix.hpp"
#include "microgpt/nn/dropout_hash.hpp"

namespace microgpt {

std::uint32_t DropoutMask::row_key(Index row) const {
  return static_cast<std::uint32_t>(mix(key ^ mix(static_cast<std::uint64_t>(first_row + row))) >> 32);
}

std::uint32_t DropoutMask::threshold() const {
  return static_cast<std::uint32_t>(std::floor(rate * 4294967296.0));
}

std::uint32_t dropout_hash(std::uint32_t row_key, Index column) {
  std::uint32_t hash = row_key + static_cast<std::uint32_t>(column) * kDropoutStep;
  hash = (hash ^ (hash >> 16)) * kDropoutFirst;
  hash = (hash ^ (hash >> 13)) * kDropoutSecond;
  return hash ^ (hash >> 16);
}

template <class T>
void dropout(Out<T> x, const DropoutMask& mask) {
  const auto scale = static_cast<T>(1 / (1 - mask.rate));
  for (Index row = 0; row < x.rows(); ++row) {
    const std::uint32_t key = mask.row_key(row);
    for (Index col = 0; col < x.cols(); ++col) {
      x(row, col) = dropout_hash(key, col) < mask.threshold() ? T(0) : scale * x(row, col);
    }
  }
}

DropoutMask Dropout::at(int place) const {
  return {rate, mix(key + kGoldenRatio * static_cast<std::uint64_t>(place + 1)), first_row};
}

Dropout dropout_of_step(double rate, std::uint64_t seed, int step) {
  return {.rate = rate, .key = mix(seed ^ mix(static_cast<std::uint64_t>(step) + kGoldenRatio))};
}

template void dropout<float>(Out<float>, const DropoutMask&);
template void dropout<double>(Out<double>, const DropoutMask&);

}  // namespace microgpt
