#include "microgpt/text/known_texts.hpp"

#include <algorithm>
#include <functional>

#include "microgpt/text/contains.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

bool is_blank(std::string_view text) {
  return strip(text).empty();
}

KnownTexts::KnownTexts(std::span<const std::string_view> texts, DataMode mode)
    : texts_(texts), pieces_(mode == DataMode::stream) {
  if (pieces_) return;
  std::size_t places = 2;
  while (places < 2 * texts.size()) places *= 2;
  table_.assign(places, kFree);
  for (std::size_t i = 0; i < texts.size(); ++i) table_[place_of(texts[i])] = static_cast<std::uint32_t>(i);
}

std::size_t KnownTexts::place_of(std::string_view text) const {
  std::size_t place = std::hash<std::string_view>()(text) & (table_.size() - 1);
  while (table_[place] != kFree && texts_[table_[place]] != text) place = (place + 1) & (table_.size() - 1);
  return place;
}

bool KnownTexts::has(std::string_view text, bool begun) const {
  if (text.empty()) return true;
  if (!pieces_ && table_[place_of(text)] != kFree) return true;
  if (!pieces_ && !begun) return false;
  return std::any_of(texts_.begin(), texts_.end(), [&](std::string_view known) {
    return known.size() >= text.size() && contains(known, text);
  });
}

}  // namespace microgpt
