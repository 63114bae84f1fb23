#include "microgpt/text/contains.hpp"

#include <array>
#include <cstddef>

namespace microgpt {

bool contains(std::string_view text, std::string_view piece) {
  if (piece.empty()) return true;
  const auto byte = [](char c) { return static_cast<unsigned char>(c); };
  const std::size_t last = piece.size() - 1;
  // How far the last occurrence of each byte, the piece's own last byte not counted, is from the end.
  std::array<std::size_t, 256> step{};
  step.fill(piece.size());
  for (std::size_t i = 0; i < last; ++i) step[byte(piece[i])] = last - i;

  for (std::size_t at = 0; at + piece.size() <= text.size();) {
    const char end = text[at + last];
    if (end == piece[last] && text.substr(at, last) == piece.substr(0, last)) return true;
    at += step[byte(end)];
  }
  return false;
}

}  // namespace microgpt
