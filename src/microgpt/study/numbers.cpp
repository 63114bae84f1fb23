#include "microgpt/study/numbers.hpp"

#include <algorithm>
#include <cmath>

namespace microgpt::study {

namespace {

/// The one that is asked for, or all.
struct Range {
  int begin = 0, end = 0;
  Range(const std::optional<int>& asked, int count)
      : begin(asked.value_or(0)), end(asked ? std::min(*asked + 1, count) : count) {}
};

/// The index that counts the columns of a site without heads.
std::optional<int> Address::*column_of(SiteKind kind) {
  if (kind == SiteKind::neurons) return &Address::neuron;
  if (kind == SiteKind::tokens) return &Address::token;
  return &Address::channel;
}

int columns_of(SiteKind kind, const ModelConfig& config) {
  if (kind == SiteKind::neurons) return 4 * config.n_embd;
  if (kind == SiteKind::tokens) return config.vocab_size;
  return config.n_embd;
}

}  // namespace

std::vector<Address> elements(const Address& at, const ModelConfig& config, int positions) {
  std::vector<Address> all;
  const SiteKind kind = info(at.site).kind;
  const Range rows(at.position, positions);
  if (kind == SiteKind::keys || kind == SiteKind::heads) {
    const int D = config.head_size();
    // A channel without a head counts through all heads.
    const bool through = at.channel && !at.head;
    const Range heads(through ? std::optional(*at.channel / D) : at.head, config.n_head);
    for (int h = heads.begin; h < heads.end; ++h) {
      for (int i = rows.begin; i < rows.end; ++i) {
        const auto asked = kind == SiteKind::keys ? at.source
                           : through              ? std::optional(*at.channel % D)
                                                  : at.channel;
        const Range columns(asked, kind == SiteKind::keys ? i + 1 : D);
        for (int c = columns.begin; c < columns.end; ++c) {
          Address here = {.site = at.site, .layer = at.layer, .position = i, .head = h};
          (kind == SiteKind::keys ? here.source : here.channel) = c;
          all.push_back(here);
        }
      }
    }
    return all;
  }
  const auto column = column_of(kind);
  const Range columns(at.*column, columns_of(kind, config));
  for (int i = rows.begin; i < rows.end; ++i) {
    for (int c = columns.begin; c < columns.end; ++c) {
      Address here = {.site = at.site, .layer = at.layer, .position = i};
      here.*column = c;
      all.push_back(here);
    }
  }
  return all;
}

std::vector<NumberAt> numbers_at(const Trace& trace, const Address& at) {
  const SiteKind kind = info(at.site).kind;
  const int D = trace.config().head_size();
  std::vector<NumberAt> numbers;
  Matrix<double> values;
  int head = -1;  // of which `values` are
  if (kind != SiteKind::keys) values = trace.values(at.site, at.layer);
  for (const Address& here : elements(at, trace.config(), trace.batch().offsets[1])) {
    if (kind == SiteKind::keys) {
      if (*here.head != head) values = trace.head(at.site, at.layer, *here.head);
      head = *here.head;
      numbers.push_back({here, values(*here.position, *here.source)});
    } else {
      const int first = here.head ? *here.head * D : 0;
      numbers.push_back({here, values(*here.position, first + *(here.*column_of(kind)))});
    }
  }
  return numbers;
}

double norm(std::span<const double> x) {
  double largest = 0;
  for (const double value : x) {
    if (std::isnan(value)) return value;
    largest = std::max(largest, std::abs(value));
  }
  if (largest == 0 || std::isinf(largest)) return largest;
  double squares = 0;
  for (const double value : x) squares += (value / largest) * (value / largest);
  return largest * std::sqrt(squares);
}

std::vector<Address> sites_of(const ModelConfig& config) {
  std::vector<Address> sites;
  for (int layer = -1; layer <= config.n_layer; ++layer) {  // -1: before, n_layer: after them
    for (const SiteInfo& site : kSites) {
      const bool after = site.kind == SiteKind::tokens;
      const bool here = site.in_layer ? layer >= 0 && layer < config.n_layer
                        : after       ? layer == config.n_layer
                                      : layer == -1;
      if (here) sites.push_back({.site = site.site, .layer = site.in_layer ? layer : 0});
    }
  }
  return sites;
}

}  // namespace microgpt::study
