#include "microgpt/evaluate/loss.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/model/gpt.hpp"

namespace microgpt {

namespace {

struct Window {
  std::size_t document = 0;
  std::span<const Token> tokens;
  double nats = 0;
};

std::vector<Window> cut_windows(std::span<const std::vector<Token>> documents, std::size_t block_size) {
  std::vector<Window> windows;
  for (std::size_t d = 0; d < documents.size(); ++d) {
    const std::span<const Token> tokens = documents[d];
    for (std::size_t begin = 0; begin + 1 < tokens.size(); begin += block_size) {
      windows.push_back({d, tokens.subspan(begin, std::min(block_size + 1, tokens.size() - begin))});
    }
  }
  return windows;
}

}  // namespace

double in_bits(double nats) {
  return nats / std::log(2.0);
}

std::optional<double> perplexity(double nats) {
  const double value = std::exp(nats);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

template <class T>
LossEvaluator<T>::LossEvaluator(const ModelConfig& config, const Parameters<T>& parameters, int threads)
    : config_(config), parameters_(parameters), team_(threads) {}

template <class T>
std::vector<LossSum> LossEvaluator<T>::losses(std::span<const std::vector<Token>> documents) {
  const auto block_size = static_cast<std::size_t>(config_.block_size);
  std::vector<Window> windows = cut_windows(documents, block_size);
  const std::size_t positions = std::min(windows.size(), kWindowsTogether) * block_size;
  if (positions > positions_) {
    workspaces_.assign(static_cast<std::size_t>(team_.size()),
                       Activations<T>(config_, positions, Keep::values));
    positions_ = positions;
  }
  team_.run(static_cast<int>((windows.size() + kWindowsTogether - 1) / kWindowsTogether),
            [&](int task, int worker) {
              const std::size_t first = static_cast<std::size_t>(task) * kWindowsTogether;
              const auto together =
                  std::span(windows).subspan(first, std::min(kWindowsTogether, windows.size() - first));
              Batch batch;
              for (const Window& window : together) batch.add(window.tokens);
              Activations<T>& a = workspaces_[static_cast<std::size_t>(worker)];
              gpt_forward<T>(config_, parameters_, batch, a);
              const auto nll = a.nll();
              for (std::size_t w = 0; w < together.size(); ++w) {
                for (int p = batch.offsets[w]; p < batch.offsets[w + 1]; ++p) {
                  together[w].nats += static_cast<double>(nll(p, 0));
                }
              }
            });
  std::vector<LossSum> losses(documents.size());
  for (const Window& window : windows) losses[window.document] += {window.nats, window.tokens.size() - 1};
  return losses;
}

LossSummary summarize(std::span<const LossSum> documents) {
  LossSummary summary;
  summary.documents = documents.size();
  LossSum total;
  for (const LossSum& document : documents) {
    total += document;
    summary.document_mean += document.nats / static_cast<double>(document.characters);
  }
  const auto m = static_cast<double>(documents.size());
  summary.document_mean /= m;
  summary.characters = total.characters;
  const auto n = static_cast<double>(total.characters);
  summary.token_mean = total.nats / n;
  if (documents.size() > 1) {
    double squares = 0;
    for (const LossSum& document : documents) {
      const double off = document.nats - summary.token_mean * static_cast<double>(document.characters);
      squares += off * off;
    }
    summary.standard_error = std::sqrt(m / (m - 1) * squares) / n;
  }
  return summary;
}

template class LossEvaluator<float>;
template class LossEvaluator<double>;

}  // namespace microgpt
