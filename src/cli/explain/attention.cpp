// microgpt explain attention, heads: what a position takes from those before it.
#include <algorithm>
#include <cmath>

#include "cli/explain/topics.hpp"

namespace microgpt::cli::explain {

namespace {

/// One head's D channels of q, k, v or z at a position.
Numbers head_row(const Subject& s, Site site, int head, int position) {
  const Numbers all = row_of(s.trace, site, s.layer, position);
  const int D = s.config().head_size();
  return {all.begin() + head * D, all.begin() + (head + 1) * D};
}

double dot_product(const Numbers& a, const Numbers& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::string products_text(const Numbers& a, const Numbers& b, const Digits& n) {
  std::vector<std::string> terms;
  for (std::size_t i = 0; i < a.size(); ++i) terms.push_back(n.factor(a[i]) + " * " + n.factor(b[i]));
  return sum_of(terms);
}

/// The numbers of a head's channel d at every position that is seen.
std::string source_text(const Subject& s, int source) {
  return token_text(s.model.tokenizer, s.batch().token[static_cast<std::size_t>(source)]);
}

}  // namespace

Page explain_attention(const Subject& s, const Digits& n) {
  const int D = s.config().head_size();
  const double root = std::sqrt(static_cast<double>(D));
  const Numbers q = head_row(s, Site::q, s.head, s.position);
  const Matrix<double> scores = s.trace.head(Site::scores, s.layer, s.head);
  const Matrix<double> pattern = s.trace.head(Site::pattern, s.layer, s.head);
  const Numbers z = head_row(s, Site::z, s.head, s.position);
  const std::string from = std::to_string(s.position);
  const auto at = [&](Site site) {
    return study::to_string({.site = site, .layer = s.layer, .position = s.position, .head = s.head});
  };

  Page page{.topic = "attention",
            .about =
                "A position looks back: its query is compared with the key of every position so far, softmax "
                "turns the scores into shares, and the values are added up in these shares. What comes later "
                "is not masked out, it is not there yet.",
            .lines = {117, 131}};
  Step vectors{.name = "query, keys and values", .address = at(Site::q), .lines = {118, 120}};
  vectors.says = "The query of position " + from + ", and of each source its key and value: channels "
                 + std::to_string(s.head * D) + " to " + std::to_string(s.head * D + D - 1)
                 + " of q, k and v.";
  vectors.table = {{"source", "reads"}, 2};
  for (const std::string name : {"k", "v"}) {
    for (int d = 0; d < D; ++d) {
      vectors.table.hot.push_back(vectors.table.columns.size());
      vectors.table.columns.push_back(name + "_" + std::to_string(d));
    }
  }
  std::vector<std::string> query;
  for (const double value : q) query.push_back(n(value));
  for (std::size_t d = 0; d < query.size(); ++d) vectors.numbers += (d == 0 ? "q = (" : ", ") + query[d];
  vectors.numbers += ")";
  for (int t = 0; t <= s.position; ++t) {
    std::vector<Value> row = {static_cast<long>(t), source_text(s, t)};
    for (const Site site : {Site::k, Site::v}) {
      const Numbers numbers = head_row(s, site, s.head, t);
      row.insert(row.end(), numbers.begin(), numbers.end());
    }
    vectors.table.rows.push_back(std::move(row));
  }

  const int seen = s.position;  // the formulas take the source that weighs most
  int most = 0;
  for (int t = 0; t <= seen; ++t) most = pattern(seen, t) > pattern(seen, most) ? t : most;
  const std::string m = std::to_string(most);
  const Numbers key = head_row(s, Site::k, s.head, most);
  Step score{.name = "scores", .address = at(Site::scores), .lines = lines_of_site(Site::scores)};
  score.says = "How well the query fits each key; the root of D = " + std::to_string(D)
               + " keeps their spread the same for heads of any size.";
  score.formula = "score_t = (sum_d q_d k_t,d) / sqrt(D)";
  score.numbers = "score_" + m + " = (" + products_text(q, key, n) + ") / sqrt(" + std::to_string(D)
                  + ") = " + n(dot_product(q, key)) + " / " + n(root);
  score.result = scores(seen, most);
  score.table = {{"source", "reads", "q k", "score"}, 2, {3}};
  double total = 0;
  double max = scores(seen, 0);
  for (int t = 0; t <= seen; ++t) max = std::max(max, scores(seen, t));
  Step weights{.name = "weights", .address = at(Site::pattern), .lines = lines_of_site(Site::pattern)};
  weights.says = "Softmax of the scores: shares that add up to 1.";
  weights.formula = "w_t = e^(score_t - max) / sum_u e^(score_u - max)";
  weights.table = {{"source", "reads", "score", "e^(score - max)", "weight"}, 2, {4}};
  std::vector<std::string> exponentials;
  for (int t = 0; t <= seen; ++t) {
    score.table.rows.push_back({static_cast<long>(t), source_text(s, t),
                                dot_product(q, head_row(s, Site::k, s.head, t)), scores(seen, t)});
    const double e = std::exp(scores(seen, t) - max);
    total += e;
    exponentials.push_back(n(e));
    weights.table.rows.push_back(
        {static_cast<long>(t), source_text(s, t), scores(seen, t), e, pattern(seen, t)});
  }
  weights.numbers = "w_" + m + " = " + exponentials[static_cast<std::size_t>(most)] + " / ("
                    + sum_of(exponentials) + ") = " + exponentials[static_cast<std::size_t>(most)] + " / "
                    + n(total);
  weights.result = pattern(seen, most);

  Step sum{.name = "weighted sum of the values", .address = at(Site::z), .lines = lines_of_site(Site::z)};
  sum.formula = "z_d = sum_t w_t v_t,d";
  sum.table = {{"source", "reads", "weight"}, 2};
  for (int d = 0; d < D; ++d) {
    sum.table.hot.push_back(sum.table.columns.size());
    sum.table.columns.push_back("w v_" + std::to_string(d));
  }
  std::vector<std::string> terms;
  for (int t = 0; t <= seen; ++t) {
    const Numbers v = head_row(s, Site::v, s.head, t);
    terms.push_back(n(pattern(seen, t)) + " * " + n.factor(v[0]));
    std::vector<Value> row = {static_cast<long>(t), source_text(s, t), pattern(seen, t)};
    for (const double value : v) row.emplace_back(pattern(seen, t) * value);
    sum.table.rows.push_back(std::move(row));
  }
  sum.numbers = "z_0 = " + sum_of(terms);
  sum.result = z[0];
  std::vector<Value> last = {std::string("z"), std::string(), 1.0};
  last.insert(last.end(), z.begin(), z.end());
  sum.table.rows.push_back(std::move(last));
  page.steps = {vectors, score, weights, sum};
  return page;
}

Page explain_heads(const Subject& s, const Digits& n) {
  const int H = s.config().n_head;
  const int D = s.config().head_size();
  const Numbers z = row_of(s.trace, Site::z, s.layer, s.position);
  const Numbers out = row_of(s.trace, Site::attn_out, s.layer, s.position);
  const auto wo = s.model.parameters.attn_wo(s.layer);
  Page page{.topic = "heads",
            .about = "Attention runs in H = " + std::to_string(H)
                     + " heads at once, each on its own D = " + std::to_string(D) + " of the "
                     + std::to_string(s.config().n_embd) + " channels; attn_wo mixes what they found.",
            .lines = {123, 133}};
  Step looks{.name = "where each head looks",
             .address = study::to_string({.site = Site::pattern, .layer = s.layer, .position = s.position}),
             .lines = lines_of_site(Site::pattern)};
  looks.says =
      "One row is one head: its weights of every source, and their entropy (0: one source has it all).";
  looks.table = {{"head", "entropy"}, 1};
  for (int t = 0; t <= s.position; ++t) {
    looks.table.hot.push_back(looks.table.columns.size());
    looks.table.columns.push_back(
        std::to_string(t) + ":"
        + token_text(s.model.tokenizer, s.batch().token[static_cast<std::size_t>(t)]));
  }
  Step parts{.name = "what each head adds",
             .address = study::to_string({.site = Site::attn_out, .layer = s.layer, .position = s.position}),
             .lines = lines_of_site(Site::attn_out)};
  parts.says =
      "attn_wo of the heads' outputs side by side is a sum over heads, exactly: each head writes by its own "
      "columns of attn_wo.";
  parts.formula = "out_c = sum_i attn_wo[c,i] z_i = sum_h (sum_{i of head h} attn_wo[c,i] z_i)";
  parts.table = {{"channel"}, 1};
  Matrix<double> of_head(H, static_cast<Index>(out.size()));
  for (int h = 0; h < H; ++h) {
    const Matrix<double> pattern = s.trace.head(Site::pattern, s.layer, h);
    std::vector<Value> row = {static_cast<long>(h), 0.0};
    double entropy = 0;
    for (int t = 0; t <= s.position; ++t) {
      const double w = pattern(s.position, t);
      if (w > 0) entropy -= w * std::log(w);
      row.emplace_back(w);
    }
    row[1] = entropy;
    looks.table.rows.push_back(std::move(row));
    parts.table.hot.push_back(parts.table.columns.size());
    parts.table.columns.push_back("head " + std::to_string(h));
    for (std::size_t c = 0; c < out.size(); ++c) {
      double sum = 0;
      for (int i = h * D; i < (h + 1) * D; ++i)
        sum += wo(static_cast<Index>(c), i) * z[static_cast<std::size_t>(i)];
      of_head(h, static_cast<Index>(c)) = sum;
    }
  }
  parts.table.columns.emplace_back("out");
  double error = 0;
  for (std::size_t c = 0; c < out.size(); ++c) {
    std::vector<Value> row = {static_cast<long>(c)};
    double sum = 0;
    for (int h = 0; h < H; ++h) {
      row.emplace_back(of_head(h, static_cast<Index>(c)));
      sum += of_head(h, static_cast<Index>(c));
    }
    error = std::max(error, std::abs(sum - out[c]));
    row.emplace_back(out[c]);
    parts.table.rows.push_back(std::move(row));
  }
  std::vector<std::string> terms;
  for (int h = 0; h < H; ++h) terms.push_back(n.factor(of_head(h, 0)));
  parts.numbers = "out_0 = " + sum_of(terms);
  parts.result = out[0];
  parts.says += " The sums differ from out by at most " + n(error) + ".";
  page.steps = {looks, parts};
  return page;
}

}  // namespace microgpt::cli::explain
