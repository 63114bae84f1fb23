// One weight and its gradient: the sum it is, where the factors of the sum come from, what finite differences say, why
// it may be exactly 0, and how Adam moves the weight by it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/study/trace.hpp"
#include "microgpt/text/agreement.hpp"
#include "microgpt/train/config.hpp"

namespace microgpt::study {

/// Where a weight acts: its matrix leads from one site to another, y = W x. The rows of wte and wpe are added into
/// embed as they are, and nothing is before them.
struct WeightPlace {
  TensorKind kind{};
  int layer = 0;
  Address from, to;  ///< sites without positions; x and y

  [[nodiscard]] bool is_embedding() const { return kind == TensorKind::wte || kind == TensorKind::wpe; }
};
WeightPlace place_of(const Model& model, const WeightAddress& weight);

/// The residual stream as lm_head reads it.
Address end_of_stream(const ModelConfig& config);

double weight_value(const Model& model, const WeightAddress& weight);
/// dloss/dw, of a trace with gradients.
double weight_gradient(const Trace& trace, const WeightAddress& weight);

/// What a position adds to the gradient: dW[r,c] = sum_p dy[p,r] x[p,c]. Of an embedding x is 1 where the position
/// uses the weight's row and else 0, and the column of dy is the weight's.
struct ChainTerm {
  int position = 0;
  double dy = 0, x = 0;
  [[nodiscard]] double product() const { return dy * x; }
};
std::vector<ChainTerm> chain_terms(const Model& model, const Trace& trace, const WeightAddress& weight);

/// The step of the backward pass that made one dy: factor * sum of a b. What a and b are follows from the site y:
///
///   logits    p_t - [t is next] over n                     one term: a = p_t - [...], b = 1, factor 1/n
///   mlp.out   the gradient of resid_post                   one term, b = 1
///   mlp.pre   dpost times the activation's slope           one term
///   attn.out  the gradient of resid_mid                    one term, b = 1
///   attn.q    sum_t dscore[p,t] k[t,d] / sqrt(D)           one term a source t <= p
///   attn.k    sum_q dscore[q,p] q[q,d] / sqrt(D)           one term a query q >= p
///   attn.v    sum_q weight[q,p] dz[q,d]                    one term a query q >= p
///   embed     r dy_c + (-r^3 mean(dy x)) x_c               of rmsnorm, y = r x: two terms
struct BackwardStep {
  struct Term {
    int position = -1;  ///< of the source or query; -1 where the step stays at its own position
    double a = 0, b = 0;
  };
  Address of;  ///< dy's
  std::vector<Term> terms;
  double factor = 1;
  double value = 0;  ///< dy as the backward pass has it
};
BackwardStep backward_step(const Model& model, const Trace& trace, const WeightPlace& place, int position,
                           Index column);

/// Central differences: the loss with the weight moved by h and by -h.
struct Nudge {
  double h = 0, up = 0, down = 0;
  double slope = 0;     ///< (up - down) / 2h
  double rounding = 0;  ///< of the slope
};
/// `progress` is told the share of the work that is done; it may be empty.
std::vector<Nudge> nudges(const Model& model, const Trace& trace, const WeightAddress& weight,
                          std::span<const double> steps, const std::function<void(double)>& progress = {});

/// Why a gradient is exactly 0.
enum class ZeroGradient {
  no,               ///< it is not
  token_absent,     ///< of wte: the text does not read the token
  position_unused,  ///< of wpe: the text is shorter
  zero_projection,  ///< what follows is multiplied by zeros: attn_wo, or a column of mlp_fc2
  dead_neuron,      ///< the neuron is not above 0 anywhere in the text
  one_position,     ///< of attn_wq and attn_wk: softmax of a single score is 1 whatever the score
  cancels           ///< every term is 0, or they cancel to the last digit
};
ZeroGradient why_zero(const Model& model, const Trace& trace, const WeightAddress& weight);

/// One update of Adam on one weight, step by step (train/adam.hpp).
struct AdamStep {
  double scale = 1;     ///< of clipping
  double gradient = 0;  ///< after it
  double m_before = 0, v_before = 0, w_before = 0;
  double m = 0, v = 0, w = 0;  ///< as adam_update leaves them
  double m_correction = 1,
         v_correction = 1;  ///< 1 - beta^(number of updates in the moments, this one included)
  double m_hat = 0, v_hat = 0;
  double learning_rate = 0;
};
/// `norm` is that of the whole gradient; `step` counts from 0, `earlier_steps` as adam_update has it.
AdamStep adam_step(const TrainConfig& config, int step, double w, double m, double v, double gradient,
                   double norm, int earlier_steps = 0);

}  // namespace microgpt::study
