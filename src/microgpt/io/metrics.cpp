#include "microgpt/io/metrics.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/io/atomic_file.hpp"

namespace microgpt {

namespace {

/// The shortest decimal that reads back as the same double.
std::string digits(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

Metrics::Metrics(const std::filesystem::path& path, int last_step) : path_(path) {
  std::string kept;
  if (std::filesystem::exists(path)) {
    std::istringstream lines(read_file(path, Fault::io));
    for (std::string line; std::getline(lines, line);) {
      const auto entry = nlohmann::json::parse(line, nullptr, false);
      const auto step = entry.is_object() ? entry.find("step") : entry.end();
      if (step != entry.end() && step->is_number_integer() && *step <= last_step) kept += line + '\n';
    }
  }
  const std::string_view pieces[] = {kept};
  write_file_atomically(path, pieces);
  file_.open(path, std::ios::app);
  flush();
}

void Metrics::step(const StepReport& report, bool clips) {
  std::string line = "{\"step\":" + std::to_string(report.step) + ",\"loss\":" + digits(report.loss)
                     + ",\"learning_rate\":" + digits(report.learning_rate)
                     + ",\"characters\":" + std::to_string(report.positions);
  if (clips) line += ",\"grad_norm\":" + digits(report.grad_norm);
  write(line + "}\n");
}

void Metrics::held_out(int step, double loss) {
  write("{\"step\":" + std::to_string(step) + ",\"held_out_loss\":" + digits(loss) + "}\n");
  flush();
}

void Metrics::flush() {
  file_.flush();
  write({});
}

void Metrics::write(const std::string& line) {
  file_ << line;
  if (!file_) throw Error(Fault::io, "cannot write metrics: " + path_.string());
}

}  // namespace microgpt
