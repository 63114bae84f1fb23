#include "microgpt/run/recipe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "microgpt/base/time_taken.hpp"
#include "microgpt/run/chosen_model.hpp"
#include "microgpt/run/plan.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt {

namespace {

struct Size {
  int n_layer, n_embd, n_head;
};
constexpr std::array<Size, 8> kSizes = {
    {{1, 32, 8}, {2, 32, 8}, {2, 48, 12}, {2, 64, 16}, {3, 96, 6}, {4, 128, 8}, {6, 192, 6}, {6, 256, 8}}};
constexpr Size kProbe = {2, 64, 16};

/// A text that is seen so often is learnt by heart before the time is over.
constexpr double kByHeart = 200;

/// A model that has learnt already is moved by so much less.
constexpr double kGentle = 0.3;

/// ... and, where nothing is held out that would tell when it begins to learn its text by heart, so many times at most.
constexpr int kUnwatched = 20;

/// Of the layers; embeddings and lm_head take little time.
double parameters_of(int n_layer, int n_embd) {
  return 12.0 * n_layer * n_embd * n_embd;
}

bool is_stream_of(const RunConfig& config) {
  return config.data.mode == DataMode::stream;
}

/// The most parameters that a text supports.
double most_by_text(const TextProfile& profile, bool stream) {
  return (stream ? 2.5 : 0.5) * static_cast<double>(profile.characters);
}

/// The most for which there is time to see so many positions each.
double most_by_time(double seconds, double speed, bool stream) {
  return std::sqrt(speed * seconds / (6 * (stream ? 2.5 : 35)));
}

/// What a step sees on average: windows are full, documents are not.
double positions_of_step(const TextProfile& profile, const RunConfig& config) {
  const std::size_t documents =
      config.data.mode == DataMode::lines ? profile.lines.parts : profile.paragraphs.parts;
  const double of_document =
      static_cast<double>(profile.characters) / static_cast<double>(std::max<std::size_t>(1, documents));
  return config.train.batch_size
         * (is_stream_of(config) ? config.model.block_size
                                 : std::min<double>(of_document + 1, config.model.block_size));
}

/// 30 -> "30", 0.05 -> "0.05".
std::string short_number(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

std::string text_reason(const TextProfile& profile, const RunConfig& config) {
  const std::string held_out = config.data.held_out > 0
                                   ? "; " + short_number(100 * config.data.held_out) + " % held out"
                                   : "; too short to hold any of it out";
  switch (config.data.mode) {
    case DataMode::lines:
      return "a list of " + counted(profile.lines.parts, "line") + ", 99 % of them of at most "
             + counted(profile.lines.percentile_99, "character") + ": each line is a document" + held_out;
    case DataMode::paragraphs:
      return counted(profile.paragraphs.parts, "short paragraph") + " between blank lines: each is a document"
             + held_out;
    case DataMode::stream:
      break;
  }
  return "running text of " + counted(profile.characters, "character") + ": one stream" + held_out;
}

std::string model_text(const RunConfig& config) {
  return counted(static_cast<std::size_t>(config.model.n_layer), "layer") + " of width "
         + std::to_string(config.model.n_embd) + ", context " + std::to_string(config.model.block_size);
}

std::string training_text(const RunConfig& config) {
  return counted(static_cast<std::size_t>(config.train.steps), "step") + " of "
         + (config.train.optimizer == OptimizerKind::muon ? "Muon" : "Adam")
         + (config.train.dropout > 0 ? ", dropout " + short_number(config.train.dropout) : "");
}

/// At least so many steps, as a person would write them: 1 or 2 digits, then zeros.
int rounded_up(double steps) {
  const double unit = std::pow(10, std::max(0.0, std::floor(std::log10(std::max(1.0, steps))) - 1));
  return static_cast<int>(std::min(1e9, std::max(1.0, std::ceil(steps / unit) * unit)));
}

/// Those of a key, or of a whole group.
std::vector<std::string> of_key(std::vector<std::string> overrides, const std::string& key) {
  std::erase_if(overrides, [&](const std::string& one) {
    return !one.starts_with(key + "=") && !one.starts_with(key + ".");
  });
  return overrides;
}

/// What a step of the config costs with this text, of which the beginning tells enough.
Cost cost_of(RunConfig config, std::string_view text, const Wish& wish) {
  constexpr std::size_t kEnough = 20'000'000;  // bytes
  text = beginning_of(text, kEnough);
  Rng rng(config.seed);
  const Corpus corpus = Corpus::make(
      Dataset::from_text(std::string(text), config.data.mode, ByteOrderMark::drop, config.data.path),
      config.data, static_cast<std::size_t>(config.model.block_size), rng);
  config.model.vocab_size = corpus.tokenizer.vocab_size();
  return measure_cost(config, corpus, wish.threads, std::clamp(0.02 * wish.seconds, 0.05, 1.0));
}

/// Operations per second, 6 for each parameter at each position.
double speed_of(const RunConfig& config, const TextProfile& profile, std::string_view text,
                const Wish& wish) {
  return 6 * parameters_of(config.model.n_layer, config.model.n_embd) * positions_of_step(profile, config)
         / cost_of(config, text, wish).step;
}

/// The model and its training: as the text and the time allow, or those of a base. Returns the machine's speed.
double choose_size(const TextProfile& profile, std::string_view text, const Wish& wish,
                   const std::optional<RunConfig>& base, RunConfig& config) {
  if (base) {
    choose_fine_tuning(*base, config);
    return speed_of(config, profile, text, wish);
  }
  // The speed of a model of middle size tells enough of that of the others.
  choose_model(profile, wish.seconds, 0, config);
  RunConfig probe = config;
  probe.model.n_layer = kProbe.n_layer;
  probe.model.n_embd = kProbe.n_embd;
  probe.model.n_head = kProbe.n_head;
  const double speed = speed_of(probe, profile, text, wish);
  choose_model(profile, wish.seconds, speed, config);
  return speed;
}

/// The heads follow a width that was overridden.
RunConfig overridden(RunConfig config, const std::vector<std::string>& overrides) {
  if (find_override(overrides, "model.n_embd") != nullptr
      && find_override(overrides, "model.n_head") == nullptr) {
    RunConfig with_one_head = config;
    with_one_head.model.n_head = 1;
    const int width = with_overrides(with_one_head, overrides).model.n_embd;
    while (width % config.model.n_head != 0) --config.model.n_head;
  }
  return with_overrides(config, overrides);
}

/// Of a short text chance may hold out nothing, or leave nothing to train on.
bool can_hold_out(const std::string& text, const RunConfig& config) {
  const Split split =
      split_dataset(Dataset::from_text(text, config.data.mode, ByteOrderMark::drop, config.data.path),
                    config.data, static_cast<std::size_t>(config.model.block_size));
  return !split.training.empty() && !split.held_out.empty();
}

}  // namespace

std::string_view beginning_of(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = text.rfind('\n', bytes);
  if (end == std::string_view::npos || end < bytes / 2) end = bytes;
  while (continues_character(text[end])) --end;
  return text.substr(0, end);
}

void choose_mode(const TextProfile& profile, RunConfig& config) {
  const PartLengths& lines = profile.lines;
  const PartLengths& paragraphs = profile.paragraphs;
  // A list has short lines and no blank ones between them. Long lines of much the same length are running text.
  const bool wrapped = lines.median >= 30 && 4 * lines.median >= 3 * lines.percentile_95;
  const bool list = 50 * profile.blank_lines <= lines.parts && lines.percentile_95 <= 64 && !wrapped;
  const bool pieces =
      paragraphs.parts >= 200 && paragraphs.parts < lines.parts && paragraphs.percentile_95 <= 200;
  config.data.mode = list ? DataMode::lines : pieces ? DataMode::paragraphs : DataMode::stream;
}

void choose_parts(const TextProfile& profile, RunConfig& config) {
  config.data.long_documents = LongDocuments::split;
  if (is_stream_of(config)) {
    // Of a short text at least twenty windows.
    config.model.block_size = static_cast<int>(std::clamp<std::size_t>(profile.characters / 160 * 8, 8, 64));
    config.data.held_out = profile.characters < 400 ? 0 : profile.characters < 20'000 ? 0.2 : 0.1;
  } else {
    const PartLengths& documents = config.data.mode == DataMode::lines ? profile.lines : profile.paragraphs;
    const std::size_t in_eights =
        (documents.percentile_99 + 8) / 8 * 8;  // one more than characters, for the end
    config.model.block_size = static_cast<int>(std::clamp<std::size_t>(in_eights, 8, 128));
    config.data.held_out = profile.distinct_lines < 15 ? 0 : profile.distinct_lines < 200 ? 0.2 : 0.1;
  }
  config.sample.count = is_stream_of(config) ? 3 : 20;
  config.sample.sampler.temperature = is_stream_of(config) ? 0.8 : 0.7;
  config.sample.max_chars = is_stream_of(config) ? 400 : 0;
}

void choose_model(const TextProfile& profile, double seconds, double speed, RunConfig& config) {
  const bool stream = is_stream_of(config);
  const double most = std::min(most_by_text(profile, stream), most_by_time(seconds, speed, stream));
  Size size = kSizes[0];
  for (const Size& next : kSizes) {
    if (parameters_of(next.n_layer, next.n_embd) <= most) size = next;
  }
  config.model.n_layer = size.n_layer;
  config.model.n_embd = size.n_embd;
  config.model.n_head = size.n_head;
  config.model.activation = Activation::relu2;
  config.init = {.std = 0.02, .zero_projections = true};
  if (stream && config.model.block_size == 64 && size.n_embd >= 192) config.model.block_size = 128;
  choose_training(config);
}

void choose_training(RunConfig& config) {
  const bool stream = is_stream_of(config);
  config.train.loss = LossMean::token;
  config.train.batch_size = stream ? std::max(1, 1024 / config.model.block_size) : 64;
  // On lists Muon costs a third of the steps and gains nothing; on running text it is worth twice the time.
  config.train.optimizer = stream ? OptimizerKind::muon : OptimizerKind::adam;
  config.train.learning_rate = 0.005;
  config.train.schedule = Schedule::linear;
  config.train.beta1 = 0.9;
  config.train.beta2 = 0.95;
  config.train.muon_learning_rate = 0.02;
  config.train.muon_momentum = 0.95;
  config.train.muon_iterations = 3;
  config.train.weight_decay = 0.1;
}

void choose_fine_tuning(const RunConfig& from, RunConfig& config) {
  const int rule = config.model.block_size;
  config.model = from.model;
  if (is_stream_of(config)) config.model.block_size = std::min(rule, from.model.block_size);
  config.init = from.init;
  choose_training(config);
  config.train.learning_rate *= kGentle;
  config.train.muon_learning_rate *= kGentle;
  if (config.keep_moments) {  // they mean something to the optimizer that made them alone
    config.train.optimizer = from.train.optimizer;
    config.train.beta1 = from.train.beta1;
    config.train.beta2 = from.train.beta2;
    config.train.muon_momentum = from.train.muon_momentum;
  }
}

void choose_dropout(double epochs, RunConfig& config) {
  config.train.dropout = epochs < 3 ? 0 : epochs < 12 ? 0.05 : epochs < kByHeart ? 0.1 : 0.2;
}

void choose_steps(const Cost& cost, double seconds, int wanted, const std::vector<std::string>& overrides,
                  RunConfig& config) {
  constexpr double kShare = 0.15;   // of the time, for evaluations
  constexpr double kFewest = 1000;  // characters
  double evaluation = cost.evaluation;
  if (evaluation > kShare * seconds) {
    const double characters =
        std::max(kFewest, static_cast<double>(cost.evaluated) * kShare * seconds / evaluation);
    config.eval_positions = static_cast<int>(characters);
    config = with_overrides(config, of_key(overrides, "train.eval_positions"));
    evaluation *= std::min(1.0, characters / static_cast<double>(cost.evaluated));
  }
  const bool is_given = find_override(overrides, "train.eval_every") != nullptr;
  const int evaluations = static_cast<int>(
      std::clamp(kShare * seconds / std::max(evaluation, 1e-9), 1.0, static_cast<double>(wanted)));
  const Cost each = {.step = cost.step, .evaluation = evaluation};
  if (is_given) config = with_overrides(config, of_key(overrides, "train.eval_every"));
  config.train.steps = steps_within(is_given ? seconds : seconds - (evaluations - 1) * evaluation, each,
                                    is_given ? config.eval_every : 0);
  config.eval_every = rounded_up(static_cast<double>(config.train.steps) / evaluations);
}

Recipe choose_recipe(const std::string& text, const std::string& path, const Wish& wish) {
  const TimeTaken watch;
  TextProfile profile = profile_text(text);
  profile.blank_lines -= std::min(profile.blank_lines, wish.joints);
  RunConfig config;
  config.data.path = path;
  config.why =
      "Chosen by microgpt train for this text and " + short_number(wish.seconds) + " s on one machine.";
  const auto settle = [&] { config = overridden(config, wish.overrides); };
  const auto settle_of = [&](const char* key) {
    config = with_overrides(config, of_key(wish.overrides, key));
  };
  config.from = wish.from;
  config.keep_moments = wish.keep_moments;
  settle_of("model.from");
  settle_of("train.keep_moments");
  std::optional<RunConfig> base;
  if (!config.from.empty()) base = choose_model(config.from, Weights::best).checkpoint.config();

  choose_mode(profile, config);
  settle_of("data");
  choose_parts(profile, config);
  if (config.data.held_out > 0 && !can_hold_out(text, config)) config.data.held_out = 0;
  settle_of("data");
  const bool stream = is_stream_of(config);

  const double speed = choose_size(profile, text, wish, base, config);
  settle();
  const double parameters = parameters_of(config.model.n_layer, config.model.n_embd);
  const auto characters = static_cast<double>(std::max<std::size_t>(1, profile.characters));
  const double epochs = speed * wish.seconds / (6 * std::max(1.0, parameters) * characters);
  choose_dropout(epochs, config);
  settle();

  const bool unwatched = base && config.data.held_out == 0;
  const bool by_time = find_override(wish.overrides, "train.steps") == nullptr;
  // A text that will be learnt by heart is judged often, and its training ends when that shows.
  const bool by_heart = epochs >= kByHeart && config.data.held_out > 0;
  const int evaluations = by_heart ? 50 : 10;
  if (by_time) {
    const Cost cost = cost_of(config, text, wish);
    choose_steps(cost, std::max(0.0, wish.seconds - watch.seconds()), evaluations, wish.overrides, config);
    if (unwatched) config.train.steps = std::min(config.train.steps, kUnwatched);
  }
  if (!by_time || unwatched)
    config.eval_every = rounded_up(static_cast<double>(config.train.steps) / evaluations);
  config.train.warmup_steps = std::min(100, config.train.steps / 20);
  config.patience = by_heart ? 10 : 0;
  config.checkpoint_every = config.eval_every;
  config.keep = 2;
  settle();
  const bool can_wait = config.eval_every > 0 && config.data.held_out > 0;
  if (!can_wait && find_override(wish.overrides, "train.patience") == nullptr) config.patience = 0;
  const bool size_by_time = most_by_time(wish.seconds, speed, stream) < most_by_text(profile, stream);
  const std::string why_model =
      base           ? ": those of the model that training begins with"
      : size_by_time ? ": as large as " + short_number(wish.seconds) + " s of this machine can train"
                     : ": as large as the text supports";
  const std::string why_steps =
      !by_time    ? ""
      : unwatched ? ": few, for nothing is held out that would tell when the text is learnt by heart"
                  : ": what fits into " + short_number(wish.seconds) + " s here";
  return {config,
          {text_reason(profile, config), model_text(config) + why_model, training_text(config) + why_steps}};
}

int choose_steps(const RunConfig& config, const std::string& text, const Wish& wish) {
  const TimeTaken watch;
  const Cost cost = cost_of(config, text, wish);
  return steps_within(wish.seconds - watch.seconds(), cost, config.eval_every);
}

}  // namespace microgpt
