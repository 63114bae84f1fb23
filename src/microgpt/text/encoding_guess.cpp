#include "microgpt/text/encoding_guess.hpp"

#include <utf8proc.h>

#include <algorithm>
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
  if (c < 0x250 || (c >= 0x1e00 && c < 0x1f00)) return Script::latin;
  if (c < 0x370) return Script::other;
  if (c < 0x400 || (c >= 0x1f00 && c < 0x2000)) return Script::greek;
  if (c < 0x530) return Script::cyrillic;
  if ((c >= 0xac00 && c < 0xd7b0) || (c >= 0x1100 && c < 0x1200) || (c >= 0x3130 && c < 0x3190)) {
    return Script::hangul;
  }
  if (c >= 0xff61 && c < 0xffe0) return Script::half_width;
  return c >= 0x2e80 && c < 0x30000 ? Script::han : Script::other;  // with kana, which goes with it
}

bool is_letter(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC;  // with marks
}
bool is_sign(utf8proc_category_t category) {
  return category == UTF8PROC_CATEGORY_NO || category == UTF8PROC_CATEGORY_NL
         || (category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO);
}
/// Controls and what no standard gives a meaning.
bool is_nothing(utf8proc_category_t category) {
  return category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CC
         || category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CS;
}

struct Tally {
  std::size_t faults = 0;
  std::size_t characters = 0;  ///< beyond ASCII
  bool is_possible = true;     ///< nothing in it that no text holds

  [[nodiscard]] double rate() const {
    return static_cast<double>(faults) / static_cast<double>(std::max<std::size_t>(characters, 1));
  }
};

/// Looks at each character of a word and the two before it.
void judge(std::string_view word, Tally& tally) {
  struct Character {
    char32_t c = 0;
    utf8proc_category_t category = UTF8PROC_CATEGORY_ZS;

    [[nodiscard]] bool is_foreign() const { return c >= 0x80; }
    [[nodiscard]] bool is_sign_by(const Character& other) const {
      return is_foreign() && is_sign(category) && is_letter(other.category);
    }
    [[nodiscard]] bool is_small() const { return category == UTF8PROC_CATEGORY_LL; }
    [[nodiscard]] bool is_capital() const { return category == UTF8PROC_CATEGORY_LU; }
  };
  Character before;
  Character last;
  std::size_t accented = 0;  // letters in a row
  for (std::size_t at = 0; at < word.size();) {
    Character now;
    now.c = next_code_point(word, at);
    now.category = utf8proc_category(static_cast<utf8proc_int32_t>(now.c));
    if (now.is_foreign()) {
      ++tally.characters;
      if (is_nothing(now.category)) tally.is_possible = false;
    }
    accented =
        now.is_foreign() && is_letter(now.category) && script_of(now.c) == Script::latin ? accented + 1 : 0;
    if (accented > 2) ++tally.faults;
    if (now.is_foreign() || last.is_foreign()) {
      const bool scripts_meet =
          is_letter(now.category) && is_letter(last.category) && script_of(now.c) != script_of(last.c);
      const bool capital_within = (last.is_small() && now.is_capital())
                                  || (before.is_capital() && last.is_capital() && now.is_small());
      if (now.is_sign_by(last) || last.is_sign_by(now) || scripts_meet || capital_within) ++tally.faults;
    }
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
