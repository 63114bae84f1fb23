#include "microgpt/study/diff.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "microgpt/base/bit_cast.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/nn/softmax.hpp"
#include "microgpt/study/numbers.hpp"

namespace microgpt::study {

namespace {

using Numbers = std::vector<double>;

bool same_bits(double a, double b) {
  return bit_cast<std::uint64_t>(a) == bit_cast<std::uint64_t>(b);
}

void append(Numbers& all, const Numbers& more) {
  all.insert(all.end(), more.begin(), more.end());
}

/// The tensor's place in the table, or -1.
int find_tensor(const Parameters<double>& parameters, const std::string& name) {
  const auto& table = parameters.table();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const TensorSpec& t) { return t.name == name; });
  return found == table.end() ? -1 : static_cast<int>(found - table.begin());
}

std::vector<Index> shape_of(const Parameters<double>& parameters, int tensor) {
  if (tensor < 0) return {};
  const TensorSpec& spec = parameters.table()[static_cast<std::size_t>(tensor)];
  return {spec.rows, spec.cols};
}

double norm_of(const Parameters<double>& parameters, int tensor) {
  if (tensor < 0) return std::numeric_limits<double>::quiet_NaN();
  return parameters.tensor(static_cast<std::size_t>(tensor)).norm();
}

/// As trace's arrays have it, but (T, H, D) where columns belong to heads.
std::vector<int> shape_of(const Address& site, const ModelConfig& config, int positions) {
  const SiteInfo& i = info(site.site);
  if (i.in_layer && site.layer >= config.n_layer) return {};
  switch (i.kind) {
    case SiteKind::residual:
      return {positions, config.n_embd};
    case SiteKind::heads:
      return {positions, config.n_head, config.head_size()};
    case SiteKind::neurons:
      return {positions, 4 * config.n_embd};
    case SiteKind::keys:
      return {config.n_head, positions, positions};
    case SiteKind::tokens:
      return {positions, config.vocab_size};
  }
  return {};
}

/// Numbers of one run that have their counterpart in the other, in the same order.
struct Paired {
  Numbers a, b;
  std::vector<Address> at;
};

Paired paired(const Address& site, const Trace& run_a, const Trace& run_b,
              const VocabularyDifference& vocabulary) {
  Paired pairs;
  const auto from_a = numbers_at(run_a, site);
  const auto from_b = numbers_at(run_b, site);
  const auto add = [&](const NumberAt& a, const NumberAt& b) {
    pairs.a.push_back(a.value);
    pairs.b.push_back(b.value);
    pairs.at.push_back(a.at);
  };
  if (info(site.site).kind != SiteKind::tokens) {
    for (std::size_t i = 0; i < from_a.size(); ++i) add(from_a[i], from_b[i]);
    return pairs;
  }
  const auto V_a = static_cast<std::size_t>(run_a.config().vocab_size);
  const auto V_b = static_cast<std::size_t>(run_b.config().vocab_size);
  for (std::size_t p = 0; p < from_a.size() / V_a; ++p) {
    for (const auto& [a, b] : vocabulary.shared) {
      add(from_a[p * V_a + static_cast<std::size_t>(a)], from_b[p * V_b + static_cast<std::size_t>(b)]);
    }
  }
  return pairs;
}

/// Σ p_A ln(p_A / p_B) of two rows of logits over the shared tokens.
double divergence(const Numbers& logits_a, const Numbers& logits_b) {
  Arena<double> p_a(logits_a.size());
  Arena<double> p_b(logits_b.size());
  const double log_sum_a = softmax_forward<double>(p_a, logits_a);
  const double log_sum_b = softmax_forward<double>(p_b, logits_b);
  double sum = 0;
  for (std::size_t i = 0; i < p_a.size(); ++i) {
    if (p_a[i] == 0) continue;
    sum += p_a[i] * ((logits_a[i] - log_sum_a) - (logits_b[i] - log_sum_b));
  }
  return sum < 0 ? 0 : sum;  // less than 0 by rounding only
}

}  // namespace

std::string TensorDifference::at() const {
  return name + "[" + std::to_string(row) + "," + std::to_string(column) + "]";
}

bool RunDifference::equal() const {
  return std::all_of(sites.begin(), sites.end(),
                     [](const SiteDifference& site) { return site.difference && site.difference->equal; });
}

Difference diff_numbers(std::span<const double> a, std::span<const double> b) {
  Difference d;
  Numbers apart(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool same = same_bits(a[i], b[i]);
    if (d.equal && !same) {
      d.equal = false;
      d.at = i;  // if it is only 0 and -0
    }
    apart[i] = same ? 0 : b[i] - a[i];
    const double size = std::abs(apart[i]);
    if (size > d.largest || (std::isnan(size) && !std::isnan(d.largest))) {
      d.largest = size;
      d.at = i;
    }
  }
  d.norm_a = norm(a);
  d.norm_b = norm(b);
  d.norm = norm(apart);
  d.relative = d.norm == 0 ? 0 : d.norm_a == 0 ? std::numeric_limits<double>::infinity() : d.norm / d.norm_a;
  const bool has_angle = d.norm_a != 0 && d.norm_b != 0;
  d.cosine = has_angle ? cosine(a, b) : std::numeric_limits<double>::quiet_NaN();
  return d;
}

VocabularyDifference diff_vocabularies(const Tokenizer& a, const Tokenizer& b) {
  VocabularyDifference result;
  const auto chars_a = a.characters();  // both ascend
  const auto chars_b = b.characters();
  std::set_difference(chars_a.begin(), chars_a.end(), chars_b.begin(), chars_b.end(),
                      std::back_inserter(result.only_a));
  std::set_difference(chars_b.begin(), chars_b.end(), chars_a.begin(), chars_a.end(),
                      std::back_inserter(result.only_b));
  for (std::size_t i = 0; i < chars_a.size(); ++i) {
    const auto found = std::lower_bound(chars_b.begin(), chars_b.end(), chars_a[i]);
    if (found != chars_b.end() && *found == chars_a[i]) {
      result.shared.emplace_back(static_cast<Token>(i), static_cast<Token>(found - chars_b.begin()));
    }
  }
  result.shared.emplace_back(a.bos(), b.bos());
  return result;
}

WeightsDifference diff_weights(const Model& a, const Model& b) {
  const VocabularyDifference vocabulary = diff_vocabularies(a.tokenizer, b.tokenizer);
  std::vector<TensorSpec> tensors = a.parameters.table();
  for (const TensorSpec& spec : b.parameters.table()) {
    if (find_tensor(a.parameters, spec.name) < 0) tensors.push_back(spec);
  }
  WeightsDifference result;
  result.equal = true;
  Numbers all_a, all_b;
  for (const TensorSpec& spec : tensors) {
    const int at_a = find_tensor(a.parameters, spec.name);
    const int at_b = find_tensor(b.parameters, spec.name);
    TensorDifference tensor{.name = spec.name,
                            .shape_a = shape_of(a.parameters, at_a),
                            .shape_b = shape_of(b.parameters, at_b),
                            .difference = {},
                            .norm_a = norm_of(a.parameters, at_a),
                            .norm_b = norm_of(b.parameters, at_b)};
    // The rows of these are tokens, so that rows of the same number may be of different characters.
    const bool by_token = spec.kind == TensorKind::wte || spec.kind == TensorKind::lm_head;
    const bool comparable = at_a >= 0 && at_b >= 0 && tensor.shape_a[1] == tensor.shape_b[1]
                            && (by_token || tensor.shape_a[0] == tensor.shape_b[0]);
    if (comparable) {
      std::vector<std::pair<Index, Index>> rows;
      if (by_token) {
        rows.assign(vocabulary.shared.begin(), vocabulary.shared.end());
      } else {
        for (Index r = 0; r < tensor.shape_a[0]; ++r) rows.emplace_back(r, r);
      }
      Numbers of_a, of_b;
      for (const auto& [row_a, row_b] : rows) {
        const auto x = a.parameters.tensor(static_cast<std::size_t>(at_a)).row(row_a);
        const auto y = b.parameters.tensor(static_cast<std::size_t>(at_b)).row(row_b);
        of_a.insert(of_a.end(), x.begin(), x.end());
        of_b.insert(of_b.end(), y.begin(), y.end());
      }
      const Difference d = diff_numbers(of_a, of_b);
      const auto cols = static_cast<std::size_t>(tensor.shape_a[1]);
      tensor.row = rows[d.at / cols].first;
      tensor.column = static_cast<Index>(d.at % cols);
      tensor.equal = d.equal && (!by_token || vocabulary.equal());
      tensor.difference = d;
      append(all_a, of_a);
      append(all_b, of_b);
    }
    result.equal = result.equal && tensor.equal;
    result.tensors.push_back(std::move(tensor));
  }
  result.total = diff_numbers(all_a, all_b);
  result.compared = all_a.size();
  return result;
}

RunDifference diff_runs(const Model& a, const Trace& run_a, const Model& b, const Trace& run_b) {
  const int n = run_a.batch().offsets[1];
  if (n != run_b.batch().offsets[1]) {
    throw Error(Fault::usage,
                {.what = "bad texts",
                 .hint = "one run has " + std::to_string(n) + " positions, the other "
                         + std::to_string(run_b.batch().offsets[1]) + ": both must be of the same text"});
  }
  const VocabularyDifference vocabulary = diff_vocabularies(a.tokenizer, b.tokenizer);
  RunDifference result;
  for (const Address& site : sites_of(a.config.n_layer >= b.config.n_layer ? a.config : b.config)) {
    SiteDifference row{.site = site,
                       .shape_a = shape_of(site, a.config, n),
                       .shape_b = shape_of(site, b.config, n),
                       .difference = {},
                       .at = {}};
    const bool by_token = info(site.site).kind == SiteKind::tokens;
    if (by_token || (!row.shape_a.empty() && row.shape_a == row.shape_b)) {
      const Paired pairs = paired(site, run_a, run_b, vocabulary);
      row.difference = diff_numbers(pairs.a, pairs.b);
      const std::size_t at = row.difference->at;
      row.at = pairs.at[at];
      row.a = pairs.a[at];
      row.b = pairs.b[at];
      if (!row.difference->equal && !result.first) result.first = result.sites.size();
    }
    result.sites.push_back(std::move(row));
  }

  const Matrix<double> logits_a = run_a.values(Site::logits);
  const Matrix<double> logits_b = run_b.values(Site::logits);
  const Matrix<double> probs_a = run_a.values(Site::probs);
  const Matrix<double> probs_b = run_b.values(Site::probs);
  const Numbers nll_a = run_a.nll();
  const Numbers nll_b = run_b.nll();
  for (int p = 0; p < n; ++p) {
    Numbers shared_a, shared_b;
    for (const auto& [token_a, token_b] : vocabulary.shared) {
      shared_a.push_back(logits_a(p, token_a));
      shared_b.push_back(logits_b(p, token_b));
    }
    const auto at = static_cast<std::size_t>(p);
    result.positions.push_back({.position = p,
                                .probs_a = {probs_a.row(p).begin(), probs_a.row(p).end()},
                                .probs_b = {probs_b.row(p).begin(), probs_b.row(p).end()},
                                .nll_a = nll_a[at],
                                .nll_b = nll_b[at],
                                .kl = divergence(shared_a, shared_b)});
  }
  return result;
}

}  // namespace microgpt::study
