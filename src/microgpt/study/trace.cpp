#include "microgpt/study/trace.hpp"

#include <map>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/model/passes.hpp"
#include "microgpt/nn/ops.hpp"

namespace microgpt::study {

namespace {

using Place = std::pair<Site, int>;  // site and layer

/// Calls visit(document, first position, positions n, offset of its head matrices).
template <class Visit>
void each_document(const PatternLayout& layout, Visit&& visit) {
  Index at = 0;
  for (std::size_t d = 0; d + 1 < layout.offsets.size(); ++d) {
    const Index begin = layout.offsets[d];
    const Index n = layout.offsets[d + 1] - begin;
    visit(d, begin, n, at);
    at += layout.n_head * n * n;
  }
}

/// Carries out the interventions at sites whose values have just been computed.
class Tap {
 public:
  Tap(const ModelConfig& config, const Batch& batch, const Matrix<double>& embed_token,
      const Matrix<double>& embed_position, Activations<double>& a,
      std::span<const Intervention> interventions)
      : config_(config),
        batch_(batch),
        layout_{batch_.offsets, config.n_head},
        interventions_(interventions) {
    sites_[embed_token.data()] = {{Site::embed_token, 0}};
    sites_[embed_position.data()] = {{Site::embed_position, 0}};
    sites_[a.embed().data()] = {{Site::embed, 0}};
    sites_[a.resid_pre(0).data()] = {{Site::embed_norm, 0}};
    for (int i = 0; i < config.n_layer; ++i) {
      sites_[a.resid_pre(i).data()].emplace_back(Site::resid_pre, i);
      sites_[a.attn_norm(i).data()] = {{Site::attn_norm, i}};
      sites_[a.qkv(i).data()] = {{Site::q, i}, {Site::k, i}, {Site::v, i}};
      sites_[a.scores(i).data()] = {{Site::scores, i}};
      sites_[a.pattern(i).data()] = {{Site::pattern, i}};
      sites_[a.z(i).data()] = {{Site::z, i}};
      sites_[a.attn_out(i).data()] = {{Site::attn_out, i}};
      sites_[a.resid_mid(i).data()] = {{Site::resid_mid, i}};
      sites_[a.mlp_norm(i).data()] = {{Site::mlp_norm, i}};
      sites_[a.mlp_pre(i).data()] = {{Site::mlp_pre, i}};
      sites_[a.mlp_post(i).data()] = {{Site::mlp_post, i}};
      sites_[a.mlp_out(i).data()] = {{Site::mlp_out, i}};
      sites_[a.resid_post(i).data()] = {{Site::resid_post, i}};
    }
    sites_[a.logits().data()] = {{Site::logits, 0}};
    sites_[a.probs().data()] = {{Site::probs, 0}};
  }

  [[nodiscard]] const PatternLayout& layout() const { return layout_; }

  /// The values of the sites that begin at `begin`, rows of `row_size` numbers, are there.
  void operator()(double* begin, Index row_size) const {
    for (const auto& [site, layer] : sites_.at(begin)) {
      for (const Intervention& intervention : interventions_) {
        if (intervention.at.site == site && intervention.at.layer == layer)
          change(intervention, begin, row_size);
      }
    }
  }

 private:
  void change(const Intervention& intervention, double* begin, Index row_size) const {
    const Address& at = intervention.at;
    if (info(at.site).kind == SiteKind::keys) return change_keys(intervention, begin);
    const int D = config_.head_size();
    // q, k and v lie side by side.
    const int first = at.site == Site::k ? config_.n_embd : at.site == Site::v ? 2 * config_.n_embd : 0;
    const bool heads = info(at.site).kind == SiteKind::heads;
    const int width = heads ? config_.n_embd : static_cast<int>(row_size);
    const auto asked = at.channel ? at.channel : at.neuron ? at.neuron : at.token;
    const int offset = at.head ? *at.head * D : 0;
    const int low = asked ? offset + *asked : offset;
    const int high = asked ? low + 1 : at.head ? offset + D : width;
    each_document(layout_, [&](std::size_t document, Index of_document, Index n, Index /*matrices*/) {
      for (int position = 0; position < n; ++position) {
        if (at.position && *at.position != position) continue;
        double* row = begin + (of_document + position) * row_size + first;
        for (int column = low; column < high; ++column) {
          row[column] =
              intervention.change({document, position, heads ? column / D : 0, column, row[column]});
        }
      }
    });
  }

  void change_keys(const Intervention& intervention, double* begin) const {
    const Address& at = intervention.at;
    each_document(layout_, [&](std::size_t document, Index /*first*/, Index n, Index matrices) {
      for (int h = 0; h < layout_.n_head; ++h) {
        if (at.head && *at.head != h) continue;
        double* matrix = begin + matrices + h * n * n;
        for (int i = 0; i < n; ++i) {
          if (at.position && *at.position != i) continue;
          for (int j = 0; j <= i; ++j) {  // a key further on cannot be seen, whatever one does
            if (at.source && *at.source != j) continue;
            double& value = matrix[i * n + j];
            value = intervention.change({document, i, h, j, value});
          }
        }
      }
    });
  }

  const ModelConfig& config_;
  const Batch& batch_;
  PatternLayout layout_;
  std::span<const Intervention> interventions_;
  std::map<const double*, std::vector<Place>> sites_;  // by where their values begin
};

/// The readable operations, each followed by the tap.
struct TappedOps {
  using Plain = ReadableOps<double>;
  const Tap& tap;
  Matrix<double>& embed_token;
  Matrix<double>& embed_position;

  void embedding_forward(Out<double> x, std::span<const int> token, std::span<const int> position,
                         In<double> wte, In<double> wpe) const {
    // x[p] = wte[token[p]] + wpe[position[p]]: each term by itself first, then their sum
    for (Index p = 0; p < x.rows(); ++p) {
      const auto i = static_cast<std::size_t>(p);
      embed_token.row(p) = wte.row(token[i]);
      embed_position.row(p) = wpe.row(position[i]);
    }
    tap(embed_token.data(), x.cols());
    tap(embed_position.data(), x.cols());
    x = embed_token + embed_position;
    tap(x.data(), x.cols());
  }
  void rmsnorm_forward(Out<double> y, Out<double> r, In<double> x) const {
    Plain::rmsnorm_forward(y, r, x);
    tap(y.data(), y.cols());
  }
  void linear_forward(Out<double> y, In<double> x, In<double> w) const {
    Plain::linear_forward(y, x, w);
    tap(y.data(), y.cols());
  }
  void residual_forward(Out<double> y, In<double> x, In<double> f) const {
    Plain::residual_forward(y, x, f);
    tap(y.data(), y.cols());
  }
  void activation_forward(Out<double> y, In<double> x, Activation kind) const {
    Plain::activation_forward(y, x, kind);
    tap(y.data(), y.cols());
  }
  void cross_entropy_forward(Out<double> probs, Out<double> nll, In<double> logits,
                             std::span<const int> target) const {
    Plain::cross_entropy_forward(probs, nll, logits, target);
    tap(probs.data(), probs.cols());
  }
  void attention_forward(Out<double> z, std::span<double> scores, std::span<double> pattern, In<double> q,
                         In<double> k, In<double> v, const PatternLayout& layout) const {
    const Index D = q.cols() / layout.n_head;
    const auto each_head = [&](const auto& work) {
      each_document(layout, [&](std::size_t /*document*/, Index begin, Index n, Index matrices) {
        for (Index h = 0; h < layout.n_head; ++h) {
          const auto at = static_cast<std::size_t>(matrices + h * n * n);
          work([&](auto&& m) { return m.block(begin, h * D, n, D); }, View<double>(&scores[at], n, n),
               View<double>(&pattern[at], n, n));
        }
      });
    };
    each_head([&](const auto& of_head, View<double> s, View<double> /*p*/) {
      attention_head_scores<double>(s, of_head(q), of_head(k));
    });
    tap(scores.data(), 0);
    each_head([&](const auto& /*of_head*/, View<double> s, View<double> p) {
      attention_head_pattern<double>(p, s);
    });
    tap(pattern.data(), 0);
    each_head([&](const auto& of_head, View<double> /*s*/, View<double> p) {
      attention_head_values<double>(of_head(z), p, of_head(v));
    });
    tap(z.data(), z.cols());
  }
};

}  // namespace

View<double> Trace::view(Activations<double>& a, Site site, int layer) {
  switch (site) {
    case Site::embed:
      return a.embed();
    case Site::embed_norm:
      return a.resid_pre(0);
    case Site::resid_pre:
      return a.resid_pre(layer);
    case Site::attn_norm:
      return a.attn_norm(layer);
    case Site::q:
    case Site::k:
    case Site::v:
      return a.qkv(layer);
    case Site::z:
      return a.z(layer);
    case Site::attn_out:
      return a.attn_out(layer);
    case Site::resid_mid:
      return a.resid_mid(layer);
    case Site::mlp_norm:
      return a.mlp_norm(layer);
    case Site::mlp_pre:
      return a.mlp_pre(layer);
    case Site::mlp_post:
      return a.mlp_post(layer);
    case Site::mlp_out:
      return a.mlp_out(layer);
    case Site::resid_post:
      return a.resid_post(layer);
    case Site::logits:
      return a.logits();
    case Site::probs:
      return a.probs();
    case Site::embed_token:
    case Site::embed_position:
    case Site::scores:
    case Site::pattern:
      break;
  }
  throw Error(Fault::usage, site_name(site, layer) + " has a matrix for each head");
}

namespace {

/// q, k and v are columns of one matrix.
Matrix<double> own_columns(const View<double>& view, Site site, const ModelConfig& config) {
  const Index C = config.n_embd;
  if (site == Site::q) return view.leftCols(C);
  if (site == Site::k) return view.middleCols(C, C);
  if (site == Site::v) return view.rightCols(C);
  return view;
}

}  // namespace

Matrix<double> Trace::values(Site site, int layer) const {
  if (site == Site::embed_token) return embed_token_;
  if (site == Site::embed_position) return embed_position_;
  return own_columns(view(a_, site, layer), site, config_);
}

Matrix<double> Trace::gradient(Site site, int layer) const {
  // forward: embed = embed.token + embed.position: both have its gradient
  if (site == Site::embed_token || site == Site::embed_position) site = Site::embed;
  return own_columns(view(*da_, site, layer), site, config_);
}

Matrix<double> Trace::head_of(Activations<double>& a, Site site, int layer, int head,
                              std::size_t document) const {
  const std::span<double> all = site == Site::scores ? a.scores(layer) : a.pattern(layer);
  Matrix<double> matrix;
  each_document({batch_.offsets, config_.n_head},
                [&](std::size_t d, Index /*begin*/, Index n, Index matrices) {
                  if (d == document)
                    matrix = View<double>(&all[static_cast<std::size_t>(matrices + head * n * n)], n, n);
                });
  return matrix;
}

Matrix<double> Trace::head(Site site, int layer, int head, std::size_t document) const {
  return head_of(a_, site, layer, head, document);
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

void run_again(const Model& model, Trace& trace, std::span<const Intervention> interventions) {
  for (const Intervention& intervention : interventions) {
    const std::string name = to_string(intervention.at);
    if (parse_address(name, model.config) != intervention.at) {  // it must be there
      throw Error(Fault::usage, "bad address: '" + name + "': it is in no layer, and layer "
                                    + std::to_string(intervention.at.layer) + " was asked for");
    }
  }
  trace.da_.reset();
  trace.weight_gradient_.reset();
  trace.a_.reshape(trace.batch_);
  trace.embed_token_.resize(trace.a_.positions(), model.config.n_embd);
  trace.embed_position_.resize(trace.a_.positions(), model.config.n_embd);
  const Tap tap(model.config, trace.batch_, trace.embed_token_, trace.embed_position_, trace.a_,
                interventions);
  forward_pass(model.config, model.parameters, trace.batch_, trace.a_,
               TappedOps{tap, trace.embed_token_, trace.embed_position_});
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
    backward_pass<ReadableOps<double>, double>(model.config, model.parameters, trace.batch_, weight, trace.a_,
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
