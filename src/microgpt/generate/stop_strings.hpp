// Where a text that is being written contains a stop string, told as soon as its last token is drawn; and which of the
// tokens drawn last may still be the beginning of one, so that they must not be shown yet.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace microgpt {

class StopStrings {
 public:
  StopStrings() = default;
  /// As tokens; none may be empty.
  explicit StopStrings(std::vector<std::vector<int>> strings);

  /// Reads the text's next token. Returns the number of the stop string that ends with it; of several the longest, so
  /// that no part of any remains. Nothing if none does. Not to be called after one was found.
  std::optional<std::size_t> read(int token);

  /// How many of the tokens read last may be the beginning of a stop string. After one was found it is among them.
  [[nodiscard]] std::size_t held() const;

  /// Tokens of a stop string.
  [[nodiscard]] std::size_t length(std::size_t number) const { return strings_[number].tokens.size(); }

 private:
  /// One of them by the algorithm of Knuth, Morris and Pratt (1977).
  struct One {
    std::vector<int> tokens;
    /// [n]: of its first n tokens, how many of the last are also its first, but not all n.
    std::vector<std::size_t> border;
    std::size_t matched = 0;  ///< so many of the tokens read last are its first
  };

  std::vector<One> strings_;
};

}  // namespace microgpt
