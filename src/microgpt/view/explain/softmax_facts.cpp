// What holds for softmax: where floats end, its properties, temperature, derivative.
#include <algorithm>
#include <cmath>
#include <limits>

#include "microgpt/base/number.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/explain/softmax_tables.hpp"

namespace microgpt::view::explain {

namespace {

/// Numbers side by side in a table.
constexpr std::size_t kMostBeside = 8;

std::string type_name(study::FloatType type) {
  return type == study::FloatType::float32 ? "float32" : "float64";
}

std::string fate_words(study::ExpFate fate) {
  switch (fate) {
    case study::ExpFate::overflow:
      return "inf: overflow";
    case study::ExpFate::underflow:
      return "0: underflow";
    case study::ExpFate::digits_lost:
      return "fewer digits";
    case study::ExpFate::right:
      break;
  }
  return "right";
}

}  // namespace

Table numbers_table(const SoftmaxLesson& lesson) {
  const SoftmaxInput& in = lesson.in;
  Table table{.columns = {{"index", in.index, whole()}}};
  if (!in.labels.empty()) table.columns.push_back({"label", in.index == "token" ? "character" : "reads"});
  table.labels = table.columns.size();
  for (const std::size_t i : lesson.rows) {
    std::vector<Value> row = {static_cast<std::int64_t>(i)};
    if (!in.labels.empty()) row.emplace_back(in.labels[i]);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string name_of(const SoftmaxLesson& lesson, std::size_t i) {
  return lesson.in.labels.empty() ? std::to_string(i) : std::to_string(i) + " " + lesson.in.labels[i];
}

double softmax_rounding(const study::SoftmaxSteps& s) {
  const double eps = s.type == study::FloatType::float32
                         ? static_cast<double>(std::numeric_limits<float>::epsilon())
                         : std::numeric_limits<double>::epsilon();
  // e^z is as exact as z is, relative to 1.
  double size = 1;
  for (const double z : s.z) size = std::max(size, std::abs(z));
  return eps * size;
}

Section overflow_section(const SoftmaxLesson& lesson) {
  Section section{.key = "overflow", .title = "what goes wrong without the maximum subtracted"};
  section.says =
      "e^z outgrows every float: the largest float32 is e^88.7, the largest float64 e^709.8. For very "
      "negative numbers e^z first loses digits, then becomes 0.";
  section.table.columns = {{"type", "type"},
                           {"overflow", "inf above", number(3)},
                           {"digits_lost", "fewer digits below", number(3)},
                           {"zero", "0 below", number(3)},
                           {"in_use", ""}};
  for (const auto type : {study::FloatType::float32, study::FloatType::float64}) {
    const study::ExpRange range = study::exp_range(type);
    section.table.rows.push_back({type_name(type), range.overflow, range.subnormal, range.zero,
                                  type == lesson.in.type ? "on this page" : ""});
  }
  if (!outcome_section(lesson)) {
    section.says += " Every e^z of this page is an ordinary number of " + type_name(lesson.in.type)
                    + (std::isfinite(lesson.s.formula_total) ? ", with and without the maximum subtracted."
                                                             : ", but their sum overflows.");
  }
  return section;
}

std::optional<Section> outcome_section(const SoftmaxLesson& lesson) {
  const study::SoftmaxSteps& s = lesson.s;
  Section section{.key = "outcome", .title = "what became of these numbers"};
  section.table = numbers_table(lesson);
  Table& table = section.table;
  table.rows.clear();
  table.columns.insert(table.columns.end(), {{"z", "z", number(3)},
                                             {"formula", "e^z is"},
                                             {"shifted", "z - max", number(3)},
                                             {"stable", "e^(z - max) is"}});
  std::size_t failed = 0;
  for (std::size_t i = 0; i < s.z.size(); ++i) {
    const auto formula = study::exp_fate(s.z[i], s.formula_e[i], s.type);
    const auto stable = study::exp_fate(s.shifted[i], s.e[i], s.type);
    if (formula == study::ExpFate::right && stable == study::ExpFate::right) continue;
    ++failed;
    if (lesson.in.top > 0 && table.rows.size() == lesson.in.top) continue;
    std::vector<Value> row = {static_cast<std::int64_t>(i)};
    if (!lesson.in.labels.empty()) row.emplace_back(lesson.in.labels[i]);
    row.insert(row.end(), {s.z[i], fate_words(formula), s.shifted[i], fate_words(stable)});
    table.rows.push_back(std::move(row));
  }
  if (failed == 0) return std::nullopt;
  set_bound(table, failed);
  section.says = type_name(s.type) + " cannot hold the exponential of " + with_commas(failed) + " of the "
                 + counted(s.z.size(), "number")
                 + ". With the maximum subtracted nothing overflows, and what underflows is a probability too small to be told from 0.";
  return section;
}

Section properties_section(const SoftmaxLesson& lesson) {
  const study::SoftmaxProperties is = study::softmax_properties(lesson.s);
  const auto verdict = [](bool holds) { return std::string(holds ? "yes" : "NO"); };
  Section section{.key = "properties", .title = "four properties, checked"};
  section.says = "Each was checked on the probabilities above. Only underflow can break the first.";
  section.formula = "p_i > 0;   sum_i p_i = 1;   z_i > z_j means p_i > p_j;   softmax(z + c) = softmax(z)";
  section.table.columns = {
      {"property", "property"}, {"holds", "holds"}, {"measured", "measured", number(3)}, {"of", "of what"}};
  section.table.rows = {
      {"positive", verdict(is.positive), is.smallest,
       is.positive ? "smallest p" : "smallest p, which underflowed"},
      {"sum to 1", verdict(is.sums_to_one), is.sum, "sum of p, less 1"},
      {"order kept", verdict(is.keeps_order), static_cast<std::int64_t>(is.out_of_order),
       "pairs out of order, of the " + std::to_string(is.neighbours) + " that are neighbours in size"},
      {"a constant changes nothing", verdict(is.keeps_shifted), is.shifted,
       "largest change of a p when " + number_text(is.shift, 0) + " is added to every z"}};
  return section;
}

Section temperature_section(const SoftmaxLesson& lesson, const ByHand& hand) {
  constexpr double kTemperatures[] = {0.1, 0.5, 1, 2, 10};
  const std::size_t count = lesson.in.logits.size();
  Section section{.key = "temperature", .title = "temperature"};
  section.says =
      "Dividing by a temperature T first changes how much the largest number stands out. At a low T it takes "
      "everything; at a high T all become alike, and the entropy approaches ln n = "
      + hand.n(std::log(static_cast<double>(count))) + ".";
  section.formula = "p_i = softmax(logit_i / T);   entropy = -sum_i p_i ln p_i";
  section.table.columns = {{"temperature", "T", number(1)},
                           {"entropy", "entropy", number(hand.n.digits)},
                           hot("largest", "largest p", hand.n.digits, Heat::unit)};
  Figure figure{.kind = Figure::Kind::line,
                .title = "How the largest probability moves with the temperature",
                .y = {2},
                .x_title = "temperature",
                .y_title = "probability"};
  const bool beside = count <= kMostBeside;
  for (std::size_t i = 0; beside && i < count; ++i) {
    if (i == 0) {
      figure.y.clear();
      figure.title = "How each probability moves with the temperature";
    }
    figure.y.push_back(section.table.columns.size());
    section.table.columns.push_back(
        hot("p_" + std::to_string(i), "p of " + name_of(lesson, i), hand.n.digits, Heat::unit));
  }
  for (const study::TemperatureRow& at : study::softmax_at(lesson.in.logits, kTemperatures, lesson.in.type)) {
    std::vector<Value> row = {at.temperature, at.entropy, *std::max_element(at.p.begin(), at.p.end())};
    if (beside) row.insert(row.end(), at.p.begin(), at.p.end());
    section.table.rows.push_back(std::move(row));
  }
  section.figure = figure;
  return section;
}

Section derivative_section(const SoftmaxLesson& lesson, ByHand& hand) {
  const study::SoftmaxSteps& s = lesson.s;
  const std::size_t count = s.p.size();
  const std::string i = std::to_string(lesson.i);
  const double slope = study::softmax_slope(s, lesson.i, lesson.i);
  Section section{.key = "derivative", .title = "the derivative"};
  const bool full = count <= kMostBeside;
  Agreement agreement = study::slopes_by_differences(s, lesson.i);
  for (std::size_t j = 0; full && j < count; ++j) {
    const Agreement other = study::slopes_by_differences(s, j);
    agreement.difference = std::max(agreement.difference, other.difference);
  }
  section.agreement = agreement;
  section.says = std::string("How each p changes with ")
                 + (full ? "each z. Every row and every column adds" : "z_" + i + ". The slopes add")
                 + " up to 0: what one gains the others lose. The table " + agreement_text(agreement) + ".";
  if (lesson.in.temperature != 1) section.says += " The slope by a logit is 1 / T of the slope by its z.";
  section.formula = "dp_i/dz_i = p_i (1 - p_i);   dp_i/dz_j = -p_i p_j";
  section.numbers = "dp_" + i + "/dz_" + i + " = " + hand.line(slope, [&](const Digits& n) {
    const double p = n.printed(s.p[lesson.i]);
    return Written{n(s.p[lesson.i]) + " * (1 - " + n(s.p[lesson.i]) + ")", p * (1 - p)};
  });
  section.result = slope;
  section.digits = hand.n.digits;
  section.table = numbers_table(lesson);
  std::vector<std::size_t> columns = {lesson.i};
  if (full) columns = lesson.rows;
  for (const std::size_t j : columns) {
    section.table.columns.push_back(
        hot("dz_" + std::to_string(j), "by z of " + name_of(lesson, j), hand.n.digits, Heat::table));
  }
  for (std::size_t r = 0; r < lesson.rows.size(); ++r) {
    for (const std::size_t j : columns) {
      section.table.rows[r].emplace_back(study::softmax_slope(s, lesson.rows[r], j));
    }
  }
  set_bound(section.table, count);
  return section;
}

}  // namespace microgpt::view::explain
