// explain tokens, embedding: from characters to the first vectors.
#include <array>
#include <cstdio>

#include "microgpt/study/numbers.hpp"
#include "microgpt/view/explain/explained.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kTokensOptions[] = {kReadOption, kPositionOption, kAtOption, kTopOption};
constexpr OptionSpec kEmbeddingOptions[] = {kReadOption, kPositionOption, kAtOption, kTopOption,
                                            kDigitsOption};
constexpr Site kTokensSites[] = {Site::embed_token, Site::logits, Site::probs};
constexpr Site kEmbeddingSites[] = {Site::embed, Site::embed_token, Site::embed_position};

std::string code_point_of(const Tokenizer& tokenizer, Token token) {
  if (token == tokenizer.bos()) return "none";
  char text[16];
  std::snprintf(text, sizeof text, "U+%04X",
                static_cast<unsigned>(tokenizer.characters()[static_cast<std::size_t>(token)]));
  return text;
}

Section vocabulary_section(const Explained& e) {
  const Tokenizer& tokenizer = e.subject.tokenizer();
  const auto count = static_cast<std::size_t>(tokenizer.vocab_size());
  Section section{.key = "vocabulary", .title = "the vocabulary", .lines = {23, 27, true}};
  section.says =
      "BOS (beginning of sequence) is one more token, after the last character; it opens and closes every "
      "document.";
  section.formula = "V = characters + 1 (BOS)";
  section.numbers = "V = " + std::to_string(tokenizer.characters().size()) + " + 1";
  section.result = static_cast<std::int64_t>(count);
  section.table.columns = {
      {"token", "token", whole()}, {"character", "character"}, {"code_point", "code point"}};
  // The tokens around the one that is read, or asked for.
  const auto around = e.asked() && e.at->token ? *e.asked() : static_cast<std::size_t>(e.token(e.position));
  for (const std::size_t i : nearby_rows(count, e.top, around)) {
    const auto token = static_cast<Token>(i);
    section.table.rows.push_back(
        {std::int64_t{token}, e.subject.label(token), code_point_of(tokenizer, token)});
  }
  set_bound(section.table, count);
  return section;
}

Section text_section(const Explained& e) {
  Section section{.key = "text", .title = "the text as tokens", .lines = {157, 157, true}};
  section.says =
      "At each position the model reads one token and has to predict the next one: the text is its own "
      "answer.";
  section.formula = "token = place of the character in the vocabulary";
  section.numbers = "at position " + std::to_string(e.position) + ": token of " + e.reads(e.position);
  section.result = std::int64_t{e.token(e.position)};
  section.table.columns = {{"position", "position", whole()},
                           {"reads", "reads"},
                           {"token", "token", whole()},
                           {"next", "to predict"},
                           {"next_token", "its token", whole()}};
  const auto count = static_cast<std::size_t>(e.positions());
  for (const std::size_t i : nearby_rows(count, e.top, static_cast<std::size_t>(e.position))) {
    const auto p = static_cast<int>(i);
    section.table.rows.push_back({std::int64_t{p}, e.reads(p), std::int64_t{e.token(p)},
                                  e.subject.label(e.target(p)), std::int64_t{e.target(p)}});
  }
  set_bound(section.table, count);
  return section;
}

Page make_tokens(const Request& request) {
  const Scope scope{.topic = "tokens", .sites = kTokensSites};
  const Explained e = explained(request, scope);
  Page page = page_of(scope.topic,
                      "The model reads numbers. Every character has one, its token: its place among the "
                      "sorted distinct characters of the training text.",
                      {23, 27, true});
  add_facts(page, e, scope);
  page.sections = {vocabulary_section(e), text_section(e)};
  return page;
}

Page make_embedding(const Request& request) {
  const Scope scope{.topic = "embedding", .sites = kEmbeddingSites};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  const Numbers token = e.row(Site::embed_token);
  const Numbers place = e.row(Site::embed_position);
  const Numbers sum = e.row(Site::embed);
  const std::string t = std::to_string(e.token(e.position));
  const std::string p = std::to_string(e.position);
  const auto rows = shown_rows(sum, e.top, e.asked());
  const std::size_t c = e.asked().value_or(0);
  const std::string channel = std::to_string(c);

  Page page = page_of(scope.topic,
                      "A token becomes a vector of C = " + std::to_string(sum.size())
                          + " numbers, its channels: the token's row of wte plus the position's row of wpe.",
                      {109, 111});
  add_facts(page, e, scope);
  Section section{
      .key = "sum", .title = "token plus position", .address = e.address(Site::embed), .lines = {109, 111}};
  section.says = "Position " + p + " reads token " + t + " (" + e.reads(e.position)
                 + "). The same character at another position becomes another vector: that is how the model knows about order.";
  section.formula = "x_c = wte[token,c] + wpe[position,c]";
  section.numbers = "x_" + channel + " = wte[" + t + "," + channel + "] + wpe[" + p + "," + channel
                    + "] = " + hand.line(sum[c], [&](const Digits& n) {
                        return written_sum(std::array{token[c], place[c]}, n);
                      });
  section.result = sum[c];
  section.digits = hand.n.digits;
  const int digits = hand.digits_for([&](const Digits& n) {
    for (const std::size_t i : rows) {
      if (!hand.same(n.printed(token[i]) + n.printed(place[i]), sum[i])) return false;
    }
    return true;
  });
  section.table.columns = {{"channel", "channel", whole()},
                           hot("token", "wte[" + t + "]", digits),
                           hot("position", "wpe[" + p + "]", digits),
                           hot("sum", "x", hand.n.digits)};
  for (const std::size_t i : rows) {
    section.table.rows.push_back({static_cast<std::int64_t>(i), token[i], place[i], sum[i]});
  }
  set_bound(section.table, sum.size());
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "The vector of this token at this position", .y = {3}};
  page.sections = {section};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec tokens_topic() {
  return {.name = "tokens",
          .about = "From characters to numbers",
          .example = "tokens --text emma",
          .needs = Needs::model_or_example,
          .options = explain::kTokensOptions,
          .make = explain::make_tokens};
}

ViewSpec embedding_topic() {
  return {.name = "embedding",
          .about = "From a token and its position to a vector",
          .example = "embedding --text emma --position 2",
          .needs = Needs::model_or_example,
          .options = explain::kEmbeddingOptions,
          .make = explain::make_embedding};
}

}  // namespace microgpt::view
