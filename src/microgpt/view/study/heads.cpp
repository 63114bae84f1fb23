// study heads: what each head looks at over a text, and what it is worth.
#include "microgpt/study/heads.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "microgpt/text/words.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kHeadsOptions[] = {
    kDataOption,
    kLimitOption,
    amount_option("--top", "Number of heads shown; 0 shows all", "20"),
};

/// A mean, or nothing where there was nothing to take it over.
Value mean_or_nothing(double value, bool any) {
  return any ? Value(value) : Value();
}

Page make_heads(const Request& request) {
  const Subject& subject = *request.subject;
  subject.require_layers();
  const Batch batch = documents(subject, request.options);
  const std::vector<study::HeadReport> heads =
      study::head_report(subject.model(), batch, request.threads, request.progress);
  const auto top = static_cast<std::size_t>(request.options.whole("--top", 20));
  const std::size_t shown = top == 0 ? heads.size() : std::min(top, heads.size());

  Page page{.view = "heads",
            .about = "What each head looks at over a text, and how much worse the model predicts without it.",
            .facts = {{"documents", "documents", static_cast<std::int64_t>(batch.documents()), whole()},
                      {"characters", "characters", static_cast<std::int64_t>(batch.positions()), whole()},
                      {"heads", "heads", static_cast<std::int64_t>(heads.size()), whole()}}};
  Section section{.key = "heads", .title = "Heads by the change of the loss without them"};
  Table& table = section.table;
  table.columns = {{"head", "head"},
                   {"previous", "previous", fixed(3), Heat::unit},
                   {"first", "first", fixed(3), Heat::unit},
                   {"self", "self", fixed(3), Heat::unit},
                   {"duplicate", "duplicate", fixed(3), Heat::unit},
                   {"induction", "induction", fixed(3), Heat::unit},
                   {"entropy", "entropy", fixed(3)},
                   {"loss_change", "loss change", fixed(4), Heat::column},
                   {"standard_error", "+-", fixed(4)}};
  const bool any = batch.positions() > batch.documents();  // positions after the first of a document
  for (const study::HeadReport& head : std::span(heads).first(shown)) {
    const study::HeadScores& s = head.scores;
    const bool repeated = s.duplicate_positions > 0;
    table.rows.push_back(
        {study::to_string(head.without.at), mean_or_nothing(s.previous, any), mean_or_nothing(s.first, any),
         mean_or_nothing(s.self, any), mean_or_nothing(s.duplicate, repeated),
         mean_or_nothing(s.induction, repeated), mean_or_nothing(s.entropy, any), head.without.change,
         mean_or_nothing(head.without.standard_error, !std::isnan(head.without.standard_error))});
  }
  if (shown < heads.size()) {
    table.total_rows = heads.size();
    table.more = "--top 0 shows all";
  }
  section.figure = Figure{.kind = Figure::Kind::bars,
                          .title = "How much the loss rises without each head",
                          .y = {7},
                          .x_title = "head",
                          .y_title = "nats per character"};
  section.note =
      "The first five numbers are shares of a head's attention, means over all positions but the first of "
      "each document: the attention on the position before (previous), on the first position, where BOS "
      "stands (first), on the position itself (self), on earlier places of the same character (duplicate), "
      "and on the characters that followed those (induction). The entropy of the pattern, in nats, is 0 for "
      "a head that looks at one position only. These scores say what a head looks at, not what it is good "
      "for; that is the change of the loss, in nats per character, when the head's z is replaced by its mean "
      "over all positions, with its standard error.";
  page.sections = {std::move(section)};
  return page;
}

}  // namespace

ViewSpec heads_view() {
  return {.name = "heads",
          .about = "What each head looks at over a text, and what it is worth",
          .example = "heads --limit 200",
          .options = kHeadsOptions,
          .make = make_heads};
}

}  // namespace microgpt::view
