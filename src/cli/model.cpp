#include "cli/model.hpp"

#include <charconv>
#include <cstdint>
#include <sstream>

#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"

namespace microgpt::cli {

Checkpoint load_model(const std::string& path) {
  bool first = true;
  Checkpoint checkpoint = Checkpoint::load_newest(path, [&](const Error& newer) {
    if (first) std::cerr << "warning: " << one_line(newer.what()) << ": an older one is used\n";
    first = false;
  });
  return checkpoint;
}

std::string check_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seed);
  const bool good = failed == std::errc() && end == text.data() + text.size();
  return good ? "" : text + " is not a whole number from 0 to 18446744073709551615";
}

std::string as_document(const std::string& text, DocumentKind kind) {
  if (kind == DocumentKind::lines) return stdout_is_terminal() ? one_line(text) : text;
  if (!stdout_is_terminal()) return text + '\n';
  std::string shown;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) shown += one_line(line) + '\n';
  return shown;
}

}  // namespace microgpt::cli
