// Two models side by side: how far their weights are apart, and where on a text they first part.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "microgpt/study/trace.hpp"

namespace microgpt::study {

/// How far two lists of numbers a and b are apart.
struct Difference {
  bool equal = true;    ///< bit for bit: 0 and -0 are not, a NaN is equal to itself
  double norm_a = 0;    ///< sqrt(Σ a²)
  double norm_b = 0;    ///< sqrt(Σ b²)
  double norm = 0;      ///< sqrt(Σ (b - a)²)
  double relative = 0;  ///< norm / norm_a; 0 if both are 0, infinite if only norm_a is
  double largest = 0;   ///< max |b - a|; NaN if there is one
  std::size_t at = 0;   ///< its index, the first if there are several; of 0 and -0 too
  double cosine = 0;    ///< of the angle between a and b; NaN if one of them is all 0
};

/// Of lists of the same length.
Difference diff_numbers(std::span<const double> a, std::span<const double> b);

/// Which characters two vocabularies share.
struct VocabularyDifference {
  std::vector<char32_t> only_a, only_b;
  std::vector<std::pair<Token, Token>> shared;  ///< ids in A and in B, in A's order; BOS is always one
  [[nodiscard]] bool equal() const { return only_a.empty() && only_b.empty(); }
};
VocabularyDifference diff_vocabularies(const Tokenizer& a, const Tokenizer& b);

/// A tensor of both models, or of one.
struct TensorDifference {
  std::string name;
  std::vector<Index> shape_a, shape_b;  ///< rows and columns; empty: that model has none of this name
  /// If they can be compared, that is if they have the same shape. Of wte and lm_head the rows of shared
  /// characters are compared.
  std::optional<Difference> difference;
  Index row = 0, column = 0;      ///< of the largest difference; the row is A's
  bool equal = false;             ///< the whole tensors, bit for bit
  double norm_a = 0, norm_b = 0;  ///< of the whole tensors; NaN where that model has none

  /// Where the largest difference is: "layer0.attn_wq[3,5]".
  [[nodiscard]] std::string at() const;
};

struct WeightsDifference {
  std::vector<TensorDifference> tensors;  ///< in the order of the model, A's before those that only B has
  Difference total;                       ///< of all numbers that can be compared
  std::size_t compared = 0;               ///< how many these are
  bool equal = false;                     ///< all tensors are
};
WeightsDifference diff_weights(const Model& a, const Model& b);

/// A site of both runs, or of one.
struct SiteDifference {
  Address site;                       ///< without indices
  std::vector<int> shape_a, shape_b;  ///< as trace's arrays, heads apart; empty: that model has no such layer
  /// If they can be compared, that is if they have the same shape. Of logits and probs shared characters are.
  std::optional<Difference> difference;
  Address at;           ///< of the largest difference, in A
  double a = 0, b = 0;  ///< what stands there
};

/// What the two models predict after a position.
struct PredictionDifference {
  int position = 0;
  std::vector<double> probs_a, probs_b;  ///< (V) of each
  double nll_a = 0, nll_b = 0;           ///< of what came next, in nats
  /// Σ p_A ln(p_A / p_B) in nats, over the shared tokens; if the vocabularies differ each model's
  /// probabilities of these are made to add up to 1.
  double kl = 0;
};

struct RunDifference {
  std::vector<SiteDifference> sites;  ///< in the order of the pass
  std::optional<std::size_t> first;   ///< the first that is not equal, of those that can be compared
  std::vector<PredictionDifference> positions;

  /// Every site can be compared, and is the same bit for bit.
  [[nodiscard]] bool equal() const;
};

/// Of two runs on the same text, their first documents; each model has its own ids for its tokens. Throws
/// Error (usage) if they have not the same number of positions.
RunDifference diff_runs(const Model& a, const Trace& run_a, const Model& b, const Trace& run_b);

}  // namespace microgpt::study
