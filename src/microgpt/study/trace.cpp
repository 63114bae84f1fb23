#include "microgpt/study/trace.hpp"

#include <algorithm>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/model/passes.hpp"
#include "microgpt/nn/ops.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/train/nonfinite.hpp"

namespace microgpt::study {

/// Carries out the interventions at a site whose values have just been computed.
class Trace::Tap {
 public:
  Tap(const Model& model, Trace& trace, std::span<const Intervention> interventions)
      : model_(model), trace_(trace), interventions_(interventions) {}

  void operator()(Site site, int layer = 0) const {
    if (site == Site::embed) embed();
    for (const Intervention& intervention : interventions_) {
      if (intervention.at.site != site || intervention.at.layer != layer) continue;
      if (info(site).kind == SiteKind::keys) {
        change_keys(intervention);
      } else {
        change(intervention);
      }
    }
  }

 private:
  /// embed = embed_token + embed_position: here each term by itself first.
  void embed() const {
    const Batch& batch = trace_.batch_;
    for (std::size_t p = 0; p < batch.positions(); ++p) {
      trace_.embed_token_.row(static_cast<Index>(p)) = model_.parameters.wte().row(batch.token[p]);
      trace_.embed_position_.row(static_cast<Index>(p)) = model_.parameters.wpe().row(batch.position[p]);
    }
    (*this)(Site::embed_token);
    (*this)(Site::embed_position);
    trace_.a_.embed() = trace_.embed_token_ + trace_.embed_position_;
  }

  void change(const Intervention& intervention) const {
    const Address& at = intervention.at;
    ColumnsView<double> values = trace_.view(trace_.a_, at.site, at.layer);
    const int D = trace_.config_.head_size();
    const bool heads = info(at.site).kind == SiteKind::heads;
    const auto asked = at.channel ? at.channel : at.neuron ? at.neuron : at.token;
    const int offset = at.head ? *at.head * D : 0;
    const int low = asked ? offset + *asked : offset;
    const int high = asked ? low + 1 : at.head ? offset + D : static_cast<int>(values.cols());
    trace_.layout().each_document([&](std::size_t document, Index first, Index n, Index /*matrices*/) {
      for (int position = 0; position < n; ++position) {
        if (at.position && *at.position != position) continue;
        for (int column = low; column < high; ++column) {
          double& value = values(first + position, column);
          value = intervention.change({document, position, heads ? column / D : 0, column, value});
        }
      }
    });
  }

  void change_keys(const Intervention& intervention) const {
    const Address& at = intervention.at;
    const std::span<double> values = keys(trace_.a_, at.site, at.layer);
    trace_.layout().each_head([&](const PatternLayout::HeadMatrix& head) {
      if (at.head && *at.head != head.head) return;
      for (int i = 0; i < head.n; ++i) {
        if (at.position && *at.position != i) continue;
        for (int j = 0; j <= i; ++j) {  // a key further on cannot be seen, whatever one does
          if (at.source && *at.source != j) continue;
          double& value = values[head.at + static_cast<std::size_t>(i * head.n + j)];
          value = intervention.change({head.document, i, static_cast<int>(head.head), j, value});
        }
      }
    });
  }

  const Model& model_;
  Trace& trace_;
  std::span<const Intervention> interventions_;
};

ColumnsView<double> Trace::view(Activations<double>& a, Site site, int layer) const {
  if (info(site).kind == SiteKind::keys) {
    throw Error(Fault::usage,
                {.what = "no single matrix", .where = site_name(site, layer), .hint = "it has one per head"});
  }
  if (site != Site::embed_token && site != Site::embed_position) return a.at(site, layer);
  if (&a == da_.get()) return a.at(Site::embed, 0);  // forward: embed = embed_token + embed_position
  Matrix<double>& own = site == Site::embed_token ? embed_token_ : embed_position_;
  return {own.data(), own.rows(), own.cols(), Eigen::OuterStride<>(own.cols())};
}

Matrix<double> Trace::values(Site site, int layer) const {
  return view(a_, site, layer);
}

Matrix<double> Trace::gradient(Site site, int layer) const {
  return view(*da_, site, layer);
}

namespace {

std::vector<double> numbers_of(const ColumnsView<double>& values, Index row) {
  return {values.row(row).begin(), values.row(row).end()};
}

}  // namespace

std::vector<double> Trace::row(Site site, int layer, int position) const {
  return numbers_of(view(a_, site, layer), position);
}

double Trace::value(Site site, int layer, int position, Index column) const {
  return view(a_, site, layer)(position, column);
}

std::vector<double> Trace::gradient_row(Site site, int layer, int position) const {
  return numbers_of(view(*da_, site, layer), position);
}

double Trace::gradient_value(Site site, int layer, int position, Index column) const {
  return view(*da_, site, layer)(position, column);
}

std::span<double> Trace::keys(Activations<double>& a, Site site, int layer) {
  return site == Site::scores ? a.scores(layer) : a.pattern(layer);
}

Matrix<double> Trace::head_of(Activations<double>& a, Site site, int layer, int head,
                              std::size_t document) const {
  Matrix<double> matrix;
  layout().each_head([&](const PatternLayout::HeadMatrix& h) {
    if (h.document == document && h.head == head) {
      matrix = View<double>(&keys(a, site, layer)[h.at], h.n, h.n);
    }
  });
  return matrix;
}

Matrix<double> Trace::head(Site site, int layer, int head, std::size_t document) const {
  return head_of(a_, site, layer, head, document);
}

std::vector<double> Trace::head_row(Site site, int layer, int head, int position,
                                    std::size_t document) const {
  std::vector<double> row;
  layout().each_head([&](const PatternLayout::HeadMatrix& h) {
    if (h.document != document || h.head != head) return;
    const auto first = h.at + static_cast<std::size_t>(position * h.n);
    const auto seen = keys(a_, site, layer).subspan(first, static_cast<std::size_t>(position) + 1);
    row.assign(seen.begin(), seen.end());
  });
  return row;
}

Matrix<double> Trace::head_gradient(Site site, int layer, int head, std::size_t document) const {
  return head_of(*da_, site, layer, head, document);
}

std::vector<double> Trace::nll() const {
  const View<double> nll = a_.nll();
  return {nll.data(), nll.data() + nll.size()};
}

double Trace::loss() const {
  return a_.nll().mean();
}

double Trace::loss_size() const {
  return std::max(a_.nll().maxCoeff(), values(Site::logits).cwiseAbs().maxCoeff());
}

namespace {

[[noreturn]] void refuse_overflow(const Model& model, const Batch& batch) {
  const std::string found = find_nonfinite_in_forward_pass(model.config, model.parameters, batch);
  throw Error(Fault::numeric, {.what = "the model's logits are not finite numbers",
                               .hint = found.empty() ? "an intervention is too large"
                                                     : found + ": the model's weights are too large"});
}

}  // namespace

void run_again(const Model& model, Trace& trace, std::span<const Intervention> interventions) {
  for (const Intervention& intervention : interventions) {
    const std::string name = to_string(intervention.at);
    if (parse_address(name, model.config) != intervention.at) {  // it must be there
      throw Error(Fault::usage, {.what = "bad address",
                                 .value = in_quotes(name),
                                 .hint = "it is in no layer, and layer "
                                         + std::to_string(intervention.at.layer) + " was asked for"});
    }
  }
  trace.da_.reset();
  trace.weight_gradient_.reset();
  trace.a_.reshape(trace.batch_);
  trace.embed_token_.resize(trace.a_.positions(), model.config.n_embd);
  trace.embed_position_.resize(trace.a_.positions(), model.config.n_embd);
  forward_pass<FastOps<double>>(model.config, model.parameters, trace.batch_, trace.a_, {},
                                Trace::Tap(model, trace, interventions));
  if (!trace.a_.logits().allFinite()) refuse_overflow(model, trace.batch_);
}

Trace run(const Model& model, Batch batch, std::span<const Intervention> interventions, bool gradient) {
  Trace trace(model.config, std::move(batch));
  run_again(model, trace, interventions);
  if (gradient) {
    const std::vector<double> weight(trace.batch_.positions(),
                                     1.0 / static_cast<double>(trace.batch_.positions()));
    trace.da_ = std::make_unique<Activations<double>>(model.config, trace.batch_.positions());
    trace.da_->reshape(trace.batch_);
    trace.weight_gradient_ = std::make_unique<Parameters<double>>(model.config);
    backward_pass<FastOps<double>, double>(model.config, model.parameters, trace.batch_, weight, trace.a_,
                                           *trace.da_, *trace.weight_gradient_);
  }
  return trace;
}

Batch batch_of_text(const Model& model, std::string_view text) {
  return batch_of_text(model, text, model.tokenizer.bos());
}

Batch batch_of_text(const Model& model, std::string_view text, Token boundary) {
  std::vector<Token> tokens = {boundary};
  model.tokenizer.encode(text, tokens);
  tokens.push_back(boundary);
  tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(model.config.block_size) + 1));
  Batch batch;
  batch.add(tokens);
  return batch;
}

Intervention zero(const Address& at) {
  return set(at, 0);
}

Intervention set(const Address& at, double value) {
  return {at, [value](const Element&) { return value; }};
}

Intervention patch(const Address& at, const Trace& from) {
  if (info(at.site).kind == SiteKind::keys) {
    std::vector<std::vector<Matrix<double>>> heads(from.batch().documents());
    for (std::size_t d = 0; d < heads.size(); ++d) {
      for (int h = 0; h < from.config().n_head; ++h) heads[d].push_back(from.head(at.site, at.layer, h, d));
    }
    return {at, [heads](const Element& e) {
              return heads[e.document][static_cast<std::size_t>(e.head)](e.position, e.column);
            }};
  }
  return {at, [values = from.values(at.site, at.layer), offsets = from.batch().offsets](const Element& e) {
            return values(offsets[e.document] + e.position, e.column);
          }};
}

}  // namespace microgpt::study
