#include "microgpt/io/held_out_history.hpp"

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"

namespace microgpt {

std::vector<double> held_out_history(const std::filesystem::path& metrics) {
  std::vector<double> losses;
  if (!std::filesystem::exists(metrics)) return losses;
  std::istringstream lines(read_file(metrics, Fault::io));
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    if (!entry.contains("held_out_loss")) continue;  // as does anything that is no object
    const auto& loss = entry["held_out_loss"];
    if (loss.is_number()) losses.push_back(loss.get<double>());
  }
  return losses;
}

}  // namespace microgpt
