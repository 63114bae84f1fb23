#include "microgpt/study/history.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "microgpt/base/error.hpp"
#include "microgpt/study/embeddings.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/study/sweeps.hpp"

namespace microgpt::study {

namespace {

using Kind = Scalar::Kind;

constexpr std::size_t kNeighbours = 3;

double cosine_of_rows(const Model& model, Token a, Token b) {
  const auto row = [&](Token token) {
    const auto x = model.parameters.wte().row(token);
    return std::span<const double>(x.data(), static_cast<std::size_t>(x.size()));
  };
  return cosine(row(a), row(b));
}

std::vector<Neighbour> nearest(const Model& model, Token token) {
  const Index row[] = {token};
  const auto rows = neighbours(model.parameters.wte(), row, kNeighbours);
  std::vector<Neighbour> nearest;
  for (const NearRow& near : rows.front()) nearest.push_back({static_cast<Token>(near.row), near.cosine});
  return nearest;
}

/// The runs that scalars are read off, each made when the first asks for it.
class Runs {
 public:
  Runs(const Model& model, std::span<const Scalar> scalars, const Batch& text, const Batch& documents)
      : model_(model), scalars_(scalars), text_batch_(text), documents_batch_(documents) {}

  const Trace& text() {
    if (!text_) text_.emplace(run(model_, text_batch_));
    return *text_;
  }
  const Trace& documents() {
    if (!documents_) documents_.emplace(run(model_, documents_batch_));
    return *documents_;
  }
  const HeadScores& head(int layer, int head) {
    if (heads_.empty()) heads_ = head_scores(documents());
    return heads_[static_cast<std::size_t>(layer * model_.config.n_head + head)];
  }
  /// The change of the loss without a part that some scalar names.
  double change_without(const Address& part) {
    if (ablated_.empty()) {  // all at once: the whole model then runs once for them
      std::vector<Address> parts;
      for (const Scalar& scalar : scalars_) {
        if (scalar.kind == Kind::ablation) parts.push_back(scalar.at);
      }
      ablated_ = ablation_sweep(model_, documents_batch_, parts, Ablation::zero).rows;
    }
    const auto found = std::find_if(ablated_.begin(), ablated_.end(),
                                    [&](const AblationRow& row) { return row.at == part; });
    return found->change;
  }

 private:
  const Model& model_;
  std::span<const Scalar> scalars_;
  const Batch& text_batch_;
  const Batch& documents_batch_;
  std::optional<Trace> text_, documents_;
  std::vector<HeadScores> heads_;
  std::vector<AblationRow> ablated_;
};

double norm_at(const Trace& trace, const Address& at) {
  std::vector<double> values;
  for (const NumberAt& number : numbers_at(trace, at)) values.push_back(number.value);
  return norm(values);
}

double norm_of_tensor(const Model& model, std::size_t tensor) {
  const auto t = model.parameters.tensor(tensor);
  return norm({t.data(), static_cast<std::size_t>(t.size())});
}

ScalarValue measure_one(const Model& model, const Scalar& scalar, Runs& runs) {
  switch (scalar.kind) {
    case Kind::loss:
      return {runs.documents().loss()};
    case Kind::nll:
      return {runs.text().nll()[static_cast<std::size_t>(*scalar.at.position)]};
    case Kind::head_score:
      return {runs.head(scalar.at.layer, *scalar.at.head).*scalar.score};
    case Kind::site:
      return {numbers_at(runs.text(), scalar.at).front().value};
    case Kind::site_norm:
      return {norm_at(runs.text(), scalar.at)};
    case Kind::weight:
      return {model.parameters.tensor(scalar.tensor)(scalar.row, scalar.column)};
    case Kind::tensor_norm:
      return {norm_of_tensor(model, scalar.tensor)};
    case Kind::cosine:
      return {cosine_of_rows(model, scalar.token, scalar.other)};
    case Kind::nearest:
      return {0, nearest(model, scalar.token)};
    case Kind::ablation:
      return {runs.change_without(scalar.at)};
  }
  return {};
}

}  // namespace

std::vector<std::string> default_scalars(const Model& model, bool with_text) {
  std::vector<std::string> names = {"loss"};
  if (model.config.n_layer > 0) names.insert(names.end(), {"head.induction", "head.previous"});
  if (with_text) names.emplace_back("nll");
  return names;
}

std::vector<ScalarValue> measure(const Model& model, std::span<const Scalar> scalars, const Batch& text,
                                 const Batch& documents) {
  Runs runs(model, scalars, text, documents);
  std::vector<ScalarValue> all;
  for (const Scalar& scalar : scalars) {
    try {
      all.push_back(measure_one(model, scalar, runs));
    } catch (const Error& error) {
      if (error.fault() != Fault::numeric) throw;
      all.push_back({std::numeric_limits<double>::quiet_NaN()});
    }
  }
  return all;
}

}  // namespace microgpt::study
