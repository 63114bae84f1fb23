// study residual: lengths and angles along the residual stream.
#include <algorithm>

#include "microgpt/study/attribution.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/view/study/stages.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr std::size_t kResidualRows = 25;    // stages of a table of means
constexpr std::size_t kResidualColumns = 6;  // stages of the table of positions

constexpr OptionSpec kResidualOptions[] = {
    kTextOption,
    index_option("--position", "Show only this position, counted from 0").excluding("--each --positions"),
    amount_flag("--each", "Show a table for each position, however long the text is")
        .excluding("--positions"),
    kPositionsOption,
};

Figure line_of_lengths(const std::string& title) {
  return {.kind = Figure::Kind::line, .title = title, .y = {1}, .x_title = "stage", .y_title = "length"};
}

/// All stages at one position.
Section residual_of_position(const Subject& subject, const study::Trace& trace, int position) {
  Section section{.key = "position_" + std::to_string(position),
                  .title = "Position " + subject.position_label(trace.batch(), position)};
  section.table.columns = {{"stage", "stage"},
                           {"norm", "length", number(3)},
                           {"cosine_before", "cosine to the previous stage", fixed(3), Heat::unit},
                           {"cosine_last", "to the last", fixed(3), Heat::unit}};
  for (const study::StreamRow& row : study::residual_stream(trace, position)) {
    section.table.rows.push_back(
        {study::site_name(row.at.site, row.at.layer), row.norm, row.cosine_before, row.cosine_last});
  }
  section.figure = line_of_lengths("The length of the residual stream at position "
                                   + subject.position_label(trace.batch(), position) + ", stage by stage");
  return section;
}

/// Means over all positions, stage by stage; of a deep model without the stages between attention and MLP.
Section residual_means(const study::Trace& trace) {
  struct Means {
    double norm = 0, shortest = 0, longest = 0, before = 0, last = 0;
  };
  const std::vector<study::Address> all = study::residual_stages(trace.config());
  std::vector<Means> means(all.size());
  const std::size_t positions = trace.batch().positions();
  const auto P = static_cast<double>(positions);
  for (std::size_t p = 0; p < positions; ++p) {
    const std::vector<study::StreamRow> rows = study::residual_stream(trace, static_cast<int>(p));
    for (std::size_t s = 0; s < rows.size(); ++s) {
      Means& stage = means[s];
      stage.norm += rows[s].norm / P;
      stage.shortest = p == 0 ? rows[s].norm : std::min(stage.shortest, rows[s].norm);
      stage.longest = std::max(stage.longest, rows[s].norm);
      stage.before += rows[s].cosine_before / P;
      stage.last += rows[s].cosine_last / P;
    }
  }
  Section section{.key = "stages", .title = "All positions together"};
  Table& table = section.table;
  table.columns = {{"stage", "stage"},
                   {"norm", "mean length", number(3)},
                   {"shortest", "shortest", number(3)},
                   {"longest", "longest", number(3)},
                   {"cosine_before", "mean cosine to the previous stage", fixed(3), Heat::unit},
                   {"cosine_last", "to the last", fixed(3), Heat::unit}};
  for (const study::Address& at : study::residual_stages(trace.config(), kResidualRows)) {
    const Means& stage = means[static_cast<std::size_t>(std::find(all.begin(), all.end(), at) - all.begin())];
    table.rows.push_back({study::site_name(at.site, at.layer), stage.norm, stage.shortest, stage.longest,
                          stage.before, stage.last});
  }
  if (table.rows.size() < all.size()) {
    table.total_rows = all.size();
    table.more = "--position INDEX shows all stages at one position";
  }
  section.figure =
      line_of_lengths("The mean length of the residual stream over all positions, stage by stage");
  return section;
}

/// Lengths at all positions, or the first of them.
Section residual_lengths(const Subject& subject, const study::Trace& trace, std::size_t shown) {
  const std::vector<study::Address> stages = study::residual_stages(subject.config(), kResidualColumns);
  Section section{.key = "positions", .title = "Lengths position by position"};
  Table& table = section.table;
  table.columns = {{"position", "position"}};
  Figure figure{.kind = Figure::Kind::heatmap,
                .title = "The length of the residual stream at each position and stage",
                .y = {},
                .x_title = "stage",
                .y_title = "position"};
  for (const study::Address& at : stages) {
    figure.y.push_back(table.columns.size());
    table.columns.push_back({stage_key(at), stage_title(at), number(3), Heat::table});
  }
  for (int position = 0; position < static_cast<int>(shown); ++position) {
    std::vector<Value> row = {subject.position_label(trace.batch(), position)};
    for (const study::Address& at : stages) {
      row.emplace_back(study::norm(trace.row(at.site, at.layer, position)));
    }
    table.rows.push_back(std::move(row));
  }
  leave_out_positions(table, trace.batch().positions());
  section.figure = std::move(figure);
  section.note = kStagesInWords;
  return section;
}

Page make_residual(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  const study::Trace trace = study::run(subject.model(), subject.text(*options.text("--text")));
  const std::size_t positions = trace.batch().positions();
  const auto asked = checked_index(options, "--position", static_cast<int>(positions), "the text");
  Page page{.view = "residual",
            .about =
                "Attention and MLP add vectors to the residual stream. Shown are its length at each stage "
                "and how far it has turned: the cosine of its angle to the previous stage and to the last.",
            .facts = {{"text", "text", *options.text("--text")},
                      {"positions", "positions", static_cast<std::int64_t>(positions), whole()}}};
  if (asked) {
    page.sections = {residual_of_position(subject, trace, *asked)};
    return page;
  }
  if (!in_tables_of_positions(options, subject.config(), positions)) {
    page.sections = {residual_means(trace),
                     residual_lengths(subject, trace, positions_shown(options, positions))};
    return page;
  }
  for (int position = 0; position < static_cast<int>(positions); ++position) {
    page.sections.push_back(residual_of_position(subject, trace, position));
  }
  return page;
}

}  // namespace

ViewSpec residual_view() {
  return {.name = "residual",
          .about = "Lengths and angles along the residual stream",
          .example = "residual --text emma",
          .options = kResidualOptions,
          .make = make_residual};
}

}  // namespace microgpt::view
