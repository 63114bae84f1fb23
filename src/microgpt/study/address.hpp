// Where a number inside the model lives. Every view prints addresses, and every command takes them:
//
//   layer0.attn.pattern[head 2, position 3, source 1]      logits[position 0, token 5]
//   layer0.mlp.post[neuron 17]                             resid_post of all positions: layer0.resid_post
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "microgpt/model/config.hpp"
#include "microgpt/model/sites.hpp"

namespace microgpt::study {

/// A site, or the part of it that the given indices leave. What a site does not have must not be given:
///   residual  position, channel            heads   position, head, channel (0 ... D-1 with a head, else 0
///   ... C-1) neurons   position, neuron             keys    position (that asks), head, source (that is
///   asked) tokens    position, token
struct Address {
  Site site = Site::embed;
  int layer = 0;  ///< 0 for sites outside layers
  std::optional<int> position{}, head{}, source{}, channel{}, neuron{}, token{};

  bool operator==(const Address&) const = default;
};

/// Throws Error (usage), saying what there is, if the text is no address, or names what this model does not
/// have. Positions may be any up to block_size.
Address parse_address(std::string_view text, const ModelConfig& config);

/// As parse_address reads it.
std::string to_string(const Address& address);

/// "layer0.attn.q", "logits": the name without indices.
std::string site_name(Site site, int layer);

}  // namespace microgpt::study
