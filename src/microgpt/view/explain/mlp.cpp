// explain mlp: neurons.
#include <algorithm>

#include "microgpt/study/numbers.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/explain/explained.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kMlpOptions[] = {kReadOption, kPositionOption, kLayerOption,
                                      kAtOption,   kTopOption,      kDigitsOption};
constexpr Site kMlpSites[] = {Site::mlp_norm, Site::mlp_pre, Site::mlp_post, Site::mlp_out};

/// The layer's neurons at the position.
struct Neurons {
  Numbers x, pre, post, out;
  std::size_t neuron = 0;              ///< of the formulas: the one that is asked for, or the most active
  std::optional<std::size_t> asked{};  ///< by address
  std::size_t channel = 0;             ///< of the output that is worked out
};

Neurons neurons_of(const Explained& e) {
  Neurons all{.x = e.row(Site::mlp_norm),
              .pre = e.row(Site::mlp_pre),
              .post = e.row(Site::mlp_post),
              .out = e.row(Site::mlp_out)};
  if (e.at && e.at->neuron) all.asked = e.asked();
  if (e.at && e.at->site == Site::mlp_out) all.channel = e.asked().value_or(0);
  all.neuron = all.asked.value_or(study::ranked(all.pre, 1)[0]);
  return all;
}

Section pre_section(const Explained& e, const Neurons& all, ByHand& hand) {
  Section section{.key = "pre", .title = "pre: what a neuron sees", .lines = lines_of(Site::mlp_pre)};
  study::Address at = e.here(Site::mlp_pre);
  at.neuron = static_cast<int>(all.neuron);
  section.address = study::to_string(at);
  const std::string neuron = std::to_string(all.neuron);
  section.says = "Neuron " + neuron + (all.asked ? "" : ", the most active one here,")
                 + " compares its row of mlp_fc1 with x = mlp.norm.";
  section.formula = "pre_j = sum_i mlp_fc1[j,i] x_i";
  const auto row = e.weights().mlp_fc1(e.layer).row(static_cast<Index>(all.neuron));
  fill_product(section,
               {.y = "pre_" + neuron,
                .w = "mlp_fc1[" + neuron + ",i]",
                .x = "x_i",
                .i = "i",
                .weights = {row.begin(), row.end()},
                .inputs = all.x,
                .result = all.pre[all.neuron]},
               hand, e.top);
  return section;
}

Section post_section(const Explained& e, const Neurons& all, ByHand& hand) {
  const bool squared = e.config().activation == Activation::relu2;
  const auto fc2 = e.weights().mlp_fc2(e.layer);
  const std::string neuron = std::to_string(all.neuron);
  const double pre = all.pre[all.neuron];
  Section section{.key = "post", .title = "post: the activation", .lines = lines_of(Site::mlp_post)};
  study::Address at = e.here(Site::mlp_post);
  at.neuron = static_cast<int>(all.neuron);
  section.address = study::to_string(at);
  const auto active = std::count_if(all.post.begin(), all.post.end(), [](double p) { return p > 0; });
  section.says =
      std::to_string(active) + " of " + counted(all.post.size(), "neuron")
      + " are above 0 here. 'writes' is the length of the vector that a neuron adds to the stream.";
  section.formula = squared ? "post_j = max(pre_j, 0)^2" : "post_j = max(pre_j, 0)";
  section.numbers = "post_" + neuron + " = " + hand.line(all.post[all.neuron], [&](const Digits& n) {
    const double positive = std::max(n.printed(pre), 0.0);
    return Written{"max(" + n(pre) + ", 0)" + (squared ? "^2" : ""),
                   squared ? positive * positive : positive};
  });
  section.result = all.post[all.neuron];
  section.digits = hand.n.digits;

  const auto rows = ranked_rows(all.pre, e.top, all.asked);
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(), [&](std::size_t j) {
      const double positive = std::max(n.printed(all.pre[j]), 0.0);
      return hand.same(squared ? positive * positive : positive, all.post[j]);
    });
  });
  section.table.columns = {{"neuron", "neuron", whole()},
                           hot("pre", "pre", digits),
                           hot("post", "post", hand.n.digits),
                           hot("writes", "writes", hand.n.digits)};
  for (const std::size_t j : rows) {
    section.table.rows.push_back({static_cast<std::int64_t>(j), all.pre[j], all.post[j],
                                  all.post[j] * fc2.col(static_cast<Index>(j)).norm()});
  }
  set_bound(section.table, all.post.size());
  section.figure = Figure{.kind = Figure::Kind::bars, .title = "The most active neurons", .y = {2}};
  return section;
}

Section out_section(const Explained& e, const Neurons& all, ByHand& hand) {
  const auto fc2 = e.weights().mlp_fc2(e.layer);
  const auto c = static_cast<Index>(all.channel);
  Section section{.key = "out", .title = "out: back into the stream", .lines = lines_of(Site::mlp_out)};
  section.address = e.address(Site::mlp_out);
  const std::string neuron = std::to_string(all.neuron);
  section.says = "Only the neurons above 0 have a term. The last column is what neuron " + neuron
                 + " adds: its column of mlp_fc2 times post_" + neuron + ".";
  section.formula = "out_c = sum_j mlp_fc2[c,j] post_j";
  std::vector<Term> terms;
  for (const std::size_t j : study::ranked(all.post)) {
    if (all.post[j] > 0) terms.push_back({fc2(c, static_cast<Index>(j)), all.post[j]});
  }
  section.numbers = "out_" + std::to_string(all.channel) + " = "
                    + hand.line(all.out[all.channel], [&](const Digits& n) { return written_sum(terms, n); });
  section.result = all.out[all.channel];
  section.digits = hand.n.digits;
  section.table.columns = {{"channel", "channel", whole()},
                           hot("out", "out", hand.n.digits, Heat::table),
                           hot("neuron_adds", "of neuron " + neuron, hand.n.digits, Heat::table)};
  const auto asked = e.at && e.at->site == Site::mlp_out ? e.asked() : std::nullopt;
  for (const std::size_t i : shown_rows(all.out, e.top, asked)) {
    section.table.rows.push_back(
        {static_cast<std::int64_t>(i), all.out[i],
         fc2(static_cast<Index>(i), static_cast<Index>(all.neuron)) * all.post[all.neuron]});
  }
  set_bound(section.table, all.out.size());
  return section;
}

Page make_mlp(const Request& request) {
  const Scope scope{.topic = "mlp", .sites = kMlpSites, .layer = true};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  const Neurons all = neurons_of(e);
  Page page = page_of(scope.topic,
                      "4C = " + std::to_string(all.pre.size())
                          + " neurons: each looks for one direction (its row of mlp_fc1) and, if it finds it, writes another (its column of mlp_fc2) into the stream.",
                      {135, 141});
  add_facts(page, e, scope);
  page.facts.push_back({"neuron", "neuron", static_cast<std::int64_t>(all.neuron), whole()});
  page.sections = {pre_section(e, all, hand), post_section(e, all, hand), out_section(e, all, hand)};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec mlp_topic() {
  return {.name = "mlp",
          .about = "Neurons: what they look for and what they write",
          .example = "mlp --text emma --at 'layer0.mlp.post[position 3, neuron 5]'",
          .needs = Needs::model_or_example,
          .options = explain::kMlpOptions,
          .make = explain::make_mlp};
}

}  // namespace microgpt::view
