// The stages of the residual stream as columns: what lens and residual share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "microgpt/study/address.hpp"
#include "microgpt/view/page.hpp"
#include "microgpt/view/subject.hpp"

namespace microgpt::view {

/// Whether each position gets a table of all stages, rather than all of them one table: asked for, or of a short text.
inline bool in_tables_of_positions(const Options& options, const ModelConfig& config, std::size_t positions) {
  if (options.given("--each") || options.given("--positions")) return options.flag("--each");
  const std::size_t stages = 2 * static_cast<std::size_t>(config.n_layer) + 1;
  return positions <= 4 && positions * stages <= 60;
}

inline constexpr OptionSpec kPositionsOption = {
    .name = "--positions",
    .kind = OptionSpec::Kind::whole,
    .about = "Number of positions shown in one table; 0 shows all",
    .otherwise = "32",
    .high = 1'000'000};

/// "layer0_resid_post": a column's key.
inline std::string stage_key(const study::Address& at) {
  std::string key = study::site_name(at.site, at.layer);
  std::replace(key.begin(), key.end(), '.', '_');
  return key;
}

/// "embed.norm", "0 mid", "0 post": a narrow column's title.
inline std::string stage_title(const study::Address& at) {
  if (at.site == Site::embed_norm) return study::site_name(at.site, at.layer);
  return std::to_string(at.layer) + (at.site == Site::resid_mid ? " mid" : " post");
}

inline constexpr const char* kStagesInWords =
    "embed.norm is the residual stream before the layers; \"0 mid\" is layer0.resid_mid, after the attention "
    "of layer 0, and \"0 post\" is layer0.resid_post, after its MLP.";

/// Leaves the rest of a text's positions out: how many rows are shown, and the table's words on the others.
inline std::size_t positions_shown(const Options& options, std::size_t positions) {
  const auto shown = static_cast<std::size_t>(options.whole("--positions", 32));
  return shown == 0 ? positions : std::min(shown, positions);
}
inline void leave_out_positions(Table& table, std::size_t positions) {
  if (table.rows.size() == positions) return;
  table.total_rows = positions;
  table.more = "--positions 0 shows all";
}

}  // namespace microgpt::view
