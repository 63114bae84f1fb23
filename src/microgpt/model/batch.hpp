// What the model reads: the positions of several documents, one after the other, without padding.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace microgpt {

struct Batch {
  std::vector<int> token;       ///< (P) what stands at the position
  std::vector<int> target;      ///< (P) what comes next
  std::vector<int> position;    ///< (P) place in its document, 0 ... T-1
  std::vector<int> offsets{0};  ///< document d is positions offsets[d] ... offsets[d + 1] - 1

  [[nodiscard]] std::size_t positions() const { return token.size(); }
  [[nodiscard]] std::size_t documents() const { return offsets.size() - 1; }

  /// Room for so many, before they come.
  void reserve(std::size_t documents, std::size_t positions) {
    token.reserve(positions);
    target.reserve(positions);
    position.reserve(positions);
    offsets.reserve(documents + 1);
  }

  /// Adds a document of one position less than its tokens: each token but the last predicts the
  /// next.
  void add(std::span<const int> tokens) {
    for (std::size_t p = 0; p + 1 < tokens.size(); ++p) {
      token.push_back(tokens[p]);
      target.push_back(tokens[p + 1]);
      position.push_back(static_cast<int>(p));
    }
    offsets.push_back(static_cast<int>(token.size()));
  }

  /// Becomes documents begin ... end - 1 of `from`.
  void assign(const Batch& from, std::size_t begin, std::size_t end) {
    const int first = from.offsets[begin];
    const int last = from.offsets[end];
    token.assign(from.token.begin() + first, from.token.begin() + last);
    target.assign(from.target.begin() + first, from.target.begin() + last);
    position.assign(from.position.begin() + first, from.position.begin() + last);
    offsets.clear();
    for (std::size_t d = begin; d <= end; ++d) offsets.push_back(from.offsets[d] - first);
  }

  void clear() {
    token.clear();
    target.clear();
    position.clear();
    offsets.assign(1, 0);
  }
};

}  // namespace microgpt
