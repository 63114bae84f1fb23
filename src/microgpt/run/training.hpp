// The part of a session that depends on the precision: weights and their training, behind one interface.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/run/checkpoint_store.hpp"
#include "microgpt/text/corpus.hpp"
#include "microgpt/train/trainer.hpp"

namespace microgpt {

class Training {
 public:
  virtual ~Training() = default;

  [[nodiscard]] virtual int step() const = 0;
  /// One step, as Trainer has it. With `put_aside` the state before it is kept in memory once its loss and gradient are
  /// known to be finite.
  virtual StepReport train_step(bool put_aside) = 0;
  virtual double evaluate(const Examples& examples) = 0;

  virtual void save(CheckpointStore& store, const TrainingRecord& record) const = 0;
  /// Returns whether it was the best.
  virtual bool save_if_best(CheckpointStore& store, const TrainingRecord& record) const = 0;

  /// Keeps a copy of the present weights as the best.
  virtual void keep_best() = 0;
  /// Which weights write() uses from here on: the present ones, those that were kept (false: there are none), or a
  /// checkpoint's.
  virtual void write_with_present() = 0;
  virtual bool write_with_best() = 0;
  virtual void write_with(const Checkpoint& checkpoint) = 0;
  /// A text of the run's own kind, after one of these three.
  virtual std::string write(Rng& rng) = 0;
  /// The loss of the same weights on whole texts, nats per character; nothing if these are too short to be
  /// judged, or the loss is not a finite number.
  [[nodiscard]] virtual std::optional<double> loss_of_writer(
      std::span<const std::string_view> texts) const = 0;
  [[nodiscard]] virtual Parameters<double> parameters() const = 0;

  /// Back to the state that was put aside last. False if there is none.
  virtual bool go_back() = 0;
};

/// Throws Error (data), naming `where`, if the machine has not the memory that training such a model takes.
void check_memory(const RunConfig& config, int threads, const std::string& where);

/// Fresh weights, drawn with `rng`, or those of the model `base` where it has any (take_over); or those of a checkpoint,
/// which it gives up. The references must outlive it.
std::unique_ptr<Training> make_training(const RunConfig& config, const Corpus& corpus, int threads, Rng& rng,
                                        const Checkpoint* base);
std::unique_ptr<Training> make_training(const RunConfig& config, const Corpus& corpus, int threads,
                                        Checkpoint&& checkpoint);

}  // namespace microgpt
