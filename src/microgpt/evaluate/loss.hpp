// How well a model predicts texts, and how sure one can be of that.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "microgpt/base/thread_team.hpp"
#include "microgpt/model/activations.hpp"
#include "microgpt/model/loss_sum.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

/// Windows that are read in one pass. Whoever hands over documents in portions gets the same numbers, to the
/// last bit, as for all at once if each portion but the last has a multiple of it.
inline constexpr std::size_t kWindowsTogether = 8;

/// Nats as bits: nats / ln 2.
double in_bits(double nats);
/// exp(nats per character): the number of equally probable characters that would be as hard to predict. None where no
/// double holds it.
std::optional<double> perplexity(double nats);

/// Judges documents by a model, portion after portion in the same threads and memory.
template <class T>
class LossEvaluator {
 public:
  /// The references must outlive it. The number of threads changes nothing in the results.
  LossEvaluator(const ModelConfig& config, const Parameters<T>& parameters, int threads);

  /// The model's loss on each document: at least two tokens, of which the first is only read (BOS). One of more
  /// predictions than block_size is read in windows, each beginning with the token the one before it predicted last, as
  /// make_examples() splits it.
  std::vector<LossSum> losses(std::span<const std::vector<Token>> documents);

 private:
  const ModelConfig& config_;
  const Parameters<T>& parameters_;
  ThreadTeam team_;
  std::vector<Activations<T>> workspaces_;  // one for each thread
  std::size_t positions_ = 0;               // that a workspace has room for
};

/// The losses of documents that are all there at once.
template <class T>
std::vector<LossSum> document_losses(const ModelConfig& config, const Parameters<T>& parameters,
                                     std::span<const std::vector<Token>> documents, int threads) {
  return LossEvaluator<T>(config, parameters, threads).losses(documents);
}

/// What many documents say together.
struct LossSummary {
  std::size_t documents = 0;
  std::size_t characters = 0;
  double token_mean = 0;     ///< nats a character, every character alike
  double document_mean = 0;  ///< nats a character, every document alike
  /// Of token_mean, r = Σ y / Σ n over m documents of y nats and n characters each: characters of one
  /// document hang together, so documents are what is drawn at random (the ratio estimate's standard error,
  /// clustered):   se² = m / (m - 1) · Σ (y - r n)² / (Σ n)².   None for a single document.
  std::optional<double> standard_error;
};

/// Of at least one document, each of at least one character.
LossSummary summarize(std::span<const LossSum> documents);

}  // namespace microgpt
