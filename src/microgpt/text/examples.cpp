#include "microgpt/text/examples.hpp"

#include <algorithm>
#include <utility>

#include "microgpt/base/mix.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

/// Moves `at` over so many characters, or to the end of the text.
void skip_characters(std::string_view text, std::size_t& at, std::size_t count) {
  for (; count > 0 && at < text.size(); --count) next_code_point(text, at);
}

}  // namespace

std::size_t Example::positions() const {
  return count_code_points(text) + (opens ? 1U : 0U) + (closes ? 1U : 0U) - 1U;
}

void add_further_examples(std::string_view document, std::size_t begin, std::size_t characters,
                          std::size_t block_size, std::vector<Place>& places) {
  // Of n characters n + 1 are predicted, for the end is one more: another example is needed as long as
  // block_size or more are left.
  for (std::size_t at = 0; characters >= block_size; characters -= block_size) {
    skip_characters(document, at, block_size);
    places.push_back(static_cast<Place>(begin + at));
  }
}

Examples Examples::of_documents(std::string_view text, std::size_t block_size, std::vector<Place> places) {
  Examples examples;
  examples.text_ = text;
  examples.block_size_ = block_size;
  examples.has_documents_ = true;
  examples.places_ = std::move(places);
  return examples;
}

Examples Examples::consecutive_windows(std::string_view stream, std::size_t block_size) {
  Examples examples;
  examples.text_ = stream;
  examples.block_size_ = block_size;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t begin = at;
    skip_characters(stream, at, 1);
    if (at == stream.size()) break;  // nothing left to predict
    examples.places_.push_back(static_cast<Place>(begin));
    skip_characters(stream, at, block_size - 1);
  }
  return examples;
}

Examples Examples::random_windows(std::string_view stream, std::size_t block_size, std::uint64_t key) {
  Examples examples;
  examples.text_ = stream;
  examples.block_size_ = block_size;
  examples.key_ = key;
  // The last window ends with the stream.
  std::size_t last = stream.size();
  for (std::size_t i = 0; i < block_size + 1; ++i) {
    do --last;
    while (continues_character(stream[last]));
  }
  examples.range_ = last + 1;
  return examples;
}

std::size_t Examples::draw(std::uint64_t n) const {
  // Every byte is as likely as any other; from within a character is drawn again.
  for (std::uint64_t x = mix(key_ ^ mix(n));; x = mix(x + kGoldenRatio)) {
    const std::size_t place = x % range_;  // of 2^64, so that none is likelier by more than 2^-32
    if (!continues_character(text_[place])) return place;
  }
}

std::size_t Examples::positions() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < size(); ++i) total += (*this)[i].positions();
  return total;
}

Examples Examples::sample(std::size_t most) const {
  const std::size_t total = positions();
  if (total <= most) return *this;
  const std::size_t n = places_.size();
  const double share = static_cast<double>(most) / static_cast<double>(total);
  const std::size_t count =
      std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(n)));
  Examples some = *this;
  some.places_.clear();
  // The middle one of each of `count` stretches.
  for (std::size_t i = 0; i < count; ++i) some.places_.push_back(places_[(2 * i + 1) * n / (2 * count)]);
  return some;
}

Example Examples::operator[](std::uint64_t n) const {
  std::size_t begin = places_.empty() ? draw(n) : places_[n % places_.size()];
  if (!has_documents_) {
    std::size_t end = begin;
    skip_characters(text_, end, block_size_ + 1);
    return {text_.substr(begin, end - begin), false, false};
  }
  const auto at_border = [&](std::size_t at) { return at == text_.size() || text_[at] == kDocumentEnd; };
  std::size_t end = begin;
  std::size_t room = block_size_;  // for predictions
  for (; room > 0 && !at_border(end); --room) next_code_point(text_, end);
  const bool closes = room > 0;
  const bool opens = begin == 0 || at_border(begin - 1);
  if (!opens) {
    do --begin;
    while (continues_character(text_[begin]));
  }
  return {text_.substr(begin, end - begin), opens, closes};
}

}  // namespace microgpt
