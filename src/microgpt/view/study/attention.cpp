// study attention: where each head looks.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/study/attention_sections.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kAttentionOptions[] = {
    kTextOption,
    index_option("--position", "Show only what this position looks at, counted from 0"),
    index_option("--layer", "Show only the heads of this layer"),
    index_option("--head", "Show only the heads with this number"),
    text_option("--at", "ADDRESS",
                "Show only the patterns or scores at this address: 'layer0.attn.scores[head 2]'")
        .excluding("--layer --head --scores"),
    flag_option("--scores", "Show the scores before the softmax instead of the pattern"),
    amount_option("--heads", "Number of heads shown; 0 shows all",
                  "20 in a list, and the matrices of as many as fit on a page"),
    amount_option("--positions", "Number of positions shown of each head; 0 shows all",
                  "the first 32 in a matrix, or the 12 that --position looks at most"),
};

constexpr std::size_t kListedHeads = 20;      // in a table with one row per head
constexpr std::size_t kMatrixRows = 40;       // of all matrices together
constexpr std::size_t kMatrixPositions = 32;  // of one matrix
constexpr std::size_t kListedSources = 12;    // of one position

/// A count that an option gives, 0 meaning all; or the usual one.
std::size_t attention_count(const Options& options, std::string_view name, std::size_t usual,
                            std::size_t all) {
  const auto given = static_cast<std::size_t>(options.whole(name, static_cast<int>(usual)));
  return given == 0 ? all : std::min(given, all);
}

Page make_attention(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  const ModelConfig& config = subject.config();
  subject.require_layers();
  std::optional<int> layer = checked_index(options, "--layer", config.n_layer, "the model");
  std::optional<int> number_of_head = checked_index(options, "--head", config.n_head, "the model");
  Site site = options.flag("--scores") ? Site::scores : Site::pattern;
  if (const auto text = options.text("--at")) {
    const study::Address at = study::parse_address(*text, config, "--at");
    if (info(at.site).kind != SiteKind::keys || at.position || at.source) {
      throw bad_option("--at", study::to_string(at),
                       "give attn.pattern or attn.scores of a layer, with or without a head");
    }
    layer = at.layer;
    number_of_head = at.head;
    site = at.site;
  }
  const study::Trace trace = study::run(subject.model(), subject.text(*options.text("--text")));
  const std::size_t positions = trace.batch().positions();
  const auto asked = checked_index(options, "--position", static_cast<int>(positions), "the text");
  AttentionChoice choice{.subject = subject, .trace = trace, .site = site};
  choice.position = asked.value_or(static_cast<int>(positions) - 1);
  choice.heads = study::heads_at(subject.model(), trace, choice.position);
  std::erase_if(choice.heads, [&](const study::HeadAt& head) {
    return (layer && head.layer != *layer) || (number_of_head && head.head != *number_of_head);
  });

  const std::size_t heads = choice.heads.size();
  const std::size_t listed = attention_count(options, "--heads", kListedHeads, heads);
  Page page{.view = "attention",
            .about =
                "The attention pattern of a head says how much of each position it reads; the weights of one "
                "position add up to 1.",
            .facts = {{"text", "text", *options.text("--text")},
                      {"positions", "positions", static_cast<std::int64_t>(positions), whole()},
                      {"heads", "heads", static_cast<std::int64_t>(heads), whole()}}};
  if (asked) {
    page.facts.insert(page.facts.begin() + 1,
                      {"position", "position", subject.position_label(trace.batch(), *asked)});
    const std::size_t sources =
        attention_count(options, "--positions", kListedSources, static_cast<std::size_t>(*asked) + 1);
    page.sections.push_back(sources_of_position(choice, listed, sources));
    return page;
  }
  page.sections.push_back(strongest_sources(choice, listed));
  const std::size_t rows = attention_count(options, "--positions", kMatrixPositions, positions);
  const std::size_t matrices =
      attention_count(options, "--heads", std::max<std::size_t>(1, kMatrixRows / rows), heads);
  for (const study::HeadAt& head : std::span(choice.heads).first(matrices)) {
    page.sections.push_back(matrix_of_head(choice, head, rows));
  }
  page.sections[1].note =
      "Each row is a position that looks; the columns are the positions it can look at, itself included.";
  if (matrices < heads) {
    page.sections[0].note += " The matrices of the first " + counted(matrices, "head")
                             + " follow; --heads 0 shows all of them, --layer and --head a single one.";
  }
  return page;
}

}  // namespace

ViewSpec attention_view() {
  return {.name = "attention",
          .about = "Where each head looks: patterns and scores",
          .example = "attention --text emma --position 3",
          .options = kAttentionOptions,
          .make = make_attention};
}

}  // namespace microgpt::view
