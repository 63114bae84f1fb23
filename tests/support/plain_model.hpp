// The model as its specification reads, on lists of lists and one number at a time, with a hand in it:
// whatever has just been computed may be changed before anything follows from it. Nothing here is the
// library's but the weights.
//
// S is double, or std::complex<double> to take slopes by the complex step: with i h added somewhere, the
// imaginary part of the loss over h is the slope there, exact to the last digits.
#pragma once

#include <cmath>
#include <complex>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "microgpt/model/parameters.hpp"

namespace microgpt::test {

template <class S>
using Rows = std::vector<std::vector<S>>;

template <class S>
struct PlainModel {
  std::size_t layers, heads;
  bool squared;                            ///< relu²
  std::map<std::string, Rows<S>> weights;  ///< [out][in], by their names in a checkpoint
};

/// The weights of a model as lists.
template <class S>
PlainModel<S> plain(const ModelConfig& config, const Parameters<double>& parameters) {
  PlainModel<S> model = {static_cast<std::size_t>(config.n_layer),
                         static_cast<std::size_t>(config.n_head),
                         config.activation == Activation::relu2,
                         {}};
  for (const TensorSpec& tensor : parameters.table()) {
    const double* at = &parameters.values()[static_cast<std::size_t>(tensor.offset)];
    for (Index r = 0; r < tensor.rows; ++r, at += tensor.cols) {
      model.weights[tensor.name].push_back({at, at + tensor.cols});
    }
  }
  return model;
}

/// Every number of a run, by the names of docs/study.md: [position][column]. Scores and pattern are there
/// once for each head, "layer0.attn.scores[head 1]", and row i has i + 1 numbers.
template <class S>
struct PlainRun {
  std::map<std::string, Rows<S>> at;
  std::vector<S> nll;

  [[nodiscard]] S loss() const {
    S sum = 0;
    for (const S& one : nll) sum += one;
    return sum / static_cast<double>(nll.size());
  }
};

/// Called with every site when its numbers are there.
template <class S>
using Change = std::function<void(const std::string& name, Rows<S>& values)>;

inline double real_part(double x) {
  return x;
}
inline double real_part(std::complex<double> x) {
  return x.real();
}

/// rms(x) = x / sqrt(mean(x²) + 1e-5)
template <class S>
std::vector<S> plain_rms(std::vector<S> x) {
  S squares = 0;
  for (const S& one : x) squares += one * one;
  for (S& one : x) one /= std::sqrt(squares / static_cast<double>(x.size()) + 1e-5);
  return x;
}

template <class S>
std::vector<S> plain_softmax(const std::vector<S>& x) {
  double largest = real_part(x[0]);
  for (const S& one : x) largest = std::max(largest, real_part(one));
  std::vector<S> p;
  S total = 0;
  for (const S& one : x) {
    p.push_back(std::exp(one - largest));
    total += p.back();
  }
  for (S& one : p) one /= total;
  return p;
}

/// y_o = sum_i w[o][i] x_i
template <class S>
std::vector<S> plain_product(const Rows<S>& w, const std::vector<S>& x) {
  std::vector<S> y;
  for (const std::vector<S>& row : w) {
    S sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += row[i] * x[i];
    y.push_back(sum);
  }
  return y;
}

/// Runs the model on one document: each token but the last predicts the next.
template <class S>
PlainRun<S> plain_run(const PlainModel<S>& model, const std::vector<int>& tokens,
                      const Change<S>& change = {}) {
  const std::size_t n = tokens.size() - 1;
  PlainRun<S> run;
  const auto site = [&](const std::string& name, Rows<S> values) {
    if (change) change(name, values);
    return run.at[name] = std::move(values);
  };
  // Something done with every position's vector; something made of two.
  const auto each = [&](const Rows<S>& rows, auto&& f) {
    Rows<S> out;
    for (const std::vector<S>& row : rows) out.push_back(f(row));
    return out;
  };
  const auto plus = [&](Rows<S> a, const Rows<S>& b) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t c = 0; c < a[p].size(); ++c) a[p][c] += b[p][c];
    }
    return a;
  };
  const auto through = [&](const std::string& name, const Rows<S>& rows) {
    return each(rows, [&](const std::vector<S>& x) { return plain_product(model.weights.at(name), x); });
  };

  Rows<S> characters;
  Rows<S> places;
  for (std::size_t p = 0; p < n; ++p) {
    characters.push_back(model.weights.at("wte")[static_cast<std::size_t>(tokens[p])]);
    places.push_back(model.weights.at("wpe")[p]);
  }
  const std::size_t D = places[0].size() / model.heads;
  characters = site("embed.token", characters);
  places = site("embed.position", places);
  Rows<S> x = site("embed.norm", each(site("embed", plus(characters, places)), plain_rms<S>));
  for (std::size_t l = 0; l < model.layers; ++l) {
    const std::string layer = "layer" + std::to_string(l) + ".";
    x = site(layer + "resid_pre", x);
    const Rows<S> normed = site(layer + "attn.norm", each(x, plain_rms<S>));
    const Rows<S> q = site(layer + "attn.q", through(layer + "attn_wq", normed));
    const Rows<S> k = site(layer + "attn.k", through(layer + "attn_wk", normed));
    const Rows<S> v = site(layer + "attn.v", through(layer + "attn_wv", normed));
    Rows<S> z(n);
    for (std::size_t h = 0; h < model.heads; ++h) {
      const std::string head = "[head " + std::to_string(h) + "]";
      Rows<S> scores(n);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          S product = 0;
          for (std::size_t d = h * D; d < (h + 1) * D; ++d) product += q[i][d] * k[j][d];
          scores[i].push_back(product / std::sqrt(static_cast<double>(D)));
        }
      }
      scores = site(layer + "attn.scores" + head, scores);
      const Rows<S> pattern = site(layer + "attn.pattern" + head, each(scores, plain_softmax<S>));
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t d = h * D; d < (h + 1) * D; ++d) {
          S sum = 0;
          for (std::size_t j = 0; j <= i; ++j) sum += pattern[i][j] * v[j][d];
          z[i].push_back(sum);
        }
      }
    }
    z = site(layer + "attn.z", z);
    x = site(layer + "resid_mid", plus(x, site(layer + "attn.out", through(layer + "attn_wo", z))));
    const Rows<S> read = site(layer + "mlp.norm", each(x, plain_rms<S>));
    Rows<S> post = site(layer + "mlp.pre", through(layer + "mlp_fc1", read));
    for (std::vector<S>& row : post) {
      for (S& one : row) one = real_part(one) > 0 ? (model.squared ? one * one : one) : S(0);
    }
    post = site(layer + "mlp.post", post);
    x = site(layer + "resid_post", plus(x, site(layer + "mlp.out", through(layer + "mlp_fc2", post))));
  }
  const Rows<S> logits = site("logits", through("lm_head", x));
  const Rows<S> probs = site("probs", each(logits, plain_softmax<S>));
  for (std::size_t p = 0; p < n; ++p) {
    run.nll.push_back(-std::log(plain_softmax(logits[p])[static_cast<std::size_t>(tokens[p + 1])]));
  }
  return run;
}

}  // namespace microgpt::test
