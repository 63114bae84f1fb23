#include "microgpt/text/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace microgpt {

namespace {

std::size_t distance(std::string_view word, std::string_view name) {
  if (!word.empty() && name.starts_with(word)) return 0;
  std::vector<std::size_t> row(name.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= word.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= name.size(); ++j) {
      const std::size_t changed = diagonal + (word[i - 1] == name[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> near_name(std::string_view word, std::span<const std::string> names) {
  if (names.empty()) return std::nullopt;
  const std::string& name = *std::min_element(names.begin(), names.end(), [&](const auto& a, const auto& b) {
    return distance(word, a) < distance(word, b);
  });
  if (2 * distance(word, name) > std::max(word.size(), name.size())) return std::nullopt;
  return name;
}

}  // namespace microgpt
