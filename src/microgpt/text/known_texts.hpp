// The texts that are there already, and whether another one is new beside them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "microgpt/text/dataset.hpp"

namespace microgpt {

class KnownTexts {
 public:
  /// Documents, or with DataMode::stream the parts of one text, of which every piece is known. The list and the texts
  /// must outlive it. Beside them it takes at most 16 bytes for each document.
  KnownTexts(std::span<const std::string_view> texts, DataMode mode);

  /// Whether the text stands among them: a document reads so or, if the text was cut before its end, has it as a
  /// piece. An empty text stands in any.
  [[nodiscard]] bool has(std::string_view text, bool cut) const;
  /// An empty text is not a new one either.
  [[nodiscard]] bool is_new(std::string_view text, bool cut) const {
    return !text.empty() && !has(text, cut);
  }

 private:
  [[nodiscard]] std::size_t place_of(std::string_view text) const;

  static constexpr std::uint32_t kFree = 0xffffffffU;
  std::span<const std::string_view> texts_;
  bool pieces_;
  // Documents by their hash: open addressing, a power of 2 of places, at most half of them taken.
  std::vector<std::uint32_t> table_;
};

}  // namespace microgpt
