#include "cli/sample_output.hpp"

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <iterator>

#include "cli/terminal.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace {

/// A line between texts, made of a sign that the model does not know, so that none of its texts has one like it.
std::string rule(const Tokenizer& tokenizer, int number) {
  constexpr char32_t kSigns[] = {U'-', U'=', U'~', U'#', U'\u2500', U'\u2550', U'\u2588'};
  const auto known = tokenizer.characters();
  const auto* sign = std::find_if(std::begin(kSigns), std::end(kSigns) - 1, [&](char32_t one) {
    return !std::binary_search(known.begin(), known.end(), one);
  });
  std::string line;
  for (int i = 0; i < 30; ++i) append_utf8(line, *sign);
  return bold(line + ' ' + std::to_string(number));
}

}  // namespace

SampleOutput::SampleOutput(const Tokenizer& tokenizer, DataMode mode, bool null)
    : tokenizer_(tokenizer), mode_(mode), null_(null), terminal_(stdout_is_terminal()) {
  const auto known = tokenizer.characters();
  if (null && !known.empty() && known.front() == U'\0') {
    throw bad_option("--null", "", "the model knows the character NUL itself: use --json");
  }
}

void SampleOutput::begin() {
  if (open_) return;
  open_ = true;
  ++number_;
  if (number_ > 1 && terminal_ && !null_ && mode_ != DataMode::lines) {
    std::cout << rule(tokenizer_, number_) << '\n';
  }
}

std::string SampleOutput::shown(const std::string& text) const {
  if (!terminal_) return text;
  std::string safe;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end =
        mode_ == DataMode::lines ? text.size() : std::min(text.find('\n', begin), text.size());
    safe += one_line(text.substr(begin, end - begin));
    if (end < text.size()) safe += '\n';
    begin = end + 1;
  }
  return safe;
}

void SampleOutput::write(const std::string& text) {
  begin();
  std::cout << shown(text);
  end();
}

void SampleOutput::write_character(Token token) {
  begin();
  std::cout << shown(tokenizer_.decode({&token, 1})) << std::flush;
}

void SampleOutput::end() {
  begin();  // of an empty text
  open_ = false;
  if (null_) {
    std::cout << '\0';
  } else {
    std::cout << (mode_ == DataMode::lines || terminal_ ? "\n" : "\n\n");
  }
  if (terminal_) std::cout << std::flush;
}

}  // namespace microgpt::cli
