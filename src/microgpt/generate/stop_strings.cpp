#include "microgpt/generate/stop_strings.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace microgpt {

namespace {

/// How many tokens match after one more, if `matched` did before it and are not all.
std::size_t step(const std::vector<int>& tokens, const std::vector<std::size_t>& border, std::size_t matched,
                 int token) {
  while (matched > 0 && tokens[matched] != token) matched = border[matched];
  return tokens[matched] == token ? matched + 1 : 0;
}

}  // namespace

StopStrings::StopStrings(std::vector<std::vector<int>> strings) {
  for (std::vector<int>& tokens : strings) {
    if (tokens.empty()) throw std::logic_error("StopStrings: an empty string");
    std::vector<std::size_t> border(2, 0);
    for (std::size_t n = 1; n < tokens.size(); ++n)
      border.push_back(step(tokens, border, border[n], tokens[n]));
    strings_.push_back({std::move(tokens), std::move(border)});
  }
}

std::optional<std::size_t> StopStrings::read(int token) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < strings_.size(); ++i) {
    One& one = strings_[i];
    one.matched = step(one.tokens, one.border, one.matched, token);
    if (one.matched == one.tokens.size() && (!found || one.matched > length(*found))) found = i;
  }
  return found;
}

std::size_t StopStrings::held() const {
  std::size_t most = 0;
  for (const One& one : strings_) most = std::max(most, one.matched);
  return most;
}

}  // namespace microgpt
