// What eval measures on texts, which it reads in portions: their tokens take more room than they do.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "microgpt/evaluate/loss.hpp"
#include "microgpt/io/run_config.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt::cli {

using Documents = std::vector<std::string_view>;

/// The losses of documents, or of a stream's windows, which stand for documents: what is drawn at random, if
/// anything is.
template <class T>
std::vector<Loss> losses_of(const RunConfig& config, const Tokenizer& tokenizer,
                            const Parameters<T>& parameters, const Documents& documents, int threads);

/// Name and nats a character of each, uniform first; without the training text that is all.
using Baselines = std::vector<std::pair<std::string, double>>;

/// Of tables fitted on `training`, if it is there, for the documents that are judged.
Baselines baselines(const RunConfig& config, const Tokenizer& tokenizer, const Documents* training,
                    const Documents& judged);

}  // namespace microgpt::cli
