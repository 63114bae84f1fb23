// microgpt score: how probable a model finds a text, character by character.
#include "microgpt/evaluate/score.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/width.hpp"

namespace microgpt::cli {

namespace {

struct ScoreOptions {
  std::string model;
  std::vector<std::string> texts;
  bool json = false;
};

/// A text, its characters and, but for a stream, its end, each with its surprise in nats.
struct Scored {
  std::string text;
  std::vector<std::string> characters;
  std::vector<double> nats;
  bool ends = true;

  [[nodiscard]] double total() const { return std::accumulate(nats.begin(), nats.end(), 0.0); }
};

double bits(double nats) {
  return nats / std::log(2.0);
}

/// One of eight heights, a bit each.
std::string bar(double bits) {
  const int height = static_cast<int>(std::clamp(std::ceil(bits), 1.0, 8.0));
  return std::string("\xe2\x96") + static_cast<char>(0x80 + height);  // U+2581 ... U+2588
}

std::string right(const std::string& text, std::size_t width) {
  const std::size_t length = display_width(text);
  return std::string(width > length ? width - length : 1, ' ') + text;
}

std::string number(const char* format, double value) {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// A probability, which is never 0, though exp(-nats) may be.
std::string percent(double nats) {
  const double p = 100 * std::exp(-nats);
  return p < 1e-99 ? "<1e-99%" : number(p >= 0.01 ? "%.2f%%" : "%.0e%%", p);
}

/// A character in a cell of its own; a mark that would join the one before it stands on a dotted circle.
std::string shown_alone(const std::string& character) {
  if (character == " ") return "\xe2\x90\xa3";
  const std::string safe = one_line(character);
  return display_width(safe) == 0 ? "\xe2\x97\x8c" + safe : safe;
}

/// The text in rows of ten characters, under each its probability, its surprise and that as a bar.
void print(const Scored& scored) {
  constexpr std::size_t kColumns = 10;
  constexpr std::size_t kWidth = 8;
  for (std::size_t begin = 0; begin < scored.nats.size(); begin += kColumns) {
    std::string text = "           ", probability = bold("probability"), surprise = bold("bits") + "       ",
                bars = "           ";
    for (std::size_t i = begin; i < std::min(begin + kColumns, scored.nats.size()); ++i) {
      const bool end = i == scored.characters.size();
      text += right(end ? "(end)" : shown_alone(scored.characters[i]), kWidth);
      probability += right(percent(scored.nats[i]), kWidth);
      surprise += right(number(bits(scored.nats[i]) < 1e4 ? "%.2f" : "%.0e", bits(scored.nats[i])), kWidth);
      bars += right(bar(bits(scored.nats[i])), kWidth);
    }
    std::cout << text << '\n' << probability << '\n' << surprise << '\n' << bars << '\n';
  }
  const double total = bits(scored.total());
  std::cout << bold("total") << "      " << number_text(total, 2) << " bits, "
            << number_text(total / static_cast<double>(scored.nats.size()), 3) << " a character ("
            << number_text(scored.total(), 2) << " nats)\n";
}

nlohmann::ordered_json to_json(const Scored& scored) {
  nlohmann::ordered_json document = {{"text", scored.text}, {"characters", nlohmann::ordered_json::array()}};
  const auto entry = [&](std::size_t i) {
    return nlohmann::ordered_json{{"probability", std::exp(-scored.nats[i])}, {"bits", bits(scored.nats[i])}};
  };
  for (std::size_t i = 0; i < scored.characters.size(); ++i) {
    nlohmann::ordered_json one = {{"character", scored.characters[i]}};
    one.update(entry(i));
    document["characters"].push_back(one);
  }
  document["end"] = nullptr;
  if (scored.ends) document["end"] = entry(scored.characters.size());
  document["bits"] = bits(scored.total());
  document["nats"] = scored.total();
  return document;
}

void run_score(const ScoreOptions& options) {
  const Checkpoint checkpoint = load_model(options.model);
  const RunConfig& config = checkpoint.config();
  const Tokenizer& tokenizer = checkpoint.tokenizer();
  const bool stream = is_stream(config);
  std::vector<Scored> all;
  with_parameters(checkpoint, [&]<class T>(const Parameters<T>& parameters) {
    for (const std::string& text : options.texts) {
      if (find_invalid_utf8(text) != std::string::npos) {
        throw Error(Fault::usage, "bad TEXT: " + one_line(text) + ": it is not valid UTF-8");
      }
      if (stream && text.empty()) throw Error(Fault::usage, "bad TEXT: it is empty, and a stream has no end");
      Scored scored{.text = text, .characters = {}, .nats = {}, .ends = !stream};
      std::vector<Token> tokens = {opening(config, tokenizer)};
      tokenizer.encode(text, tokens);
      for (const Token& token : std::span(tokens).subspan(1))
        scored.characters.push_back(tokenizer.decode({&token, 1}));
      if (scored.ends) tokens.push_back(tokenizer.bos());
      scored.nats = surprises<T>(config.model, parameters, tokens, stream ? tokenizer.bos() : -1);
      all.push_back(std::move(scored));
    }
  });
  if (options.json) {
    nlohmann::ordered_json texts = nlohmann::ordered_json::array();
    for (const Scored& scored : all) texts.push_back(to_json(scored));
    std::cout << nlohmann::ordered_json{{"texts", texts}}.dump() << '\n';
    return;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) std::cout << '\n';
    print(all[i]);
  }
}

}  // namespace

CLI::App& add_score(CLI::App& program) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App& command =
      *program.add_subcommand("score", "How probable a model finds texts, character by character");
  command.add_option("--model", options->model, "Run folder or checkpoint file")
      ->required()
      ->option_text("PATH");
  command.add_option("TEXT", options->texts, "Texts to read")->required()->option_text("TEXT ...");
  command.add_flag("--json", options->json, "One JSON document instead of a drawing");
  command.footer(
      "A character's surprise is -log2 of its probability after those before it; a full\n"
      "bar is 8 bits.\n\n"
      "Example:\n"
      "  microgpt score --model runs/names-1 emma xqzz");
  command.callback([options] { run_score(*options); });
  return command;
}

}  // namespace microgpt::cli
