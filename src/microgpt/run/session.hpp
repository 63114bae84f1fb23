// A training run as an object: it owns whatever the run needs, the lock of its folder first, and repeats steps,
// evaluates held-out text, keeps the best, saves, stops early, and goes on after a stop to the same bytes. It prints
// nothing: a listener is told of each step. The terminal, --json, Python and the web page are listeners.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/config/run_config.hpp"
#include "microgpt/io/training_record.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/run/metrics.hpp"
#include "microgpt/run/run_folder.hpp"
#include "microgpt/run/run_lock.hpp"
#include "microgpt/run/tally.hpp"
#include "microgpt/text/corpus.hpp"
#include "microgpt/train/trainer.hpp"

namespace microgpt {

/// A step, and whatever followed from it.
struct StepDone {
  StepReport step;
  std::optional<double> held_out_loss{};  ///< if it was measured after this step; nats per character
  bool is_best = false;                   ///< that is the lowest of the run
  bool memorises = false;                 ///< it tells that the model learns its text by heart (Memorising)
  std::optional<std::filesystem::path> saved{};  ///< the checkpoint, if one was due
};
using Listener = std::function<void(const StepDone&)>;

/// What a run came to, from what it recorded: the same whether it was stopped in between or not.
struct RunSummary {
  int step = 0;          ///< updates done
  double mean_loss = 0;  ///< of the last `mean_steps` recorded steps, nats per character
  std::size_t mean_steps = 0;
  std::optional<double> held_out_loss{};  ///< after the last step
  std::optional<std::size_t>
      sample{};  ///< characters it is measured on, if these are not all that are held out
  std::optional<MeasuredLoss> best{};  ///< the lowest held-out loss
  bool stopped_early = false;          ///< for want of a better one (train.patience)
  bool memorised = false;  ///< the model has learnt its text by heart, as the last held-out losses tell
  double guessing = 0;     ///< the loss of a model that knows nothing, nats per character
};

/// The texts that a finished run writes.
struct Samples {
  std::vector<std::string> texts{};
  std::size_t fresh = 0;  ///< of these, texts that do not occur in the training text
  std::size_t cut = 0;    ///< that were cut, because they reached max_chars; never in a stream
  int max_chars = 0;
  int step = 0;  ///< of the weights that wrote them: the best by held-out loss, where there are any
  bool best_is_missing = false;  ///< the best are of an earlier step, and their file is gone or damaged
  /// Of the same weights on the text that was kept for the test (data.test), nats per character; nothing without any.
  std::optional<double> test_loss{};
};

class Session {
 public:
  struct Start {
    std::string where = "config";  ///< names the config in messages
    int threads = 1;
    /// Makes the run's folder, once nothing else can fail; without it nothing is written anywhere.
    std::function<RunFolder()> make_folder{};
    /// A step at which the caller will stop it: checked before anything is made.
    std::optional<int> stop_after{};
    /// The text, where it is in no file that can be read again: it is kept in the run's folder (text.txt).
    std::optional<std::string> text{};
    /// Told of checkpoints of config.from that are damaged and were passed over; may be empty.
    std::function<void(const Error&)> passed_over{};
  };
  /// A run before its first step: its text is read, its weights are drawn, or taken over from config.from. Throws Error:
  /// data as Corpus::load does and if the machine has not the memory; as load_base does; io as RunFolder and RunLock do.
  static Session begin(RunConfig config, const Start& start);

  struct Resume {
    std::filesystem::path from;    ///< run folder, or with `out` a checkpoint too
    std::filesystem::path out{};   ///< a new run folder; empty: goes on in `from`
    std::string data{};            ///< where the text is now; empty: where it was
    bool text_may_differ = false;  ///< or a text that is not the run's own is refused
    int threads = 1;
    std::optional<int> stop_after{};
    /// The run is extended, or shortened, to so many steps in all, or by those that fit into so many seconds here.
    std::optional<int> steps{};
    std::optional<double> seconds{};
    /// The schedule from here on; it is laid out over all steps, as if the run had had that many from its beginning.
    std::optional<Schedule> schedule{};
    /// Told of newer checkpoints that are damaged and were passed over; may be empty.
    std::function<void(const Error&)> passed_over{};
  };
  /// A run that was stopped, as it was after its newest checkpoint; one that was killed before its first, from its
  /// beginning. Throws Error: usage if all is done; otherwise as Checkpoint and begin do, data if the text is not the
  /// one it began with.
  static Session resume(const Resume& resume);

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  [[nodiscard]] const RunConfig& config() const;
  [[nodiscard]] const Corpus& corpus() const;
  /// nullptr if nothing is written.
  [[nodiscard]] const RunFolder* folder() const;
  [[nodiscard]] int step() const;
  /// The step after which the run was taken up; nothing if it is new.
  [[nodiscard]] std::optional<int> resumed_after() const;
  /// The number of steps it had before it was extended now; nothing if it was not.
  [[nodiscard]] std::optional<int> steps_before() const;
  /// The model that it began with (config().from), if not with fresh weights.
  [[nodiscard]] const std::optional<Origin>& origin() const;
  /// The characters of the text that this model lacked; of a run that was taken up nothing.
  [[nodiscard]] const std::vector<char32_t>& fresh_characters() const;
  /// Whether there is no step left: all are done, or the held-out loss has stopped to fall.
  [[nodiscard]] bool done() const;
  [[nodiscard]] const Tally& tally() const;
  [[nodiscard]] RunSummary summary() const;

  /// One step, and what is due after it. Throws Error (numeric) if training breaks down: the last weights known to be
  /// good are saved before, and the message names them; (io) if a file cannot be written. What was recorded of the
  /// steps before is kept in either case.
  StepDone step_once();

  /// Steps until done() or until `stop`, which is asked after each, returns true; then the state is saved, so that the
  /// run can be resumed. Returns done().
  bool run(const Listener& listener, const std::function<bool(int step)>& stop = {});

  /// Saves a checkpoint of the present step, which stays whatever train.checkpoint_every and train.keep say. Throws Error:
  /// io if it cannot be written, usage if nothing is written of this run.
  std::filesystem::path keep();

  /// The loss on the held-out text, or as much of it as the run is judged by, nats per character; nothing if there is
  /// none. Measured now: nothing of the run changes.
  [[nodiscard]] std::optional<double> held_out_loss();

  /// The texts that the finished run writes (sample.*) with its best weights, also to samples.txt. `stop` is asked before each; if it
  /// returns true, nothing is written and there is no result.
  std::optional<Samples> write_samples(const std::function<bool()>& stop = {});

  /// The weights, as the studies take them.
  [[nodiscard]] Parameters<double> parameters() const;

 private:
  struct Run;
  explicit Session(std::unique_ptr<Run> run);
  static Session begin_again(const Resume& resume, std::unique_ptr<RunLock> lock);
  static Session begin_in(RunConfig config, const Start& start, std::unique_ptr<RunLock> lock);

  std::unique_ptr<Run> run_;
};

/// "the model has memorised its text: the held-out loss ended at 6.48, above its best of 2.31 at step 50 and above
/// guessing, 3.30"; of a summary that says it has.
std::string memorised_text(const RunSummary& summary);

/// "stopped early, after 5 held-out losses without a new best (train.patience)"
std::string stopped_early_text(const RunConfig& config);

}  // namespace microgpt
