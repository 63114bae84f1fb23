#include "microgpt/text/profile.hpp"

#include <algorithm>
#include <functional>
#include <unordered_set>
#include <vector>

#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kMostDistinctLines = 1'000'000;
constexpr std::string_view kWhite = " \t\n\r\f\v";

PartLengths lengths_of(std::vector<std::size_t>& parts) {
  if (parts.empty()) return {};
  std::sort(parts.begin(), parts.end());
  const auto at = [&](std::size_t percent) { return parts[(parts.size() * percent + 99) / 100 - 1]; };
  return {.parts = parts.size(), .median = at(50), .percentile_95 = at(95), .percentile_99 = at(99)};
}

std::string_view stripped(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(kWhite);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kWhite) + 1 - begin);
}

}  // namespace

TextProfile profile_text(std::string_view text) {
  TextProfile profile{.characters = count_code_points(text)};
  std::vector<std::size_t> lines, paragraphs;
  std::unordered_set<std::size_t> distinct;  // hashes
  std::size_t blank = 0;                     // since the last line that is not
  bool in_paragraph = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = stripped(text.substr(begin, end - begin));
    begin = end + 1;
    if (line.empty()) {
      ++blank;
      in_paragraph = false;
      continue;
    }
    if (!lines.empty()) profile.blank_lines += blank;
    blank = 0;
    const std::size_t length = count_code_points(line);
    lines.push_back(length);
    if (distinct.size() < kMostDistinctLines) distinct.insert(std::hash<std::string_view>()(line));
    if (in_paragraph) {
      paragraphs.back() += length + 1;  // and the newline between
    } else {
      paragraphs.push_back(length);
    }
    in_paragraph = true;
  }
  profile.distinct_lines = distinct.size();
  profile.lines = lengths_of(lines);
  profile.paragraphs = lengths_of(paragraphs);
  return profile;
}

}  // namespace microgpt
