#include "microgpt/run/history.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

#include "microgpt/run/run_folder.hpp"

namespace microgpt {

namespace {

/// The steps at which points stand: every `width`, and the last.
std::vector<int> even_ends(int last, std::size_t most) {
  std::vector<int> ends;
  const auto steps = static_cast<std::size_t>(std::max(last, 1));
  const std::size_t width = (steps + most - 1) / most;
  for (std::size_t end = width; end < steps; end += width) ends.push_back(static_cast<int>(end));
  ends.push_back(last);
  return ends;
}

/// Of the checkpoints of a run, newest first and the best at the end, those that are read.
std::vector<std::filesystem::path> spread_evenly(const std::filesystem::path& run, std::size_t most) {
  auto paths = find_checkpoints(run);
  const bool has_best = paths.back() == RunFolder{run}.best_checkpoint();
  const std::size_t count = paths.size() - (has_best ? 1 : 0);
  if (most == 0 || count <= most) return paths;
  std::vector<std::filesystem::path> chosen;
  for (std::size_t i = 0; i < most; ++i) chosen.push_back(paths[i * (count - 1) / (most - 1)]);
  if (has_best) chosen.push_back(paths.back());
  return chosen;
}

}  // namespace

std::vector<CurvePoint> loss_curve(const MetricsRecord& record, std::size_t most) {
  int last = 0;
  for (const auto* losses : {&record.training, &record.held_out}) {
    for (const MeasuredLoss& one : *losses) last = std::max(last, one.step);
  }
  std::vector<int> ends = even_ends(last, most);
  if (record.held_out.size() < ends.size() / 2) {
    // The point whose steps contain an evaluation ends with it.
    for (const MeasuredLoss& one : record.held_out) {
      const auto end = std::lower_bound(ends.begin(), ends.end(), one.step);
      if (end + 1 != ends.end()) {
        *end = one.step;
      } else if (one.step < last) {
        ends.insert(end, one.step);
      }
    }
  }
  struct Mean {
    double sum = 0;
    std::size_t count = 0;
    void add(double loss) {
      sum += loss;
      ++count;
    }
    [[nodiscard]] std::optional<double> value() const {
      return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
    }
  };
  std::vector<Mean> training(ends.size()), held_out(ends.size());
  const auto add = [&](const std::vector<MeasuredLoss>& losses, std::vector<Mean>& means) {
    for (const MeasuredLoss& one : losses) {
      const auto end = std::lower_bound(ends.begin(), ends.end(), one.step);
      means[static_cast<std::size_t>(end - ends.begin())].add(one.loss);
    }
  };
  add(record.training, training);
  add(record.held_out, held_out);
  std::vector<CurvePoint> curve;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (training[i].count + held_out[i].count == 0) continue;
    curve.push_back({ends[i], training[i].value(), held_out[i].value()});
  }
  return curve;
}

std::optional<MeasuredLoss> lowest(const std::vector<MeasuredLoss>& losses) {
  const auto found = std::min_element(losses.begin(), losses.end(),
                                      [](const auto& a, const auto& b) { return a.loss < b.loss; });
  return found == losses.end() ? std::nullopt : std::optional(*found);
}

bool same_model(const Checkpoint& a, const Checkpoint& b) {
  const auto shape = [](const ModelConfig& c) {
    return std::tuple(c.n_layer, c.n_embd, c.n_head, c.block_size, c.vocab_size, c.activation);
  };
  return shape(a.config().model) == shape(b.config().model) && a.tokenizer() == b.tokenizer();
}

void each_checkpoint(const std::filesystem::path& run, std::size_t most,
                     const std::function<bool(std::shared_ptr<const Checkpoint>)>& visit,
                     const std::function<void(const PassedOver&)>& passed_over) {
  std::shared_ptr<const Checkpoint> newest;
  std::set<int> steps;
  std::optional<Error> first_failure;
  for (const auto& path : spread_evenly(run, most)) {
    std::shared_ptr<const Checkpoint> checkpoint;
    try {
      checkpoint = std::make_shared<const Checkpoint>(Checkpoint::load(path));
    } catch (const Error& error) {
      if (error.fault() != Fault::checkpoint) throw;
      if (!first_failure) first_failure = error;
      passed_over({path, error.what()});
      continue;
    }
    if (!newest) newest = checkpoint;
    if (!same_model(*checkpoint, *newest)) {
      const Error other(Fault::checkpoint, {.what = "not the same model",
                                            .where = path.string(),
                                            .hint = "its shape or vocabulary is not that of the newest"});
      passed_over({path, other.what()});
      continue;
    }
    // The best comes last, and its step may have a file of its own.
    if (steps.insert(checkpoint->training().step).second && !visit(checkpoint)) return;
  }
  if (!newest) throw *first_failure;
}

}  // namespace microgpt
