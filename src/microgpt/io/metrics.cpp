#include "microgpt/io/metrics.hpp"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "microgpt/base/system_calls.hpp"
#include "microgpt/io/atomic_file.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kWaiting = 4096;  // bytes

/// The shortest decimal that reads back as the same double. JSON has no others.
std::string digits(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

/// The lines of the file about steps up to `last_step`. A line that a killed run left half written
/// is not one.
std::string lines_up_to(const std::filesystem::path& path, int last_step) {
  std::string kept;
  if (!std::filesystem::exists(path)) return kept;
  std::istringstream lines(read_file(path, Fault::io));
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    const auto step = entry.is_object() ? entry.find("step") : entry.end();
    if (step != entry.end() && step->is_number_integer() && *step <= last_step) kept += line + '\n';
  }
  return kept;
}

/// What is to be appended to.
Descriptor opened(const std::filesystem::path& path, const std::string& content) {
  const std::string_view pieces[] = {content};
  write_file_atomically(path, pieces);
  return {path, O_WRONLY | O_APPEND};
}

}  // namespace

Metrics::Metrics(const std::filesystem::path& path, int last_step)
    : path_(path), file_(opened(path, lines_up_to(path, last_step))) {
  if (!file_.is_open()) throw refusal(errno);
}

void Metrics::step(const StepReport& report, bool clips) {
  waiting_ += "{\"step\":" + std::to_string(report.step) + ",\"loss\":" + digits(report.loss)
              + ",\"learning_rate\":" + digits(report.learning_rate)
              + ",\"characters\":" + std::to_string(report.positions);
  if (clips) waiting_ += ",\"grad_norm\":" + digits(report.grad_norm);
  waiting_ += "}\n";
  if (waiting_.size() >= kWaiting) write();
}

void Metrics::held_out(int step, double loss) {
  waiting_ += "{\"step\":" + std::to_string(step) + ",\"held_out_loss\":" + digits(loss) + "}\n";
  write();
}

void Metrics::write() {
  const int failed = write_all(file_, waiting_);
  if (failed != 0) throw refusal(failed);
  waiting_.clear();
}

void Metrics::sync() {
  write();
  if (uninterrupted([&] { return system_calls().fsync(file_.fd()); }) != 0) throw refusal(errno);
}

Error Metrics::refusal(int number) const {
  return Error(Fault::io, "cannot write metrics: " + path_.string() + ": " + std::strerror(number));
}

}  // namespace microgpt
