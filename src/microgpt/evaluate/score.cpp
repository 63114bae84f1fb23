#include "microgpt/evaluate/score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "microgpt/generate/sliding_decoder.hpp"

namespace microgpt {

template <class T>
double surprise(std::span<const T> logits, int token, int masked) {
  double max = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (static_cast<int>(i) != masked) max = std::max(max, static_cast<double>(logits[i]));
  }
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (static_cast<int>(i) != masked) sum += std::exp(static_cast<double>(logits[i]) - max);
  }
  return max + std::log(sum) - static_cast<double>(logits[static_cast<std::size_t>(token)]);
}

template <class T>
std::vector<double> surprises(const ModelConfig& config, const Parameters<T>& parameters,
                              std::span<const int> tokens, int masked) {
  SlidingDecoder<T> decoder(config, parameters);
  std::vector<double> nats;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    nats.push_back(surprise<T>(decoder.read(tokens[i]), tokens[i + 1], masked));
  }
  return nats;
}

double ScoredText::total() const {
  return std::accumulate(nats.begin(), nats.end(), 0.0);
}

#define MICROGPT_INSTANTIATE(T)                                                                             \
  template double surprise<T>(std::span<const T>, int, int);                                                \
  template std::vector<double> surprises<T>(const ModelConfig&, const Parameters<T>&, std::span<const int>, \
                                            int);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
