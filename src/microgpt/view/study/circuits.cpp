// study circuits: a head of the first layer as a table.
#include <algorithm>

#include "microgpt/base/error.hpp"
#include "microgpt/study/circuit.hpp"
#include "microgpt/study/embeddings.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/study/work.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kCircuitsOptions[] = {
    index_option("--head", "Head of the first layer", "0"),
    flag_option("--ov", "Show what attending to a token adds to each logit, instead of the scores"),
    index_option("--query", "Position of the query", "the mean over all positions that see the key")
        .excluding("--ov"),
    index_option("--key", "Position of the key; with --ov, the position attended to",
                 "the mean over all positions that the query sees"),
    text_option("--text", "TEXT", "Show the table over the tokens of this text"),
    amount_option("--tokens", "Number of tokens in the table", "32", 1, 1000),
    amount_option("--top", "Number of strongest entries shown", "12", 0, 10'000),
};

/// Which tokens are searched for the strongest entries, and which of these stand in the table, by index.
struct ChosenTokens {
  std::vector<Token> searched;
  std::vector<std::size_t> in_table;
  std::string searched_in_words, table_in_words;
};

ChosenTokens choose_tokens(const Subject& subject, const Options& options, const study::CircuitPart& part) {
  const study::Model& model = subject.model();
  const auto V = static_cast<std::size_t>(model.config.vocab_size);
  const auto width = static_cast<std::size_t>(options.whole("--tokens", 32));
  std::vector<Token> candidates;  // most wanted first
  const auto text = options.text("--text");
  if (text) {
    candidates = distinct_tokens(subject.text(*text));
  } else {
    for (const std::size_t row : study::ranked(study::row_lengths(model.parameters.wte()), V)) {
      candidates.push_back(static_cast<Token>(row));
    }
  }
  std::size_t affordable = candidates.size();
  while (affordable > width && study::circuit_work(model.config, part, affordable) > study::kFewSeconds) {
    affordable = std::max(width, affordable - affordable / 16 - 1);
  }
  const std::size_t shown = std::min(width, candidates.size());
  const std::vector<Token> table(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(shown));
  ChosenTokens chosen;
  const auto words = [&](std::size_t count) {
    const std::string all = with_commas(candidates.size());
    if (count == candidates.size()) return "all " + all + (text ? " of the text" : "");
    if (text) return "the first " + with_commas(count) + " of " + all + " in the text";
    return "the " + with_commas(count) + " with the longest rows of wte, of " + all;
  };
  chosen.searched_in_words = words(affordable);
  chosen.table_in_words = words(shown);
  candidates.resize(affordable);
  if (!text) std::sort(candidates.begin(), candidates.end());
  chosen.searched = std::move(candidates);
  for (std::size_t i = 0; i < chosen.searched.size(); ++i) {
    if (std::find(table.begin(), table.end(), chosen.searched[i]) != table.end())
      chosen.in_table.push_back(i);
  }
  return chosen;
}

/// Some of a circuit's tokens.
study::Circuit restricted(const study::Circuit& circuit, const std::vector<std::size_t>& which) {
  study::Circuit some{.tokens = {}, .left = {}, .right = {}, .averaged = circuit.averaged};
  some.left.resize(static_cast<Index>(which.size()), circuit.left.cols());
  some.right.resize(static_cast<Index>(which.size()), circuit.right.cols());
  for (std::size_t i = 0; i < which.size(); ++i) {
    some.tokens.push_back(circuit.tokens[which[i]]);
    some.left.row(static_cast<Index>(i)) = circuit.left.row(static_cast<Index>(which[i]));
    some.right.row(static_cast<Index>(i)) = circuit.right.row(static_cast<Index>(which[i]));
  }
  return some;
}

study::CircuitPart asked_circuit(const Subject& subject, const Options& options) {
  const ModelConfig& config = subject.config();
  study::CircuitPart part{.table = options.flag("--ov") ? study::CircuitPart::Table::ov
                                                        : study::CircuitPart::Table::qk};
  part.head = checked_index(options, "--head", config.n_head, "the model").value_or(0);
  part.query = checked_index(options, "--query", config.block_size, "the context");
  part.key = checked_index(options, "--key", config.block_size, "the context");
  if (part.query && part.key && *part.key > *part.query) {
    throw bad_option("--key", std::to_string(*part.key),
                     "the query at position " + std::to_string(*part.query) + " cannot see later positions");
  }
  return part;
}

Section strongest_section(const Request& request, const study::Circuit& circuit, bool ov) {
  const Subject& subject = *request.subject;
  Section section{.key = "strongest", .title = "The strongest entries"};
  section.table = {.columns = ov ? std::vector<Column>{{"attended", "attended"},
                                                       {"logit", "logit of"},
                                                       {"value", "adds", fixed(3), Heat::column}}
                                 : std::vector<Column>{{"query", "query"},
                                                       {"key", "key"},
                                                       {"value", "score", fixed(3), Heat::column}},
                   .labels = 2};
  const auto top = static_cast<std::size_t>(request.options.whole("--top", 12));
  for (const study::CircuitEntry& entry : study::strongest(circuit, top, request.progress)) {
    section.table.rows.push_back(
        {subject.label(circuit.tokens[entry.row]), subject.label(circuit.tokens[entry.column]), entry.value});
  }
  const std::size_t entries = circuit.tokens.size() * circuit.tokens.size();
  if (section.table.rows.size() < entries) {
    section.table.total_rows = entries;
    section.table.more = "--top N shows more";
  }
  return section;
}

Section table_section(const Subject& subject, const study::Circuit& circuit, bool ov) {
  const Matrix<double> values = circuit.values();
  Section section{.key = "table", .title = ov ? "What attending to a token adds to each logit" : "Scores"};
  section.table.columns = {{"token", ov ? "attended" : "query"}};
  Figure figure{.kind = Figure::Kind::heatmap,
                .title = ov ? "What attending wholly to a token (rows) adds to each logit (columns)"
                            : "The score that a query token (rows) gives to a key token (columns)",
                .y = {},
                .x_title = ov ? "logit of" : "key",
                .y_title = ov ? "attended" : "query"};
  for (std::size_t i = 0; i < circuit.tokens.size(); ++i) {
    const Token token = circuit.tokens[i];
    section.table.columns.push_back(
        {"token_" + std::to_string(token), subject.label(token), fixed(1), Heat::table});
    figure.y.push_back(i + 1);
    std::vector<Value> row = {subject.label(token)};
    for (Index c = 0; c < values.cols(); ++c) row.push_back(values(static_cast<Index>(i), c));
    section.table.rows.push_back(std::move(row));
  }
  section.figure = figure;
  return section;
}

Page make_circuits(const Request& request) {
  const Subject& subject = *request.subject;
  subject.require_layers();
  const study::CircuitPart part = asked_circuit(subject, request.options);
  const bool ov = part.table == study::CircuitPart::Table::ov;
  const ChosenTokens chosen = choose_tokens(subject, request.options, part);
  const study::Circuit circuit = study::circuit(subject.model(), part, chosen.searched);
  const study::Address at = {.site = ov ? Site::z : Site::scores, .layer = 0, .head = part.head};

  Page page{
      .view = "circuits",
      .about =
          ov ? "In the first layer, what a head reads at a position depends on the token and the position "
               "alone. The table shows what attending wholly to a token (row) adds to each logit (column)."
             : "In the first layer, q and k depend on a token and its position alone. The table shows the "
               "score that each query token (row) gives to each key token (column)."};
  page.facts = {{"table", "table", ov ? "ov" : "qk"}, {"address", "address", study::to_string(at)}};
  if (part.query) page.facts.push_back({"query", "query position", std::int64_t{*part.query}, whole()});
  if (part.key) {
    page.facts.push_back(
        {"key", ov ? "position attended to" : "key position", std::int64_t{*part.key}, whole()});
  }
  if (circuit.averaged > 1) {
    page.facts.push_back({"averaged", ov ? "mean over positions" : "mean over pairs of positions",
                          static_cast<std::int64_t>(circuit.averaged), whole()});
  }
  page.facts.push_back({"searched", "tokens searched for strong entries", chosen.searched_in_words});
  page.facts.push_back({"shown", "tokens in the table", chosen.table_in_words});
  Section table = table_section(subject, restricted(circuit, chosen.in_table), ov);
  table.address = study::to_string(at);
  if (chosen.in_table.size() < chosen.searched.size()
      || chosen.searched.size() < static_cast<std::size_t>(subject.config().vocab_size)) {
    table.note = "--tokens N shows the table over more tokens, --text TEXT over those of a text.";
  }
  page.sections = {strongest_section(request, circuit, ov), table};
  return page;
}

}  // namespace

ViewSpec circuits_view() {
  return {.name = "circuits",
          .about = "A first-layer head as a table over pairs of tokens: scores, or what it writes",
          .example = "circuits --head 2 --ov",
          .options = kCircuitsOptions,
          .make = make_circuits};
}

}  // namespace microgpt::view
