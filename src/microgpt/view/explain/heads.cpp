// explain heads: several looks at once, and their mixture.
#include "microgpt/study/heads.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "microgpt/study/numbers.hpp"
#include "microgpt/view/explain/explained.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kHeadsOptions[] = {
    kReadOption,
    kPositionOption,
    kLayerOption,
    index_option("--head", "Show the heads around this one, where a layer has more than 12", "0"),
    kAtOption,
    kTopOption,
    kDigitsOption};
constexpr Site kHeadsSites[] = {Site::pattern, Site::z, Site::attn_out};
/// Heads side by side in one table.
constexpr std::size_t kMostHeads = 12;

Column head_column(std::size_t head, int digits, Heat heat) {
  return hot("head_" + std::to_string(head), "head " + std::to_string(head), digits, heat);
}

Section patterns_section(const Explained& e, const std::vector<std::size_t>& heads, const ByHand& hand) {
  Section section{.key = "patterns", .title = "where each head looks", .lines = lines_of(Site::pattern)};
  section.address = study::to_string({.site = Site::pattern, .layer = e.layer, .position = e.position});
  section.says =
      "The weights of every head, one column per head, and their entropy: 0 where one position has all of "
      "the weight.";
  section.formula = "entropy = -sum_t weight_t ln weight_t";
  const auto seen = static_cast<std::size_t>(e.position) + 1;
  std::vector<Numbers> weights;
  Numbers most(seen, 0.0);
  for (const std::size_t h : heads) {
    const Matrix<double> pattern = e.trace.head(Site::pattern, e.layer, static_cast<int>(h));
    weights.emplace_back(&pattern(e.position, 0), &pattern(e.position, 0) + seen);
    for (std::size_t t = 0; t < seen; ++t) most[t] = std::max(most[t], weights.back()[t]);
  }
  std::optional<std::size_t> source;
  if (e.at && e.at->source) source = static_cast<std::size_t>(*e.at->source);
  Table& table = section.table;
  table.columns = {{"source", "source", whole()}, {"reads", "reads"}};
  table.labels = 2;
  Figure figure{.kind = Figure::Kind::heatmap, .title = "Where each head looks", .y = {}, .label = 1};
  for (const std::size_t h : heads) {
    figure.y.push_back(table.columns.size());
    table.columns.push_back(head_column(h, hand.n.digits, Heat::unit));
  }
  for (const std::size_t t : shown_rows(most, e.top, source)) {
    std::vector<Value> row = {static_cast<std::int64_t>(t), e.reads(static_cast<int>(t))};
    for (const Numbers& of_head : weights) row.emplace_back(of_head[t]);
    table.rows.push_back(std::move(row));
  }
  std::vector<Value> entropies = {"entropy", {}};
  for (const Numbers& of_head : weights) entropies.emplace_back(study::entropy(of_head));
  table.rows.push_back(std::move(entropies));
  table.totals = 1;
  set_bound(table, seen);
  section.figure = figure;
  return section;
}

Section writes_section(const Explained& e, const std::vector<std::size_t>& heads, ByHand& hand) {
  Section section{.key = "writes",
                  .title = "what each head adds",
                  .address = e.address(Site::attn_out),
                  .lines = lines_of(Site::attn_out)};
  const Numbers out = e.row(Site::attn_out);
  const Matrix<double> writes = study::head_writes(e.subject.model(), e.trace, e.layer, e.position);
  const auto channel = [](std::size_t c) { return static_cast<Index>(c); };
  // A channel of attn.z belongs to a head, not to attn.out.
  const auto asked = e.at && e.at->site == Site::attn_out ? e.asked() : std::nullopt;
  const std::size_t c = asked.value_or(0);
  const auto rows = shown_rows(out, e.top, asked);

  Agreement agreement{.with = "attn.out"};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto column = writes.col(channel(i));
    agreement.difference = std::max(agreement.difference, std::abs(column.sum() - out[i]));
    agreement.rounding =
        std::max(agreement.rounding, std::numeric_limits<double>::epsilon() * 4 * column.cwiseAbs().sum());
  }
  section.agreement = agreement;
  section.says =
      "attn_wo times the outputs of all heads side by side is exactly a sum over heads: each head writes "
      "through its own columns of attn_wo. The sum over heads "
      + agreement_text(agreement) + ".";
  section.formula = "out_c = sum_h (sum_d attn_wo[c, h D + d] output_h,d)";
  section.numbers = "out_" + std::to_string(c) + " = " + hand.line(out[c], [&](const Digits& n) {
    const Numbers terms(writes.col(channel(c)).begin(), writes.col(channel(c)).end());
    return written_sum(terms, n);
  });
  section.result = out[c];
  section.digits = hand.n.digits;
  const bool all = static_cast<Index>(heads.size()) == writes.rows();
  const auto others = [&](std::size_t i) {
    double sum = out[i];
    for (const std::size_t h : heads) sum -= writes(static_cast<Index>(h), channel(i));
    return sum;
  };
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(), [&](std::size_t i) {
      double sum = all ? 0 : n.printed(others(i));
      for (const std::size_t h : heads) sum += n.printed(writes(static_cast<Index>(h), channel(i)));
      return hand.same(sum, out[i]);
    });
  });
  section.table.columns = {{"channel", "channel", whole()}};
  for (const std::size_t h : heads) section.table.columns.push_back(head_column(h, digits, Heat::table));
  if (!all) section.table.columns.push_back(hot("others", "other heads", digits, Heat::table));
  section.table.columns.push_back(hot("out", "out", hand.n.digits));
  for (const std::size_t i : rows) {
    std::vector<Value> row = {static_cast<std::int64_t>(i)};
    for (const std::size_t h : heads) row.emplace_back(writes(static_cast<Index>(h), channel(i)));
    if (!all) row.emplace_back(others(i));
    row.emplace_back(out[i]);
    section.table.rows.push_back(std::move(row));
  }
  set_bound(section.table, out.size());
  return section;
}

Page make_heads(const Request& request) {
  const Scope scope{.topic = "heads", .sites = kHeadsSites, .layer = true};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  const auto H = static_cast<std::size_t>(e.config().n_head);
  const auto heads = nearby_rows(H, kMostHeads, static_cast<std::size_t>(e.head));
  std::string about = "Attention runs in H = " + std::to_string(H) + " heads at once, each on its own D = "
                      + std::to_string(e.config().head_size()) + " of the "
                      + std::to_string(e.config().n_embd) + " channels; attn_wo mixes what they found.";
  if (heads.size() < H) {
    about += " Heads " + std::to_string(heads.front()) + " to " + std::to_string(heads.back())
             + " are shown; --head INDEX shows those around another one.";
  }
  Page page = page_of(scope.topic, std::move(about), {123, 133});
  add_facts(page, e, scope);
  page.sections = {patterns_section(e, heads, hand), writes_section(e, heads, hand)};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec heads_topic() {
  return {.name = "heads",
          .about = "Several attention heads at once, and what each of them adds",
          .example = "heads --text emma",
          .needs = Needs::model_or_example,
          .options = explain::kHeadsOptions,
          .make = explain::make_heads};
}

}  // namespace microgpt::view
