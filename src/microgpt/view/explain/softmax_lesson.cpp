// The computation: the numbers, the formula, the maximum subtracted, the logarithm.
#include "microgpt/view/explain/softmax_lesson.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "microgpt/study/numbers.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/explain/softmax_tables.hpp"

namespace microgpt::view::explain {

namespace {

/// What has a probability.
std::string thing_of(const SoftmaxLesson& lesson) {
  if (lesson.in.labels.empty()) return "number";
  return (lesson.in.index == "token" ? "next token, from " : "source, from ") + lesson.in.address;
}

/// "e^2.000", "e^(-1.900)".
std::string power(double exponent, const Digits& n) {
  return "e^" + n.factor(exponent);
}

/// "p_0 = e^2.000 / (e^2.000 + e^1.000 + e^0.100) = 7.38906 / (7.38906 + ...) = 7.38906 / 11.21251", with the digits
/// that the table of the same numbers has.
std::string quotient(ByHand& hand, const SoftmaxLesson& lesson, const Numbers& exponents, const Numbers& e,
                     double p, int digits) {
  constexpr std::size_t kMostPowers = 8;
  std::string powers;
  if (exponents.size() <= kMostPowers) {
    for (const double exponent : exponents) powers += (powers.empty() ? "" : " + ") + power(exponent, hand.n);
    powers = power(exponents[lesson.i], hand.n) + " / (" + powers + ") = ";
  }
  return "p_" + std::to_string(lesson.i) + " = " + powers
         + hand.line(
             p, [&](const Digits& n) { return written_share(e, lesson.i, n); }, digits - hand.n.digits);
}

/// A column of exponents, with the digits that give e^exponent as results are printed.
Column exponent_column(const SoftmaxLesson& lesson, ByHand& hand, const std::string& key,
                       const std::string& title, const Numbers& exponents, const Numbers& e) {
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(lesson.rows.begin(), lesson.rows.end(), [&](std::size_t i) {
      return !std::isfinite(e[i]) || hand.same(std::exp(n.printed(exponents[i])), e[i]);
    });
  });
  return {key, title, number(digits)};
}

/// The columns of exponentials and probabilities, with what is left out and the total; returns the digits of the
/// exponentials.
int add_quotients(const SoftmaxLesson& lesson, Section& section, ByHand& hand, const std::string& title,
                  const Numbers& e, double total, const Numbers& p) {
  Table& table = section.table;
  const std::size_t first = table.columns.size();
  const bool all = lesson.rows.size() == e.size();
  Numbers shown;
  for (const std::size_t i : lesson.rows) shown.push_back(e[i]);
  if (!all) shown.push_back(rest_of(e, lesson.rows));
  const int digits = hand.digits_for([&](const Digits& n) {
    if (!std::isfinite(total)) return true;
    return adds_up(shown, total, n)
           && std::all_of(lesson.rows.begin(), lesson.rows.end(), [&](std::size_t i) {
                return !std::isfinite(p[i]) || hand.same(n.printed(e[i]) / n.printed(total), p[i]);
              });
  });
  table.columns.push_back({"exponential", title, number(digits)});
  table.columns.push_back(hot("probability", "probability", hand.n.digits, Heat::unit));
  for (std::size_t r = 0; r < lesson.rows.size(); ++r) {
    table.rows[r].insert(table.rows[r].end(), {e[lesson.rows[r]], p[lesson.rows[r]]});
  }
  const auto sum_row = [&](std::string name, double of_e, double of_p) {
    std::vector<Value> row(first);
    row[0] = std::move(name);
    row.insert(row.end(), {of_e, of_p});
    table.rows.push_back(std::move(row));
    ++table.totals;
  };
  if (!all) sum_row(counted(e.size() - lesson.rows.size(), "other"), shown.back(), rest_of(p, lesson.rows));
  double sum = 0;
  for (const double one : p) sum += one;
  sum_row("total", total, sum);
  set_bound(table, e.size());
  return digits;
}

}  // namespace

SoftmaxLesson softmax_lesson(SoftmaxInput input) {
  SoftmaxLesson lesson{.in = std::move(input), .s = {}, .rows = {}};
  const SoftmaxInput& in = lesson.in;
  lesson.s = study::softmax_steps(in.logits, in.temperature, in.type);
  lesson.i = in.asked.value_or(lesson.s.likeliest());
  lesson.rows = in.by_size || (in.top > 0 && in.logits.size() > in.top)
                    ? ranked_rows(in.logits, in.top, in.asked)
                    : shown_rows(in.logits, in.top);
  return lesson;
}

Section numbers_section(const SoftmaxLesson& lesson, ByHand& hand) {
  const SoftmaxInput& in = lesson.in;
  const bool scaled = in.temperature != 1;
  const std::string i = std::to_string(lesson.i);
  Section section{.key = "numbers", .title = "the numbers", .address = in.address};
  section.says = "Softmax takes any numbers z, negative or positive, small or large; here there are "
                 + with_commas(in.logits.size())
                 + ". It turns them into probabilities, which are above 0 and add up to 1.";
  if (scaled) {
    section.says += " The numbers are divided by the temperature T first.";
    section.formula = "z_i = logit_i / T";
    section.numbers = "z_" + i + " = " + hand.line(lesson.s.z[lesson.i], [&](const Digits& n) {
      return Written{n(in.logits[lesson.i]) + " / " + n(in.temperature),
                     n.printed(in.logits[lesson.i]) / n.printed(in.temperature)};
    });
    section.result = lesson.s.z[lesson.i];
    section.digits = hand.n.digits;
  }
  section.table = numbers_table(lesson);
  if (scaled) section.table.columns.push_back({"logit", "logit", number(hand.n.digits)});
  section.table.columns.push_back(hot("z", "z", hand.n.digits));
  for (std::size_t r = 0; r < lesson.rows.size(); ++r) {
    if (scaled) section.table.rows[r].emplace_back(in.logits[lesson.rows[r]]);
    section.table.rows[r].emplace_back(lesson.s.z[lesson.rows[r]]);
  }
  set_bound(section.table, in.logits.size());
  return section;
}

Section formula_section(const SoftmaxLesson& lesson, ByHand& hand) {
  const study::SoftmaxSteps& s = lesson.s;
  Section section{.key = "formula", .title = "the formula"};
  section.says =
      "Every number becomes e^z, which is above 0 and grows with z; divided by their sum, these are the "
      "probabilities.";
  section.formula = "p_i = e^z_i / sum_j e^z_j";

  section.result = s.formula_p[lesson.i];
  section.digits = hand.n.digits;
  section.table = numbers_table(lesson);
  section.table.columns.push_back(exponent_column(lesson, hand, "z", "z", s.z, s.formula_e));
  for (std::size_t r = 0; r < lesson.rows.size(); ++r)
    section.table.rows[r].emplace_back(s.z[lesson.rows[r]]);
  const int digits = add_quotients(lesson, section, hand, "e^z", s.formula_e, s.formula_total, s.formula_p);
  section.numbers = quotient(hand, lesson, s.z, s.formula_e, s.formula_p[lesson.i], digits);

  if (!std::isfinite(s.formula_total)) {
    section.says +=
        " Here it overflows: a number or the total is inf, and inf / inf is nan. (Python's math.exp raises "
        "OverflowError instead.)";
  } else if (s.formula_total == 0) {
    section.says += " Here it underflows: every e^z is 0, and 0 / 0 is nan.";
  }
  return section;
}

Section maximum_section(const SoftmaxLesson& lesson, ByHand& hand) {
  const study::SoftmaxSteps& s = lesson.s;
  Section section{.key = "maximum", .title = "the maximum subtracted", .lines = {97, 101}};
  section.says =
      "Programs subtract the largest z first. Nothing changes: e^(z - max) = e^z / e^max, so every term of "
      "the quotient is divided by the same number. But now no exponent is above 0 and the sum is at least 1, "
      "so nothing overflows.";
  section.formula = "p_i = e^(z_i - max) / sum_j e^(z_j - max)";

  section.result = s.p[lesson.i];
  section.digits = hand.n.digits;
  section.table = numbers_table(lesson);
  section.table.columns.push_back({"z", "z", number(hand.n.digits)});
  section.table.columns.push_back(exponent_column(lesson, hand, "shifted", "z - max", s.shifted, s.e));

  for (std::size_t r = 0; r < lesson.rows.size(); ++r) {
    section.table.rows[r].insert(section.table.rows[r].end(),
                                 {s.z[lesson.rows[r]], s.shifted[lesson.rows[r]]});
  }
  const int digits = add_quotients(lesson, section, hand, "e^(z - max)", s.e, s.total, s.p);
  section.numbers =
      "max = " + hand.n(s.max) + "; " + quotient(hand, lesson, s.shifted, s.e, s.p[lesson.i], digits);

  // A token is known by its character; of sources the characters alone may be the same.
  const bool of_tokens = lesson.in.index == "token";
  section.figure = Figure{.kind = Figure::Kind::bars,
                          .title = "The probability that softmax gives to each " + thing_of(lesson),
                          .x = of_tokens ? std::size_t{1} : 0,
                          .y = {section.table.columns.size() - 1},
                          .y_title = "probability"};
  if (section.table.labels > 1 && !of_tokens) section.figure->label = 1;
  if (std::isfinite(s.formula_total) && s.formula_total > 0) {
    Agreement agreement{.rounding = softmax_rounding(s), .with = "the formula"};
    for (std::size_t i = 0; i < s.p.size(); ++i) {
      agreement.difference = std::max(agreement.difference, std::abs(s.p[i] - s.formula_p[i]));
    }
    section.agreement = agreement;
    section.note = "Every probability " + agreement_text(agreement) + ".";
  }
  return section;
}

Section logarithm_section(const SoftmaxLesson& lesson, ByHand& hand) {
  const study::SoftmaxSteps& s = lesson.s;
  Section section{.key = "logarithm", .title = "the logarithm of a probability"};
  section.says =
      "The loss needs ln p. Computed from z and the logarithm of the sum (log-sum-exp, lse), it needs no "
      "division and does not underflow: ln of a p that became 0 would be -inf.";
  section.formula = "lse = max + ln sum_j e^(z_j - max);   ln p_i = z_i - lse";
  section.numbers = "lse = " + hand.line(s.log_sum, [&](const Digits& n) {
    return Written{n(s.max) + " + ln " + n(s.total), n.printed(s.max) + std::log(n.printed(s.total))};
  });
  section.result = s.log_sum;
  section.digits = hand.n.digits;
  section.table = numbers_table(lesson);
  section.table.columns.push_back(hot("log_p", "z - lse", hand.n.digits));
  section.table.columns.push_back({"log_of_p", "ln(p)", number(hand.n.digits)});
  section.table.columns.push_back({"log_of_formula_p", "ln(p) of the formula", number(hand.n.digits)});
  for (std::size_t r = 0; r < lesson.rows.size(); ++r) {
    const std::size_t i = lesson.rows[r];
    // In two steps, so that a large max does not take the digits of ln(total).
    section.table.rows[r].insert(section.table.rows[r].end(), {s.shifted[i] - std::log(s.total),
                                                               std::log(s.p[i]), std::log(s.formula_p[i])});
  }
  set_bound(section.table, s.z.size());
  return section;
}

}  // namespace microgpt::view::explain
