// The places inside the model that can be looked at and changed. Each has one canonical name, the same in
// code, JSON and documents; what holds its values is model/activations.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "microgpt/model/parameters.hpp"

namespace microgpt {

/// In the order of the pass: before the layers, in each layer, after them.
enum class Site : std::uint8_t {
  embed_token,
  embed_position,
  embed,
  embed_norm,
  resid_pre,
  attn_norm,
  q,
  k,
  v,
  scores,
  pattern,
  z,
  attn_out,
  resid_mid,
  mlp_norm,
  mlp_pre,
  mlp_post,
  mlp_out,
  resid_post,
  logits,
  probs,
};

/// What the columns of a site's matrix are; its rows are positions.
enum class SiteKind : std::uint8_t {
  residual,  ///< C channels
  heads,     ///< C channels, D for each head: head h has h D ... h D + D - 1
  neurons,   ///< 4C
  keys,      ///< of each head a matrix of its own: n positions that ask by n that are asked
  tokens,    ///< V
};

struct SiteInfo {
  Site site;
  std::string_view name;  ///< in a layer it is preceded by "layer{i}."
  bool in_layer;
  SiteKind kind;
  int line;                           ///< of microgpt.py, both revisions
  std::string_view source;            ///< what it is called there
  std::string_view transformer_lens;  ///< its hook; "blocks.{i}." goes before it; "" if there is none
};

inline constexpr std::array<SiteInfo, 21> kSites = {{
    {Site::embed_token, "embed.token", false, SiteKind::residual, 109, "tok_emb", "hook_embed"},
    {Site::embed_position, "embed.position", false, SiteKind::residual, 110, "pos_emb", "hook_pos_embed"},
    {Site::embed, "embed", false, SiteKind::residual, 111, "tok_emb + pos_emb", ""},
    {Site::embed_norm, "embed.norm", false, SiteKind::residual, 112, "x after the first rmsnorm", ""},
    {Site::resid_pre, "resid_pre", true, SiteKind::residual, 116, "x_residual", "hook_resid_pre"},
    {Site::attn_norm, "attn.norm", true, SiteKind::residual, 117, "x after rmsnorm", "ln1.hook_normalized"},
    {Site::q, "attn.q", true, SiteKind::heads, 118, "q", "attn.hook_q"},
    {Site::k, "attn.k", true, SiteKind::heads, 119, "k", "attn.hook_k"},
    {Site::v, "attn.v", true, SiteKind::heads, 120, "v", "attn.hook_v"},
    {Site::scores, "attn.scores", true, SiteKind::keys, 129, "attn_logits", "attn.hook_attn_scores"},
    {Site::pattern, "attn.pattern", true, SiteKind::keys, 130, "attn_weights", "attn.hook_pattern"},
    {Site::z, "attn.z", true, SiteKind::heads, 131, "x_attn", "attn.hook_z"},
    {Site::attn_out, "attn.out", true, SiteKind::residual, 133, "linear(x_attn, attn_wo)", "hook_attn_out"},
    {Site::resid_mid, "resid_mid", true, SiteKind::residual, 134, "x after the first addition",
     "hook_resid_mid"},
    {Site::mlp_norm, "mlp.norm", true, SiteKind::residual, 137, "x after rmsnorm", "ln2.hook_normalized"},
    {Site::mlp_pre, "mlp.pre", true, SiteKind::neurons, 138, "linear(x, mlp_fc1)", "mlp.hook_pre"},
    {Site::mlp_post, "mlp.post", true, SiteKind::neurons, 139, "relu", "mlp.hook_post"},
    {Site::mlp_out, "mlp.out", true, SiteKind::residual, 140, "linear(x, mlp_fc2)", "hook_mlp_out"},
    {Site::resid_post, "resid_post", true, SiteKind::residual, 141, "x after the second addition",
     "hook_resid_post"},
    {Site::logits, "logits", false, SiteKind::tokens, 143, "logits", "logits"},
    {Site::probs, "probs", false, SiteKind::tokens, 166, "probs", ""},
}};

constexpr const SiteInfo& info(Site site) {
  return kSites[static_cast<std::size_t>(site)];
}

/// Calls visit(site, layer) for each site of a model in the order of the pass; the layer is 0 outside layers.
template <class Visit>
void each_site(int n_layer, const Visit& visit) {
  std::size_t first = 0;  // of those in layers
  for (; !kSites[first].in_layer; ++first) visit(kSites[first].site, 0);
  std::size_t end = first;
  while (kSites[end].in_layer) ++end;
  for (int layer = 0; layer < n_layer; ++layer) {
    for (std::size_t i = first; i < end; ++i) visit(kSites[i].site, layer);
  }
  for (; end < kSites.size(); ++end) visit(kSites[end].site, 0);
}

/// A matrix that leads from one site of its layer to another, y = x Wᵀ.
struct Projection {
  TensorKind weight;
  Site from, to;
};
inline constexpr std::array<Projection, 7> kProjections = {{
    {TensorKind::attn_wq, Site::attn_norm, Site::q},
    {TensorKind::attn_wk, Site::attn_norm, Site::k},
    {TensorKind::attn_wv, Site::attn_norm, Site::v},
    {TensorKind::attn_wo, Site::z, Site::attn_out},
    {TensorKind::mlp_fc1, Site::mlp_norm, Site::mlp_pre},
    {TensorKind::mlp_fc2, Site::mlp_post, Site::mlp_out},
    {TensorKind::lm_head, Site::resid_post, Site::logits},  // of the last layer; embed_norm if there is none
}};

/// "layer0.attn.q", "logits".
std::string site_name(Site site, int layer);

/// The site's hook in TransformerLens, as "blocks.0.attn.hook_q"; "" if it has none. `layer` means nothing of sites
/// outside layers.
std::string hook_name(Site site, int layer);

}  // namespace microgpt
