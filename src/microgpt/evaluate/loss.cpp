#include "microgpt/evaluate/loss.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/model/gpt.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kTogether = 8;  // examples in one forward pass

}  // namespace

template <class T>
std::vector<Loss> example_losses(const ModelConfig& config, const Parameters<T>& parameters,
                                 const Tokenizer& tokenizer, std::span<const Example> examples, int threads) {
  std::vector<Loss> losses(examples.size());
  ThreadTeam team(threads);
  const std::size_t room = std::min(examples.size(), kTogether) * static_cast<std::size_t>(config.block_size);
  std::vector<Activations<T>> workspaces(static_cast<std::size_t>(team.size()), Activations<T>(config, room));
  team.run(static_cast<int>((examples.size() + kTogether - 1) / kTogether), [&](int task, int worker) {
    const std::size_t first = static_cast<std::size_t>(task) * kTogether;
    const std::size_t count = std::min(kTogether, examples.size() - first);
    Batch batch;
    std::vector<Token> tokens;
    for (const Example& example : examples.subspan(first, count)) {
      tokens.clear();
      if (example.opens) tokens.push_back(tokenizer.bos());
      tokenizer.encode(example.text, tokens);
      if (example.closes) tokens.push_back(tokenizer.bos());
      batch.add(tokens);
    }
    Activations<T>& a = workspaces[static_cast<std::size_t>(worker)];
    gpt_forward<T>(config, parameters, batch, a);
    const auto nll = a.nll();
    for (std::size_t e = 0; e < count; ++e) {
      Loss& loss = losses[first + e];
      for (int p = batch.offsets[e]; p < batch.offsets[e + 1]; ++p)
        loss += {static_cast<double>(nll(p, 0)), 1};
    }
  });
  return losses;
}

std::vector<Loss> document_losses(std::span<const Example> examples, std::span<const Loss> losses) {
  const bool stream =
      std::none_of(examples.begin(), examples.end(), [](const Example& example) { return example.opens; });
  std::vector<Loss> documents;
  for (std::size_t e = 0; e < examples.size(); ++e) {
    if (examples[e].opens || stream || documents.empty()) documents.emplace_back();
    documents.back() += losses[e];
  }
  return documents;
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

template std::vector<Loss> example_losses<float>(const ModelConfig&, const Parameters<float>&,
                                                 const Tokenizer&, std::span<const Example>, int);
template std::vector<Loss> example_losses<double>(const ModelConfig&, const Parameters<double>&,
                                                  const Tokenizer&, std::span<const Example>, int);

}  // namespace microgpt
