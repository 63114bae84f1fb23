#include "microgpt/reference/model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace microgpt::reference {

namespace {

/// Σ x[i], i = 0 ... n-1, as Python's sum(): from 0, left to right.
Value sum(const Row& x) {
  Value total = x[0] + 0.0;
  for (std::size_t i = 1; i < x.size(); ++i) total = total + x[i];
  return total;
}

/// Σ a b over the pairs (a, b) = pair(i), i = 0 ... n-1, likewise.
template <class Pair>
Value sum_of_products(std::size_t n, Pair&& pair) {
  const auto [a0, b0] = pair(0);
  Value total = a0 * b0 + 0.0;
  for (std::size_t i = 1; i < n; ++i) {
    const auto [a, b] = pair(i);
    total = add_product(total, a, b);
  }
  return total;
}

Row add(const Row& a, const Row& b) {
  Row c;
  c.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) c.push_back(a[i] + b[i]);
  return c;
}

}  // namespace

State::State(const Config& config, int vocab_size, Tape& tape, Rng& rng) {
  const auto matrix = [&](int out, int in, double std) {
    Rows rows(static_cast<std::size_t>(out));
    for (Row& row : rows) {
      for (int i = 0; i < in; ++i) {
        row.push_back(tape.leaf(rng.gauss(0, std)));
        parameters.push_back(row.back());
      }
    }
    return rows;
  };
  const int C = config.n_embd;
  wte = matrix(vocab_size, C, config.std);
  wpe = matrix(config.block_size, C, config.std);
  lm_head = matrix(vocab_size, C, config.std);
  for (int i = 0; i < config.n_layer; ++i) {
    Layer layer;
    layer.attn_wq = matrix(C, C, config.std);
    layer.attn_wk = matrix(C, C, config.std);
    layer.attn_wv = matrix(C, C, config.std);
    layer.attn_wo = matrix(C, C, config.projection_std);
    layer.mlp_fc1 = matrix(4 * C, C, config.std);
    layer.mlp_fc2 = matrix(C, 4 * C, config.projection_std);
    layers.push_back(std::move(layer));
  }
}

Row linear(const Row& x, const Rows& w) {
  Row y;
  y.reserve(w.size());
  for (const Row& wo : w) {
    // Python's zip() stops at the shorter: x is shorter where n_head does not divide n_embd.
    const std::size_t n = std::min(wo.size(), x.size());
    y.push_back(sum_of_products(n, [&](std::size_t i) { return std::pair(wo[i], x[i]); }));
  }
  return y;
}

Row softmax(const Row& logits) {
  double max = logits[0].data();
  for (const Value& logit : logits) max = logit.data() > max ? logit.data() : max;
  Row exps;
  exps.reserve(logits.size());
  for (const Value& logit : logits) exps.push_back(exp(logit - max));
  const Value total = sum(exps);
  for (Value& e : exps) e = e / total;
  return exps;
}

Row rmsnorm(const Row& x) {
  const Value mean_square = sum_of_products(x.size(), [&](std::size_t i) { return std::pair(x[i], x[i]); })
                            / static_cast<double>(x.size());
  const Value scale = pow(mean_square + 1e-5, -0.5);
  Row y;
  y.reserve(x.size());
  for (const Value& xi : x) y.push_back(xi * scale);
  return y;
}

Row gpt(const Config& config, const State& state, int token, int position, Cache& cache) {
  const auto head_dim = static_cast<std::size_t>(config.n_embd / config.n_head);

  Row x = add(state.wte[static_cast<std::size_t>(token)], state.wpe[static_cast<std::size_t>(position)]);
  x = rmsnorm(x);

  for (std::size_t li = 0; li < state.layers.size(); ++li) {
    const State::Layer& layer = state.layers[li];
    Rows& keys = cache.keys[li];
    Rows& values = cache.values[li];

    // 1) Multi-head attention
    Row x_residual = x;
    x = rmsnorm(x);
    const Row q = linear(x, layer.attn_wq);
    keys.push_back(linear(x, layer.attn_wk));
    values.push_back(linear(x, layer.attn_wv));
    Row x_attn;
    for (std::size_t h = 0; h < static_cast<std::size_t>(config.n_head); ++h) {
      const std::size_t hs = h * head_dim;
      Row attn_logits;
      for (const Row& k : keys) {
        attn_logits.push_back(
            sum_of_products(head_dim, [&](std::size_t j) { return std::pair(q[hs + j], k[hs + j]); })
            / power(static_cast<double>(head_dim), 0.5));
      }
      const Row attn_weights = softmax(attn_logits);
      for (std::size_t j = 0; j < head_dim; ++j) {
        x_attn.push_back(sum_of_products(
            values.size(), [&](std::size_t t) { return std::pair(attn_weights[t], values[t][hs + j]); }));
      }
    }
    x = linear(x_attn, layer.attn_wo);
    x = add(x, x_residual);

    // 2) MLP
    x_residual = x;
    x = rmsnorm(x);
    x = linear(x, layer.mlp_fc1);
    for (Value& xi : x) xi = config.squared_relu ? pow(relu(xi), 2.0) : relu(xi);
    x = linear(x, layer.mlp_fc2);
    x = add(x, x_residual);
  }

  return linear(x, state.lm_head);
}

Value document_loss(const Config& config, const State& state, const std::vector<int>& tokens) {
  const int n = std::min(config.block_size, static_cast<int>(tokens.size()) - 1);
  Cache cache(config.n_layer);
  Row losses;
  for (int position = 0; position < n; ++position) {
    const auto at = static_cast<std::size_t>(position);
    const Row probs = softmax(gpt(config, state, tokens[at], position, cache));
    losses.push_back(-log(probs[static_cast<std::size_t>(tokens[at + 1])]));
  }
  return sum(losses) * (1.0 / n);
}

}  // namespace microgpt::reference
