// A run that begins with the weights of another model (model.from). Its characters and positions are matched with those
// of the new text by what they are, not by their numbers; new ones get fresh rows, and those that the text has no use
// for stay, so that the model can still be asked about them.
#pragma once

#include <functional>
#include <vector>

#include "microgpt/io/checkpoint.hpp"

namespace microgpt {

/// The checkpoint that config.from means: of a run folder its best weights; `passed_over` as choose_model has it. Throws
/// Error: as choose_model does; data if the model has not the shape of config.model (another block_size and other
/// characters are no hindrance), or if config.keep_moments asks for moments that are not there or are another optimizer's.
Checkpoint load_base(const RunConfig& config, const std::function<void(const Error&)>& passed_over);

/// The base as the run's checkpoints record it; `moments`: whether the optimizer's came with the weights.
Origin origin_of(const Checkpoint& base, bool moments);

/// Characters of the second that the first lacks.
std::vector<char32_t> lacking(const Tokenizer& base, const Tokenizer& of_text);

/// The characters of both.
Tokenizer joint_vocabulary(const Tokenizer& a, const Tokenizer& b);

/// Puts the weights of `base` into a fresh state, whose vocabulary `tokenizer` holds all of the base's characters; with
/// `moments` the optimizer's moments too, and the number of updates that they hold. What the base has no row for stays as
/// it is.
template <class T>
void take_over(const Checkpoint& base, const Tokenizer& tokenizer, bool moments, TrainState<T>& state);

}  // namespace microgpt
