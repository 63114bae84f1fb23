// The keys of a run's config: where each stands, what it may be, what it means.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>

#include "microgpt/config/run_config.hpp"

namespace microgpt {

template <class E>
using Names = std::initializer_list<std::pair<const char*, E>>;

inline constexpr int kManySteps = 1'000'000'000;

/// The one list of keys: reader, writer and help all walk it.
template <class Config, class Visitor>
void each_key(Config& c, Visitor&& v) {
  v.text("why", c.why, "a sentence for whoever reads this file");
  v.whole("seed", c.seed, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(),
          "seed of all random numbers: shuffle, initial weights, samples");

  v.text("data.path", c.data.path, "the text file, in UTF-8; a relative path starts from this file's folder");
  v.choice(
      "data.mode", c.data.mode,
      Names<DataMode>{
          {"lines", DataMode::lines}, {"paragraphs", DataMode::paragraphs}, {"stream", DataMode::stream}},
      "a document is a line, or a block of lines up to a blank one; or all is one text");
  v.choice("data.long_documents", c.data.long_documents,
           Names<LongDocuments>{{"cut", LongDocuments::cut}, {"split", LongDocuments::split}},
           "documents longer than block_size: drop the rest, or continue in further examples");
  v.real("data.held_out", c.data.held_out, 0.0, 0.9,
         "fraction kept from training for evaluation: of the distinct documents, or the end of the stream");
  v.real("data.test", c.data.test, 0.0, 0.9, "a further fraction kept for a final test");

  v.whole("model.n_layer", c.model.n_layer, 0, 200, "number of transformer blocks");
  v.whole("model.n_embd", c.model.n_embd, 1, 65536, "width in channels; a multiple of n_head");
  v.whole("model.n_head", c.model.n_head, 1, 65536, "number of attention heads");
  v.whole("model.block_size", c.model.block_size, 1, 65536, "longest context, in characters");
  v.choice("model.activation", c.model.activation,
           Names<Activation>{{"relu", Activation::relu}, {"relu2", Activation::relu2}},
           "activation of the MLP: max(x, 0), or its square");
  v.text("model.from", c.from,
         "a run folder or checkpoint whose weights training begins with; empty = fresh ones");
  v.real("model.init_std", c.init.std, 0.0, 10.0, "standard deviation of the initial weights");
  v.flag("model.zero_projections", c.init.zero_projections, "whether attn_wo and mlp_fc2 start at 0");

  v.choice("train.precision", c.precision,
           Names<Precision>{{"float32", Precision::float32}, {"float64", Precision::float64}},
           "number type of weights and arithmetic");
  v.whole("train.steps", c.train.steps, 1, kManySteps, "number of updates");
  v.whole("train.batch_size", c.train.batch_size, 1, 1'000'000, "documents per step");
  v.choice("train.loss", c.train.loss,
           Names<LossMean>{{"document_mean", LossMean::document}, {"token_mean", LossMean::token}},
           "mean of the documents' means, or mean over all characters");
  v.choice("train.optimizer", c.train.optimizer,
           Names<OptimizerKind>{{"adam", OptimizerKind::adam}, {"muon", OptimizerKind::muon}},
           "Adam for all weights, or Muon for the layers' matrices and Adam for the rest");
  v.flag("train.keep_moments", c.keep_moments, "whether the optimizer's moments of model.from are kept too");
  v.real("train.learning_rate", c.train.learning_rate, 0.0, 1e10, "Adam: learning rate at its peak");
  v.choice("train.schedule", c.train.schedule,
           Names<Schedule>{
               {"constant", Schedule::constant}, {"linear", Schedule::linear}, {"cosine", Schedule::cosine}},
           "how the learning rate falls to 0 by the end");
  v.whole("train.warmup_steps", c.train.warmup_steps, 0, kManySteps,
          "steps in which the learning rate grows linearly, before the schedule");
  v.real("train.beta1", c.train.beta1, 0.0, 0.999999, "Adam: decay of the mean gradient");
  v.real("train.beta2", c.train.beta2, 0.0, 0.999999, "Adam: decay of the mean squared gradient");
  v.real("train.epsilon", c.train.epsilon, 1e-16, 1.0, "Adam: added to the square root");
  v.real("train.muon_learning_rate", c.train.muon_learning_rate, 0.0, 1e10,
         "Muon: learning rate at its peak");
  v.real("train.muon_momentum", c.train.muon_momentum, 0.0, 0.999999, "Muon: decay of the mean gradient");
  v.whole("train.muon_iterations", c.train.muon_iterations, 1, 20,
          "Muon: iterations of Newton and Schulz that make every direction equally long");
  v.real("train.weight_decay", c.train.weight_decay, 0.0, 10.0, "decoupled weight decay; 0 = off");
  v.real("train.grad_clip", c.train.grad_clip, 0.0, 1e6,
         "gradients with a larger norm are scaled down to it; 0 = off");
  v.real("train.dropout", c.train.dropout, 0.0, 0.95,
         "probability with which what enters the residual stream is dropped in training; 0 = off");
  v.whole("train.eval_every", c.eval_every, 0, kManySteps,
          "steps between held-out evaluations; 0 = only after the last step");
  v.whole("train.eval_positions", c.eval_positions, 0, kManySteps,
          "most held-out characters an evaluation measures, evenly spread; 0 = all");
  v.whole("train.record_every", c.record_every, 1, kManySteps,
          "steps between the lines of metrics.jsonl, so that a long run keeps it short; the last step always "
          "has one");
  v.whole("train.patience", c.patience, 0, 1'000'000,
          "stop after this many held-out evaluations without improvement; 0 = never");
  v.whole("train.checkpoint_every", c.checkpoint_every, 0, kManySteps,
          "steps between checkpoints; 0 = only after the last step");
  v.whole("train.keep", c.keep, 0, kManySteps, "number of newest checkpoints that are kept; 0 = all");

  v.whole("sample.count", c.sample.count, 0, 1'000'000, "number of texts written after training");
  v.real("sample.temperature", c.sample.sampler.temperature, 0.0, 100.0,
         "below 1 safer, above 1 wilder; 0 = always the most probable character");
  v.whole("sample.top_k", c.sample.sampler.top_k, 0, 1'114'112,
          "sample only from the k most probable characters; 0 = off");
  v.real("sample.top_p", c.sample.sampler.top_p, 0.0, 1.0,
         "sample only from the smallest set of characters whose probabilities reach this sum; 1 = off");
  v.real("sample.min_p", c.sample.sampler.min_p, 0.0, 1.0,
         "sample only from characters at least this times as probable as the likeliest; 0 = off");
  v.whole("sample.max_chars", c.sample.max_chars, 0, 1'000'000, "longest text in characters; 0 = block_size");
}

}  // namespace microgpt
