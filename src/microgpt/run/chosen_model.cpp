#include "microgpt/run/chosen_model.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "microgpt/config/strict_json.hpp"
#include "microgpt/io/safetensors.hpp"
#include "microgpt/run/run_folder.hpp"

namespace microgpt {

namespace {

namespace fs = std::filesystem;

/// The SHA-256 of the text that a checkpoint was trained on, by its header; empty if that cannot be read.
std::string text_of(const fs::path& path) {
  try {
    const SafetensorsFile file = SafetensorsFile::open(path);
    const auto training = file.metadata().find("training");
    if (training == file.metadata().end()) return "";
    const auto record = parse_strict_json(training->second, Fault::checkpoint, path.string());
    const auto sha256 = record.is_object() ? record.find("data_sha256") : record.end();
    return sha256 != record.end() && sha256->is_string() ? sha256->get<std::string>() : "";
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::optional<int> step_after_best(const fs::path& path) {
  const RunFolder run{path};
  std::error_code unknown;
  const std::vector<int> steps = run.checkpoint_steps();
  if (steps.empty() || !fs::exists(run.best_checkpoint(), unknown)) return std::nullopt;
  if (Checkpoint::stated_step(run.best_checkpoint()) >= steps.front()) return std::nullopt;
  // A run that went on with another text has yet to measure how well it does there.
  const std::string of_best = text_of(run.best_checkpoint());
  const std::string of_last = text_of(run.checkpoint(steps.front()));
  if (!of_best.empty() && !of_last.empty() && of_best != of_last) return std::nullopt;
  return steps.front();
}

ChosenModel choose_model(const fs::path& path, Weights weights,
                         const std::function<void(const Error&)>& passed_over) {
  if (weights == Weights::best) {
    if (const auto last_step = step_after_best(path)) {
      try {
        return {Checkpoint::load(RunFolder{path}.best_checkpoint()), last_step};
      } catch (const Error& error) {
        if (error.fault() != Fault::checkpoint) throw;
        if (passed_over) passed_over(error);
      }
    }
  }
  return {load_newest_checkpoint(path, passed_over)};
}

}  // namespace microgpt
