// A run of the model that can be looked into and interfered with: every value at every site, by name, and
// what becomes of it if some of them are changed on the way.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "microgpt/model/activations.hpp"
#include "microgpt/model/batch.hpp"
#include "microgpt/study/address.hpp"
#include "microgpt/study/model.hpp"

namespace microgpt::study {

/// One number on its way: where it stands, and what it is.
struct Element {
  std::size_t document;  ///< in its batch
  int position;          ///< in its document
  int head;              ///< of scores and pattern; of q, k, v and z; else 0
  int column;            ///< channel (0 ... C-1), neuron, source position or token
  double value;
};

/// A change of all numbers at an address, made as soon as they are computed: all that follows sees it.
struct Intervention {
  Address at;
  std::function<double(const Element&)> change;
};

/// What a run left behind. Rows of matrices are positions, of one document after the other.
class Trace {
 public:
  /// Values (P, columns) of a site that is no scores or pattern.
  [[nodiscard]] Matrix<double> values(Site site, int layer = 0) const;
  /// One row of these, copied by itself.
  [[nodiscard]] std::vector<double> row(Site site, int layer, int position) const;
  /// One number of them, without a copy of the others.
  [[nodiscard]] double value(Site site, int layer, int position, Index column) const;
  /// Scores or pattern (n, n) of a head in a document: row asks, column is asked. Of scores, what lies above
  /// the diagonal means nothing.
  [[nodiscard]] Matrix<double> head(Site site, int layer, int head, std::size_t document = 0) const;
  /// And at one position of a document: the sources it may see (position + 1).
  [[nodiscard]] std::vector<double> head_row(Site site, int layer, int head, int position,
                                             std::size_t document = 0) const;
  /// The gradients of the mean loss at the same places, if the run took them.
  [[nodiscard]] Matrix<double> gradient(Site site, int layer = 0) const;
  [[nodiscard]] std::vector<double> gradient_row(Site site, int layer, int position) const;
  [[nodiscard]] double gradient_value(Site site, int layer, int position, Index column) const;
  [[nodiscard]] Matrix<double> head_gradient(Site site, int layer, int head, std::size_t document = 0) const;
  /// And of the weights.
  [[nodiscard]] const Parameters<double>& weight_gradient() const { return *weight_gradient_; }
  [[nodiscard]] bool has_gradient() const { return weight_gradient_ != nullptr; }

  /// What rmsnorm multiplied a position's embedding by.
  [[nodiscard]] double embed_scale(int position) const { return a_.embed_scale()(position, 0); }

  /// -log probability of what came next, in nats, for each position.
  [[nodiscard]] std::vector<double> nll() const;
  /// Its mean.
  [[nodiscard]] double loss() const;
  /// The largest logit or loss of a position: the loss is computed from numbers of this size, so that its
  /// rounding is about epsilon times this.
  [[nodiscard]] double loss_size() const;

  [[nodiscard]] const Batch& batch() const { return batch_; }
  [[nodiscard]] const ModelConfig& config() const { return config_; }

 private:
  friend Trace run(const Model&, Batch, std::span<const Intervention>, bool);
  friend void run_again(const Model&, Trace&, std::span<const Intervention>);
  Trace(const ModelConfig& config, Batch batch)
      : config_(config), batch_(std::move(batch)), a_(config, batch_.positions()) {}
  class Tap;
  [[nodiscard]] PatternLayout layout() const { return {batch_.offsets, config_.n_head}; }
  /// What is at a site, in a_ or da_: a matrix (P, columns), or the matrices of all heads.
  ColumnsView<double> view(Activations<double>& a, Site site, int layer) const;
  static std::span<double> keys(Activations<double>& a, Site site, int layer);
  Matrix<double> head_of(Activations<double>& a, Site site, int layer, int head, std::size_t document) const;

  ModelConfig config_;
  Batch batch_;
  mutable Activations<double> a_;                        // (its views are not const)
  mutable Matrix<double> embed_token_, embed_position_;  // which training does not keep: only their sum
  std::unique_ptr<Activations<double>> da_;
  std::unique_ptr<Parameters<double>> weight_gradient_;
};

/// Runs the model on the documents of a batch. Interventions act in the order of the pass, several at one
/// site in the order given. With `gradient` the backward pass follows; it takes changed values as they are,
/// as constants of their own making: gradients are those of the changed run. Throws Error (usage) if an
/// address is not this model's, and Error (numeric) if a logit is not a finite number; it names the first tensor
/// that holds one.
Trace run(const Model& model, Batch batch, std::span<const Intervention> interventions = {},
          bool gradient = false);

/// The forward pass once more, in the room of a trace and on its batch: for the many runs of a sweep. Its
/// gradients, if it had any, are gone. Throws as run does.
void run_again(const Model& model, Trace& trace, std::span<const Intervention> interventions);

/// One text as a batch: `boundary`, its characters, `boundary`, or what of that fits the context. A document
/// stands between two BOS; a piece of a stream is read as if a line ended before and after it.
Batch batch_of_text(const Model& model, std::string_view text, Token boundary);
/// The same between two BOS.
Batch batch_of_text(const Model& model, std::string_view text);

// --- ready-made interventions ---

Intervention zero(const Address& at);
Intervention set(const Address& at, double value);
/// The same elements of another run, whose documents are as many and as long.
Intervention patch(const Address& at, const Trace& from);

}  // namespace microgpt::study
