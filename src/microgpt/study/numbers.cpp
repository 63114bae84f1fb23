#include "microgpt/study/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace microgpt::study {

namespace {

/// The one that is asked for, or all.
struct IndexRange {
  int begin = 0, end = 0;
  IndexRange(const std::optional<int>& asked, int count)
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
  const IndexRange rows(at.position, positions);
  if (kind == SiteKind::keys || kind == SiteKind::heads) {
    const int D = config.head_size();
    // A channel without a head counts through all heads.
    const bool through = at.channel && !at.head;
    const IndexRange heads(through ? std::optional(*at.channel / D) : at.head, config.n_head);
    for (int h = heads.begin; h < heads.end; ++h) {
      for (int i = rows.begin; i < rows.end; ++i) {
        const auto asked = kind == SiteKind::keys ? at.source
                           : through              ? std::optional(*at.channel % D)
                                                  : at.channel;
        const IndexRange columns(asked, kind == SiteKind::keys ? i + 1 : D);
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
  const IndexRange columns(at.*column, columns_of(kind, config));
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

double largest_size(std::span<const double> x) {
  double largest = 0;
  for (const double value : x) {
    if (std::isnan(value)) return value;
    largest = std::max(largest, std::abs(value));
  }
  return largest;
}

double norm(std::span<const double> x) {
  const double largest = largest_size(x);
  if (largest == 0 || !std::isfinite(largest)) return largest;
  double squares = 0;
  for (const double value : x) squares += (value / largest) * (value / largest);
  return largest * std::sqrt(squares);
}

std::optional<Extremes> extremes(std::span<const double> x) {
  std::optional<Extremes> found;
  for (const double value : x) {
    if (!std::isfinite(value)) continue;
    if (!found) found = Extremes{value, value};
    found->low = std::min(found->low, value);
    found->high = std::max(found->high, value);
  }
  return found;
}

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double cosine(std::span<const double> a, std::span<const double> b) {
  const double length_a = norm(a);
  const double length_b = norm(b);
  if (length_a == 0 || length_b == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] / length_a) * (b[i] / length_b);
  return std::clamp(sum, -1.0, 1.0);
}

double entropy(std::span<const double> p) {
  double nats = 0;
  for (const double share : p) nats -= share > 0 ? share * std::log(share) : 0;
  return nats;
}

std::vector<std::size_t> ranked(std::span<const double> values, std::size_t count, Order order) {
  std::vector<std::size_t> indices(values.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  const auto key = [&](std::size_t i) {
    return order == Order::smallest_first  ? -values[i]
           : order == Order::largest_first ? values[i]
                                           : std::abs(values[i]);
  };
  const std::size_t wanted = std::min(count, indices.size());
  std::partial_sort(indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(wanted), indices.end(),
                    [&](std::size_t a, std::size_t b) { return key(a) != key(b) ? key(a) > key(b) : a < b; });
  indices.resize(wanted);
  return indices;
}

std::vector<Address> sites_of(const ModelConfig& config) {
  std::vector<Address> sites;
  each_site(config.n_layer, [&](Site site, int layer) { sites.push_back({.site = site, .layer = layer}); });
  return sites;
}

}  // namespace microgpt::study
