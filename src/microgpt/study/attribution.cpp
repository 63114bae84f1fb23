#include "microgpt/study/attribution.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "microgpt/nn/softmax.hpp"
#include "microgpt/study/address.hpp"
#include "microgpt/study/numbers.hpp"

namespace microgpt::study {

namespace {

using Vector = Eigen::RowVectorXd;

/// What stands at a position, to calculate with.
Vector vector_at(const Trace& trace, Site site, int layer, int position) {
  const std::vector<double> row = trace.row(site, layer, position);
  return Eigen::Map<const Vector>(row.data(), static_cast<Index>(row.size()));
}

}  // namespace

Token expected_token(const Trace& trace, int position) {
  require_index("position", position, trace.batch().offsets[1]);
  const Batch& batch = trace.batch();
  Token token = batch.target[static_cast<std::size_t>(position)];
  if (position == batch.offsets[1] - 1) vector_at(trace, Site::logits, 0, position).maxCoeff(&token);
  return token;
}

std::vector<Address> residual_stages(const ModelConfig& config, std::size_t most) {
  const bool all = 2 * static_cast<std::size_t>(config.n_layer) + 1 <= most;
  std::vector<Address> stages = {{.site = Site::embed_norm}};
  for (int i = 0; i < config.n_layer; ++i) {
    if (all) stages.push_back({.site = Site::resid_mid, .layer = i});
    stages.push_back({.site = Site::resid_post, .layer = i});
  }
  if (stages.size() <= most) return stages;
  std::vector<Address> some;
  for (std::size_t i = 0; i < most; ++i) some.push_back(stages[i * (stages.size() - 1) / (most - 1)]);
  return some;
}

Ledger ledger(const Model& model, const Trace& trace, int position, int target, int contrast) {
  require_index("position", position, trace.batch().offsets[1]);
  require_index("token", target, model.config.vocab_size);
  if (contrast >= 0) require_index("token", contrast, model.config.vocab_size);

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
  const Vector logits = vector_at(trace, Site::logits, 0, position);
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
    part({.site = site}, r * direction.dot(vector_at(trace, site, 0, position)));
  }
  const Index D = config.head_size();
  for (int i = 0; i < config.n_layer; ++i) {
    // attn_out = Σ_h wo[:, h] z_h   and   z_h = Σ_j pattern[j] v_h[j]
    const Vector through_wo = direction * w.attn_wo(i);
    const Matrix<double> v = trace.values(Site::v, i);
    stage(Site::attn_out, i);
    for (int h = 0; h < config.n_head; ++h) {
      const std::vector<double> pattern = trace.head_row(Site::pattern, i, h, position);
      Address at = {.site = Site::pattern, .layer = i, .head = h};
      for (int j = 0; j <= position; ++j) {
        at.source = j;
        part(at, pattern[static_cast<std::size_t>(j)]
                     * through_wo.segment(h * D, D).dot(v.row(j).segment(h * D, D)));
      }
    }
    // mlp_out = Σ_n fc2[:, n] post_n
    const Vector through_fc2 = direction * w.mlp_fc2(i);
    const std::vector<double> post = trace.row(Site::mlp_post, i, position);
    stage(Site::mlp_out, i);
    for (int n = 0; n < 4 * config.n_embd; ++n) {
      part({.site = Site::mlp_post, .layer = i, .neuron = n},
           through_fc2(n) * post[static_cast<std::size_t>(n)]);
    }
  }
  for (const LedgerPart& p : result.parts) result.sum += p.value;
  std::stable_sort(result.parts.begin(), result.parts.end(), [](const LedgerPart& a, const LedgerPart& b) {
    return std::abs(a.value) > std::abs(b.value);
  });
  return result;
}

std::vector<LensRow> logit_lens(const Model& model, const Trace& trace, int position, int target,
                                std::span<const Address> stages) {
  require_index("position", position, trace.batch().offsets[1]);
  if (target < 0) target = trace.batch().target[static_cast<std::size_t>(position)];
  require_index("token", target, model.config.vocab_size);
  const std::vector<Address> all = stages.empty() ? residual_stages(model.config) : std::vector<Address>();
  std::vector<LensRow> rows;
  for (const Address& at : stages.empty() ? std::span<const Address>(all) : stages) {
    const Vector logits =
        vector_at(trace, at.site, at.layer, position) * model.parameters.lm_head().transpose();
    Arena<double> probs(static_cast<std::size_t>(logits.size()));
    const double log_sum = softmax_forward<double>(probs, {logits.data(), probs.size()});
    LensRow row{.at = at, .probs = {probs.begin(), probs.end()}, .nll = log_sum - logits(target)};
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<StreamRow> residual_stream(const Trace& trace, int position) {
  require_index("position", position, trace.batch().offsets[1]);
  std::vector<StreamRow> rows;
  const std::vector<Address> list = residual_stages(trace.config());
  const std::vector<double> last = trace.row(list.back().site, list.back().layer, position);
  std::vector<double> before;
  for (const Address& at : list) {
    const std::vector<double> x = trace.row(at.site, at.layer, position);
    rows.push_back({at, norm(x), before.empty() ? 1.0 : cosine(x, before), cosine(x, last)});
    before = x;
  }
  return rows;
}

}  // namespace microgpt::study
