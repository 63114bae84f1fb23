// Models of odd sizes with documents to run them on, and the same as lists (support/plain_model.hpp).
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "microgpt/study/trace.hpp"
#include "support/model.hpp"
#include "support/plain_model.hpp"

namespace microgpt::test {

struct OddModel {
  study::Model model;
  PlainModel<double> plain;
  std::vector<std::vector<int>> documents;  ///< tokens, one more than positions
  Batch batch;                              ///< the same

  [[nodiscard]] std::string name() const { return describe(model.config); }
  [[nodiscard]] std::vector<PlainRun<double>> run(const Change<double>& change = {}) const {
    std::vector<PlainRun<double>> runs;
    for (const auto& tokens : documents) runs.push_back(plain_run(plain, tokens, change));
    return runs;
  }
  /// -log p of every position, one document after the other.
  [[nodiscard]] Numbers nll(const Change<double>& change = {}) const {
    Numbers all;
    for (const auto& one : run(change)) all.insert(all.end(), one.nll.begin(), one.nll.end());
    return all;
  }
};

/// 0 to 3 layers, of both revisions: a head alone and heads of one channel, a vocabulary of one character, a
/// context of one position. The documents have one position, a whole context, and tokens that come again.
inline std::vector<OddModel> odd_models(Noise& noise, int fewest_layers = 0) {
  struct Size {
    int L, C, H, T, V;
  };
  std::vector<OddModel> all;
  for (const Size& size : {Size{1, 6, 3, 5, 4}, Size{2, 5, 1, 3, 6}, Size{3, 10, 2, 7, 5},
                           Size{2, 4, 4, 1, 3}, Size{1, 3, 3, 4, 2}, Size{0, 5, 1, 3, 4}}) {
    if (size.L < fewest_layers) continue;
    for (const Activation activation : {Activation::relu, Activation::relu2}) {
      const ModelConfig config = {.n_layer = size.L,
                                  .n_embd = size.C,
                                  .n_head = size.H,
                                  .block_size = size.T,
                                  .vocab_size = size.V,
                                  .activation = activation};
      std::vector<char32_t> characters;
      for (int i = 0; i + 1 < size.V; ++i) characters.push_back(U'a' + static_cast<char32_t>(i));
      study::Model model = {config, random_parameters<double>(config, noise), Tokenizer(characters)};
      for (const double w : model.parameters.values()) REQUIRE(w != 0);
      std::vector<std::vector<int>> documents;
      for (const int n : {size.T, 1, size.T, (size.T + 1) / 2}) {
        documents.push_back(random_document(config, noise, n));
      }
      documents.push_back(std::vector<int>(static_cast<std::size_t>(size.T) + 1, 0));  // aaaa
      PlainModel<double> lists = plain<double>(config, model.parameters);
      Batch batch = batch_of(documents);
      all.push_back({std::move(model), std::move(lists), std::move(documents), std::move(batch)});
    }
  }
  return all;
}

/// Equal to a few of the last digits.
inline bool is_near(double got, double expected, double tolerance = 1e-12) {
  return std::abs(got - expected) <= tolerance * (1 + std::abs(expected));
}

/// The name a run by lists has for a site: that of a head's own matrix if the site has these.
inline std::string plain_name(Site site, int layer, std::optional<int> head = {}) {
  const std::string name = study::site_name(site, layer);
  return info(site).kind == SiteKind::keys ? name + "[head " + std::to_string(head.value()) + "]" : name;
}

/// Calls visit(site, layer, head) for every site; sites without a matrix for each head have none.
template <class Visit>
void each_site(const ModelConfig& config, Visit&& visit) {
  for (const SiteInfo& site : kSites) {
    for (int layer = 0; layer < (site.in_layer ? config.n_layer : 1); ++layer) {
      if (site.kind != SiteKind::keys) {
        visit(site.site, layer, std::optional<int>());
        continue;
      }
      for (int head = 0; head < config.n_head; ++head) visit(site.site, layer, std::optional<int>(head));
    }
  }
}

/// Checks a site of a document against the lists of its run.
inline void check_site(const study::Trace& trace, const PlainRun<double>& expected, Site site, int layer,
                       std::optional<int> head, std::size_t document) {
  const Rows<double>& rows = expected.at.at(plain_name(site, layer, head));
  const Index begin = head ? 0 : trace.batch().offsets[document];
  const Matrix<double> got = head ? trace.head(site, layer, *head, document) : trace.values(site, layer);
  for (std::size_t p = 0; p < rows.size(); ++p) {
    if (!head) REQUIRE(static_cast<std::size_t>(got.cols()) == rows[p].size());
    for (std::size_t c = 0; c < rows[p].size(); ++c) {
      const double value = got(begin + static_cast<Index>(p), static_cast<Index>(c));
      CHECK_MESSAGE(is_near(value, rows[p][c]), describe(trace.config()), ": ", plain_name(site, layer, head),
                    " of document ", document, " at row ", p, " column ", c, ": got ", value, ", expected ",
                    rows[p][c]);
    }
  }
}

}  // namespace microgpt::test
