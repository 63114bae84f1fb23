// What a run was doing when it was saved, as a checkpoint's metadata has it (docs/checkpoint.md).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "microgpt/base/rng.hpp"

namespace microgpt {

/// The model that a run began with (model.from).
struct Origin {
  std::string sha256;     ///< of its checkpoint's content
  int step = 0;           ///< updates it had seen
  int earlier_steps = 0;  ///< of which so many are in the moments that were taken over; 0: none were

  bool operator==(const Origin&) const = default;
};

/// ... beside its weights and moments.
struct TrainingRecord {
  int step = 0;                           ///< updates done; the next documents follow from it
  std::string data_sha256;                ///< of the text file
  Rng::State rng;                         ///< of the one generator, after the shuffle and the initial weights
  std::optional<double> held_out_loss;    ///< nats a character, if it was measured at this step
  std::optional<std::uint64_t> sample{};  ///< ... on so many characters of the held-out text, not on all
  std::optional<Origin> from{};           ///< nothing if it began with fresh weights
};

/// What is wrong with a part of a checkpoint; the checkpoint adds its own name.
struct Refusal {
  std::string why;
};

nlohmann::ordered_json to_json(const TrainingRecord& record);

/// Throws Refusal if the document is no record of a step from 0 to `last_step`.
TrainingRecord read_training_record(const nlohmann::json& document, int last_step);

}  // namespace microgpt
