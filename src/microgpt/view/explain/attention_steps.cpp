#include "microgpt/view/explain/attention_steps.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/study/numbers.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::view::explain {

namespace {

/// Channels of a key and a value that a table shows.
constexpr std::size_t kMostChannels = 4;

Numbers of_head(const Explained& e, Site site, int position) {
  const Numbers all = e.trace.row(site, e.layer, position);
  const int D = e.config().head_size();
  return {all.begin() + e.head * D, all.begin() + (e.head + 1) * D};
}

std::vector<Column> source_columns() {
  return {{"source", "source", whole()}, {"reads", "reads"}};
}

std::vector<Value> source_row(const Looking& l, std::size_t t) {
  return {static_cast<std::int64_t>(t), l.e.reads(static_cast<int>(t))};
}

void finish_sources(const Looking& l, Table& table) {
  table.labels = 2;
  set_bound(table, l.seen);
}

std::string channels_note(const Looking& l) {
  if (l.channels.size() == l.D) return "";
  return " The tables show channels " + std::to_string(l.channels.front()) + " to "
         + std::to_string(l.channels.back()) + " of " + std::to_string(l.D) + ".";
}

}  // namespace

Looking looking(const Explained& e) {
  Looking l{.e = e,
            .D = static_cast<std::size_t>(e.config().head_size()),
            .seen = static_cast<std::size_t>(e.position) + 1,
            .q = of_head(e, Site::q, e.position),
            .scores = {},
            .pattern = {},
            .out = of_head(e, Site::z, e.position),
            .k = {},
            .v = {},
            .rows = {}};
  const Matrix<double> scores = e.trace.head(Site::scores, e.layer, e.head);
  const Matrix<double> pattern = e.trace.head(Site::pattern, e.layer, e.head);
  for (int t = 0; t <= e.position; ++t) {
    l.scores.push_back(scores(e.position, t));
    l.pattern.push_back(pattern(e.position, t));
    l.k.push_back(of_head(e, Site::k, t));
    l.v.push_back(of_head(e, Site::v, t));
  }
  std::optional<std::size_t> asked;
  if (e.at && e.at->source) asked = static_cast<std::size_t>(*e.at->source);
  l.rows = shown_rows(l.pattern, e.top, asked);
  l.source = asked.value_or(study::ranked(l.pattern, 1)[0]);
  if (e.at && e.at->channel) l.channel = static_cast<std::size_t>(*e.at->channel);
  l.channels = nearby_rows(l.D, kMostChannels, l.channel);
  return l;
}

Section vectors_section(const Looking& l, const ByHand& hand) {
  Section section{.key = "vectors", .title = "query, keys and values", .address = l.e.address(Site::q)};
  study::Address query = l.e.here(Site::q);
  query.head = l.e.head;
  section.address = study::to_string(query);
  section.lines = {118, 120};
  section.says = "The query q of position " + std::to_string(l.e.position)
                 + ", and the key k and the value v of every position it sees. The head has the channels "
                 + std::to_string(l.D * static_cast<std::size_t>(l.e.head)) + " to "
                 + std::to_string(l.D * static_cast<std::size_t>(l.e.head + 1) - 1)
                 + " of attn.q, attn.k and attn.v." + channels_note(l);
  section.formula = "q = attn_wq x_p,   k_t = attn_wk x_t,   v_t = attn_wv x_t   with x = attn.norm";
  constexpr std::size_t kMost = 16;
  std::string numbers;
  for (std::size_t d = 0; d < std::min(l.D, kMost); ++d) numbers += (d == 0 ? "" : ", ") + hand.n(l.q[d]);
  section.numbers = "q = (" + numbers + (l.D > kMost ? ", ...)" : ")");
  section.table.columns = source_columns();
  for (const char* name : {"k", "v"}) {
    for (const std::size_t d : l.channels) {
      section.table.columns.push_back(hot(std::string(name) + "_" + std::to_string(d),
                                          std::string(name) + "_" + std::to_string(d), hand.n.digits,
                                          Heat::table));
    }
  }
  for (const std::size_t t : l.rows) {
    auto row = source_row(l, t);
    for (const auto* vectors : {&l.k, &l.v}) {
      for (const std::size_t d : l.channels) row.emplace_back((*vectors)[t][d]);
    }
    section.table.rows.push_back(std::move(row));
  }
  finish_sources(l, section.table);
  return section;
}

Section scores_section(const Looking& l, ByHand& hand) {
  Section section{.key = "scores",
                  .title = "scores",
                  .address = l.e.address(Site::scores),
                  .lines = lines_of(Site::scores)};
  const std::string D = std::to_string(l.D);
  const std::string t = std::to_string(l.source);
  const double root = std::sqrt(static_cast<double>(l.D));
  section.says = "How well the query fits each key. Dividing by the root of D = " + D
                 + " keeps the spread of the scores the same for heads of any size.";
  section.formula = "score_t = (sum_d q_d k_t,d) / sqrt(D)";
  section.numbers = "score_" + t + " = " + hand.line(l.scores[l.source], [&](const Digits& n) {
    std::vector<Term> terms;
    for (std::size_t d = 0; d < l.D; ++d) terms.push_back({l.q[d], l.k[l.source][d]});
    const Written sum = written_sum(terms, n);
    return Written{"(" + sum.text + ") / sqrt(" + D + ")", sum.value / root};
  });
  section.result = l.scores[l.source];
  section.digits = hand.n.digits;
  Numbers products;
  for (const Numbers& key : l.k) products.push_back(study::dot(l.q, key));
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(l.rows.begin(), l.rows.end(),
                       [&](std::size_t s) { return hand.same(n.printed(products[s]) / root, l.scores[s]); });
  });
  for (const std::size_t s : l.rows) {
    double by_hand = 0;
    for (std::size_t d = 0; d < l.D; ++d) by_hand += hand.n.printed(l.q[d]) * hand.n.printed(l.k[s][d]);
    hand.check(Digits{digits}(by_hand) == Digits{digits}(products[s]));
  }
  section.table.columns = source_columns();
  section.table.columns.push_back({"product", "q k_t", number(digits)});
  section.table.columns.push_back(hot("score", "score", hand.n.digits));
  for (const std::size_t s : l.rows) {
    auto row = source_row(l, s);
    row.insert(row.end(), {products[s], l.scores[s]});
    section.table.rows.push_back(std::move(row));
  }
  finish_sources(l, section.table);
  return section;
}

Section weights_section(const Looking& l, ByHand& hand) {
  Section section{.key = "weights",
                  .title = "weights",
                  .address = l.e.address(Site::pattern),
                  .lines = lines_of(Site::pattern)};
  section.says = "Softmax turns the scores into weights that add up to 1 ('explain softmax --at "
                 + section.address + "' shows every step).";
  section.formula = "weight_t = e^(score_t - max) / sum_u e^(score_u - max)";
  const double max = *std::max_element(l.scores.begin(), l.scores.end());
  Numbers e;
  double total = 0;
  for (const double score : l.scores) total += e.emplace_back(std::exp(score - max));

  section.result = l.pattern[l.source];
  section.digits = hand.n.digits;

  const double other_e = rest_of(e, l.rows);
  const double other_weight = rest_of(l.pattern, l.rows);
  Numbers shown_e;
  for (const std::size_t t : l.rows) shown_e.push_back(e[t]);
  const bool all = l.rows.size() == l.seen;
  if (!all) shown_e.push_back(other_e);
  const int digits = hand.digits_for([&](const Digits& n) {
    return adds_up(shown_e, total, n) && std::all_of(l.rows.begin(), l.rows.end(), [&](std::size_t t) {
             return hand.same(n.printed(e[t]) / n.printed(total), l.pattern[t]);
           });
  });
  section.numbers = "weight_" + std::to_string(l.source) + " = "
                    + hand.line(
                        l.pattern[l.source], [&](const Digits& n) { return written_share(e, l.source, n); },
                        digits - hand.n.digits);
  section.table.columns = source_columns();
  section.table.columns.push_back({"score", "score", number(digits)});
  section.table.columns.push_back({"exponential", "e^(score - max)", number(digits)});
  section.table.columns.push_back(hot("weight", "weight", hand.n.digits, Heat::unit));
  for (const std::size_t t : l.rows) {
    auto row = source_row(l, t);
    row.insert(row.end(), {l.scores[t], e[t], l.pattern[t]});
    section.table.rows.push_back(std::move(row));
  }
  if (!all) {
    section.table.rows.push_back({counted(l.seen - l.rows.size(), "other"), {}, {}, other_e, other_weight});
  }
  section.table.rows.push_back({"total", {}, {}, total, 1.0});
  section.table.totals = all ? 1 : 2;
  section.figure = Figure{.kind = Figure::Kind::bars,
                          .title = "How much of each position the head takes",
                          .x = 0,
                          .y = {4},
                          .label = 1,
                          .x_title = "source",
                          .y_title = "weight"};
  finish_sources(l, section.table);
  return section;
}

Section sum_section(const Looking& l, ByHand& hand) {
  Section section{.key = "sum", .title = "weighted sum of the values", .lines = lines_of(Site::z)};
  study::Address head = l.e.here(Site::z);
  head.head = l.e.head;
  section.address = study::to_string(head);
  const std::string d = std::to_string(l.channel);
  section.says = "The head's output, attn.z, is the sum of the values in these weights." + channels_note(l);
  section.formula = "output_d = sum_t weight_t v_t,d";
  std::vector<Term> terms;
  for (const std::size_t t : study::ranked(l.pattern)) terms.push_back({l.pattern[t], l.v[t][l.channel]});
  section.numbers = "output_" + d + " = "
                    + hand.line(l.out[l.channel], [&](const Digits& n) { return written_sum(terms, n); });
  section.result = l.out[l.channel];
  section.digits = hand.n.digits;
  section.table.columns = source_columns();
  section.table.columns.push_back({"weight", "weight", number(hand.n.digits)});
  std::vector<Numbers> shown;
  Numbers others;
  for (const std::size_t c : l.channels) {
    Numbers products;
    for (std::size_t t = 0; t < l.seen; ++t) products.push_back(l.pattern[t] * l.v[t][c]);
    others.push_back(rest_of(products, l.rows));
    Numbers& column = shown.emplace_back();
    for (const std::size_t t : l.rows) column.push_back(products[t]);
    if (l.rows.size() < l.seen) column.push_back(others.back());
  }
  const int digits = hand.digits_for([&](const Digits& n) {
    for (std::size_t c = 0; c < shown.size(); ++c) {
      if (!adds_up(shown[c], l.out[l.channels[c]], n)) return false;
    }
    return true;
  });
  // A weight and a value as they are printed above do not always give their product as it is printed here.
  for (const std::size_t t : l.rows) {
    for (const std::size_t c : l.channels) {
      const double product = hand.n.printed(l.pattern[t]) * hand.n.printed(l.v[t][c]);
      hand.check(Digits{digits}(product) == Digits{digits}(l.pattern[t] * l.v[t][c]));
    }
  }
  for (const std::size_t c : l.channels) {
    const std::string name = std::to_string(c);
    section.table.columns.push_back(hot("product_" + name, "weight v_" + name, digits, Heat::table));
  }
  for (std::size_t r = 0; r < l.rows.size(); ++r) {
    auto row = source_row(l, l.rows[r]);
    row.emplace_back(l.pattern[l.rows[r]]);
    for (const Numbers& column : shown) row.emplace_back(column[r]);
    section.table.rows.push_back(std::move(row));
  }
  if (l.rows.size() < l.seen) {
    std::vector<Value> row = {counted(l.seen - l.rows.size(), "other"), {}, rest_of(l.pattern, l.rows)};
    row.insert(row.end(), others.begin(), others.end());
    section.table.rows.push_back(std::move(row));
  }
  std::vector<Value> last = {"output", {}, 1.0};
  for (const std::size_t c : l.channels) last.emplace_back(l.out[c]);
  section.table.rows.push_back(std::move(last));
  section.table.totals = l.rows.size() < l.seen ? 2 : 1;
  finish_sources(l, section.table);
  return section;
}

}  // namespace microgpt::view::explain
