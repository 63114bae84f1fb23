// What a person may have meant by a key that a config does not have.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace microgpt {

/// One of the keys: what is called so elsewhere ("lr", "max_iters", "n_layers"), or else the one whose last part is
/// nearest to the key's own, of several the one in the same group; nothing where none is near.
std::optional<std::string> near_key(std::string_view key, std::span<const std::string> keys);

}  // namespace microgpt
