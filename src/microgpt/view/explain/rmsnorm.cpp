// explain rmsnorm: vectors of one size.
#include "microgpt/nn/rmsnorm.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "microgpt/study/numbers.hpp"
#include "microgpt/view/explain/explained.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kNormOptions[] = {kReadOption,
                                       kPositionOption,
                                       index_option("--layer",
                                                    "Show the norm before attention in this layer, counted "
                                                    "from 0, instead of the one after the embedding"),
                                       kAtOption,
                                       kTopOption,
                                       kDigitsOption};
constexpr Site kNormSites[] = {Site::embed_norm, Site::attn_norm, Site::mlp_norm,
                               Site::embed,      Site::resid_pre, Site::resid_mid};

struct Norm {
  Site from, to;
};
constexpr Norm kNorms[] = {
    {Site::embed, Site::embed_norm}, {Site::resid_pre, Site::attn_norm}, {Site::resid_mid, Site::mlp_norm}};

/// The norm that an address is the input or the output of.
Norm chosen_norm(const Explained& e, const Options& options) {
  if (!e.at) return options.given("--layer") ? kNorms[1] : kNorms[0];
  return *std::find_if(std::begin(kNorms), std::end(kNorms),
                       [&](const Norm& n) { return n.from == e.at->site || n.to == e.at->site; });
}

/// y = scale x, with scale = (mean + 1e-5)^(-1/2) and mean = (sum_c x_c^2) / C.
struct Normed {
  Numbers x, y;
  double mean, scale;
};
Normed normed(const Explained& e, const Norm& norm) {
  Normed n{.x = e.row(norm.from), .y = e.row(norm.to), .mean = 0, .scale = 0};
  n.mean = study::dot(n.x, n.x) / static_cast<double>(n.x.size());
  n.scale = 1 / std::sqrt(n.mean + kRmsNormEpsilon);
  return n;
}

Section square_section(const Normed& normed, const std::string& address, ByHand& hand) {
  Section square{.key = "mean_square", .title = "mean square", .address = address, .lines = {104, 104}};
  square.formula = "ms = (sum_c x_c^2) / C";
  square.numbers = "ms = " + hand.line(normed.mean, [&](const Digits& n) {
    std::vector<Term> terms;
    for (const double value : normed.x) terms.push_back({.a = value, .squared = true});
    const Written sum = written_sum(terms, n);
    return Written{"(" + sum.text + ") / " + std::to_string(normed.x.size()),
                   sum.value / static_cast<double>(normed.x.size())};
  });
  square.result = normed.mean;
  square.digits = hand.n.digits;
  return square;
}

Section scale_section(const Normed& normed, ByHand& hand) {
  Section factor{.key = "scale", .title = "scale", .lines = {105, 105}};
  factor.says = "The 1e-5 avoids dividing by zero when the vector is all zeros.";
  factor.formula = "scale = (ms + 1e-5)^(-1/2)";
  factor.numbers = "scale = " + hand.line(normed.scale, [&](const Digits& n) {
    return Written{"(" + n(normed.mean) + " + 1e-5)^(-1/2)",
                   1 / std::sqrt(n.printed(normed.mean) + kRmsNormEpsilon)};
  });
  factor.result = normed.scale;
  factor.digits = hand.n.digits;
  return factor;
}

Section output_section(const Explained& e, const Norm& norm, const Normed& normed, ByHand& hand) {
  const Numbers &x = normed.x, &y = normed.y;
  const double scale = normed.scale;
  const std::size_t c = e.asked().value_or(0);
  Section output{
      .key = "output", .title = "output", .address = e.address(norm.to), .lines = lines_of(norm.to)};
  output.says = "The mean square is ms / (ms + 1e-5) now, which is almost 1.";
  if (norm.to == Site::attn_norm && e.layer == 0) {
    output.says +=
        " What layer 0 reads was normed before: embed.norm is its input, and its mean square was almost 1.";
  }
  const auto rows = shown_rows(x, e.top, e.asked());
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(), [&](std::size_t i) {
      return hand.same(n.printed(x[i]) * n.printed(x[i]), x[i] * x[i])
             && hand.same(n.printed(scale) * n.printed(x[i]), y[i]);
    });
  });
  output.formula = "y_c = scale * x_c";
  output.numbers = "y_" + std::to_string(c) + " = " + hand.line(y[c], [&](const Digits& n) {
    return written_sum(std::array{Term{scale, x[c]}}, {n.digits, std::max(n.extra, digits - n.digits)});
  });
  output.result = y[c];
  output.digits = hand.n.digits;
  output.table.columns = {{"channel", "channel", whole()},
                          hot("input", "x", digits),
                          {"square", "x^2", number(hand.n.digits)},
                          hot("output", "y", hand.n.digits)};
  for (const std::size_t i : rows) {
    output.table.rows.push_back({static_cast<std::int64_t>(i), x[i], x[i] * x[i], y[i]});
  }
  set_bound(output.table, x.size());
  output.figure = Figure{.kind = Figure::Kind::bars,
                         .title = "The vector before and after: one direction, another size",
                         .y = {1, 3}};
  return output;
}

Page make_rmsnorm(const Request& request) {
  const Scope scope{.topic = "rmsnorm", .sites = kNormSites};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  const Norm norm = chosen_norm(e, request.options);
  const Normed numbers = normed(e, norm);

  Page page = page_of(scope.topic,
                      "A vector is scaled to a fixed size and keeps its direction: it is divided by the root "
                      "of the mean of its squares. No mean is subtracted, and nothing in it is learned.",
                      {103, 106});
  add_facts(page, e, scope);
  if (info(norm.to).in_layer) page.facts.push_back({"layer", "layer", std::int64_t{e.layer}, whole()});
  page.sections = {square_section(numbers, e.address(norm.from), hand), scale_section(numbers, hand),
                   output_section(e, norm, numbers, hand)};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec rmsnorm_topic() {
  return {.name = "rmsnorm",
          .about = "A vector scaled to a fixed size",
          .example = "rmsnorm --text emma --layer 0",
          .needs = Needs::model_or_example,
          .options = explain::kNormOptions,
          .make = explain::make_rmsnorm};
}

}  // namespace microgpt::view
