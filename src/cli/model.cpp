#include "cli/model.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <sstream>

#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/io/run_folder.hpp"

namespace microgpt::cli {

Checkpoint load_model(const std::string& path) {
  std::optional<Error> newest_failure;
  for (const auto& file : find_checkpoints(path)) {
    try {
      Checkpoint checkpoint = Checkpoint::load(file);
      if (newest_failure)
        std::cerr << "warning: " << one_line(newest_failure->what()) << ": an older one is used\n";
      return checkpoint;
    } catch (const Error& error) {
      if (!newest_failure) newest_failure = error;
    }
  }
  throw *newest_failure;
}

std::string check_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seed);
  const bool good = failed == std::errc() && end == text.data() + text.size();
  return good ? "" : text + " is not a whole number from 0 to 18446744073709551615";
}

std::string as_document(const std::string& text, DataMode mode) {
  if (mode == DataMode::lines) return stdout_is_terminal() ? one_line(text) : text;
  if (!stdout_is_terminal()) return text + '\n';
  std::string shown;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) shown += one_line(line) + '\n';
  return shown;
}

}  // namespace microgpt::cli
