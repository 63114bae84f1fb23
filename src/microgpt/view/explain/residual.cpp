// explain residual: the stream that everything is added to.
#include <algorithm>
#include <array>

#include "microgpt/study/numbers.hpp"
#include "microgpt/view/explain/explained.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kResidualOptions[] = {kReadOption, kPositionOption, kLayerOption,
                                           kAtOption,   kTopOption,      kDigitsOption};
constexpr Site kResidualSites[] = {Site::resid_pre, Site::attn_out, Site::resid_mid, Site::mlp_out,
                                   Site::resid_post};

/// One addition into the stream.
Section addition_section(const Explained& e, ByHand& hand, Site before, Site added, Site after) {
  const Numbers x = e.row(before);
  const Numbers f = e.row(added);
  const Numbers y = e.row(after);
  const std::string in(info(before).name), plus(info(added).name), out(info(after).name);
  const std::size_t c = e.asked().value_or(0);
  const std::string index = std::to_string(c);
  Section section{.key = out, .title = out, .address = e.address(after), .lines = lines_of(after)};
  section.formula = out + "_c = " + in + "_c + " + plus + "_c";
  section.numbers = out + "_" + index + " = " + hand.line(y[c], [&](const Digits& n) {
    return written_sum(std::array{x[c], f[c]}, n);
  });
  section.result = y[c];
  section.digits = hand.n.digits;
  const auto rows = shown_rows(f, e.top, e.asked());
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(),
                       [&](std::size_t i) { return hand.same(n.printed(x[i]) + n.printed(f[i]), y[i]); });
  });
  section.table.columns = {{"channel", "channel", whole()},
                           hot("before", in, digits, Heat::table),
                           hot("added", plus, digits, Heat::table),
                           hot("after", out, hand.n.digits, Heat::table)};
  for (const std::size_t i : rows)
    section.table.rows.push_back({static_cast<std::int64_t>(i), x[i], f[i], y[i]});
  set_bound(section.table, x.size());
  return section;
}

Section stream_section(const Explained& e, const ByHand& hand) {
  Section section{.key = "stream", .title = "the whole stream", .address = e.address(Site::resid_post)};
  section.says =
      "How long each vector of this layer is, and how far it points in the direction of the layer's last.";
  section.formula = "norm = sqrt(sum_c x_c^2);   cosine = (sum_c x_c y_c) / (norm of x * norm of y)";
  section.table.columns = {{"vector", "vector"},
                           {"norm", "norm", number(hand.n.digits)},
                           hot("cosine", "cosine with resid_post", hand.n.digits, Heat::unit)};
  const Numbers end = e.row(Site::resid_post);
  for (const Site site : kResidualSites) {
    const Numbers x = e.row(site);
    section.table.rows.push_back({std::string(info(site).name), study::norm(x), study::cosine(x, end)});
  }
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "How long the vectors of the stream are", .y = {1}};
  return section;
}

Page make_residual(const Request& request) {
  const Scope scope{.topic = "residual", .sites = kResidualSites, .layer = true};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  Page page = page_of(scope.topic,
                      "Attention and MLP do not replace a vector, they add to it. Whatever they leave alone "
                      "passes unchanged, and gradients come back the same way.",
                      {116, 141});
  add_facts(page, e, scope);
  page.sections = {addition_section(e, hand, Site::resid_pre, Site::attn_out, Site::resid_mid),
                   addition_section(e, hand, Site::resid_mid, Site::mlp_out, Site::resid_post),
                   stream_section(e, hand)};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec residual_topic() {
  return {.name = "residual",
          .about = "The stream that attention and MLP add to",
          .example = "residual --text emma --position 2",
          .needs = Needs::model_or_example,
          .options = explain::kResidualOptions,
          .make = explain::make_residual};
}

}  // namespace microgpt::view
