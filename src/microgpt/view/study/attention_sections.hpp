// The sections of the page of study attention.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "microgpt/study/heads.hpp"
#include "microgpt/view/page.hpp"
#include "microgpt/view/subject.hpp"

namespace microgpt::view {

/// What was asked for, of the text it was asked of.
struct AttentionChoice {
  const Subject& subject;
  const study::Trace& trace;
  Site site = Site::pattern;
  std::vector<study::HeadAt> heads{};  // at `position`; what they write largest first
  int position = 0;

  [[nodiscard]] const Batch& batch() const { return trace.batch(); }
  [[nodiscard]] std::string source_title(std::size_t source) const {
    return subject.position_label(batch(), static_cast<int>(source));
  }
  [[nodiscard]] Heat heat() const { return site == Site::scores ? Heat::table : Heat::unit; }
  [[nodiscard]] Column source_column(std::size_t source) const {
    return {"source_" + std::to_string(source), source_title(source), fixed(3), heat()};
  }
};

/// The first `heads` heads, each with the sources that it gives most to.
Section strongest_sources(const AttentionChoice& choice, std::size_t heads);

/// The first `heads` heads by the `shown` sources that all heads together give most to.
Section sources_of_position(const AttentionChoice& choice, std::size_t heads, std::size_t shown);

/// The matrix of a head: a row for each of the first `shown` positions, a column for each that they look at.
Section matrix_of_head(const AttentionChoice& choice, const study::HeadAt& head, std::size_t shown);

}  // namespace microgpt::view
