// The texts of a file, each with the surprise a run's model finds in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/model/loss_sum.hpp"
#include "microgpt/text/dataset.hpp"

namespace microgpt {

struct FileScores {
  /// A text and the line of the file in which it begins, from 1.
  struct Text {
    std::size_t line = 0;
    std::string_view text{};
    LossSum loss{};  ///< its end counts as a character, if it has one
  };
  /// One that was not scored, because the model does not know one of its characters.
  struct Unknown {
    std::size_t line = 0;
    std::string_view text{};
    char32_t character = 0;  ///< the first such
  };

  std::string name{};  ///< of the file
  Dataset dataset;     ///< holds the texts
  std::vector<Text> scored{};
  std::vector<Unknown> not_scored{};
};

/// Scores the texts of a file, or with "-" of standard input, in file order: its lines or paragraphs as they would be
/// trained on, or with a model of a stream the whole of it. The number of threads changes no result. Beside the text it
/// takes about 100 bytes for each line. Throws Error: data if the file cannot be read or none of its texts can be
/// scored, numeric if the model overflows.
FileScores score_file(const Checkpoint& checkpoint, const std::string& path, int threads);

/// Sorts the texts by their nats per character, the most surprising first; equal ones stay in file order.
void rank(FileScores& scores);

}  // namespace microgpt
