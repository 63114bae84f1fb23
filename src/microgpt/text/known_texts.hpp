// The texts that are there already, and whether another one is new beside them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "microgpt/text/dataset.hpp"

namespace microgpt {

/// How a text that a model wrote came to its end.
enum class TextEnd {
  own,      ///< the model ended it; or, of a stream, it has as many characters as were asked for
  cut,      ///< it reached the most characters it may have
  stopped,  ///< by a stop string, which is not part of it
};

/// Whether a text is nothing but white space, or nothing at all.
bool is_blank(std::string_view text);

class KnownTexts {
 public:
  /// Documents, or with DataMode::stream the parts of one text, of which every piece is known. The list and the texts
  /// must outlive it. Beside them it takes at most 16 bytes for each document.
  KnownTexts(std::span<const std::string_view> texts, DataMode mode);

  /// Whether the text stands among them: a document reads so or, if the text is but the beginning of one (`begun`: it
  /// was cut or stopped), has it as a piece. An empty text stands in any.
  [[nodiscard]] bool has(std::string_view text, bool begun) const;
  /// A blank text is not a new one either.
  [[nodiscard]] bool is_new(std::string_view text, bool begun) const {
    return !is_blank(text) && !has(text, begun);
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
