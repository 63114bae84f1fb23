#include "microgpt/view/report/eval_report.hpp"

#include "microgpt/view/report/loss_facts.hpp"

namespace microgpt::view {

namespace {

constexpr const char* kGuessing = "uniform";

Section baselines_section(const Evaluation& evaluation) {
  const double loss = evaluation.losses.token_mean;
  Section section{.key = "baselines", .title = "Beside tables of n-grams"};
  section.table = {.columns = {{"name", "predicted by"},
                               {"nats", "nats per character", number(4)},
                               {"bits", "bits", number(3)},
                               {"perplexity", "perplexity", number(2)},
                               {"saved", "the model is lower by", number(4)}}};
  for (const Baseline& baseline : evaluation.baselines) {
    section.table.rows.push_back({baseline.name, baseline.nats, in_bits(baseline.nats),
                                  perplexity_cell(baseline.nats), baseline.nats - loss});
  }
  section.table.rows.push_back(
      {std::string("the model"), loss, in_bits(loss), perplexity_cell(loss), Value()});
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "Nats per character of each way to predict", .y = {1}};
  if (!evaluation.no_ngrams.empty()) {
    section.note = "There are no n-grams: " + evaluation.no_ngrams + ".";
  } else if (evaluation.own_text && (evaluation.split == "train" || evaluation.split == "all")) {
    section.note =
        "The n-grams were counted on the training part of this very text, so the long ones look better here "
        "than they are.";
  } else {
    section.note = "The n-grams were counted on the run's training text.";
  }
  return section;
}

}  // namespace

Page eval_report(const Evaluation& evaluation) {
  const LossSummary& losses = evaluation.losses;
  Page page{.view = "eval", .about = "How well the model predicts the text, character by character."};
  page.facts = {{"split", "split", evaluation.split},
                {evaluation.stream ? "windows" : "documents", evaluation.stream ? "windows" : "documents",
                 static_cast<std::int64_t>(losses.documents), whole()},
                {"characters", evaluation.stream ? "characters" : "characters, with the ends of documents",
                 static_cast<std::int64_t>(losses.characters), whole()}};
  add_loss_facts(page.facts, "", "loss", losses.token_mean);
  page.facts.push_back({"standard_error",
                        std::string("standard error, over ") + (evaluation.stream ? "windows" : "documents"),
                        losses.standard_error ? Value(*losses.standard_error) : Value(), number(4)});
  page.facts.push_back(
      {"document_mean",
       std::string("mean of the ") + (evaluation.stream ? "windows'" : "documents'") + " losses",
       losses.document_mean, number(4)});
  for (const Baseline& baseline : evaluation.baselines) {
    if (baseline.name != kGuessing || baseline.nats >= losses.token_mean) continue;
    page.facts.push_back(
        {"worse_than_guessing", "worse than guessing by", losses.token_mean - baseline.nats, number(4)});
  }
  page.sections = {baselines_section(evaluation)};
  return page;
}

}  // namespace microgpt::view
