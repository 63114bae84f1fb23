#include "microgpt/study/attribution.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/base/error.hpp"
#include "microgpt/nn/softmax.hpp"

namespace microgpt::study {

namespace {

using Vector = Eigen::RowVectorXd;

void check_position(const Trace& trace, int position) {
  const int n = trace.batch().offsets[1];
  if (position >= 0 && position < n) return;
  throw Error(Fault::usage, "bad position: " + std::to_string(position) + ": the text has "
                                + (n == 1 ? "only position 0" : "positions 0 to " + std::to_string(n - 1)));
}

void check_token(const Model& model, int token) {
  if (token >= 0 && token < model.config.vocab_size) return;
  throw Error(Fault::usage, "bad token: " + std::to_string(token) + ": there are 0 to "
                                + std::to_string(model.config.vocab_size - 1));
}

/// The stages of the residual stream, in order.
std::vector<Address> stages(const ModelConfig& config) {
  std::vector<Address> list = {{.site = Site::embed_norm}};
  for (int i = 0; i < config.n_layer; ++i) {
    list.push_back({.site = Site::resid_mid, .layer = i});
    list.push_back({.site = Site::resid_post, .layer = i});
  }
  return list;
}

/// 0 if there is no angle.
double cosine(const Vector& a, const Vector& b) {
  const double lengths = a.norm() * b.norm();
  return lengths > 0 ? a.dot(b) / lengths : 0;
}

}  // namespace

Ledger ledger(const Model& model, const Trace& trace, int position, int target, int contrast) {
  check_position(trace, position);
  check_token(model, target);
  if (contrast >= 0) check_token(model, contrast);

  const ModelConfig& config = model.config;
  const Parameters<double>& w = model.parameters;
  // logit = lm_head[target] · resid, and resid is a sum: so each term of it is read off in this direction.
  Vector direction = w.lm_head().row(target);
  if (contrast >= 0) direction -= w.lm_head().row(contrast);

  Ledger result{.position = position,
                .target = target,
                .contrast = contrast,
                .logit = 0,
                .sum = 0,
                .parts = {},
                .stages = {}};
  const Vector logits = trace.values(Site::logits).row(position);
  result.logit = logits(target) - (contrast >= 0 ? logits(contrast) : 0);
  const auto stage = [&](Site site, int layer) {
    result.stages.push_back({{.site = site, .layer = layer, .position = position}, 0});
  };
  const auto part = [&](Address at, double value) {
    at.position = position;
    result.parts.push_back({at, value});
    result.stages.back().value += value;
  };
  // embed_norm = (token + position) r
  const double r = trace.embed_scale(position);
  for (const Site site : {Site::embed_token, Site::embed_position}) {
    stage(site, 0);
    part({.site = site}, r * direction.dot(trace.values(site).row(position)));
  }
  const Index D = config.head_size();
  for (int i = 0; i < config.n_layer; ++i) {
    // attn_out = Σ_h wo[:, h] z_h   and   z_h = Σ_j pattern[j] v_h[j]
    const Vector through_wo = direction * w.attn_wo(i);
    const Matrix<double> v = trace.values(Site::v, i);
    stage(Site::attn_out, i);
    for (int h = 0; h < config.n_head; ++h) {
      const Matrix<double> pattern = trace.head(Site::pattern, i, h);
      Address at = {.site = Site::pattern, .layer = i, .head = h};
      for (int j = 0; j <= position; ++j) {
        at.source = j;
        part(at, pattern(position, j) * through_wo.segment(h * D, D).dot(v.row(j).segment(h * D, D)));
      }
    }
    // mlp_out = Σ_n fc2[:, n] post_n
    const Vector through_fc2 = direction * w.mlp_fc2(i);
    const Matrix<double> post = trace.values(Site::mlp_post, i);
    stage(Site::mlp_out, i);
    for (int n = 0; n < 4 * config.n_embd; ++n) {
      part({.site = Site::mlp_post, .layer = i, .neuron = n}, through_fc2(n) * post(position, n));
    }
  }
  for (const LedgerPart& p : result.parts) result.sum += p.value;
  std::stable_sort(result.parts.begin(), result.parts.end(), [](const LedgerPart& a, const LedgerPart& b) {
    return std::abs(a.value) > std::abs(b.value);
  });
  return result;
}

std::vector<LensRow> logit_lens(const Model& model, const Trace& trace, int position) {
  check_position(trace, position);
  const auto target = static_cast<std::size_t>(trace.batch().target[static_cast<std::size_t>(position)]);
  std::vector<LensRow> rows;
  for (const Address& at : stages(model.config)) {
    const Vector logits =
        trace.values(at.site, at.layer).row(position) * model.parameters.lm_head().transpose();
    LensRow row{.at = at, .probs = std::vector<double>(static_cast<std::size_t>(logits.size())), .nll = 0};
    const double log_sum = softmax_forward<double>(row.probs, {logits.data(), row.probs.size()});
    row.nll = log_sum - logits(static_cast<Index>(target));
    rows.push_back(row);
  }
  return rows;
}

std::vector<StreamRow> residual_stream(const Trace& trace, int position) {
  check_position(trace, position);
  std::vector<StreamRow> rows;
  const std::vector<Address> list = stages(trace.config());
  const Vector last = trace.values(list.back().site, list.back().layer).row(position);
  Vector before;
  for (const Address& at : list) {
    const Vector x = trace.values(at.site, at.layer).row(position);
    rows.push_back({at, x.norm(), before.size() == 0 ? 1.0 : cosine(x, before), cosine(x, last)});
    before = x;
  }
  return rows;
}

}  // namespace microgpt::study
