// study lens: what each stage of the residual stream would predict.
#include <algorithm>

#include "microgpt/study/attribution.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/view/study/stages.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr std::size_t kLensStages = 6;  // columns of the table of all positions

constexpr OptionSpec kLensOptions[] = {
    kTextOption,
    index_option("--position", "Show only the predictions after this position, counted from 0")
        .excluding("--each --positions"),
    amount_flag("--each", "Show a table for each position, however long the text is")
        .excluding("--positions"),
    kPositionsOption,
    amount_option("--top", "Number of likeliest tokens shown at each stage", "5", 1, 1000),
};

/// "'a', the next character", "'a', the likeliest": the token whose probability is followed through the stages.
std::string expected_in_words(const Subject& subject, const Batch& batch, int position, Token expected) {
  const bool at_end = position + 1 == static_cast<int>(batch.positions());
  return subject.label(expected) + (at_end ? ", the likeliest" : ", the next character");
}

/// All stages at one position.
Section lens_of_position(const Subject& subject, const study::Trace& trace, int position, std::size_t top) {
  const Batch& batch = trace.batch();
  const Token expected = study::expected_token(trace, position);
  const std::string of = "p(" + subject.label(expected) + ")";
  Section section{.key = "position_" + std::to_string(position),
                  .title = "After position " + subject.position_label(batch, position) + ": "
                           + expected_in_words(subject, batch, position, expected)};
  Table& table = section.table;
  table.columns = {
      {"stage", "stage"}, {"loss", "-ln " + of, fixed(3)}, {"p_expected", of, fixed(3), Heat::unit}};
  const std::size_t best = std::min(top, static_cast<std::size_t>(subject.config().vocab_size));
  for (std::size_t i = 1; i <= best; ++i) {
    table.columns.push_back({"likeliest_" + std::to_string(i), i == 1 ? "likeliest" : ""});
    table.columns.push_back({"p_" + std::to_string(i), "p", fixed(3), Heat::unit});
  }
  for (const study::LensRow& stage : study::logit_lens(subject.model(), trace, position, expected)) {
    std::vector<Value> row = {study::site_name(stage.at.site, stage.at.layer), stage.nll,
                              stage.probs[static_cast<std::size_t>(expected)]};
    for (const std::size_t token : study::ranked(stage.probs, best)) {
      row.emplace_back(subject.label(static_cast<Token>(token)));
      row.emplace_back(stage.probs[token]);
    }
    table.rows.push_back(std::move(row));
  }
  section.figure = Figure{.kind = Figure::Kind::line,
                          .title = "The probability of " + subject.label(expected) + " after position "
                                   + subject.position_label(batch, position) + ", stage by stage",
                          .y = {2},
                          .x_title = "stage",
                          .y_title = "probability"};
  return section;
}

/// Some stages at all positions, or the first of them.
Section lens_of_text(const Subject& subject, const study::Trace& trace, std::size_t shown) {
  const Batch& batch = trace.batch();
  const std::vector<study::Address> stages = study::residual_stages(subject.config(), kLensStages);
  Section section{.key = "positions", .title = "The probability of the next character, stage by stage"};
  Table& table = section.table;
  table.columns = {{"position", "position"}, {"expected", "next"}};
  table.labels = 2;
  Figure figure{.kind = Figure::Kind::heatmap,
                .title = section.title,
                .y = {},
                .x_title = "stage",
                .y_title = "position"};
  for (const study::Address& at : stages) {
    figure.y.push_back(table.columns.size());
    table.columns.push_back({stage_key(at), stage_title(at), fixed(3), Heat::unit});
  }
  table.columns.push_back({"likeliest", "likeliest"});
  table.columns.push_back({"p_likeliest", "p", fixed(3), Heat::unit});
  for (int position = 0; position < static_cast<int>(shown); ++position) {
    const Token expected = study::expected_token(trace, position);
    std::vector<Value> row = {subject.position_label(batch, position), subject.label(expected)};
    for (const study::LensRow& stage :
         study::logit_lens(subject.model(), trace, position, expected, stages)) {
      row.emplace_back(stage.probs[static_cast<std::size_t>(expected)]);
    }
    const std::vector<double> probs = trace.row(Site::probs, 0, position);
    const std::size_t likeliest = study::ranked(probs, 1).front();
    row.emplace_back(subject.label(static_cast<Token>(likeliest)));
    row.emplace_back(probs[likeliest]);
    table.rows.push_back(std::move(row));
  }
  leave_out_positions(table, batch.positions());
  section.figure = std::move(figure);
  section.note = std::string(kStagesInWords)
                 + " The last stage is the model's own prediction. At the end of the text, where nothing says what comes next, the likeliest character is followed. --position INDEX shows all stages at one position.";
  return section;
}

Page make_lens(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  const study::Trace trace = study::run(subject.model(), subject.text(*options.text("--text")));
  const std::size_t positions = trace.batch().positions();
  const auto asked = checked_index(options, "--position", static_cast<int>(positions), "the text");
  const auto top = static_cast<std::size_t>(options.whole("--top", 5));
  Page page{.view = "lens",
            .about =
                "Each stage of the residual stream read through lm_head, as if it were the last. There is no "
                "norm before lm_head, so this is exact.",
            .facts = {{"text", "text", *options.text("--text")},
                      {"positions", "positions", static_cast<std::int64_t>(positions), whole()}}};
  if (asked) {
    page.sections = {lens_of_position(subject, trace, *asked, top)};
    return page;
  }
  if (!in_tables_of_positions(options, subject.config(), positions)) {
    page.sections = {lens_of_text(subject, trace, positions_shown(options, positions))};
    return page;
  }
  for (int position = 0; position < static_cast<int>(positions); ++position) {
    page.sections.push_back(lens_of_position(subject, trace, position, top));
  }
  return page;
}

}  // namespace

ViewSpec lens_view() {
  return {.name = "lens",
          .about = "What each stage of the residual stream would predict",
          .example = "lens --text emma --position 3",
          .options = kLensOptions,
          .make = make_lens};
}

}  // namespace microgpt::view
