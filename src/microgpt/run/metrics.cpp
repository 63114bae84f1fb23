#include "microgpt/run/metrics.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "microgpt/base/system_calls.hpp"
#include "microgpt/io/atomic_file.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kWaiting = 4096;  // bytes
constexpr std::size_t kLongest = 1000;  // several times the longest line that is ours
constexpr auto kLongestWait = std::chrono::milliseconds(10);

/// A decimal that reads back as the same double, or null for what JSON has no digits for. (std::to_chars
/// would write the same, but not every standard library has it.)
std::string digits(double value) {
  return nlohmann::json(value).dump();
}

/// Calls take(line) with each line of a file that ends with a newline and is not longer than `longest`.
template <class Take>
void each_line(const std::filesystem::path& path, std::size_t longest, const Take& take) {
  InputFile file(path, Fault::io);
  std::string piece(1 << 16, '\0');
  std::string line;
  for (std::uint64_t left = file.size(); left > 0; left -= piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), left)));
    file.read(piece);
    std::string_view rest = piece;
    for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      line += rest.substr(0, end);
      if (line.size() <= longest) take(line);
      line.clear();
      rest.remove_prefix(end + 1);
    }
    if (line.size() <= longest) line += rest;  // (one that is too long already grows no further)
  }
}

/// The lines of the file about steps up to `last_step`. A line that a killed run left half written is not one, and
/// that the text changed after this very step is said anew.
std::string lines_up_to(const std::filesystem::path& path, int last_step) {
  std::string kept;
  if (!std::filesystem::exists(path)) return kept;
  each_line(path, kLongest, [&](const std::string& line) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    const auto step = entry.is_object() ? entry.find("step") : entry.end();
    if (step == entry.end() || !step->is_number_integer() || *step > last_step) return;
    if (*step < last_step || !entry.contains("data_sha256")) kept += line + '\n';
  });
  return kept;
}

/// What is to be appended to.
Descriptor opened(const std::filesystem::path& path, const std::string& content) {
  const std::string_view pieces[] = {content};
  write_file_atomically(path, pieces);
  return {path, O_WRONLY | O_APPEND};
}

}  // namespace

MetricsRecord read_metrics(const std::filesystem::path& path) {
  MetricsRecord record;
  if (!std::filesystem::exists(path)) return record;
  each_line(path, kLongest, [&](const std::string& line) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    if (!entry.is_object()) return;
    const auto step = entry.find("step");
    if (step == entry.end() || !step->is_number_integer()) return;
    const auto add = [&](const char* key, std::vector<MeasuredLoss>& losses) {
      const auto loss = entry.find(key);
      if (loss == entry.end() || !loss->is_number() || !std::isfinite(loss->get<double>())) return;
      losses.push_back({step->get<int>(), loss->get<double>()});
    };
    add("loss", record.training);
    add("held_out_loss", record.held_out);
    if (entry.contains("held_out_loss")) {
      const auto sample = entry.find("sample");
      record.sample.reset();
      if (sample != entry.end() && sample->is_number_unsigned()) record.sample = sample->get<std::size_t>();
    }
    if (entry.contains("data_sha256")) record.present_text = record.held_out.size();
    if (entry.contains("steps")) record.extended.push_back(step->get<int>());
  });
  return record;
}

Metrics::Metrics(const std::filesystem::path& path, int last_step)
    : path_(path), file_(opened(path, lines_up_to(path, last_step))) {
  if (!file_.is_open()) throw refusal(errno);
}

Metrics::~Metrics() {
  if (file_.is_open())
    static_cast<void>(write_all(file_, waiting_));  // an error that ends the run is told already
}

void Metrics::step(const StepReport& report, bool clips) {
  waiting_ += "{\"step\":" + std::to_string(report.step) + ",\"loss\":" + digits(report.loss)
              + ",\"learning_rate\":" + digits(report.learning_rate)
              + ",\"characters\":" + std::to_string(report.positions);
  if (clips) waiting_ += ",\"grad_norm\":" + digits(report.grad_norm);
  waiting_ += "}\n";
  // A run that is killed loses no more steps than fit into this time.
  const auto now = std::chrono::steady_clock::now();
  if (waiting_.size() >= kWaiting || now - written_ >= kLongestWait) {
    write();
    written_ = now;
  }
}

void Metrics::text_changed(int step, const std::string& data_sha256) {
  waiting_ += "{\"step\":" + std::to_string(step) + ",\"data_sha256\":\"" + data_sha256 + "\"}\n";
  write();
}

void Metrics::extended(int step, int steps, const std::string& schedule) {
  waiting_ += "{\"step\":" + std::to_string(step) + ",\"steps\":" + std::to_string(steps) + ",\"schedule\":\""
              + schedule + "\"}\n";
  write();
}

void Metrics::held_out(int step, double loss, std::optional<std::size_t> sample) {
  waiting_ += "{\"step\":" + std::to_string(step) + ",\"held_out_loss\":" + digits(loss);
  if (sample) waiting_ += ",\"sample\":" + std::to_string(*sample);
  waiting_ += "}\n";
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
  return Error(Fault::io,
               {.what = "cannot write metrics", .where = path_.string(), .hint = std::strerror(number)});
}

}  // namespace microgpt
