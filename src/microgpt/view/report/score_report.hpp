// The page of microgpt score.
#pragma once

#include <span>

#include "microgpt/evaluate/score.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::view {

/// Texts with the probability of each of their characters: a section for each text and, of more than one, first one
/// that compares them. All tables together have at most about `rows` rows, or with 0 as many as there are; `more` says
/// how to get all.
Page score_report(std::span<const ScoredText> texts, std::size_t rows = 60,
                  const std::string& more = "--top 0 shows all");

}  // namespace microgpt::view
