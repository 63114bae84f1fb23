#include "cli/sample_prompt.hpp"

#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/base/input.hpp"
#include "microgpt/text/plain_text.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace {

/// The value of an option, with its escapes replaced.
std::string value_of(const std::string& text, const std::string& option, const Tokenizer& tokenizer) {
  if (find_invalid_utf8(text) != std::string::npos) throw bad_option(option, "", "it is not valid UTF-8");
  std::string plain = unescaped(text, option);
  require_known_characters(tokenizer, plain, option);
  return plain;
}

}  // namespace

std::string read_prompt(const std::string& text, const std::string& file, const Checkpoint& checkpoint) {
  const Tokenizer& tokenizer = checkpoint.tokenizer();
  if (file.empty()) return value_of(text, "--prompt", tokenizer);
  std::string prompt = read_plain_text(file);
  if (checkpoint.config().data.mode == DataMode::lines && prompt.ends_with('\n')) prompt.pop_back();
  const std::string name = input_name(file);
  if (prompt.empty()) throw bad_option("--prompt-file", one_line(name), "it is empty");
  require_known_characters(tokenizer, prompt, "--prompt-file", name);
  return prompt;
}

std::vector<std::string> read_stop_strings(const std::vector<std::string>& texts,
                                           const Tokenizer& tokenizer) {
  std::vector<std::string> strings;
  for (const std::string& text : texts) {
    if (text.empty()) throw bad_option("--stop", "", "it is empty, and every text contains an empty one");
    strings.push_back(value_of(text, "--stop", tokenizer));
  }
  return strings;
}

}  // namespace microgpt::cli
