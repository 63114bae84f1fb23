#include "microgpt/base/base64.hpp"

#include <cstddef>

namespace microgpt {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    unsigned bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8U | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
    for (unsigned digit = 0; digit < 4; ++digit)
      text += digit <= three.size() ? kDigits[bits >> (18U - 6U * digit) & 63U] : '=';
  }
  return text;
}

}  // namespace microgpt
