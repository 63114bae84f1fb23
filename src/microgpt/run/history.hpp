// The history of a run: its losses, step by step, and its checkpoints.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/run/metrics.hpp"

namespace microgpt {

/// A point of a loss curve: the mean losses of the steps after the last point up to this one, in nats per character.
struct CurvePoint {
  int step = 0;
  std::optional<double> training{};
  std::optional<double> held_out{};
};

/// What a run measured, as a curve of at most about `most` (at least 1) points, in equal steps but for this: where the
/// held-out losses are further apart than the points, a point stands at each of them, so that it is that very loss.
/// Points without any loss are left out.
std::vector<CurvePoint> loss_curve(const MetricsRecord& record, std::size_t most);

/// The lowest of some losses, the first if there are several; nothing of none.
std::optional<MeasuredLoss> lowest(const std::vector<MeasuredLoss>& losses);

/// Whether two checkpoints are of one model, trained for longer or shorter: the same shape and vocabulary.
bool same_model(const Checkpoint& a, const Checkpoint& b);

/// A checkpoint that was passed over.
struct PassedOver {
  std::filesystem::path path;
  std::string why;  ///< a sentence that names it
};

/// The checkpoints that a path means (find_checkpoints), each of another step, newest first: those that are whole and
/// of the same model as the first that is. Of the step of the best, the step's own file counts. `passed_over` is told
/// of the others. `visit` may return false to end it. If there are more than `most` (at least 2; 0: there is no bound),
/// only so many are read beside the best, spread evenly from the newest to the oldest. Throws Error (checkpoint), what is wrong with the newest, if none
/// is whole.
void each_checkpoint(const std::filesystem::path& run, std::size_t most,
                     const std::function<bool(std::shared_ptr<const Checkpoint>)>& visit,
                     const std::function<void(const PassedOver&)>& passed_over);

}  // namespace microgpt
