// Bytes as text (RFC 4648, section 4).
#pragma once

#include <string>
#include <string_view>

namespace microgpt {

/// With padding, without line ends.
std::string base64(std::string_view bytes);

}  // namespace microgpt
