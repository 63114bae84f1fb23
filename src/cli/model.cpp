#include "cli/model.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <sstream>

#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::cli {

Checkpoint load_model(const std::string& path) {
  bool first = true;
  Checkpoint checkpoint = Checkpoint::load_newest(path, [&](const Error& newer) {
    if (first) std::cerr << "warning: " << one_line(newer.what()) << ": an older one is used\n";
    first = false;
  });
  return checkpoint;
}

study::Model study_model(const Checkpoint& checkpoint) {
  return {checkpoint.config().model, checkpoint.parameters<double>(), checkpoint.tokenizer()};
}

void require_memory(double bytes, const std::string& what, const std::string& hint) {
  const double there =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (bytes <= there) return;
  char text[80];
  std::snprintf(text, sizeof text, "about %.0f GiB of memory, this machine has %.0f", bytes / (1 << 30),
                there / (1 << 30));
  throw Error(Fault::data, "too large: " + what + ": this run needs " + text + ": " + hint);
}

void require_known(const Tokenizer& tokenizer, const std::string& path, std::string_view text) {
  std::size_t at = tokenizer.find_unknown(text);
  if (at == std::string_view::npos) return;
  const char32_t character = next_code_point(text, at);
  std::string bytes;
  append_utf8(bytes, character);
  // Of the file itself: what was read had its lines stripped. It may have changed since; then no place.
  const std::string file = read_file(path, Fault::data);
  const std::size_t place = file.find(bytes);
  if (place == std::string::npos) throw tokenizer.unknown_character(character, path);
  const std::string_view before = std::string_view(file).substr(0, place);
  std::size_t line = 1, line_begin = 0;
  for (std::size_t i = 0; i < place; ++i) {
    if (before[i] != '\n' && (before[i] != '\r' || file[i + 1] == '\n')) continue;
    ++line;
    line_begin = i + 1;
  }
  throw tokenizer.unknown_character(
      character, path + ", line " + std::to_string(line) + ", column "
                     + std::to_string(count_code_points(before.substr(line_begin)) + 1) + ", byte "
                     + std::to_string(place));
}

std::string as_document(const std::string& text, DataMode mode) {
  if (mode == DataMode::lines) return stdout_is_terminal() ? one_line(text) : text;
  if (!stdout_is_terminal()) return text + '\n';
  std::string shown;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) shown += one_line(line) + '\n';
  return shown;
}

void require_known_characters(const Tokenizer& tokenizer, const std::string& text,
                              const std::string& option) {
  constexpr std::size_t kMost = 100;
  const auto known = tokenizer.characters();
  for (std::size_t at = 0; at < text.size();) {
    const char32_t character = next_code_point(text, at);
    if (std::binary_search(known.begin(), known.end(), character)) continue;
    std::string unknown;
    std::string all;
    append_utf8(unknown, character);
    for (std::size_t i = 0; i < std::min(kMost, known.size()); ++i) append_utf8(all, known[i]);
    if (known.size() > kMost) all += "... (" + std::to_string(known.size() - kMost) + " more)";
    throw Error(Fault::data,
                "bad " + option + ": the model has never seen '" + unknown + "': its characters are " + all);
  }
}

Batch read_text(const study::Model& model, const std::string& text, Token boundary,
                const std::string& option) {
  if (find_invalid_utf8(text) != std::string::npos) {
    throw Error(Fault::usage, "bad " + option + ": '" + one_line(text) + "': it is not valid UTF-8");
  }
  require_known_characters(model.tokenizer, text, option);
  const std::size_t length = count_code_points(text);
  if (length > static_cast<std::size_t>(model.config.block_size)) {
    throw Error(Fault::usage, "bad " + option + ": it has " + counted(length, "character")
                                  + ", and the model reads at most " + std::to_string(model.config.block_size)
                                  + " (its block_size)");
  }
  return study::batch_of_text(model, text, boundary);
}

bool is_stream(const RunConfig& config) {
  return config.data.mode == DataMode::stream;
}

Token opening(const RunConfig& config, const Tokenizer& tokenizer) {
  if (!is_stream(config)) return tokenizer.bos();
  const auto characters = tokenizer.characters();
  const auto newline = std::find(characters.begin(), characters.end(), U'\n');
  return newline == characters.end() ? 0 : static_cast<Token>(newline - characters.begin());
}

OwnText load_own_text(const Checkpoint& checkpoint, const std::string& data) {
  const DataConfig& config = checkpoint.config().data;
  const std::string path = data.empty() ? config.path : data;
  Dataset dataset = Dataset::load(path, config.mode, ByteOrderMark::drop);
  if (dataset.digest() != checkpoint.training().data_sha256) {
    throw Error(Fault::data,
                "not the model's own text: " + path
                    + ": its SHA-256 is not that of the text the run was trained on"
                    + (data.empty() ? ": it was changed since; give the old one with --data" : ""));
  }
  Sides sides = split_texts(dataset, config);
  return {std::move(dataset), std::move(sides)};
}

}  // namespace microgpt::cli
