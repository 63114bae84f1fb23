// A model to study: always in double precision, whatever it was trained in, so that sums close to the last
// digits.
#pragma once

#include "microgpt/model/config.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt::study {

struct Model {
  ModelConfig config;
  Parameters<double> parameters;
  Tokenizer tokenizer;
};

}  // namespace microgpt::study
