#include "microgpt/text/encoding_guess.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "microgpt/text/encoding.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

/// Of those that read the words alike the first is named first; Windows' form where it has more characters.
constexpr const char* kCommonEncodings[] = {
    "windows-1252", "windows-1250", "iso-8859-2",   "windows-1254", "windows-1251", "koi8-r",
    "windows-1253", "windows-1255", "windows-1256", "cp932",        "gb18030",      "big5",
    "euc-jp",       "cp949",        "cp850",        "macintosh",    "cp866",
};
constexpr std::size_t kMostWords = 1000;   ///< looked at
constexpr std::size_t kMostShown = 3;      ///< words
constexpr std::size_t kMostReadings = 4;   ///< shown
constexpr std::size_t kMostNames = 2;      ///< of one reading
constexpr std::size_t kLongestShown = 24;  ///< characters
constexpr double kMostFaults = 0.4;        ///< per character beyond ASCII
constexpr double kMoreThanBest = 0.03;

enum class Script { other, latin, greek, cyrillic, han, hangul, half_width };

Script script_of(char32_t c) {
  struct Range {
    char32_t from, to;
    Script script;
  };
  constexpr Range kRanges[] = {
      {0, 0x24f, Script::latin},
      {0x370, 0x3ff, Script::greek},
      {0x400, 0x52f, Script::cyrillic},
      {0x1100, 0x11ff, Script::hangul},
      {0x1e00, 0x1eff, Script::latin},
      {0x1f00, 0x1fff, Script::greek},
      {0x3130, 0x318f, Script::hangul},
      {0xac00, 0xd7af, Script::hangul},
      {0xff61, 0xffdf, Script::half_width},
      {0x2e80, 0x2ffff, Script::han},  // with kana, which goes with it
  };
  const auto* const range = std::find_if(std::begin(kRanges), std::end(kRanges),
                                         [c](const Range& each) { return c >= each.from && c <= each.to; });
  return range == std::end(kRanges) ? Script::other : range->script;
}

/// A character with what Unicode says of it, as "Lu" for a capital letter.
struct Character {
  explicit Character(char32_t code_point)
      : c(code_point), category(utf8proc_category_string(static_cast<utf8proc_int32_t>(code_point))) {}

  [[nodiscard]] bool is_foreign() const { return c >= 0x80; }
  [[nodiscard]] bool is_letter() const { return category[0] == 'L' || category[0] == 'M'; }  // with marks
  [[nodiscard]] bool is_small() const { return category == "Ll"; }
  [[nodiscard]] bool is_capital() const { return category == "Lu"; }
  /// Signs, and numbers that are no digits, such as fractions.
  [[nodiscard]] bool is_sign() const { return category[0] == 'S' || category == "No"; }
  /// Controls and what no standard gives a meaning.
  [[nodiscard]] bool is_nothing() const { return category[0] == 'C' && category != "Cf"; }

  char32_t c;
  std::string_view category;
};

struct Tally {
  std::size_t faults = 0;
  std::size_t characters = 0;  ///< beyond ASCII
  bool is_possible = true;     ///< nothing in it that no text holds

  [[nodiscard]] double rate() const {
    return static_cast<double>(faults) / static_cast<double>(std::max<std::size_t>(characters, 1));
  }
};

/// Whether there is a fault where two characters meet, of which one at least is beyond ASCII.
bool is_fault(const Character& before, const Character& last, const Character& now) {
  const bool sign_by_letter = (now.is_foreign() && now.is_sign() && last.is_letter())
                              || (last.is_foreign() && last.is_sign() && now.is_letter());
  const bool scripts_meet = now.is_letter() && last.is_letter() && script_of(now.c) != script_of(last.c);
  const bool capital_within =
      (last.is_small() && now.is_capital()) || (before.is_capital() && last.is_capital() && now.is_small());
  return sign_by_letter || scripts_meet || capital_within;
}

void judge(std::string_view word, Tally& tally) {
  Character before(U' ');
  Character last(U' ');
  std::size_t accented = 0;  // letters in a row
  for (std::size_t at = 0; at < word.size();) {
    const Character now(next_code_point(word, at));
    if (now.is_foreign()) {
      ++tally.characters;
      if (now.is_nothing()) tally.is_possible = false;
    }
    const bool is_accented = now.is_foreign() && now.is_letter() && script_of(now.c) == Script::latin;
    accented = is_accented ? accented + 1 : 0;
    if (accented > 2) ++tally.faults;
    if ((now.is_foreign() || last.is_foreign()) && is_fault(before, last, now)) ++tally.faults;
    before = last;
    last = now;
  }
}

bool is_white(char c) {
  return static_cast<unsigned char>(c) <= ' ';
}

/// The words from the one at bytes[bad] on that hold more than ASCII, each with a newline after it. No encoding looked at
/// has white space within a character.
std::string words_at(std::string_view bytes, std::size_t bad) {
  constexpr std::size_t kLongest = std::size_t{1} << 12;  // of a word: some scripts have no spaces
  constexpr std::size_t kWindow = std::size_t{1} << 16;
  std::size_t begin = bad;
  while (begin > 0 && bad - begin < kLongest && !is_white(bytes[begin - 1])) --begin;
  if (bad - begin == kLongest) begin = bad;
  bytes.remove_prefix(begin);
  const bool is_cut = bytes.size() > kWindow;
  bytes = bytes.substr(0, kWindow);
  std::string words;
  for (std::size_t count = 0; !bytes.empty() && count < kMostWords;) {
    const auto end = std::find_if(bytes.begin(), bytes.end(), is_white);
    const auto word = bytes.substr(0, static_cast<std::size_t>(end - bytes.begin()));
    const bool is_last = word.size() == bytes.size();
    bytes.remove_prefix(is_last ? word.size() : word.size() + 1);
    if (std::none_of(word.begin(), word.end(), [](char c) { return (c & '\x80') != 0; })) continue;
    if (is_last && is_cut && count > 0) break;
    words += std::string(word) + "\n";
    ++count;
  }
  return words;
}

struct Reading {
  std::string name;
  Tally tally = {};
  std::vector<std::string> words = {};
};

/// Nothing if the words cannot be in this encoding.
std::optional<Reading> read_in(const std::string& encoding, const std::string& words) {
  auto text = try_to_utf8(words, encoding);
  // The only word may have been cut within a character.
  for (std::size_t less = 2; !text && words.size() > kLongestShown * 4 && less <= 4; ++less) {
    text = try_to_utf8(std::string_view(words).substr(0, words.size() - less), encoding);
  }
  if (!text) return std::nullopt;
  Reading reading = {.name = encoding};
  for (std::string_view rest = *text; !rest.empty();) {
    const auto word = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    judge(word, reading.tally);
    reading.words.emplace_back(word);
  }
  if (!reading.tally.is_possible || reading.tally.rate() > kMostFaults) return std::nullopt;
  return reading;
}

/// The likely readings, the best first.
std::vector<Reading> likely_readings(const std::string& words) {
  std::vector<Reading> readings;
  for (const char* encoding : kCommonEncodings) {
    if (auto reading = read_in(encoding, words)) readings.push_back(std::move(*reading));
  }
  std::stable_sort(readings.begin(), readings.end(),
                   [](const Reading& a, const Reading& b) { return a.tally.rate() < b.tally.rate(); });
  while (!readings.empty() && readings.back().tally.rate() > readings.front().tally.rate() + kMoreThanBest) {
    readings.pop_back();
  }
  return readings;
}

/// Which of the readings agree, in all words chosen so far and this one: for each the first that reads as it does.
std::vector<std::size_t> agreeing(const std::vector<Reading>& readings, std::vector<std::size_t> so_far,
                                  std::size_t word) {
  const auto before = so_far;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    so_far[i] = 0;
    while (before[so_far[i]] != before[i] || readings[so_far[i]].words[word] != readings[i].words[word]) {
      ++so_far[i];
    }
  }
  return so_far;
}

/// The beginning of a text, of so many characters.
std::string beginning(std::string_view text, std::size_t characters) {
  std::size_t at = 0;
  while (at < text.size() && characters-- > 0) next_code_point(text, at);
  return std::string(text.substr(0, at));
}

}  // namespace

std::vector<LikelyEncodings> likely_encodings(std::string_view bytes, std::size_t bad) {
  const std::vector<Reading> readings = likely_readings(words_at(bytes, bad));
  if (readings.empty()) return {};
  std::size_t count = readings.front().words.size();  // a cut word at the end may be another one
  for (const Reading& reading : readings) count = std::min(count, reading.words.size());
  std::vector<std::size_t> first(readings.size(), 0);  // that agrees with each
  std::vector<std::size_t> shown;
  for (std::size_t word = 0; word < count && shown.size() < kMostShown; ++word) {
    auto refined = agreeing(readings, first, word);
    if (refined == first) continue;
    first = std::move(refined);
    shown.push_back(word);
  }
  if (shown.empty()) shown.push_back(0);
  std::vector<LikelyEncodings> likely;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (first[i] != i) continue;
    LikelyEncodings one;
    for (std::size_t other = i; other < readings.size() && one.names.size() < kMostNames; ++other) {
      if (first[other] == i) one.names.push_back(readings[other].name);
    }
    for (const std::size_t word : shown)
      one.words += (one.words.empty() ? "" : " ") + readings[i].words[word];
    one.words = beginning(one.words, kLongestShown);
    likely.push_back(std::move(one));
  }
  return likely;
}

std::string encoding_hint(std::string_view bytes, std::size_t bad) {
  auto likely = likely_encodings(bytes, bad);
  if (likely.empty()) return "its encoding is not known; train --encoding NAME converts it";
  likely.resize(std::min(likely.size(), kMostReadings));
  std::string hint = "it may be in another encoding: ";
  for (const LikelyEncodings& each : likely) {
    if (&each != &likely.front()) hint += ", ";
    for (const std::string& name : each.names) hint += (&name == &each.names.front() ? "" : " or ") + name;
    hint += (&each == &likely.front() ? " would read " : " ") + in_quotes(each.words);
  }
  return hint + "; train --encoding NAME converts it";
}

}  // namespace microgpt
