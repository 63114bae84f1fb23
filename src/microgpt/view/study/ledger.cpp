// study ledger: a logit as an exact sum of what each head and neuron adds.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "microgpt/base/number.hpp"
#include "microgpt/study/attribution.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kOptions[] = {
    kTextOption,
    index_option("--position", "Explain the prediction after this position, counted from 0", "the last"),
    {.name = "--target",
     .about = "Token whose logit is explained: a character, or BOS",
     .value_name = "TOKEN",
     .otherwise = "the character that comes next, at the end of the text the likeliest"},
    text_option("--contrast", "TOKEN", "Subtract the logit of this token: why the one and not the other"),
    amount_option("--top", "Number of parts shown; 0 shows all", "20"),
};

/// What a part of a logit, or a stage, is in words.
std::string part_in_words(const Subject& subject, const Batch& batch, const study::Address& at) {
  if (at.site == Site::embed_token) {
    return "the character " + subject.label(batch.token[static_cast<std::size_t>(*at.position)]);
  }
  if (at.site == Site::embed_position) return "its position";
  if (at.site == Site::attn_out) return "heads of layer " + std::to_string(at.layer);
  if (at.site == Site::mlp_out) return "neurons of layer " + std::to_string(at.layer);
  const std::string layer = subject.config().n_layer > 1 ? " of layer " + std::to_string(at.layer) : "";
  if (at.neuron) return "neuron " + std::to_string(*at.neuron) + layer;
  return "head " + std::to_string(*at.head) + layer + " from " + subject.position_label(batch, *at.source);
}

Table table_of(const Subject& subject, const Batch& batch, std::span<const study::LedgerPart> parts) {
  Table table{
      .columns = {{"part", "part"}, {"value", "value", fixed(4), Heat::table}, {"address", "address"}}};
  for (const study::LedgerPart& part : parts) {
    table.rows.push_back({part_in_words(subject, batch, part.at), part.value, study::to_string(part.at)});
  }
  return table;
}

constexpr std::size_t kMostStages = 26;  // those of 12 layers

/// The `most` largest of the stages, in the order of the pass.
std::vector<study::LedgerPart> largest_stages(const std::vector<study::LedgerPart>& stages,
                                              std::size_t most) {
  std::vector<double> values;
  for (const study::LedgerPart& stage : stages) values.push_back(stage.value);
  std::vector<std::size_t> order = study::ranked(values, most, study::Order::largest_size_first);
  std::sort(order.begin(), order.end());
  std::vector<study::LedgerPart> largest;
  for (const std::size_t index : order) largest.push_back(stages[index]);
  return largest;
}

Section stages_section(const Subject& subject, const study::Trace& trace, const study::Ledger& ledger,
                       std::size_t top) {
  Section stages{.key = "stages", .title = "The logit by stages"};
  stages.table = table_of(subject, trace.batch(),
                          largest_stages(ledger.stages, top == 0 ? ledger.stages.size() : kMostStages));
  if (stages.table.rows.size() < ledger.stages.size()) {
    const std::size_t others = ledger.stages.size() - stages.table.rows.size();
    double rest = ledger.sum;
    for (const auto& row : stages.table.rows) rest -= std::get<double>(row[1]);
    stages.table.rows.push_back({counted(others, "smaller stage"), rest, std::monostate()});
    stages.table.totals = 1;
    stages.table.total_rows = ledger.stages.size();
    stages.table.more = "--top 0 shows all";
  }
  stages.table.rows.push_back({"sum", ledger.sum, std::monostate()});
  ++stages.table.totals;
  stages.figure = Figure{.kind = Figure::Kind::bars, .title = "What each stage adds to the logit", .y = {1}};
  const std::vector<double> logits = trace.row(Site::logits, 0, ledger.position);
  double size = std::abs(logits[study::ranked(logits, 1, study::Order::largest_size_first).front()]);
  for (const study::LedgerPart& part : ledger.parts) size += std::abs(part.value);
  stages.agreement = Agreement{.difference = ledger.sum - ledger.logit,
                               .rounding = std::numeric_limits<double>::epsilon() * size,
                               .with = "the logit"};
  stages.note = "The sum " + agreement_text(*stages.agreement) + ".";
  return stages;
}

Section parts_section(const Subject& subject, const Batch& batch, const study::Ledger& ledger,
                      std::size_t top) {
  const std::size_t shown = top == 0 ? ledger.parts.size() : std::min(top, ledger.parts.size());
  Section parts{.key = "parts", .title = "The largest parts"};
  parts.table = table_of(subject, batch, std::span(ledger.parts).first(shown));
  parts.figure =
      Figure{.kind = Figure::Kind::bars, .title = "The parts that add most to the logit", .y = {1}};
  if (shown < ledger.parts.size()) {
    double rest = ledger.sum;
    for (const study::LedgerPart& part : std::span(ledger.parts).first(shown)) rest -= part.value;
    parts.table.rows.push_back(
        {counted(ledger.parts.size() - shown, "smaller part"), rest, std::monostate()});
    parts.table.totals = 1;
    parts.table.total_rows = ledger.parts.size();
    parts.table.more = "--top 0 shows all";
  }
  return parts;
}

Page make_ledger(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  const Batch batch = subject.text(*options.text("--text"));
  const study::Trace trace = study::run(subject.model(), batch);
  const auto positions = static_cast<int>(batch.positions());
  const int position = checked_index(options, "--position", positions, "the text").value_or(positions - 1);
  const auto target = options.text("--target");
  const auto contrast = options.text("--contrast");
  const Token of = target ? subject.token(*target, "--target") : study::expected_token(trace, position);
  const Token minus = contrast ? subject.token(*contrast, "--contrast") : -1;
  const study::Ledger ledger = study::ledger(subject.model(), trace, position, of, minus);

  Page page{.view = "ledger",
            .about =
                "There is no norm before lm_head and there are no biases, so a logit is exactly the sum of "
                "what each part of the model wrote into the residual stream."};
  page.facts = {{"text", "text", *options.text("--text")},
                {"position", "after position", subject.position_label(batch, position)},
                {"target", "target", subject.label(of)}};
  if (minus >= 0) page.facts.push_back({"contrast", "minus the logit of", subject.label(minus)});
  page.facts.push_back({"logit", minus < 0 ? "logit" : "difference of the logits", ledger.logit, number(6)});

  const auto top = static_cast<std::size_t>(options.whole("--top", 20));
  page.sections = {stages_section(subject, trace, ledger, top), parts_section(subject, batch, ledger, top)};
  return page;
}

}  // namespace

ViewSpec ledger_view() {
  return {.name = "ledger",
          .about = "A logit as an exact sum of what each head and neuron adds",
          .example = "ledger --text emm --target a --contrast e",
          .options = kOptions,
          .make = make_ledger};
}

}  // namespace microgpt::view
