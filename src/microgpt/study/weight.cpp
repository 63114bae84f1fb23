#include "microgpt/study/weight.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/nn/activation.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/train/adam.hpp"
#include "microgpt/train/schedule.hpp"

namespace microgpt::study {

namespace {

template <class Numbers>
bool all_zero(const Numbers& numbers) {
  return (numbers.array() == 0).all();
}

/// Whether a neuron is not above 0 at any position.
bool is_dead(const Trace& trace, int layer, Index neuron) {
  const auto positions = static_cast<int>(trace.batch().positions());
  for (int p = 0; p < positions; ++p) {
    if (trace.value(Site::mlp_post, layer, p, neuron) > 0) return false;
  }
  return true;
}

/// dy of q, k or v: one term for each pair of positions that attention joins.
void attention_terms(const Model& model, const Trace& trace, const WeightPlace& place, int position,
                     Index column, BackwardStep& step) {
  const Index D = model.config.head_size();
  const auto head = static_cast<int>(column / D);
  const auto n = static_cast<int>(trace.batch().positions());
  const bool of_values = place.to.site == Site::v;
  const Matrix<double> pairs = of_values ? trace.head(Site::pattern, place.layer, head)
                                         : trace.head_gradient(Site::scores, place.layer, head);
  if (place.to.site == Site::q) {
    for (int t = 0; t <= position; ++t) {
      step.terms.push_back({t, pairs(position, t), trace.value(Site::k, place.layer, t, column)});
    }
  } else {
    for (int q = position; q < n; ++q) {
      step.terms.push_back({q, pairs(q, position),
                            of_values ? trace.gradient_value(Site::z, place.layer, q, column)
                                      : trace.value(Site::q, place.layer, q, column)});
    }
  }
  if (!of_values) step.factor = 1 / std::sqrt(static_cast<double>(D));
}

}  // namespace

Address end_of_stream(const ModelConfig& config) {
  if (config.n_layer == 0) return {.site = Site::embed_norm};
  return {.site = Site::resid_post, .layer = config.n_layer - 1};
}

WeightPlace place_of(const Model& model, const WeightAddress& weight) {
  const TensorSpec& tensor = model.parameters.table()[weight.tensor];
  WeightPlace place{
      .kind = tensor.kind, .layer = tensor.layer, .from = {.site = Site::embed}, .to = {.site = Site::embed}};
  for (const Projection& projection : kProjections) {
    if (projection.weight != tensor.kind) continue;
    place.from = {.site = projection.from, .layer = tensor.layer};
    place.to = {.site = projection.to, .layer = tensor.layer};
  }
  if (tensor.kind == TensorKind::lm_head) {
    place.from = end_of_stream(model.config);
    place.layer = place.from.layer;
  }
  return place;
}

double weight_value(const Model& model, const WeightAddress& weight) {
  return model.parameters.tensor(weight.tensor)(weight.row, weight.column);
}

double weight_gradient(const Trace& trace, const WeightAddress& weight) {
  return trace.weight_gradient().tensor(weight.tensor)(weight.row, weight.column);
}

std::vector<ChainTerm> chain_terms(const Model& model, const Trace& trace, const WeightAddress& weight) {
  const WeightPlace place = place_of(model, weight);
  const Batch& batch = trace.batch();
  std::vector<ChainTerm> terms;
  for (int p = 0; p < static_cast<int>(batch.positions()); ++p) {
    ChainTerm term{.position = p};
    if (place.is_embedding()) {
      const auto& rows = place.kind == TensorKind::wte ? batch.token : batch.position;
      term.x = rows[static_cast<std::size_t>(p)] == weight.row ? 1 : 0;
      term.dy = trace.gradient_value(Site::embed, 0, p, weight.column);
    } else {
      term.x = trace.value(place.from.site, place.from.layer, p, weight.column);
      term.dy = trace.gradient_value(place.to.site, place.to.layer, p, weight.row);
    }
    terms.push_back(term);
  }
  return terms;
}

BackwardStep backward_step(const Model& model, const Trace& trace, const WeightPlace& place, int position,
                           Index column) {
  const int layer = place.layer;
  BackwardStep step{.of = place.to, .terms = {}};
  step.of.position = position;
  step.value = trace.gradient_value(place.to.site, place.to.layer, position, column);
  const auto passed_on = [&](Site site) {
    step.terms = {{-1, trace.gradient_value(site, layer, position, column), 1}};
  };
  if (place.to.site == Site::logits) {
    const bool next = trace.batch().target[static_cast<std::size_t>(position)] == column;
    step.terms = {{-1, trace.value(Site::probs, 0, position, column) - (next ? 1 : 0), 1}};
    step.factor = 1 / static_cast<double>(trace.batch().positions());
  } else if (place.to.site == Site::mlp_out) {
    passed_on(Site::resid_post);
  } else if (place.to.site == Site::attn_out) {
    passed_on(Site::resid_mid);
  } else if (place.to.site == Site::mlp_pre) {
    Matrix<double> one(1, 1), slope(1, 1), pre(1, 1);
    one(0, 0) = 1;
    pre(0, 0) = trace.value(Site::mlp_pre, layer, position, column);
    activation_backward<double>(slope, one, pre, model.config.activation);
    step.terms = {{-1, trace.gradient_value(Site::mlp_post, layer, position, column), slope(0, 0)}};
  } else if (place.is_embedding()) {
    const auto x = trace.row(Site::embed, 0, position);
    const auto dy = trace.gradient_row(Site::embed_norm, 0, position);
    const double r = trace.embed_scale(position);
    double mean = 0;
    for (std::size_t c = 0; c < x.size(); ++c) mean += dy[c] * x[c] / static_cast<double>(x.size());
    const auto c = static_cast<std::size_t>(column);
    step.terms = {{-1, r, dy[c]}, {-1, -r * r * r * mean, x[c]}};
  } else {
    attention_terms(model, trace, place, position, column, step);
  }
  return step;
}

std::vector<Nudge> nudges(const Model& model, const Trace& trace, const WeightAddress& weight,
                          std::span<const double> steps, const std::function<void(double)>& progress) {
  Model moved = model;
  double& w = moved.parameters.tensor(weight.tensor)(weight.row, weight.column);
  const double before = w;
  Trace room = run(model, trace.batch());
  const double size = trace.loss_size();
  std::size_t runs = 0;
  const auto loss_at = [&](double value) {
    w = value;
    run_again(moved, room, {});
    if (progress) progress(static_cast<double>(++runs) / static_cast<double>(2 * steps.size()));
    return room.loss();
  };
  std::vector<Nudge> all;
  for (const double h : steps) {
    Nudge nudge{.h = h, .up = loss_at(before + h), .down = loss_at(before - h)};
    nudge.slope = (nudge.up - nudge.down) / (2 * h);
    nudge.rounding = slope_rounding(size, h);
    all.push_back(nudge);
  }
  return all;
}

ZeroGradient why_zero(const Model& model, const Trace& trace, const WeightAddress& weight) {
  if (weight_gradient(trace, weight) != 0) return ZeroGradient::no;
  const WeightPlace place = place_of(model, weight);
  const auto& tokens = trace.batch().token;
  const auto n = static_cast<Index>(tokens.size());
  if (place.kind == TensorKind::wte && std::find(tokens.begin(), tokens.end(), weight.row) == tokens.end()) {
    return ZeroGradient::token_absent;
  }
  if (place.kind == TensorKind::wpe && weight.row >= n) return ZeroGradient::position_unused;
  const bool queries = place.kind == TensorKind::attn_wq || place.kind == TensorKind::attn_wk;
  if ((queries || place.kind == TensorKind::attn_wv) && all_zero(model.parameters.attn_wo(place.layer))) {
    return ZeroGradient::zero_projection;
  }
  if (place.kind == TensorKind::mlp_fc1) {
    if (is_dead(trace, place.layer, weight.row)) return ZeroGradient::dead_neuron;
    if (all_zero(model.parameters.mlp_fc2(place.layer).col(weight.row))) return ZeroGradient::zero_projection;
  }
  if (place.kind == TensorKind::mlp_fc2 && is_dead(trace, place.layer, weight.column))
    return ZeroGradient::dead_neuron;
  if (queries && n == 1) return ZeroGradient::one_position;
  return ZeroGradient::cancels;
}

AdamStep adam_step(const TrainConfig& config, int step, double w, double m, double v, double gradient,
                   double norm, int earlier_steps) {
  AdamStep is{
      .scale = clip_scale(config, norm), .m_before = m, .v_before = v, .w_before = w, .m = m, .v = v, .w = w};
  is.gradient = is.scale * gradient;
  adam_update<double>({&is.w, 1}, {&is.m, 1}, {&is.v, 1}, {&gradient, 1}, config, step, is.scale,
                      earlier_steps);
  const double updates = static_cast<double>(step) + 1 + earlier_steps;
  is.m_correction = 1 - std::pow(config.beta1, updates);
  is.v_correction = 1 - std::pow(config.beta2, updates);
  is.m_hat = is.m / is.m_correction;
  is.v_hat = is.v / is.v_correction;
  is.learning_rate = learning_rate(config, step);
  return is;
}

}  // namespace microgpt::study
