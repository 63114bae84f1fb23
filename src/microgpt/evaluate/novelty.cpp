#include "microgpt/evaluate/novelty.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

constexpr double kZ = 1.959963984540054;  // of the normal distribution 95 % lie within ± z

/// Myers's bit-vector algorithm (1999; in blocks as Hyyrö 2003 tells): a column of the table of distances as
/// its differences from row to row, +1 in one bit vector and -1 in another, 64 rows a word.
class EditDistance {
 public:
  EditDistance(std::span<const Token> pattern, int vocab_size)
      : rows_(pattern.size()),
        words_((pattern.size() + 63) / 64),
        equal_(static_cast<std::size_t>(vocab_size) * words_),
        plus_(words_),
        minus_(words_) {
    for (std::size_t i = 0; i < rows_; ++i) {
      equal_[static_cast<std::size_t>(pattern[i]) * words_ + i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }

  std::size_t to(std::span<const Token> text) {
    if (rows_ == 0) return text.size();
    std::fill(plus_.begin(), plus_.end(), ~std::uint64_t{0});
    std::fill(minus_.begin(), minus_.end(), std::uint64_t{0});
    const std::uint64_t last_row = std::uint64_t{1} << ((rows_ - 1) % 64);
    std::size_t distance = rows_;
    for (const Token token : text) {
      const std::uint64_t* equal = &equal_[static_cast<std::size_t>(token) * words_];
      std::uint64_t plus_in = 1;  // along the first row each column is one more
      std::uint64_t minus_in = 0;
      for (std::size_t w = 0; w < words_; ++w) {
        const std::uint64_t p = plus_[w];
        const std::uint64_t m = minus_[w];
        const std::uint64_t vertical = equal[w] | m;
        const std::uint64_t same = equal[w] | minus_in;
        const std::uint64_t across = (((same & p) + p) ^ p) | same;
        std::uint64_t up = m | ~(across | p);
        std::uint64_t down = p & across;
        if (w + 1 == words_) {
          if ((up & last_row) != 0) ++distance;
          if ((down & last_row) != 0) --distance;
        }
        const std::uint64_t plus_out = up >> 63U;
        const std::uint64_t minus_out = down >> 63U;
        up = (up << 1U) | plus_in;
        down = (down << 1U) | minus_in;
        plus_[w] = down | ~(vertical | up);
        minus_[w] = up & vertical;
        plus_in = plus_out;
        minus_in = minus_out;
      }
    }
    return distance;
  }

 private:
  std::size_t rows_;
  std::size_t words_;
  std::vector<std::uint64_t> equal_;  // [token][word]: the rows where the pattern has it
  std::vector<std::uint64_t> plus_, minus_;
};

/// All pieces of a text as an automaton (Blumer et al. 1985): reading another text, it knows at every
/// character the longest piece that ends there.
class SuffixAutomaton {
 public:
  SuffixAutomaton(std::span<const Token> text, int vocab_size) : vocab_size_(vocab_size) {
    add_state(0, 0);
    for (std::size_t i = 0; i < text.size(); ++i) extend(text[i], i + 1);
  }

  /// How far another text has been read.
  struct Place {
    int state = 0;
    std::size_t length = 0;
  };

  /// Reads on. Calls found(length, end in the text's own counting) after each character: a piece of that length ends
  /// there.
  template <class Found>
  void read(std::span<const Token> other, Place& at, Found&& found) const {
    for (const Token token : other) {
      while (at.state > 0 && next(at.state, token) < 0) {
        at.state = link_[static_cast<std::size_t>(at.state)];
        at.length = length_[static_cast<std::size_t>(at.state)];
      }
      if (next(at.state, token) >= 0) {
        at.state = next(at.state, token);
        ++at.length;
      }
      found(at.length, end_[static_cast<std::size_t>(at.state)]);
    }
  }

 private:
  [[nodiscard]] int next(int state, Token token) const {
    return next_[static_cast<std::size_t>(state * vocab_size_ + token)];
  }
  int& next(int state, Token token) { return next_[static_cast<std::size_t>(state * vocab_size_ + token)]; }

  int add_state(std::size_t length, std::size_t end) {
    length_.push_back(length);
    end_.push_back(end);
    link_.push_back(-1);
    next_.resize(next_.size() + static_cast<std::size_t>(vocab_size_), -1);
    return static_cast<int>(length_.size()) - 1;
  }

  void extend(Token token, std::size_t end) {
    const int state = add_state(end, end);
    int from = last_;
    for (; from >= 0 && next(from, token) < 0; from = link_[static_cast<std::size_t>(from)])
      next(from, token) = state;
    last_ = state;
    if (from < 0) {
      link_[static_cast<std::size_t>(state)] = 0;
      return;
    }
    const int to = next(from, token);
    const std::size_t longer = length_[static_cast<std::size_t>(from)] + 1;
    if (length_[static_cast<std::size_t>(to)] == longer) {
      link_[static_cast<std::size_t>(state)] = to;
      return;
    }
    const int copy = add_state(longer, end_[static_cast<std::size_t>(to)]);
    for (Token t = 0; t < vocab_size_; ++t) next(copy, t) = next(to, t);
    link_[static_cast<std::size_t>(copy)] = link_[static_cast<std::size_t>(to)];
    link_[static_cast<std::size_t>(to)] = link_[static_cast<std::size_t>(state)] = copy;
    for (; from >= 0 && next(from, token) == to; from = link_[static_cast<std::size_t>(from)])
      next(from, token) = copy;
  }

  int vocab_size_;
  int last_ = 0;
  std::vector<std::size_t> length_;  // of the longest piece that leads to the state
  std::vector<std::size_t> end_;     // where its pieces first end in the text
  std::vector<int> link_;            // state of the longest suffix that ends elsewhere too
  std::vector<int> next_;            // [state][token], -1: no such piece
};

}  // namespace

std::size_t edit_distance(std::span<const Token> a, std::span<const Token> b) {
  Token largest = 0;
  for (const auto list : {a, b}) {
    for (const Token token : list) largest = std::max(largest, token);
  }
  return EditDistance(a, largest + 1).to(b);
}

NoveltyJudge::NoveltyJudge(std::span<const std::string_view> documents, const Tokenizer& tokenizer,
                           bool nearest)
    : documents_(documents), tokenizer_(tokenizer) {
  if (!nearest) return;
  for (const std::string_view document : documents) {
    length_.push_back(static_cast<std::uint32_t>(count_code_points(document)));
  }
  by_length_.resize(documents.size());
  std::iota(by_length_.begin(), by_length_.end(), std::uint32_t{0});
  std::stable_sort(by_length_.begin(), by_length_.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return length_[a] < length_[b]; });
}

Novelty NoveltyJudge::judge(std::span<const Token> text) const {
  Novelty novelty;
  if (!by_length_.empty()) find_nearest(text, novelty);
  find_copied(text, novelty);
  return novelty;
}

void NoveltyJudge::find_nearest(std::span<const Token> text, Novelty& novelty) const {
  // Lengths apart by d are at least d edits apart: from the text's own length outwards, on both sides, until
  // the next cannot be nearer.
  EditDistance distance(text, tokenizer_.vocab_size());
  auto longer = std::lower_bound(by_length_.begin(), by_length_.end(), text.size(),
                                 [&](std::uint32_t d, std::size_t size) { return length_[d] < size; });
  auto shorter = longer;
  novelty.distance = std::numeric_limits<std::size_t>::max();
  std::vector<Token> tokens;
  for (;;) {
    constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
    const std::size_t above = longer == by_length_.end() ? kNone : length_[*longer] - text.size();
    const std::size_t below = shorter == by_length_.begin() ? kNone : text.size() - length_[*(shorter - 1)];
    const std::size_t apart = std::min(above, below);
    if (apart == kNone || apart > novelty.distance) return;
    const std::size_t document = above <= below ? *longer++ : *--shorter;
    tokens.clear();
    tokenizer_.encode(documents_[document], tokens);
    const std::size_t edits = distance.to(tokens);
    if (edits < novelty.distance || (edits == novelty.distance && document < novelty.nearest)) {
      novelty.distance = edits;
      novelty.nearest = document;
    }
  }
}

void NoveltyJudge::find_copied(std::span<const Token> text, Novelty& novelty) const {
  constexpr std::size_t kPiece = 1 << 16;  // bytes of a document that are tokens at a time
  const SuffixAutomaton pieces(text, tokenizer_.vocab_size());
  std::vector<Token> tokens;
  for (std::size_t d = 0; d < documents_.size(); ++d) {
    SuffixAutomaton::Place place;
    for (std::string_view rest = documents_[d]; !rest.empty();) {
      std::size_t size = std::min(kPiece, rest.size());
      while (size < rest.size() && continues_character(rest[size])) ++size;
      tokens.clear();
      tokenizer_.encode(rest.substr(0, size), tokens);
      rest.remove_prefix(size);
      pieces.read(tokens, place, [&](std::size_t length, std::size_t end) {
        const std::size_t begin = end - length;
        if (length > novelty.copied
            || (length == novelty.copied && length > 0 && begin < novelty.copied_begin)) {
          novelty.copied = length;
          novelty.copied_begin = begin;
          novelty.copied_from = d;
        }
      });
    }
  }
}

Interval share_interval(std::size_t hits, std::size_t draws) {
  const auto n = static_cast<double>(draws);
  const double p = static_cast<double>(hits) / n;
  const double middle = p + kZ * kZ / (2 * n);
  const double reach = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 / (1 + kZ * kZ / n);
  // At the ends of the scale the interval begins with it, where rounding would leave a trace.
  return {hits == 0 ? 0 : scale * (middle - reach), hits == draws ? 1 : scale * (middle + reach)};
}

Interval mean_interval(std::span<const double> numbers) {
  const auto n = static_cast<double>(numbers.size());
  const double mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / n;
  double squares = 0;
  for (const double x : numbers) squares += (x - mean) * (x - mean);
  const double reach = n > 1 ? kZ * std::sqrt(squares / (n - 1) / n) : 0;
  return {mean - reach, mean + reach};
}

}  // namespace microgpt
