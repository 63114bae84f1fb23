#include "microgpt/study/circuit.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "microgpt/base/error.hpp"
#include "microgpt/nn/product.hpp"
#include "microgpt/nn/rmsnorm.hpp"
#include "microgpt/study/address.hpp"

namespace microgpt::study {

namespace {

void check_place(const Model& model, int head, int position) {
  const ModelConfig& config = model.config;
  if (config.n_layer == 0)
    throw Error(Fault::usage, {.what = "no circuits", .hint = "the model has no layers"});
  require_index("head", head, config.n_head);
  require_index("position", position, config.block_size);
}

/// What layer 0 reads, (tokens, C), if each of these stood at this position.
Matrix<double> read_by_layer0(const Model& model, std::span<const Token> tokens, int position) {
  const auto n = static_cast<Index>(tokens.size());
  Matrix<double> x(n, model.config.n_embd);
  for (Index i = 0; i < n; ++i) {
    x.row(i) = model.parameters.wte().row(tokens[static_cast<std::size_t>(i)])
               + model.parameters.wpe().row(position);
  }
  Matrix<double> once(n, x.cols()), twice(n, x.cols()), scale(n, 1);
  rmsnorm_forward<double>(once, scale, x);      // after the embedding
  rmsnorm_forward<double>(twice, scale, once);  // before attention
  return twice;
}

/// What a head's rows of attn_wq, attn_wk or attn_wv make of that: (tokens, D).
Matrix<double> of_head(const Model& model, In<double> x, ConstView<double> weight, int head) {
  const Index D = model.config.head_size();
  Matrix<double> y(x.rows(), D);
  multiply_abt<double>(y, x, weight.middleRows(head * D, D));
  return y;
}

/// left: v, averaged over positions. right: lm_head · wo_h.
void fill_ov(Circuit& circuit, const Model& model, const CircuitPart& part) {
  const Index D = model.config.head_size();
  const auto n = static_cast<Index>(circuit.tokens.size());
  circuit.left.setZero(n, D);
  const int first = part.key.value_or(0);
  const int end = part.key ? first + 1 : model.config.block_size;
  for (int p = first; p < end; ++p) {
    circuit.left +=
        of_head(model, read_by_layer0(model, circuit.tokens, p), model.parameters.attn_wv(0), part.head);
  }
  circuit.averaged = static_cast<std::size_t>(end - first);
  circuit.left /= static_cast<double>(circuit.averaged);
  Matrix<double> read_out(n, model.config.n_embd);
  for (Index i = 0; i < n; ++i) {
    read_out.row(i) = model.parameters.lm_head().row(circuit.tokens[static_cast<std::size_t>(i)]);
  }
  circuit.right.resize(n, D);
  multiply<double>(circuit.right, read_out, model.parameters.attn_wo(0).middleCols(part.head * D, D));
}

/// Σ over pairs (i, j) of q_i · k_j / sqrt(D), divided by their number. Where one of the positions is given, the sum
/// goes over the other alone. Else k is summed up over j <= i, and the products over i become one long product.
void fill_qk(Circuit& circuit, const Model& model, const CircuitPart& part) {
  const Index D = model.config.head_size();
  const int T = model.config.block_size;
  const auto n = static_cast<Index>(circuit.tokens.size());
  const auto q = [&](In<double> x) { return of_head(model, x, model.parameters.attn_wq(0), part.head); };
  const auto k = [&](In<double> x) { return of_head(model, x, model.parameters.attn_wk(0), part.head); };
  const auto read = [&](int position) { return read_by_layer0(model, circuit.tokens, position); };
  if (part.query || part.key) {
    const int first_query = part.query ? *part.query : *part.key;
    const int end_query = part.query ? first_query + 1 : T;
    const int first_key = part.key.value_or(0);
    const int end_key = part.key ? first_key + 1 : *part.query + 1;
    circuit.left.setZero(n, D);
    circuit.right.setZero(n, D);
    for (int i = first_query; i < end_query; ++i) circuit.left += q(read(i));
    for (int j = first_key; j < end_key; ++j) circuit.right += k(read(j));
    circuit.averaged = static_cast<std::size_t>((end_query - first_query) * (end_key - first_key));
  } else {
    circuit.left.resize(n, T * D);
    circuit.right.resize(n, T * D);
    Matrix<double> keys = Matrix<double>::Zero(n, D);
    for (int i = 0; i < T; ++i) {
      const Matrix<double> x = read(i);
      keys += k(x);
      circuit.left.middleCols(i * D, D) = q(x);
      circuit.right.middleCols(i * D, D) = keys;
    }
    circuit.averaged = static_cast<std::size_t>(T) * (static_cast<std::size_t>(T) + 1) / 2;
  }
  circuit.left /= std::sqrt(static_cast<double>(D)) * static_cast<double>(circuit.averaged);
}

/// Whether a comes before b among the strongest.
bool is_stronger(const CircuitEntry& a, const CircuitEntry& b) {
  const double size_a = std::abs(a.value);
  const double size_b = std::abs(b.value);
  if (size_a != size_b) return size_a > size_b;
  return a.row != b.row ? a.row < b.row : a.column < b.column;
}

std::vector<Token> all_tokens(const Model& model) {
  std::vector<Token> tokens(static_cast<std::size_t>(model.config.vocab_size));
  std::iota(tokens.begin(), tokens.end(), 0);
  return tokens;
}

}  // namespace

Matrix<double> Circuit::values() const {
  Matrix<double> table(left.rows(), right.rows());
  multiply_abt<double>(table, left, right);
  return table;
}

Circuit circuit(const Model& model, const CircuitPart& part, std::span<const Token> tokens) {
  check_place(model, part.head, part.query.value_or(0));
  check_place(model, part.head, part.key.value_or(0));
  if (part.query && part.key && *part.key > *part.query) {
    throw Error(Fault::usage, {.what = "bad positions",
                               .hint = "position " + std::to_string(*part.query) + " cannot see position "
                                       + std::to_string(*part.key) + ", which comes later"});
  }
  Circuit result{.tokens = {tokens.begin(), tokens.end()}, .left = {}, .right = {}};
  if (part.table == CircuitPart::Table::ov) {
    fill_ov(result, model, part);
  } else {
    fill_qk(result, model, part);
  }
  return result;
}

double circuit_work(const ModelConfig& config, const CircuitPart& part, std::size_t tokens) {
  const double T = config.block_size;
  const double D = config.head_size();
  const bool ov = part.table == CircuitPart::Table::ov;
  const bool all_pairs = !ov && !part.query && !part.key;
  const double queries = ov || part.query ? 1 : part.key ? T - *part.key : T;
  const double keys = part.key ? 1 : part.query ? *part.query + 1 : T;
  constexpr double kNorms = 20;  // what the two norms cost for each channel
  const double read = (queries + keys) * config.n_embd * (D + kNorms);
  const auto n = static_cast<double>(tokens);
  return n * read + n * n * (all_pairs ? T * D : D);
}

std::vector<CircuitEntry> strongest(const Circuit& circuit, std::size_t count,
                                    const std::function<void(double)>& progress) {
  constexpr Index kBlock = 256;
  const Index n = circuit.left.rows();
  // The strongest so far and, until there are twice as many, candidates that are stronger than the last of them.
  std::vector<CircuitEntry> kept;
  std::optional<CircuitEntry> last;
  const auto drop_the_rest = [&] {
    if (count == 0 || kept.size() <= count) return;
    const auto at = kept.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::nth_element(kept.begin(), at, kept.end(), is_stronger);
    kept.resize(count);
    last = kept.back();
  };
  for (Index a = 0; a < n; a += kBlock) {
    for (Index b = 0; b < n && count > 0; b += kBlock) {
      const auto left = circuit.left.middleRows(a, std::min(kBlock, n - a));
      const auto right = circuit.right.middleRows(b, std::min(kBlock, n - b));
      Matrix<double> values(left.rows(), right.rows());
      multiply_abt<double>(values, left, right);
      for (Index i = 0; i < values.rows(); ++i) {
        for (Index j = 0; j < values.cols(); ++j) {
          const CircuitEntry entry = {static_cast<std::size_t>(a + i), static_cast<std::size_t>(b + j),
                                      values(i, j)};
          if (last && !is_stronger(entry, *last)) continue;
          kept.push_back(entry);
          if (kept.size() >= 2 * count) drop_the_rest();
        }
      }
    }
    if (progress) progress(static_cast<double>(std::min(a + kBlock, n)) / static_cast<double>(n));
  }
  drop_the_rest();
  std::sort(kept.begin(), kept.end(), is_stronger);
  return kept;
}

Matrix<double> qk_table(const Model& model, int head, int query, int key) {
  return circuit(model, {.head = head, .query = query, .key = key}, all_tokens(model)).values();
}

Matrix<double> ov_table(const Model& model, int head, int position) {
  return circuit(model, {.table = CircuitPart::Table::ov, .head = head, .key = position}, all_tokens(model))
      .values();
}

}  // namespace microgpt::study
