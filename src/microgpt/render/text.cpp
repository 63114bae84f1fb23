#include "microgpt/render/text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "microgpt/render/heat.hpp"
#include "microgpt/render/scatter_text.hpp"
#include "microgpt/render/table_text.hpp"
#include "microgpt/render/width.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::render {

namespace {

using view::Lines;
using view::Page;
using view::Section;
using Text = std::vector<std::string>;

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kFewestRows = 5;
constexpr std::size_t kWidestTitle = 40;  // of facts in a list
constexpr std::size_t kCurveRows = 10;    // of a table whose lines are drawn above it

void append(Text& to, const Text& more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::string lines_text(const Lines& lines) {
  if (lines.first == 0) return "";
  std::string text = "microgpt.py:" + std::to_string(lines.first);
  if (lines.last > lines.first) text += "-" + std::to_string(lines.last);
  return text + (lines.course_only ? " (course)" : "");
}

/// " = 0.0675", or the words ", which agrees with 0 to 1e-9".
std::string result_text(const Section& section) {
  const auto* agreement = std::get_if<Agreement>(&*section.result);
  const std::string equals = agreement != nullptr && agreement->only_rounding() ? ", which " : " = ";
  return (section.numbers.empty() ? "= " : equals)
         + value_text(*section.result, view::number(section.digits));
}

Text heading_of(const Page& page, const Screen& screen) {
  const std::string lines = lines_text(page.lines);
  Text text = {bold(printable(page.view), screen) + (lines.empty() ? "" : "   " + lines)};
  append(text, wrapped(page.about, screen, 0, 0));
  std::string together;
  std::size_t titles = 0;
  for (const view::Fact& fact : page.facts) {
    together += (together.empty() ? "" : ", ") + fact.title + " " + value_text(fact.value, fact.format);
    titles = std::max(titles, display_width(fact.title));
  }
  // Few and short ones in one line, others in a list.
  if (display_width(together) + 2 <= static_cast<std::size_t>(std::min(screen.width, 80))) {
    append(text, wrapped(together, screen, 2, 2));
    return text;
  }
  const std::size_t values = std::min(titles, kWidestTitle) + 4;
  for (const view::Fact& fact : page.facts) {
    const std::string title = "  " + printable(fact.title);
    const std::size_t width = std::max(values, display_width(title) + 2);
    const Text words = wrapped(value_text(fact.value, fact.format), screen, static_cast<int>(width),
                               static_cast<int>(values));
    if (words.empty()) continue;
    text.push_back(title + words.front().substr(display_width(title)));
    text.insert(text.end(), words.begin() + 1, words.end());
  }
  return text;
}

/// How much of every table is shown.
struct Cut {
  std::size_t rows = kAll;
  std::size_t blocks = kAll;
  bool whole = false;  ///< everything was asked for
};

/// A section as text, its table apart so that it can be cut.
struct Piece {
  Text before;
  std::optional<TableText> table;
  Text after;
  std::size_t most_rows = kAll;  ///< of the table, if it is cut at all

  [[nodiscard]] Text table_lines(const Cut& cut) const {
    if (!table) return {};
    return table->lines(cut.whole ? kAll : std::min(cut.rows, most_rows), cut.blocks);
  }
};

/// The lines of a figure as sparklines, one for each column that is drawn.
Text curves_of(const Section& section, const Screen& screen, int indent) {
  view::Table curves{.columns = {{"line", ""},
                                 {"curve", "by " + section.table.columns[section.figure->x].title},
                                 {"first", "first", view::number(4)},
                                 {"lowest", "lowest", view::number(4)},
                                 {"last", "last", view::number(4)}}};
  for (const std::size_t column : section.figure->y) {
    std::vector<double> values;
    for (std::size_t r = 0; r + section.table.totals < section.table.rows.size(); ++r) {
      const auto& row = section.table.rows[r];
      const double value = column < row.size() ? number_of(row[column]) : std::nan("");
      if (std::isfinite(value)) values.push_back(value);
    }
    if (values.empty()) continue;
    const double lowest = *std::min_element(values.begin(), values.end());
    curves.rows.push_back(
        {section.table.columns[column].title, values, values.front(), lowest, values.back()});
  }
  Text lines = TableText(curves, screen, indent, false).lines(kAll, kAll);
  lines.emplace_back();
  return lines;
}

Piece piece_of(const Section& section, std::size_t number, const Screen& screen) {
  Piece piece;
  const int words = number > 0 ? 3 : 0;
  const int inner = number > 0 ? 5 : 2;
  const std::string name = (number > 0 ? std::to_string(number) + ". " : "") + printable(section.title);
  std::string place = printable(section.address);
  if (const std::string at = lines_text(section.lines); !at.empty())
    place += (place.empty() ? "" : "   ") + at;
  piece.before.emplace_back();
  const bool fits = display_width(name) + 3 + display_width(place) <= static_cast<std::size_t>(screen.width);
  if (!name.empty())
    piece.before.push_back(bold(name, screen) + (place.empty() || !fits ? "" : "   " + place));
  if (!fits) append(piece.before, wrapped(place, screen, words, words));
  append(piece.before, wrapped(section.says, screen, words, words));
  append(piece.before, wrapped(section.formula, screen, inner, inner + 4));
  append(piece.before,
         wrapped(section.numbers + (section.result ? result_text(section) : ""), screen, inner, inner + 4));
  if (!section.table.empty()) {
    const bool is_line = section.figure && section.figure->kind == view::Figure::Kind::line;
    if (is_line && section.table.rows.size() > kCurveRows) {
      append(piece.before, curves_of(section, screen, inner));
      piece.most_rows = kCurveRows;
    }
    piece.table.emplace(section.table, screen, inner, is_line);
  }
  if (section.figure && section.figure->kind == view::Figure::Kind::scatter) {
    piece.after.emplace_back();
    append(piece.after, scatter_lines(section.table, *section.figure, screen, inner));
  }
  append(piece.after, wrapped(section.note, screen, words, words));
  return piece;
}

std::size_t length_of(const std::vector<Piece>& pieces, const Cut& cut) {
  std::size_t length = 0;
  for (const Piece& piece : pieces) {
    length += piece.before.size() + piece.after.size();
    length += piece.table_lines(cut).size();
  }
  return length;
}

/// Numbers that are to be seen with a cut: of two that fit, the one that shows more is better.
std::size_t shown_by(const std::vector<Piece>& pieces, const Cut& cut) {
  std::size_t shown = 0;
  for (const Piece& piece : pieces) {
    if (piece.table)
      shown += std::min({piece.table->rows(), cut.rows, piece.most_rows})
               * std::min(piece.table->blocks(), cut.blocks);
  }
  return shown;
}

/// The cut that shows most within so many lines; nothing if even the smallest is too long.
std::optional<Cut> best_cut(const std::vector<Piece>& pieces, std::size_t lines) {
  std::size_t blocks = 1;
  std::size_t rows = 0;
  for (const Piece& piece : pieces) {
    if (piece.table) blocks = std::max(blocks, piece.table->blocks());
    if (piece.table) rows = std::max(rows, piece.table->rows());
  }
  const Cut whole{std::min(rows, lines), std::min(blocks, lines)};
  if (rows <= lines && blocks <= lines && length_of(pieces, {}) <= lines) return Cut{};
  std::optional<Cut> best;
  for (std::size_t b = 1; b <= whole.blocks; ++b) {
    std::size_t low = 0;  // the most rows that fit
    for (std::size_t step = std::max<std::size_t>(whole.rows, 1); step > 0; step /= 2) {
      while (low + step <= whole.rows && length_of(pieces, {low + step, b}) <= lines) low += step;
    }
    const Cut cut{low, b};
    if (low < std::min(kFewestRows, rows)) break;
    if (!best || shown_by(pieces, cut) > shown_by(pieces, *best)) best = cut;
  }
  return best;
}

}  // namespace

std::string bold(const std::string& text, const Screen& screen) {
  return screen.colours && !text.empty() ? "\x1b[1m" + text + "\x1b[0m" : text;
}

std::vector<std::string> wrapped(const std::string& text, const Screen& screen, int indent, int hang) {
  Text lines;
  std::string line(static_cast<std::size_t>(indent), ' ');
  bool empty = true;
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  for (std::size_t at = 0; (at = text.find_first_not_of(kSpaces, at)) != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(kSpaces, at), text.size());
    const std::string word = printable(std::string_view(text).substr(at, end - at));
    at = end;
    if (!empty && display_width(line) + 1 + display_width(word) > static_cast<std::size_t>(screen.width)) {
      lines.push_back(line);
      line = std::string(static_cast<std::size_t>(hang), ' ');
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
  }
  if (!empty) lines.push_back(line);
  return lines;
}

std::string sparkline(const std::vector<double>& values, std::size_t width) {
  static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : values) {
    if (std::isfinite(value)) low = std::min(low, value);
    if (std::isfinite(value)) high = std::max(high, value);
  }
  const std::size_t columns = std::min(values.size(), width);
  std::string line;
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t begin = c * values.size() / columns;
    const std::size_t end = (c + 1) * values.size() / columns;
    double mean = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const double share = !std::isfinite(values[i]) ? values[i]
                           : high > low              ? (values[i] / 2 - low / 2) / (high / 2 - low / 2)
                                                     : 0.5;
      mean += share / static_cast<double>(end - begin);
    }
    line += std::isfinite(mean) ? kBlocks[std::clamp(static_cast<int>(mean * 8), 0, 7)] : "×";
  }
  return line;
}

std::string to_text(const view::Page& page, const Screen& screen) {
  Text text = heading_of(page, screen);
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < page.sections.size(); ++i) {
    pieces.push_back(piece_of(page.sections[i], page.steps ? i + 1 : 0, screen));
  }
  Cut cut{.whole = screen.lines == 0};
  std::string left_out;
  if (screen.lines > 0) {
    const std::size_t room = static_cast<std::size_t>(screen.lines)
                             - std::min(static_cast<std::size_t>(screen.lines), text.size());
    auto best = best_cut(pieces, room);
    if (!best) {
      // Whole sections are left out, as many as it takes to show a little of each of the others.
      std::size_t length = 4;  // the line that says so
      std::size_t kept = 0;
      while (kept < pieces.size()) {
        length += length_of({pieces[kept]}, {kFewestRows, 1});
        if (kept > 0 && length > room) break;
        ++kept;
      }
      for (std::size_t i = kept; i < page.sections.size(); ++i) left_out += ", " + page.sections[i].key;
      pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(kept), pieces.end());
      best = best_cut(pieces, room - std::min<std::size_t>(room, left_out.empty() ? 0 : 4));
    }
    cut = best.value_or(Cut{kFewestRows, 1});
  }
  for (const Piece& piece : pieces) {
    append(text, piece.before);
    append(text, piece.table_lines(cut));
    append(text, piece.after);
  }
  if (!left_out.empty()) {
    constexpr std::size_t kMostNameCharacters = 200;
    left_out = left_out.substr(2);
    if (left_out.size() > kMostNameCharacters)
      left_out = left_out.substr(0, left_out.find(',', kMostNameCharacters)) + ", ...";
    text.emplace_back();
    append(text, wrapped(counted(page.sections.size() - pieces.size(), "more section")
                             + " left out: " + left_out + " (--section KEY shows one, --lines 0 everything)",
                         screen, 0, 2));
  }
  std::string joined;
  for (const std::string& line : text) joined += line + '\n';
  return joined;
}

std::string to_text(const view::Table& table, const Screen& screen) {
  std::string joined;
  for (const std::string& line : TableText(table, screen, 0, false).lines(kAll, kAll)) joined += line + '\n';
  return joined;
}

}  // namespace microgpt::render
