// The page of microgpt score --file.
#pragma once

#include <string>

#include "microgpt/run/file_scores.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::view {

/// How much of the texts of a file is shown.
struct FileScoresExtent {
  std::size_t rows = 60;        ///< of each table; 0: all
  std::size_t characters = 24;  ///< of each text; 0: all
  std::string more = "--top 0 shows all";
};

/// A row for each text, in the order in which they stand in `scores`, and a table of those that were not scored.
Page file_scores_report(const FileScores& scores, bool ranked, const FileScoresExtent& extent = {});

}  // namespace microgpt::view
