#include "microgpt/text/near_characters.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kMostSuggested = 5;

/// Signs that are typed for one another, the plain one first.
constexpr std::array<std::u32string_view, 4> kAlike = {
    U"'\u2019\u2018\u02bc`\u00b4", U"\"\u201d\u201c\u201e\u00ab\u00bb", U"-\u2013\u2014\u2010\u2011\u2212",
    U" \u00a0\u2009\u202f\t"};

/// The character in the other case, if it has one; else itself.
char32_t other_case(char32_t character) {
  const auto c = static_cast<utf8proc_int32_t>(character);
  const auto lower = ::utf8proc_tolower(c);
  return static_cast<char32_t>(lower != c ? lower : ::utf8proc_toupper(c));
}

/// The first character of what it is composed of: its base letter, or its plain form.
char32_t base_of(char32_t character) {
  std::array<utf8proc_int32_t, 32> parts{};
  int last_class = UTF8PROC_BOUNDCLASS_START;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  const auto count =
      ::utf8proc_decompose_char(static_cast<utf8proc_int32_t>(character), parts.data(),
                                static_cast<utf8proc_ssize_t>(parts.size()), options, &last_class);
  const bool fits = count > 0 && count <= static_cast<utf8proc_ssize_t>(parts.size());
  return fits ? static_cast<char32_t>(parts[0]) : character;
}

}  // namespace

std::vector<char32_t> near_characters(char32_t character, std::span<const char32_t> known) {
  std::vector<char32_t> near;
  const auto add = [&](char32_t one) {
    const bool is_there = std::binary_search(known.begin(), known.end(), one);
    const bool is_listed = std::find(near.begin(), near.end(), one) != near.end();
    if (one != character && is_there && !is_listed && near.size() < kMostSuggested) near.push_back(one);
  };
  const char32_t base = base_of(character);
  add(other_case(character));
  add(base);
  add(other_case(base));
  for (const std::u32string_view alike : kAlike) {
    if (alike.find(character) == std::u32string_view::npos) continue;
    for (const char32_t one : alike) add(one);
  }
  return near;
}

std::string near_characters_text(char32_t character, std::span<const char32_t> known) {
  const auto near = near_characters(character, known);
  std::string words;
  for (std::size_t i = 0; i < near.size(); ++i) {
    std::string bytes;
    append_utf8(bytes, near[i]);
    words += (i == 0 ? "; it knows " : i + 1 == near.size() ? " and " : ", ") + in_quotes(bytes);
  }
  return words;
}

}  // namespace microgpt
