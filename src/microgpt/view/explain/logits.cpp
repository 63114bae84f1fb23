// explain logits, loss: a number for every next token, and how wrong they are.
#include <algorithm>
#include <cmath>

#include "microgpt/study/numbers.hpp"
#include "microgpt/study/weight.hpp"
#include "microgpt/view/explain/explained.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kLogitsOptions[] = {kReadOption, kPositionOption, kAtOption, kTopOption, kDigitsOption};
constexpr Site kLogitsSites[] = {Site::logits, Site::probs};

/// The token that is worked out: the one asked for, or the one that comes next; at the end of the text, where nothing
/// has come yet, the likeliest.
std::size_t token_in_question(const Explained& e, const Numbers& logits) {
  if (const auto asked = e.asked()) return *asked;
  if (e.position + 1 < e.positions()) return static_cast<std::size_t>(e.target(e.position));
  return study::ranked(logits, 1)[0];
}

Page make_logits(const Request& request) {
  const Scope scope{.topic = "logits", .sites = kLogitsSites};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  const study::Address end = study::end_of_stream(e.config());
  const Numbers logits = e.row(Site::logits);
  const Numbers probs = e.row(Site::probs);
  const std::size_t token = token_in_question(e, logits);
  const std::string t = std::to_string(token);
  Page page = page_of(scope.topic,
                      "One number for every token of the vocabulary: how well its row of lm_head fits the "
                      "vector at the end of the stream. There is no norm and no bias between, so a logit is "
                      "an exact sum of what was added to the stream ('study ledger' shows it).",
                      {143, 143});
  add_facts(page, e, scope);

  Section one{.key = "one_logit", .title = "one logit, term by term", .lines = lines_of(Site::logits)};
  study::Address at = e.here(Site::logits);
  at.token = static_cast<int>(token);
  one.address = study::to_string(at);
  one.says = "Token " + t + " is " + e.subject.label(static_cast<Token>(token))
             + (e.asked()                        ? "."
                : e.position + 1 < e.positions() ? ", which comes next in the text."
                                                 : ", the likeliest after the end of the text.");
  one.formula = "logit_t = sum_c lm_head[t,c] x_c   with x = " + to_string(end);
  const auto row = e.weights().lm_head().row(static_cast<Index>(token));
  fill_product(one,
               {.y = "logit_" + t,
                .w = "lm_head[" + t + ",c]",
                .x = "x_c",
                .i = "channel",
                .weights = {row.begin(), row.end()},
                .inputs = e.trace.row(end.site, end.layer, e.position),
                .result = logits[token]},
               hand, e.top);

  Section all{.key = "all_logits", .title = "the likeliest tokens", .address = e.address(Site::logits)};
  all.lines = lines_of(Site::logits);
  all.says = "The logits, and the probabilities that softmax makes of them ('explain softmax' shows how).";
  all.formula = "logits = lm_head x";
  all.table.columns = {{"token", "token", whole()},
                       {"character", "character"},
                       hot("logit", "logit", hand.n.digits),
                       hot("probability", "probability", hand.n.digits, Heat::unit)};
  all.table.labels = 2;
  for (const std::size_t i : ranked_rows(logits, e.top, token)) {
    all.table.rows.push_back(
        {static_cast<std::int64_t>(i), e.subject.label(static_cast<Token>(i)), logits[i], probs[i]});
  }
  set_bound(all.table, logits.size());
  all.figure = Figure{.kind = Figure::Kind::bars,
                      .title = "The probabilities of the likeliest next tokens",
                      .x = 1,
                      .y = {3},
                      .y_title = "probability"};
  page.sections = {one, all};
  page.about += hand.note();
  return page;
}

Section text_loss_section(const Explained& e, ByHand& hand) {
  const std::vector<double> nll = e.trace.nll();
  const auto count = static_cast<std::size_t>(e.positions());
  const auto V = static_cast<double>(e.config().vocab_size);
  Section section{.key = "text_loss", .title = "the text's loss", .lines = {169, 169}};
  section.says =
      "The mean over all positions. A model that knows nothing gives every token the same probability; its "
      "loss is ln "
      + std::to_string(e.config().vocab_size) + " = " + hand.n(std::log(V)) + ".";
  section.formula = "loss = (sum_p loss_p) / n";
  section.numbers = "loss = " + hand.line(e.trace.loss(), [&](const Digits& n) {
    const Written sum = written_sum(nll, n);
    return Written{"(" + sum.text + ") / " + std::to_string(count), sum.value / static_cast<double>(count)};
  });
  section.result = e.trace.loss();
  section.digits = hand.n.digits;
  const auto rows = shown_rows(nll, e.top, static_cast<std::size_t>(e.position));
  const auto p_of = [&](std::size_t p) {
    return e.trace.value(Site::probs, 0, static_cast<int>(p), e.target(static_cast<int>(p)));
  };
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(),
                       [&](std::size_t p) { return hand.same(-std::log(n.printed(p_of(p))), nll[p]); });
  });
  section.table.columns = {{"position", "position", whole()},
                           {"reads", "reads"},
                           {"next", "next"},
                           hot("probability", "probability", digits, Heat::unit),
                           hot("loss", "loss", hand.n.digits)};
  section.table.labels = 3;
  for (const std::size_t i : rows) {
    const auto p = static_cast<int>(i);
    section.table.rows.push_back(
        {std::int64_t{p}, e.reads(p), e.subject.label(e.target(p)), p_of(i), nll[i]});
  }
  set_bound(section.table, count);
  section.figure = Figure{.kind = Figure::Kind::bars,
                          .title = "How surprising the character after each position is",
                          .x = 0,
                          .y = {4},
                          .label = 1,
                          .y_title = "nats",
                          .references = {{"guessing", std::log(V)}, {"mean", e.trace.loss()}}};
  return section;
}

Section slope_section(const Explained& e, ByHand& hand) {
  const Numbers probs = e.row(Site::probs);
  const Numbers slopes = e.trace.gradient_row(Site::logits, 0, e.position);
  const auto next = static_cast<std::size_t>(e.target(e.position));
  const std::size_t token = e.asked().value_or(next);
  const double n_positions = e.positions();
  const std::string n_text = std::to_string(e.positions());
  Section section{.key = "slopes", .title = "where learning begins", .address = e.address(Site::logits)};
  section.says =
      "How the loss changes with each logit of this position. A step against these slopes raises the logit "
      "of the token that came next and lowers all others; everything that backprop computes starts here.";
  section.formula = "dloss/dlogit_t = (p_t - 1) / n for the token that came, p_t / n for all others";
  const auto slope_of = [&](std::size_t i, const Digits& n) {
    return (n.printed(probs[i]) - (i == next ? 1 : 0)) / n_positions;
  };
  section.numbers =
      "dloss/dlogit_" + std::to_string(token) + " = " + hand.line(slopes[token], [&](const Digits& n) {
        return Written{
            token == next ? "(" + n(probs[token]) + " - 1) / " + n_text : n(probs[token]) + " / " + n_text,
            slope_of(token, n)};
      });
  section.result = slopes[token];
  section.digits = hand.n.digits;
  const auto rows = shown_rows(slopes, e.top, token);
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(),
                       [&](std::size_t i) { return hand.same(slope_of(i, n), slopes[i]); });
  });
  section.table.columns = {{"token", "token", whole()},
                           {"character", "character"},
                           hot("probability", "probability", digits, Heat::unit),
                           hot("slope", "dloss/dlogit", hand.n.digits)};
  section.table.labels = 2;
  for (const std::size_t i : rows) {
    section.table.rows.push_back(
        {static_cast<std::int64_t>(i), e.subject.label(static_cast<Token>(i)), probs[i], slopes[i]});
  }
  set_bound(section.table, slopes.size());
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "How the loss changes with each logit", .x = 1, .y = {3}};
  return section;
}

Page make_loss(const Request& request) {
  const Scope scope{.topic = "loss", .sites = kLogitsSites, .gradient = true};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  const Token next = e.target(e.position);
  const double p = e.trace.value(Site::probs, 0, e.position, next);
  Page page = page_of(scope.topic,
                      "How surprised the model is by the token that comes next, in nats: -ln of the "
                      "probability that it gave to this token. Certainty is 0.",
                      {166, 169});
  add_facts(page, e, scope);
  Section one{.key = "one_position", .title = "at one position", .lines = {167, 167}};
  one.address = study::to_string({.site = Site::probs, .position = e.position, .token = next});
  one.formula = "loss_p = -ln p(next token)";
  one.result = e.trace.nll()[static_cast<std::size_t>(e.position)];
  one.numbers = "loss_" + std::to_string(e.position) + " = -ln p(" + e.subject.label(next)
                + ") = " + hand.line(std::get<double>(*one.result), [&](const Digits& n) {
                    return Written{"-ln " + n(p), -std::log(n.printed(p))};
                  });
  one.digits = hand.n.digits;
  page.sections = {one, text_loss_section(e, hand), slope_section(e, hand)};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec logits_topic() {
  return {.name = "logits",
          .about = "One number for every possible next character",
          .example = "logits --text emma",
          .needs = Needs::model_or_example,
          .options = explain::kLogitsOptions,
          .make = explain::make_logits};
}

ViewSpec loss_topic() {
  return {.name = "loss",
          .about = "How wrong the predictions are, and where learning begins",
          .example = "loss --text emma --position 1",
          .needs = Needs::model_or_example,
          .options = explain::kLogitsOptions,
          .make = explain::make_loss};
}

}  // namespace microgpt::view
