// How well a model predicts some text, in a form that adds up.
#pragma once

#include <cstddef>

namespace microgpt {

/// Σ -log p over the characters of a text (its end counts as one), in nats.
struct LossSum {
  double nats = 0;
  std::size_t characters = 0;

  LossSum& operator+=(const LossSum& other) {
    nats += other.nats;
    characters += other.characters;
    return *this;
  }
};

}  // namespace microgpt
