#include "microgpt/view/explain/backward.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/study/numbers.hpp"

namespace microgpt::view::explain {

namespace {

/// How one site's gradient follows from the next one's.
struct BackwardRule {
  Site of;
  const char* says;
  const char* formula;
  const char *a, *b;  ///< headings of the factors, where there is a table of terms
};
constexpr BackwardRule kBackwardRules[] = {
    {Site::logits,
     "The loss is -ln p of the token that came next, and softmax stands between ('explain loss' derives it).",
     "dlogit_t = (p_t - 1) / n for the token that came next, p_t / n for all others", "p - [next]", ""},
    {Site::mlp_out, "mlp.out is added to the stream, and an addition passes its gradient on unchanged.",
     "dmlp.out_c = dresid_post_c", "dresid_post", ""},
    {Site::attn_out, "attn.out is added to the stream, and an addition passes its gradient on unchanged.",
     "dattn.out_c = dresid_mid_c", "dresid_mid", ""},
    {Site::mlp_pre,
     "The gradient of the neuron's output times the slope of its activation: 0 where pre is not above 0, "
     "else 1 for relu and 2 pre for its square.",
     "dpre_j = dpost_j * slope(pre_j)", "dpost", "slope"},
    {Site::q, "The query takes part in the score of every position it sees, once with each key.",
     "dq_p,d = (sum_t dscore_p,t k_t,d) / sqrt(D)", "dscore", "k"},
    {Site::k,
     "The key takes part in the score of every query that sees it: its own position and all later ones.",
     "dk_t,d = (sum_p dscore_p,t q_p,d) / sqrt(D)", "dscore", "q"},
    {Site::v, "The value is taken into the output of every query that sees it, in the query's weight.",
     "dv_t,d = sum_p weight_p,t doutput_p,d", "weight", "doutput"},
    {Site::embed,
     "The gradient comes back through the norm y = r x after the embedding, whose r depends on all of x.",
     "dx_c = r dy_c + (-r^3 mean(dy x)) x_c   with x = embed, y = embed.norm", "r; -r^3 mean(dy x)",
     "dy; x"}};

/// The table of the products that dy is the sum of, position by position.
void add_terms(Section& section, const Weighted& w, const study::BackwardStep& step, const BackwardRule& rule,
               ByHand& hand) {
  const Explained& e = w.e;
  Numbers sizes;
  for (const auto& term : step.terms) sizes.push_back(std::abs(term.a * term.b));
  const auto rows = shown_rows(sizes, e.top);
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(), [&](std::size_t i) {
      const auto& term = step.terms[i];
      return hand.same(n.printed(term.a) * n.printed(term.b), term.a * term.b);
    });
  });
  section.table.columns = {{"position", w.place.to.site == Site::q ? "source" : "query", whole()},
                           {"reads", "reads"},
                           hot("a", rule.a, digits),
                           {"b", rule.b, number(digits)},
                           hot("product", "product", hand.n.digits)};
  section.table.labels = 2;
  for (const std::size_t i : rows) {
    const auto& term = step.terms[i];
    section.table.rows.push_back(
        {std::int64_t{term.position}, e.reads(term.position), term.a, term.b, term.a * term.b});
  }
  set_bound(section.table, step.terms.size());
}

}  // namespace

Section dy_section(const Weighted& w, const std::vector<study::ChainTerm>& terms, ByHand& hand) {
  const Explained& e = w.e;
  Numbers products;
  for (const study::ChainTerm& term : terms) products.push_back(std::abs(term.product()));
  const int position = static_cast<int>(study::ranked(products, 1)[0]);
  const Index column = w.place.is_embedding() ? w.weight.column : w.weight.row;
  const study::BackwardStep step =
      study::backward_step(e.subject.model(), e.trace, w.place, position, column);
  const auto* rule = std::find_if(std::begin(kBackwardRules), std::end(kBackwardRules),
                                  [&](const BackwardRule& r) { return r.of == w.place.to.site; });

  Section section{.key = "dy", .title = "where dy comes from", .lines = {172, 172}};
  section.address = study::to_string(step.of);
  const std::string name = (w.place.is_embedding() ? "dembed[" : "dy[") + std::to_string(position) + ","
                           + std::to_string(column) + "]";
  section.says = "At position " + e.subject.position_label(e.batch(), position)
                 + ", which adds most to the gradient. " + rule->says;
  section.formula = rule->formula;
  const bool of_pairs = step.terms.empty() || step.terms[0].position >= 0;
  std::vector<Term> summed;
  Numbers sizes;
  for (const auto& term : step.terms) {
    summed.push_back(*rule->b == '\0' ? Term{term.a} : Term{term.a, term.b});
    sizes.push_back(std::abs(term.a * term.b));
  }
  if (summed.size() > 16) {
    std::vector<Term> ordered;
    for (const std::size_t i : study::ranked(sizes)) ordered.push_back(summed[i]);
    summed = std::move(ordered);
  }
  const std::string divisor = w.place.to.site == Site::logits ? " / " + std::to_string(e.positions())
                              : w.place.to.site == Site::q || w.place.to.site == Site::k
                                  ? " / sqrt(" + std::to_string(e.config().head_size()) + ")"
                                  : "";
  section.numbers = name + " = " + hand.line(step.value, [&](const Digits& n) {
    Written sum = written_sum(summed, n);
    if (!divisor.empty()) {
      if (summed.size() > 1) sum.text = "(" + sum.text + ")";
      sum.text += divisor;
    }
    return Written{sum.text, sum.value * step.factor};
  });
  section.result = step.value;
  section.digits = hand.n.digits;
  if (of_pairs) add_terms(section, w, step, *rule, hand);
  return section;
}
}  // namespace microgpt::view::explain
