// explain backprop: how the loss responds to one weight.
#include <algorithm>
#include <cmath>

#include "microgpt/study/gradients.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/study/weight.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/explain/backward.hpp"
#include "microgpt/view/explain/explained.hpp"
#include "microgpt/view/explain/weights.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kBackpropOptions[] = {kReadOption, kWeightOption, kTopOption, kDigitsOption};

/// What the gradient is a sum of: one term a position.
Section chain_section(const Weighted& w, const std::vector<study::ChainTerm>& terms, ByHand& hand) {
  const Explained& e = w.e;
  const std::string r = std::to_string(w.weight.row);
  const std::string c = std::to_string(w.weight.column);
  const std::string x = study::to_string(w.place.from);
  const std::string y = study::to_string(w.place.to);
  Section section{.key = "chain", .title = "position by position", .address = y, .lines = {172, 172}};
  if (w.place.is_embedding()) {
    const bool by_token = w.place.kind == TensorKind::wte;
    section.says =
        std::string("The weight is added to channel ") + c + " of embed at every position that "
        + (by_token ? "reads token " + r + " (" + e.subject.label(static_cast<Token>(w.weight.row)) + ")"
                    : "is position " + r)
        + ", so the gradients there are its own: x is 1 at these positions and 0 at all others.";
    section.formula =
        "d" + std::string(name_of(w.place.kind)) + "[" + r + "," + c + "] = sum_p dembed[p," + c + "] x[p]";
  } else {
    section.says = "The weight multiplies x_" + c + " into y_" + r + " at every position; x is " + x
                   + " and y is " + y
                   + ". dy is the gradient of the loss with respect to y, which the backward pass has already computed; the next step shows how.";
    section.formula = "dW[" + r + "," + c + "] = sum_p dy[p," + r + "] x[p," + c + "]";
  }
  Numbers products;
  for (const study::ChainTerm& term : terms) products.push_back(term.product());
  const auto rows = shown_rows(products, e.top);
  std::vector<Term> summed;
  for (const std::size_t p :
       terms.size() > 16 ? ranked_rows(sizes_of(products), 0) : shown_rows(products, 0)) {
    summed.push_back({terms[p].dy, terms[p].x});
  }
  section.numbers =
      "gradient = " + hand.line(w.gradient, [&](const Digits& n) { return written_sum(summed, n); });
  section.result = w.gradient;
  section.digits = hand.n.digits;
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(), [&](std::size_t p) {
      return hand.same(n.printed(terms[p].dy) * n.printed(terms[p].x), products[p]);
    });
  });
  const bool embedding = w.place.is_embedding();
  section.table.columns = {{"position", "position", whole()},
                           {"reads", "reads"},
                           hot("dy", embedding ? "dembed[p," + c + "]" : "dy[p," + r + "]", digits),
                           {"x", embedding ? "x[p]" : "x[p," + c + "]", number(digits)},
                           hot("product", "product", hand.n.digits)};
  section.table.labels = 2;
  for (const std::size_t p : rows) {
    section.table.rows.push_back(
        {static_cast<std::int64_t>(p), e.reads(static_cast<int>(p)), terms[p].dy, terms[p].x, products[p]});
  }
  set_bound(section.table, terms.size());
  section.figure = Figure{
      .kind = Figure::Kind::bars, .title = "What each position adds to the gradient", .y = {4}, .label = 1};
  return section;
}

Section nudge_section(const Weighted& w, const Request& request, ByHand& hand) {
  constexpr double kBest = 1e-5;
  constexpr double kSteps[] = {1e-2, 1e-3, 1e-4, kBest, 1e-6};
  constexpr int kLossDigits = 9;
  Section section{.key = "nudging", .title = "the same by nudging", .address = w.name};
  section.says =
      "Move the weight a little, run the model twice, and see what the loss does. A tenth of h makes the "
      "error of this formula a hundred times smaller and rounding ten times larger, which is about 2.2e-16 M "
      "/ h, where M = "
      + hand.n(w.e.trace.loss_size()) + " is the largest logit or loss. The best h lies between.";
  section.formula = "gradient ~ (loss(w + h) - loss(w - h)) / 2h   with w = " + hand.n(w.value);
  section.table.columns = {{"h", "h", number(1)},
                           {"loss_up", "loss(w + h)", number(kLossDigits)},
                           {"loss_down", "loss(w - h)", number(kLossDigits)},
                           {"slope", "slope", number(hand.n.digits)},
                           {"difference", "slope - gradient", number(hand.n.digits)},
                           {"rounding", "rounding", number(hand.n.digits)}};
  for (const study::Nudge& one :
       study::nudges(w.e.subject.model(), w.e.trace, w.weight, kSteps, request.progress)) {
    const Agreement slope{.difference = one.slope, .rounding = one.rounding, .with = "0"};
    section.table.rows.push_back({one.h, one.up, one.down, slope,
                                  Agreement{.difference = one.slope - w.gradient, .rounding = one.rounding},
                                  one.rounding});
    if (one.h != kBest) continue;
    section.numbers = "h = 1e-05: " + hand.line(one.slope, [&](const Digits& n) {
      const Digits loss{kLossDigits, n.extra};
      return Written{
          "(" + loss(one.up) + " - " + loss(one.down) + ") / 2e-05",
          slope.only_rounding() ? one.slope : (loss.printed(one.up) - loss.printed(one.down)) / (2 * kBest)};
    });
    section.result = slope;
    section.digits = hand.n.digits;
    section.agreement =
        Agreement{.difference = one.slope - w.gradient, .rounding = one.rounding, .with = "the gradient"};
    section.note = "At h = 1e-05 the slope " + agreement_text(*section.agreement) + ".";
  }
  return section;
}

Section tensor_section(const Weighted& w, const ByHand& hand) {
  const study::TensorGradient all = study::tensor_gradient(w.e.trace, w.weight.tensor);
  const std::string& tensor = w.e.weights().table()[w.weight.tensor].name;
  Section section{.key = "tensor", .title = "the whole tensor"};
  section.says = std::to_string(all.zeros) + " of the " + counted(all.count, "weight") + " of " + tensor
                 + (all.zeros == 1 ? " has" : " have") + " a gradient of exactly 0.";
  section.table.columns = {{"tensor", "tensor"},
                           {"norm", "norm of the gradient", number(hand.n.digits)},
                           {"largest", "largest in size", number(hand.n.digits)},
                           {"zeros", "exactly 0", whole()},
                           {"weights", "weights", whole()}};
  section.table.rows = {{tensor, all.norm, std::abs(all.largest), static_cast<std::int64_t>(all.zeros),
                         static_cast<std::int64_t>(all.count)}};
  return section;
}

Page make_backprop(const Request& request) {
  const Scope scope{.topic = "backprop", .gradient = true};
  const Explained e = explained(request, scope);
  const Weighted w = weighted(e, request.options);
  ByHand hand(digits_of(request.options));
  Page page =
      page_of(scope.topic,
              "The gradient of a weight says how the loss responds when the weight is moved a little. The "
              "chain rule gives it for all weights in one pass from the loss back; here it is for "
                  + w.name + ".",
              {172, 172});
  add_facts(page, e, scope, false);
  page.facts.push_back({"weight", "weight", w.name});
  page.facts.push_back({"loss", "loss", e.trace.loss(), number(hand.n.digits)});
  const auto terms = study::chain_terms(e.subject.model(), e.trace, w.weight);
  page.sections.push_back(chain_section(w, terms, hand));
  page.sections.push_back(dy_section(w, terms, hand));
  page.sections.push_back(nudge_section(w, request, hand));
  if (w.gradient == 0) {
    Section why{.key = "why_zero", .title = "why it is exactly 0", .address = w.name};
    why.says = why_zero_words(w);
    page.sections.push_back(std::move(why));
  }
  page.sections.push_back(tensor_section(w, hand));
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec backprop_topic() {
  return {.name = "backprop",
          .about = "How the loss responds to one weight: its gradient",
          .example = "backprop --text emma --weight 'layer0.attn_wq[0,0]'",
          .needs = Needs::model_or_example,
          .options = explain::kBackpropOptions,
          .make = explain::make_backprop};
}

}  // namespace microgpt::view
