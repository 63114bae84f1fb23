// microgpt explain tokens, embedding, rmsnorm, linear: from characters to the first vectors.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/explain/topics.hpp"
#include "microgpt/nn/rmsnorm.hpp"

namespace microgpt::cli::explain {

namespace {

std::string code_point_text(char32_t character) {
  char text[16];
  std::snprintf(text, sizeof text, "U+%04X", static_cast<unsigned>(character));
  return text;
}

/// A site whose values are a product W x: what it reads and the weights' name.
struct LinearSite {
  Site site, input;
  std::string tensor;  ///< without "layer0."
};
const LinearSite kLinearSites[] = {
    {Site::q, Site::attn_norm, "attn_wq"},      {Site::k, Site::attn_norm, "attn_wk"},
    {Site::v, Site::attn_norm, "attn_wv"},      {Site::attn_out, Site::z, "attn_wo"},
    {Site::mlp_pre, Site::mlp_norm, "mlp_fc1"}, {Site::mlp_out, Site::mlp_post, "mlp_fc2"},
    {Site::logits, Site::resid_post, "lm_head"}};

}  // namespace

Page explain_tokens(const Subject& s, const Digits& /*n*/) {
  const Tokenizer& tokenizer = s.model.tokenizer;
  Page page{.topic = "tokens",
            .about =
                "The model reads numbers. Each character has one, its token: its place among the sorted "
                "distinct characters of the training text.",
            .lines = {23, 27, true}};
  const Token token = s.batch().token[static_cast<std::size_t>(s.position)];
  Step vocabulary{.name = "the vocabulary", .lines = {23, 27, true}};
  vocabulary.says =
      "BOS (beginning of sequence) is one more token after the last character; it opens and closes "
      "every document.";
  vocabulary.formula = "V = characters + 1 (BOS)";
  vocabulary.numbers = "V = " + std::to_string(tokenizer.characters().size())
                       + " + 1 = " + std::to_string(tokenizer.vocab_size());
  vocabulary.table = {{"token", "character", "code point"}};
  for (Token t = 0; t < tokenizer.vocab_size(); ++t) {
    vocabulary.table.rows.push_back(
        {static_cast<long>(t), token_text(tokenizer, t),
         t == tokenizer.bos() ? std::string("none")
                              : code_point_text(tokenizer.characters()[static_cast<std::size_t>(t)])});
  }
  Step text{.name = "the text as tokens", .lines = {157, 157, true}};
  text.says =
      "At each position the model reads a token and is asked for the next: the text is its own answer.";
  text.formula = "token = place of the character in the vocabulary";
  text.numbers = "at position " + std::to_string(s.position) + ": " + token_text(tokenizer, token) + " -> "
                 + std::to_string(token);
  text.table = {{"position", "reads", "token", "is asked for", "next token"}};
  for (std::size_t p = 0; p < s.batch().positions(); ++p) {
    const Token next = s.batch().target[p];
    text.table.rows.push_back({static_cast<long>(p), token_text(tokenizer, s.batch().token[p]),
                               static_cast<long>(s.batch().token[p]), token_text(tokenizer, next),
                               static_cast<long>(next)});
  }
  page.steps = {vocabulary, text};
  return page;
}

Page explain_embedding(const Subject& s, const Digits& n) {
  const Token token = s.batch().token[static_cast<std::size_t>(s.position)];
  const std::string row_t = std::to_string(token);
  const std::string row_p = std::to_string(s.position);
  const auto wte = s.model.parameters.wte().row(token);
  const auto wpe = s.model.parameters.wpe().row(s.position);
  const Numbers sum = row_of(s.trace, Site::embed, 0, s.position);
  Page page{.topic = "embedding",
            .about = "A token becomes a vector of C = " + std::to_string(s.config().n_embd)
                     + " numbers: the row of wte that is the token's own, plus the row of wpe that is the "
                       "position's.",
            .lines = {109, 111}};
  Step step{.name = "token plus position",
            .address = study::to_string({.site = Site::embed, .position = s.position}),
            .lines = {109, 111}};
  step.says = "Position " + row_p + " reads token " + row_t + " (" + token_text(s.model.tokenizer, token)
              + "). The same character at another position is another vector; that is how order gets in.";
  step.formula = "x_c = wte[token,c] + wpe[position,c]";
  step.numbers =
      "x_0 = wte[" + row_t + ",0] + wpe[" + row_p + ",0] = " + n(wte[0]) + " + " + n.factor(wpe[0]);
  step.result = sum[0];
  step.table = {{"channel", "wte[" + row_t + "]", "wpe[" + row_p + "]", "x"}, 1, {1, 2, 3}};
  for (std::size_t c = 0; c < sum.size(); ++c) {
    const auto at = static_cast<Index>(c);
    step.table.rows.push_back({static_cast<long>(c), wte[at], wpe[at], sum[c]});
  }
  page.steps = {step};
  return page;
}

Page explain_rmsnorm(const Subject& s, const study::Address& at, const Digits& n) {
  const Site from = at.site == Site::embed_norm  ? Site::embed
                    : at.site == Site::attn_norm ? Site::resid_pre
                                                 : Site::resid_mid;
  const Numbers x = row_of(s.trace, from, at.layer, s.position);
  const Numbers y = row_of(s.trace, at.site, at.layer, s.position);
  const auto count = static_cast<double>(x.size());
  std::vector<std::string> squares;
  double total = 0;
  double total_after = 0;
  for (const double value : x) {
    squares.push_back(n.factor(value) + "^2");
    total += value * value;
  }
  for (const double value : y) total_after += value * value;
  const double mean = total / count;
  const double scale = 1 / std::sqrt(mean + kRmsNormEpsilon);
  const std::string width = std::to_string(x.size());

  Page page{.topic = "rmsnorm",
            .about =
                "A vector is brought to one size, and keeps its direction: it is divided by the root of the "
                "mean of its squares. No mean is taken off, and there is nothing to learn in it.",
            .lines = {103, 106}};
  Step square{.name = "mean square",
              .address = study::to_string({.site = from, .layer = at.layer, .position = s.position})};
  square.lines = {104, 104};
  square.formula = "ms = (sum_c x_c^2) / C";
  square.numbers = "ms = (" + sum_of(squares) + ") / " + width + " = " + n(total) + " / " + width;
  square.result = mean;
  Step factor{.name = "scale", .lines = {105, 105}};
  factor.says = "1e-5 keeps a vector of nothing from a division by 0.";
  factor.formula = "scale = (ms + 1e-5)^(-1/2)";
  factor.numbers = "scale = (" + n(mean) + " + 1e-5)^(-1/2)";
  factor.result = scale;
  Step output{.name = "output",
              .address = study::to_string({.site = at.site, .layer = at.layer, .position = s.position}),
              .lines = lines_of_site(at.site)};
  output.says = "The mean square is now " + number_text(total_after / count, 6) + ": ms / (ms + 1e-5).";
  output.formula = "y_c = scale x_c";
  output.numbers = "y_0 = " + n(scale) + " * " + n.factor(x[0]);
  output.result = y[0];
  output.table = {{"channel", "x", "x^2", "y"}, 1, {1, 3}};
  for (std::size_t c = 0; c < x.size(); ++c) {
    output.table.rows.push_back({static_cast<long>(c), x[c], x[c] * x[c], y[c]});
  }
  page.steps = {square, factor, output};
  return page;
}

Page explain_linear(const Subject& s, const study::Address& at, const Digits& n) {
  const auto* site = std::find_if(std::begin(kLinearSites), std::end(kLinearSites),
                                  [&](const LinearSite& one) { return one.site == at.site; });
  const bool in_layer = at.site != Site::logits;
  const study::Address input =
      in_layer ? study::Address{.site = site->input, .layer = at.layer} : end_of_stream(s.config());
  const std::string tensor = (in_layer ? "layer" + std::to_string(at.layer) + "." : "") + site->tensor;
  const auto& table = s.model.parameters.table();
  const auto spec =
      std::find_if(table.begin(), table.end(), [&](const TensorSpec& t) { return t.name == tensor; });
  const auto w = s.model.parameters.tensor(static_cast<std::size_t>(spec - table.begin()));
  const Numbers x = row_of(s.trace, input.site, input.layer, s.position);
  const Numbers y = row_of(s.trace, at.site, at.layer, s.position);
  // A head's channel counts from the head's first.
  const int begin = at.head ? *at.head * s.config().head_size() : 0;
  const auto o =
      static_cast<std::size_t>(begin + at.channel.value_or(at.neuron.value_or(at.token.value_or(0))));
  const std::string out = std::to_string(o);

  Page page{
      .topic = "linear",
      .about =
          "A matrix times a vector: each output is a weighted sum of all inputs, one row of weights for "
          "each output. There is no bias.",
      .lines = {94, 95}};
  Step one{.name = "one output, term by term", .lines = {94, 95}};
  study::Address element{.site = at.site, .layer = at.layer, .position = s.position};
  const int index = static_cast<int>(o);
  if (info(at.site).kind == SiteKind::neurons) element.neuron = index;
  if (info(at.site).kind == SiteKind::tokens) element.token = index;
  if (info(at.site).kind == SiteKind::residual || info(at.site).kind == SiteKind::heads)
    element.channel = index;
  one.address = to_string(element);
  one.says = "Row " + out + " of " + tensor + " (" + std::to_string(w.rows()) + " x "
             + std::to_string(w.cols()) + ") by " + to_string(input) + ".";
  one.formula = "y_o = sum_i W[o,i] x_i";
  one.table = {{"i", "W[" + out + ",i]", "x_i", "product"}, 1, {3}};
  std::vector<std::string> terms;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double weight = w(static_cast<Index>(o), static_cast<Index>(i));
    terms.push_back(n.factor(weight) + " * " + n.factor(x[i]));
    one.table.rows.push_back({static_cast<long>(i), weight, x[i], weight * x[i]});
  }
  one.numbers = "y_" + out + " = " + sum_of(terms);
  one.result = y[o];
  Step all{.name = "all outputs", .lines = lines_of_site(at.site)};
  all.address = study::to_string({.site = at.site, .layer = at.layer, .position = s.position});
  all.table = {{"o", "y_o"}, 1, {1}};
  for (std::size_t i = 0; i < y.size(); ++i) all.table.rows.push_back({static_cast<long>(i), y[i]});
  page.steps = {one, all};
  return page;
}

}  // namespace microgpt::cli::explain
