#include "microgpt/run/training.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "microgpt/base/memory.hpp"
#include "microgpt/evaluate/loss.hpp"
#include "microgpt/evaluate/texts.hpp"
#include "microgpt/run/fine_tuning.hpp"
#include "microgpt/run/writer.hpp"

namespace microgpt {

namespace {

template <class T>
class TrainingIn final : public Training {
 public:
  TrainingIn(const RunConfig& config, const Corpus& corpus, int threads, TrainState<T> state)
      : config_(config),
        tokenizer_(corpus.tokenizer),
        threads_(threads),
        state_(std::move(state)),
        trainer_(config.model, config.train, tokenizer_, corpus.training, state_, threads, config.seed) {}

  [[nodiscard]] int step() const override { return state_.step; }
  StepReport train_step(bool put_aside) override {
    if (!put_aside || !is_put_aside(config_.model)) return trainer_.step();
    return trainer_.step([&] { keep_state(); });
  }
  double evaluate(const Examples& examples) override { return trainer_.evaluate(examples); }

  void save(CheckpointStore& store, const TrainingRecord& record) const override {
    store.save(record, state_);
  }
  bool save_if_best(CheckpointStore& store, const TrainingRecord& record) const override {
    return store.save_if_best(record, state_);
  }

  void keep_best() override { best_.emplace(state_.parameters); }
  void write_with_present() override { write_with(state_.parameters); }
  bool write_with_best() override {
    if (best_) write_with(*best_);
    return best_.has_value();
  }
  void write_with(const Checkpoint& checkpoint) override {
    writer_.reset();
    best_.emplace(checkpoint.parameters<T>());
    write_with(*best_);
  }
  std::string write(Rng& rng) override { return tokenizer_.decode(writer_->write(rng)); }

  [[nodiscard]] std::optional<double> loss_of_writer(std::span<const std::string_view> texts) const override {
    const auto losses = text_losses(config_.model, config_.data, tokenizer_, *writes_, texts, threads_);
    if (losses.empty()) return std::nullopt;
    const double loss = summarize(losses).token_mean;
    return std::isfinite(loss) ? std::optional(loss) : std::nullopt;
  }

  [[nodiscard]] Parameters<double> parameters() const override {
    Parameters<double> copy(config_.model);
    std::copy(state_.parameters.values().begin(), state_.parameters.values().end(), copy.values().begin());
    return copy;
  }

  bool go_back() override {
    if (aside_) state_ = *aside_;
    return aside_.has_value();
  }

 private:
  void write_with(const Parameters<T>& parameters) {
    writes_ = &parameters;
    writer_.emplace(config_, parameters, tokenizer_, config_.sample, std::span<const Token>{});
  }
  void keep_state() {
    if (aside_) {
      *aside_ = state_;
    } else {
      aside_.emplace(state_);
    }
  }

  const RunConfig& config_;
  const Tokenizer& tokenizer_;
  const int threads_;
  TrainState<T> state_;
  Trainer<T> trainer_;
  std::optional<TrainState<T>> aside_;
  std::optional<Parameters<T>> best_;
  const Parameters<T>* writes_ = nullptr;  // those in state_ or best_
  std::optional<Writer<T>> writer_;        // with them
};

/// make<T>() in the config's precision.
template <class T>
std::unique_ptr<Training> fresh(const RunConfig& config, const Corpus& corpus, int threads, Rng& rng,
                                const Checkpoint* base) {
  TrainState<T> state(config.model);
  initialize(state.parameters, config.init, rng);
  if (base != nullptr) take_over(*base, corpus.tokenizer, config.keep_moments, state);
  return std::make_unique<TrainingIn<T>>(config, corpus, threads, std::move(state));
}

}  // namespace

std::unique_ptr<Training> make_training(const RunConfig& config, const Corpus& corpus, int threads, Rng& rng,
                                        const Checkpoint* base) {
  if (config.precision == Precision::float32) return fresh<float>(config, corpus, threads, rng, base);
  return fresh<double>(config, corpus, threads, rng, base);
}

std::unique_ptr<Training> make_training(const RunConfig& config, const Corpus& corpus, int threads,
                                        Checkpoint&& checkpoint) {
  if (config.precision == Precision::float32) {
    return std::make_unique<TrainingIn<float>>(config, corpus, threads,
                                               std::move(checkpoint).train_state<float>());
  }
  return std::make_unique<TrainingIn<double>>(config, corpus, threads,
                                              std::move(checkpoint).train_state<double>());
}

void check_memory(const RunConfig& config, int threads, const std::string& where) {
  const double bytes = config.precision == Precision::float32
                           ? 4 * numbers_in_memory<float>(config.model, config.train, threads)
                           : 8 * numbers_in_memory<double>(config.model, config.train, threads);
  require_memory(bytes, where, "lower model.* or train.batch_size");
}

}  // namespace microgpt
