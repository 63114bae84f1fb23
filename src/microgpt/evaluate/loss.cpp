#include "microgpt/evaluate/loss.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/base/thread_team.hpp"
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

template <class T>
std::vector<Loss> document_losses(const ModelConfig& config, const Parameters<T>& parameters,
                                  std::span<const std::vector<Token>> documents, int threads) {
  const auto block_size = static_cast<std::size_t>(config.block_size);
  std::vector<Window> windows = cut_windows(documents, block_size);
  ThreadTeam team(threads);
  std::vector<Activations<T>> workspaces(
      static_cast<std::size_t>(team.size()),
      Activations<T>(config, std::min(windows.size(), kWindowsTogether) * block_size));
  team.run(static_cast<int>((windows.size() + kWindowsTogether - 1) / kWindowsTogether),
           [&](int task, int worker) {
             const std::size_t first = static_cast<std::size_t>(task) * kWindowsTogether;
             const auto together =
                 std::span(windows).subspan(first, std::min(kWindowsTogether, windows.size() - first));
             Batch batch;
             for (const Window& window : together) batch.add(window.tokens);
             Activations<T>& a = workspaces[static_cast<std::size_t>(worker)];
             gpt_forward<T>(config, parameters, batch, a);
             const auto nll = a.nll();
             for (std::size_t w = 0; w < together.size(); ++w) {
               for (int p = batch.offsets[w]; p < batch.offsets[w + 1]; ++p)
                 together[w].nats += static_cast<double>(nll(p, 0));
             }
           });
  std::vector<Loss> losses(documents.size());
  for (const Window& window : windows) losses[window.document] += {window.nats, window.tokens.size() - 1};
  return losses;
}

LossSummary summarize(std::span<const Loss> documents) {
  LossSummary summary;
  summary.documents = documents.size();
  Loss total;
  for (const Loss& document : documents) {
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
    for (const Loss& document : documents) {
      const double off = document.nats - summary.token_mean * static_cast<double>(document.characters);
      squares += off * off;
    }
    summary.standard_error = std::sqrt(m / (m - 1) * squares) / n;
  }
  return summary;
}

template std::vector<Loss> document_losses<float>(const ModelConfig&, const Parameters<float>&,
                                                  std::span<const std::vector<Token>>, int);
template std::vector<Loss> document_losses<double>(const ModelConfig&, const Parameters<double>&,
                                                   std::span<const std::vector<Token>>, int);

}  // namespace microgpt
