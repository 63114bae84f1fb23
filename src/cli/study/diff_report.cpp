// The page of `microgpt study diff`.
#include "cli/study/diff_report.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "cli/terminal.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::cli {

namespace {

/// A character as a list shows it.
std::string shown(char32_t character) {
  std::string text;
  append_utf8(text, character);
  return text == " " ? "' '" : printable(text);
}

std::string shown(const std::vector<char32_t>& characters) {
  std::string text;
  for (const char32_t c : characters) text += (text.empty() ? "" : " ") + shown(c);
  return text.empty() ? "none" : text;
}

template <class Numbers>
std::string shape_words(const Numbers& shape) {
  std::string text;
  for (const auto n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

template <class Numbers>
std::string shape_words(const Numbers& a, const Numbers& b) {
  return a == b || b.empty() ? shape_words(a)
         : a.empty()         ? shape_words(b)
                             : shape_words(a) + " | " + shape_words(b);
}

/// Why there is nothing to compare.
template <class Numbers>
std::string absence(const Numbers& a, const Numbers& b) {
  return b.empty() ? "only in A" : a.empty() ? "only in B" : "shapes differ";
}

/// "a 0.41 e 0.10": the likeliest three.
std::string likeliest(const Subject& subject, const std::vector<double>& probs) {
  std::vector<std::size_t> order(probs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return probs[a] > probs[b]; });
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i) {
    text += (text.empty() ? "" : " ") + subject.label(static_cast<int>(order[i])) + " "
            + (probs[order[i]] < 0.01 ? "<0.01" : number_text(probs[order[i]], 2));
  }
  return text;
}

/// What differs, in words.
void print_words(const Comparison& all, const Screen& out) {
  const auto say = [&](const std::string& text) { print_wrapped(std::cout, out, text, 0, 2); };
  std::size_t equal = 0;
  for (const study::TensorDifference& tensor : all.weights.tensors) equal += tensor.equal ? 1U : 0U;
  const std::size_t tensors = all.weights.tensors.size();
  const std::string on_text = "on '" + one_line(all.text) + "'";
  if (all.equal()) {
    say("A and B are equal bit for bit: config, vocabulary, " + counted(all.weights.compared, "weight")
        + " in " + counted(tensors, "tensor")
        + (all.run ? ", and " + on_text + " all " + counted(all.run->sites.size(), "site") : ""));
    return;
  }
  for (const DiffSide* side : {&all.a, &all.b}) {
    std::cout << bold(side->name) << "  " << one_line(side->path) << ", step "
              << with_commas(static_cast<std::size_t>(side->step)) << '\n';
  }
  std::cout << '\n';
  if (all.keys.empty()) {
    say("config: the same");
  } else {
    say("config: " + counted(all.keys.size(), "key") + (all.keys.size() == 1 ? " differs" : " differ"));
    for (const KeyDifference& key : all.keys) {
      print_wrapped(std::cout, out,
                    key.key + ": " + printable(key.a.dump()) + " in A, " + printable(key.b.dump()) + " in B",
                    2, 4);
    }
  }
  const std::size_t shared = all.vocabulary.shared.size() - 1;
  say(all.vocabulary.equal() ? "vocabulary: the same " + counted(shared, "character")
                             : "vocabulary: " + counted(shared, "character")
                                   + " in both; only in A: " + shown(all.vocabulary.only_a)
                                   + "; only in B: " + shown(all.vocabulary.only_b)
                                   + "; tokens are compared by their characters");
  say("weights: " + std::to_string(equal) + " of " + counted(tensors, "tensor") + " equal bit for bit"
      + (all.weights.equal           ? ""
         : all.weights.compared == 0 ? "; no other has the same shape in both"
                                     : "; of the " + counted(all.weights.compared, "number")
                                           + " that can be compared the norm of B-A is "
                                           + number_text(100 * all.weights.total.relative, 2) + "% of A's"));
  if (!all.run) return;
  if (!all.run->first) {
    say("text: " + on_text + " every site that both have with the same shape is equal bit for bit");
    return;
  }
  const study::SiteDifference& first = all.run->sites[*all.run->first];
  const bool all_compared =
      std::all_of(all.run->sites.begin(), all.run->sites.end(),
                  [](const study::SiteDifference& s) { return s.difference.has_value(); });
  say("text: " + on_text + " they first part at " + study::to_string(first.site)
      + (all_compared ? "" : ", of the sites that both have with the same shape") + ": apart by at most "
      + number_text(first.difference->largest, 4) + " at " + study::to_string(first.at) + ": "
      + number_text(first.a, 4) + " in A, " + number_text(first.b, 4) + " in B");
}

/// The relative difference, hot by what the largest of them all is.
Cell relative_cell(const study::Difference& d, double hottest) {
  return {number_text(d.relative, 4), hottest > 0 ? std::min(1.0, d.relative / hottest) : 0};
}

template <class Rows>
double hottest_of(const Rows& rows) {
  double hottest = 0;
  for (const auto& row : rows) {
    if (row.difference && std::isfinite(row.difference->relative)) {
      hottest = std::max(hottest, row.difference->relative);
    }
  }
  return hottest;
}

void print_weights(const Comparison& all, const Screen& out) {
  Table table({{"tensor", true},
               {"shape", true},
               {"norm A"},
               {"norm B-A"},
               {"relative"},
               {"largest"},
               {"at", true},
               {"cosine"}});
  const double hottest = hottest_of(all.weights.tensors);
  const auto row = [&](const std::string& name, const std::string& shape, const study::Difference& d,
                       double heat, const std::string& at) {
    table.add({{name},
               {shape},
               {number_text(d.norm_a, 3)},
               {number_text(d.norm, 3)},
               relative_cell(d, heat),
               {number_text(d.largest, 4)},
               {at},
               {std::isnan(d.cosine) ? "-" : number_text(d.cosine, 4)}});
  };
  for (const study::TensorDifference& tensor : all.weights.tensors) {
    const std::string shape = shape_words(tensor.shape_a, tensor.shape_b);
    if (tensor.difference) {
      row(tensor.name, shape, *tensor.difference, hottest,
          tensor.difference->equal ? "equal" : weight_at(tensor).substr(tensor.name.size()));
    } else {
      table.add({{tensor.name}, {shape}, {""}, {""}, {""}, {""}, {absence(tensor.shape_a, tensor.shape_b)}});
    }
  }
  if (all.weights.compared > 0)
    row("total", "", all.weights.total, 0, all.weights.total.equal ? "equal" : "");
  std::cout << '\n';
  table.print(std::cout, out);
}

void print_run(const Comparison& all, const Screen& out) {
  Table table({{"site", true}, {"relative"}, {"largest"}, {"at", true}});
  const double hottest = hottest_of(all.run->sites);
  for (const study::SiteDifference& site : all.run->sites) {
    const std::string name = study::to_string(site.site);
    if (site.difference) {
      table.add({{name},
                 relative_cell(*site.difference, hottest),
                 {number_text(site.difference->largest, 4)},
                 {site.difference->equal ? "equal" : study::to_string(site.at).substr(name.size())}});
    } else {
      table.add({{name},
                 {""},
                 {""},
                 {absence(site.shape_a, site.shape_b) + ": " + shape_words(site.shape_a, site.shape_b)}});
    }
  }
  std::cout << '\n';
  table.print(std::cout, out);

  Table predictions({{"at", true},
                     {"next", true},
                     {"A predicts", true},
                     {"B predicts", true},
                     {"KL"},
                     {"nll A"},
                     {"nll B"}});
  double most = 0;
  for (const study::PredictionDifference& p : all.run->positions) most = std::max(most, p.kl);
  for (const study::PredictionDifference& p : all.run->positions) {
    const int next = all.batch.target[static_cast<std::size_t>(p.position)];
    predictions.add({{all.a.subject.position_label(all.batch, p.position)},
                     {all.a.subject.label(next)},
                     {likeliest(all.a.subject, p.probs_a)},
                     {likeliest(all.b.subject, p.probs_b)},
                     {number_text(p.kl, 3), most > 0 ? p.kl / most : 0},
                     {number_text(p.nll_a, 2)},
                     {number_text(p.nll_b, 2)}});
  }
  std::cout << '\n';
  predictions.print(std::cout, out);
  std::cout << '\n';
  print_wrapped(
      std::cout, out,
      std::string(
          "relative: norm of B-A over norm of A. KL: the sum of A's probabilities times ln(A / B), in nats")
          + (all.vocabulary.equal()
                 ? ""
                 : ", over the characters in both and BOS, whose probabilities are made to add up to 1")
          + ". nll: of the character that came, in nats.",
      0, 0);
}

}  // namespace

std::string weight_at(const study::TensorDifference& tensor) {
  return tensor.name + "[" + std::to_string(tensor.row) + "," + std::to_string(tensor.column) + "]";
}

bool Comparison::equal() const {
  if (!keys.empty() || !vocabulary.equal() || !weights.equal) return false;
  return !run || std::all_of(run->sites.begin(), run->sites.end(), [](const study::SiteDifference& site) {
    return site.difference && site.difference->equal;
  });
}

void print_diff(const Comparison& all, const Screen& out) {
  print_words(all, out);
  if (!all.weights.equal) print_weights(all, out);
  if (all.run && all.run->first) print_run(all, out);
}

}  // namespace microgpt::cli
