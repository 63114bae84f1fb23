#include "microgpt/run/config_difference.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace microgpt {

std::vector<std::pair<std::string, std::string>> flat_keys(const RunConfig& config) {
  std::vector<std::pair<std::string, std::string>> keys;
  const nlohmann::ordered_json flat = to_json(config).flatten();  // "/train/steps"
  for (const auto& [path, value] : flat.items()) {
    std::string name = path.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    keys.emplace_back(name, value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  return keys;
}

std::vector<KeyDifference> differing_keys(const RunConfig& a, const RunConfig& b) {
  const auto of_a = flat_keys(a);
  const auto of_b = flat_keys(b);
  std::vector<KeyDifference> keys;
  for (const auto& one : of_a) {
    const auto other =
        std::find_if(of_b.begin(), of_b.end(), [&](const auto& pair) { return pair.first == one.first; });
    if (one.first == "why" || (other != of_b.end() && other->second == one.second)) continue;
    keys.push_back({one.first, one.second, other == of_b.end() ? "" : other->second});
  }
  return keys;
}

}  // namespace microgpt
