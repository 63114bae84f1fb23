// The keys of a run's config: where each stands, what it may be, what it means.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>

#include "microgpt/io/run_config.hpp"

namespace microgpt {

template <class E>
using Names = std::initializer_list<std::pair<const char*, E>>;

inline constexpr int kManySteps = 1'000'000'000;

/// The one list of keys: reader, writer and help all walk it.
template <class Config, class Visitor>
void each_key(Config& c, Visitor&& v) {
  v.text("why", c.why, "a sentence for the reader of this file");
  v.whole("seed", c.seed, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(),
          "of all random numbers: shuffle, initial weights, samples");

  v.text("data.path", c.data.path, "the text file, UTF-8; relative to this file");
  v.choice(
      "data.mode", c.data.mode,
      Names<DataMode>{
          {"lines", DataMode::lines}, {"paragraphs", DataMode::paragraphs}, {"stream", DataMode::stream}},
      "a document is a line, or lines up to a blank one; or it is all one text");
  v.choice("data.long_documents", c.data.long_documents,
           Names<LongDocuments>{{"cut", LongDocuments::cut}, {"split", LongDocuments::split}},
           "beyond block_size: drop the rest, or go on in further examples");
  v.real("data.held_out", c.data.held_out, 0.0, 0.9,
         "fraction to judge by: of the distinct documents, or of the stream's end");
  v.real("data.test", c.data.test, 0.0, 0.9, "a further fraction that training never looks at");

  v.whole("model.n_layer", c.model.n_layer, 0, 200, "transformer blocks");
  v.whole("model.n_embd", c.model.n_embd, 1, 65536, "width; a multiple of n_head");
  v.whole("model.n_head", c.model.n_head, 1, 65536, "attention heads");
  v.whole("model.block_size", c.model.block_size, 1, 65536, "longest context, in characters");
  v.choice("model.activation", c.model.activation,
           Names<Activation>{{"relu", Activation::relu}, {"relu2", Activation::relu2}},
           "of the MLP: max(x, 0), or its square");
  v.real("model.init_std", c.init.std, 0.0, 10.0, "standard deviation of the initial weights");
  v.flag("model.zero_projections", c.init.zero_projections, "begin attn_wo and mlp_fc2 at 0");

  v.choice("train.precision", c.precision,
           Names<Precision>{{"float32", Precision::float32}, {"float64", Precision::float64}},
           "of weights and arithmetic");
  v.whole("train.steps", c.train.steps, 1, kManySteps, "updates");
  v.whole("train.batch_size", c.train.batch_size, 1, 1'000'000, "documents a step");
  v.choice("train.loss", c.train.loss,
           Names<LossMean>{{"document_mean", LossMean::document}, {"token_mean", LossMean::token}},
           "mean of the documents' means, or over all characters");
  v.real("train.learning_rate", c.train.learning_rate, 0.0, 1e10, "at its peak");
  v.choice("train.schedule", c.train.schedule,
           Names<Schedule>{
               {"constant", Schedule::constant}, {"linear", Schedule::linear}, {"cosine", Schedule::cosine}},
           "decay of the learning rate to 0");
  v.whole("train.warmup_steps", c.train.warmup_steps, 0, kManySteps, "of linear growth before the schedule");
  v.real("train.beta1", c.train.beta1, 0.0, 0.999999, "Adam: memory of the mean");
  v.real("train.beta2", c.train.beta2, 0.0, 0.999999, "Adam: memory of the square");
  v.real("train.epsilon", c.train.epsilon, 1e-16, 1.0, "Adam: added to the root");
  v.real("train.weight_decay", c.train.weight_decay, 0.0, 10.0, "decoupled; 0 is off");
  v.real("train.grad_clip", c.train.grad_clip, 0.0, 1e6, "largest norm of the gradient; 0 is off");
  v.whole("train.eval_every", c.eval_every, 0, kManySteps, "steps between held-out losses; 0: at the end");
  v.whole("train.patience", c.patience, 0, 1'000'000,
          "such losses without a new best before it stops; 0: never");
  v.real("train.time_budget", c.time_budget, 0.0, 1e8, "seconds to train instead of steps; 0: by steps");
  v.whole("train.checkpoint_every", c.checkpoint_every, 0, kManySteps,
          "steps between checkpoints; 0: at the end");
  v.whole("train.keep", c.keep, 0, kManySteps, "how many checkpoints are kept, the newest; 0: all");

  v.whole("sample.count", c.sample.count, 0, 1'000'000, "texts after training");
  v.real("sample.temperature", c.sample.sampler.temperature, 0.0, 100.0, "0 is the most probable text");
  v.whole("sample.top_k", c.sample.sampler.top_k, 0, 1'114'112, "draw from the k most probable; 0 is off");
  v.real("sample.top_p", c.sample.sampler.top_p, 0.0, 1.0, "from the fewest that hold so much; 1 is off");
  v.real("sample.min_p", c.sample.sampler.min_p, 0.0, 1.0, "from those not rarer than this times the best");
  v.whole("sample.max_chars", c.sample.max_chars, 0, 1'000'000, "characters a text; 0 is block_size");
}

}  // namespace microgpt
