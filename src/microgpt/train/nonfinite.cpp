#include "microgpt/train/nonfinite.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "microgpt/model/gpt.hpp"
#include "microgpt/model/sites.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

std::string number_name(double value) {
  return std::isnan(value) ? "NaN" : value > 0 ? "inf" : "-inf";
}

/// The first of many places, visited in their order once a document, that holds such a number.
class Search {
 public:
  void restart() { place_ = 0; }

  template <class Matrix>
  void look(const std::string& name, const Matrix& values) {
    look(name, values.rows(), values.cols(), [&](Index r, Index c) { return values(r, c); });
  }
  template <class At>
  void look(const std::string& name, Index rows, Index cols, const At& at) {
    if (place_++ >= found_at_) return;
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < cols; ++c) {
        const auto value = static_cast<double>(at(r, c));
        if (std::isfinite(value)) continue;
        found_at_ = place_ - 1;
        found_ = name + " holds " + number_name(value);
        return;
      }
    }
  }
  [[nodiscard]] const std::string& found() const { return found_; }

 private:
  std::size_t place_ = 0;
  std::size_t found_at_ = std::numeric_limits<std::size_t>::max();
  std::string found_;
};

/// Everything a forward pass over one document used and made, in its order.
template <class T>
void look_at_forward_pass(const ModelConfig& config, const Parameters<T>& w, Activations<T>& a,
                          Search& search) {
  const auto weight = [&](TensorKind kind, int layer) {
    const std::size_t i = tensor_number(kind, layer);
    search.look("the weight " + w.table()[i].name, w.tensor(i));
  };
  each_site(config.n_layer, [&](Site site, int layer) {
    // Of the terms of embed the whole tables are looked at.
    if (site == Site::embed_token) return weight(TensorKind::wte, 0);
    if (site == Site::embed_position) return weight(TensorKind::wpe, 0);
    for (const Projection& projection : kProjections) {
      if (projection.to == site) weight(projection.weight, layer);
    }
    const std::string name = "the activation " + site_name(site, layer);
    const ColumnsView<T> values = a.at(site, layer);
    if (info(site).kind != SiteKind::keys) return search.look(name, values);
    const Index n = a.positions();
    // Query r sees keys 0 ... r; the other entries mean nothing.
    search.look(name, n * config.n_head, n,
                [&](Index r, Index c) { return c <= r % n ? values(0, r * n + c) : T(0); });
  });
}

}  // namespace

template <class T>
std::string find_nonfinite_in_forward_pass(const ModelConfig& config, const Parameters<T>& parameters,
                                           const Batch& batch) {
  Search search;
  Activations<T> a(config, static_cast<std::size_t>(config.block_size));
  Batch one;
  for (std::size_t d = 0; d < batch.documents(); ++d) {
    one.assign(batch, d, d + 1);
    gpt_forward<T>(config, parameters, one, a, Kernels::readable);
    search.restart();
    look_at_forward_pass(config, parameters, a, search);
  }
  return search.found();
}

template <class T>
std::string find_nonfinite_gradient(const Parameters<T>& parameters, std::span<const T> gradient) {
  Search search;
  const auto look = [&](const TensorSpec& spec) {
    search.look("the gradient of " + spec.name, spec.rows, spec.cols, [&](Index r, Index c) {
      return gradient[static_cast<std::size_t>(spec.offset + r * spec.cols + c)];
    });
  };
  // lm_head, then the layers from the last to the first and in each its tensors so, wpe and wte.
  const auto& table = parameters.table();
  look(table[tensor_number(TensorKind::lm_head)]);
  for (std::size_t i = table.size(); i-- > 0;) {
    if (table[i].kind != TensorKind::lm_head) look(table[i]);
  }
  return search.found();
}

template <class T>
std::string find_nonfinite_update(const TrainConfig& config, const TrainState<T>& state) {
  Search search;
  const auto& table = state.parameters.table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string& name = table[i].name;
    search.look((is_by_muon(config, table[i]) ? "Muon's momentum of " : "Adam's first moment of ") + name,
                state.m.tensor(i));
    search.look("Adam's second moment of " + name, state.v.tensor(i));
    search.look("after its update the weight " + name, state.parameters.tensor(i));
  }
  return search.found();
}

std::string name_documents(std::span<const Example> examples) {
  constexpr std::size_t kShown = 3;
  constexpr std::size_t kLongest = 24;  // characters of each
  std::string text = examples.size() == 1 ? "document " : "documents ";
  for (std::size_t i = 0; i < std::min(examples.size(), kShown); ++i) {
    const std::string_view whole = examples[i].text;
    std::size_t end = 0;
    for (std::size_t n = 0; n < kLongest && end < whole.size(); ++n) next_code_point(whole, end);
    text += (i > 0 ? ", \"" : "\"") + printable(whole.substr(0, end)) + (end < whole.size() ? "...\"" : "\"");
  }
  if (examples.size() > kShown) text += " and " + std::to_string(examples.size() - kShown) + " more";
  return text;
}

#define MICROGPT_INSTANTIATE(T)                                                                    \
  template std::string find_nonfinite_in_forward_pass<T>(const ModelConfig&, const Parameters<T>&, \
                                                         const Batch&);                            \
  template std::string find_nonfinite_gradient<T>(const Parameters<T>&, std::span<const T>);       \
  template std::string find_nonfinite_update<T>(const TrainConfig&, const TrainState<T>&);
MICROGPT_INSTANTIATE(float)
MICROGPT_INSTANTIATE(double)
#undef MICROGPT_INSTANTIATE

}  // namespace microgpt
