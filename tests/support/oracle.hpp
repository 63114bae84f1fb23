// Every operation of the model once more, as its textbook formula says and one number at a time: on
// double to check values, on std::complex<double> to check slopes.
//
// The complex step (Squire & Trapp 1998): f(x + i h) = f(x) + i h f'(x) + O(h²), so the imaginary
// part over h is the slope, and since nothing is subtracted h can be so small that the rest is
// nothing. The slopes are exact to the last digits, which central differences are not.
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

#include "support/numbers.hpp"

namespace microgpt::test::oracle {

using Complex = std::complex<double>;
template <class S>
using List = std::vector<S>;

/// d f / d x_i for each i.
template <class F>
Numbers gradient(const F& f, const Numbers& x) {
  constexpr double kStep = 1e-40;
  List<Complex> z(x.begin(), x.end());
  Numbers slopes;
  for (Complex& zi : z) {
    zi += Complex(0, kStep);
    slopes.push_back(f(z).imag() / kStep);
    zi = zi.real();
  }
  return slopes;
}

inline double real(double x) {
  return x;
}
inline double real(Complex x) {
  return x.real();
}

template <class S>
S dot(const Numbers& c, const List<S>& x) {
  S total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) total += c[i] * x[i];
  return total;
}

template <class S>
List<S> slice(const List<S>& x, std::size_t begin, std::size_t size) {
  return {x.begin() + static_cast<std::ptrdiff_t>(begin),
          x.begin() + static_cast<std::ptrdiff_t>(begin + size)};
}

/// For ordinary numbers only: nothing guards exp against overflow.
template <class S>
List<S> softmax(const List<S>& x) {
  S total = 0;
  for (const S& xi : x) total += std::exp(xi);
  List<S> y;
  for (const S& xi : x) y.push_back(std::exp(xi) / total);
  return y;
}

/// x (P, I) with w (O, I) gives (P, O).
template <class S>
List<S> linear(const List<S>& x, const List<S>& w, std::size_t in) {
  List<S> y;
  for (std::size_t p = 0; p < x.size() / in; ++p) {
    for (std::size_t o = 0; o < w.size() / in; ++o) {
      S sum = 0;
      for (std::size_t i = 0; i < in; ++i) sum += x[p * in + i] * w[o * in + i];
      y.push_back(sum);
    }
  }
  return y;
}

template <class S>
List<S> rmsnorm(const List<S>& x, std::size_t width) {
  List<S> y;
  for (std::size_t p = 0; p < x.size() / width; ++p) {
    S squares = 0;
    for (std::size_t i = 0; i < width; ++i) squares += x[p * width + i] * x[p * width + i];
    const S root = std::sqrt(squares / static_cast<double>(width) + 1e-5);
    for (std::size_t i = 0; i < width; ++i) y.push_back(x[p * width + i] / root);
  }
  return y;
}

template <class S>
List<S> embedding(const List<S>& wte, const List<S>& wpe, const std::vector<int>& token,
                  const std::vector<int>& position, std::size_t width) {
  List<S> x;
  for (std::size_t p = 0; p < token.size(); ++p) {
    for (std::size_t c = 0; c < width; ++c) {
      x.push_back(wte[static_cast<std::size_t>(token[p]) * width + c]
                  + wpe[static_cast<std::size_t>(position[p]) * width + c]);
    }
  }
  return x;
}

template <class S>
List<S> activation(const List<S>& x, bool squared) {
  List<S> y;
  for (const S& xi : x) y.push_back(real(xi) > 0 ? (squared ? xi * xi : xi) : S(0));
  return y;
}

/// What the queries of one head see: n queries over m >= n keys, `size` numbers each, where query i
/// sees keys 0 ... m - n + i. Row i of the head begins at i * stride.
template <class S>
void attention_head(List<S>& z, const S* q, const S* k, const S* v, std::size_t n, std::size_t m,
                    std::size_t size, std::size_t stride, std::size_t at) {
  for (std::size_t i = 0; i < n; ++i) {
    List<S> scores;
    for (std::size_t t = 0; t <= m - n + i; ++t) {
      S product = 0;
      for (std::size_t j = 0; j < size; ++j) product += q[i * stride + j] * k[t * stride + j];
      scores.push_back(product / std::sqrt(static_cast<double>(size)));
    }
    const List<S> seen = softmax(scores);
    for (std::size_t j = 0; j < size; ++j) {
      S sum = 0;
      for (std::size_t t = 0; t < seen.size(); ++t) sum += seen[t] * v[t * stride + j];
      z[at + i * stride + j] = sum;
    }
  }
}

/// All heads of packed documents; q, k, v and z are (P, width).
template <class S>
List<S> attention(const List<S>& q, const List<S>& k, const List<S>& v, std::size_t width,
                  const std::vector<int>& offsets, std::size_t heads) {
  List<S> z(q.size());
  const std::size_t size = width / heads;
  for (std::size_t d = 0; d + 1 < offsets.size(); ++d) {
    const auto begin = static_cast<std::size_t>(offsets[d]);
    const auto n = static_cast<std::size_t>(offsets[d + 1]) - begin;
    for (std::size_t h = 0; h < heads; ++h) {
      const std::size_t at = begin * width + h * size;
      attention_head(z, &q[at], &k[at], &v[at], n, n, size, width, at);
    }
  }
  return z;
}

/// -log of the probability of each row's target.
template <class S>
List<S> cross_entropy(const List<S>& logits, const std::vector<int>& target, std::size_t width) {
  List<S> nll;
  for (std::size_t p = 0; p < target.size(); ++p) {
    nll.push_back(-std::log(softmax(slice(logits, p * width, width))[static_cast<std::size_t>(target[p])]));
  }
  return nll;
}

}  // namespace microgpt::test::oracle
