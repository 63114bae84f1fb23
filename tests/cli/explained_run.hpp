// A small trained run whose values at a text are computed by the oracle.
#pragma once

#include <cmath>

#include "cli/explain_pages.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "support/oracle.hpp"

namespace microgpt::test {

/// A trained model, its values by the oracle for one text, in double or complex numbers.
struct ExplainedRun : SmallRun {
  std::vector<int> tokens;
  std::string text;
  explicit ExplainedRun(const std::vector<std::string>& more = {}, std::string read = "opal")
      : text(std::move(read)) {
    std::vector<std::string> arguments = {"--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    REQUIRE(run_microgpt(train(arguments)).exit_code == 0);
    const auto loaded = microgpt::Checkpoint::load(checkpoint("00000024"));
    tokens = {loaded.tokenizer().bos()};
    loaded.tokenizer().encode(text, tokens);
    tokens.push_back(loaded.tokenizer().bos());
    const auto parameters = loaded.parameters<float>();
    for (const auto& tensor : parameters.table()) {
      names.push_back(tensor.name);
      weights.emplace_back(parameters.values().begin() + tensor.offset,
                           parameters.values().begin() + tensor.offset + tensor.rows * tensor.cols);
    }
  }
  std::vector<std::string> names;
  std::vector<Numbers> weights;

  [[nodiscard]] Json page(std::vector<std::string> arguments) const {
    const std::vector<std::string> mine = {"--model", out.string(), "--text", text};
    arguments.insert(arguments.end(), mine.begin(), mine.end());
    return explain_json(arguments);
  }

  template <class S>
  struct Values {
    oracle::List<S> embed, embed_norm, attn_norm, q, k, v, z, attn_out, resid_mid, mlp_norm, pre, post,
        mlp_out, resid_post, logits, nll;
    S loss = 0;
  };
  /// Of the last layer where a layer has them.
  template <class S>
  [[nodiscard]] Values<S> values(const std::vector<oracle::List<S>>& w) const {
    constexpr std::size_t C = 8;
    Values<S> a;
    const std::vector<int> reads(tokens.begin(), tokens.end() - 1);
    const std::vector<int> next(tokens.begin() + 1, tokens.end());
    std::vector<int> places;
    for (std::size_t p = 0; p < reads.size(); ++p) places.push_back(static_cast<int>(p));
    a.embed = oracle::embedding(w[0], w[1], reads, places, C);
    a.embed_norm = oracle::rmsnorm(a.embed, C);
    a.resid_post = a.embed_norm;
    const auto plus = [](oracle::List<S> x, const oracle::List<S>& y) {
      for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
      return x;
    };
    for (std::size_t l = 3; l < w.size(); l += 6) {
      a.attn_norm = oracle::rmsnorm(a.resid_post, C);
      a.q = oracle::linear(a.attn_norm, w[l], C);
      a.k = oracle::linear(a.attn_norm, w[l + 1], C);
      a.v = oracle::linear(a.attn_norm, w[l + 2], C);
      a.z = oracle::attention(a.q, a.k, a.v, C, {0, static_cast<int>(reads.size())}, 2);
      a.attn_out = oracle::linear(a.z, w[l + 3], C);
      a.resid_mid = plus(a.resid_post, a.attn_out);
      a.mlp_norm = oracle::rmsnorm(a.resid_mid, C);
      a.pre = oracle::linear(a.mlp_norm, w[l + 4], C);
      a.post = oracle::activation(a.pre, false);
      a.mlp_out = oracle::linear(a.post, w[l + 5], 4 * C);
      a.resid_post = plus(a.resid_mid, a.mlp_out);
    }
    a.logits = oracle::linear(a.resid_post, w[2], C);
    a.nll = oracle::cross_entropy(a.logits, next, a.logits.size() / reads.size());
    for (const S& one : a.nll) a.loss += one / static_cast<double>(a.nll.size());
    return a;
  }
  [[nodiscard]] Values<double> values() const { return values<double>(weights); }

  /// dloss/dw by the complex step.
  [[nodiscard]] double gradient(std::size_t tensor, std::size_t element) const {
    std::vector<oracle::List<oracle::Complex>> w;
    for (const Numbers& one : weights) w.emplace_back(one.begin(), one.end());
    constexpr double kStep = 1e-40;
    w[tensor][element] += oracle::Complex(0, kStep);
    return values<oracle::Complex>(w).loss.imag() / kStep;
  }
};

}  // namespace microgpt::test
