#include "microgpt/text/plain_text.hpp"

#include <utility>

#include "microgpt/base/input.hpp"
#include "microgpt/text/dataset.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

std::string read_plain_text(const std::string& path) {
  std::string bytes = read_input(path, Fault::data);
  const bool blank = find_invalid_utf8(bytes) == std::string::npos && strip(bytes).empty();
  if (!blank) {
    return std::string(
        Dataset::from_text(std::move(bytes), DataMode::stream, ByteOrderMark::drop, input_name(path)).text());
  }
  // A Dataset must have something to train on.
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\r') {
      text += bytes[i];
    } else if (i + 1 == bytes.size() || bytes[i + 1] != '\n') {
      text += '\n';
    }
  }
  return text;
}

}  // namespace microgpt
