// Where a number inside the model lives. Every view prints addresses, and every command takes them:
//
//   layer0.attn.pattern[head 2, position 3, source 1]      logits[position 0, token 5]
//   layer0.mlp.post[neuron 17]                             resid_post of all positions: layer0.resid_post
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/model/config.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/model/sites.hpp"

namespace microgpt::study {

using microgpt::site_name;  // (as study::site_name)

/// A site, or the part of it that the given indices leave. Each kind of site has indices of its own, and only
/// these may be given:
///   residual  position, channel
///   heads     position, head, channel: 0 ... D - 1 with a head, else 0 ... C - 1
///   neurons   position, neuron
///   keys      position (of the query), head, source (position of the key)
///   tokens    position, token
struct Address {
  Site site = Site::embed;
  int layer = 0;  ///< 0 for sites outside layers
  std::optional<int> position{}, head{}, source{}, channel{}, neuron{}, token{};

  bool operator==(const Address&) const = default;
};

/// Throws Error (usage), saying what there is, unless 0 <= index < count. `what` is what errors call it: "head".
void require_index(const std::string& what, int index, int count);

/// Throws Error (usage), saying what there is, if the text is no address, or names what this model does not
/// have. Positions may be any up to block_size. `what` is what errors call it: the option it came from.
Address parse_address(std::string_view text, const ModelConfig& config, std::string_view what = "address");

/// As parse_address reads it.
std::string to_string(const Address& address);

/// A single weight: "layer0.attn_wq[3,5]", its tensor's name with row and column.
struct WeightAddress {
  std::size_t tensor = 0;  ///< its place in the table of parameters
  Index row = 0, column = 0;

  bool operator==(const WeightAddress&) const = default;
};

/// Throws Error (usage), saying what there is, if the text names no weight of this table.
WeightAddress parse_weight(std::string_view text, const std::vector<TensorSpec>& table,
                           std::string_view what = "address");

/// As parse_weight reads it.
std::string to_string(const WeightAddress& weight, const std::vector<TensorSpec>& table);

}  // namespace microgpt::study
