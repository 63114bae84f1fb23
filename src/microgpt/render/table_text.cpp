#include "microgpt/render/table_text.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/base/number.hpp"
#include "microgpt/render/heat.hpp"
#include "microgpt/render/width.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::render {

namespace {

constexpr std::size_t kColumnGap = 2;  // spaces between columns
constexpr std::size_t kSparkline = 8;  // columns of the narrowest

/// Black on one of five steps from pale to strong.
std::string coloured(const std::string& text, double heat) {
  constexpr int kWarm[] = {230, 223, 216, 209, 202};
  constexpr int kCold[] = {195, 159, 117, 75, 33};
  const int step = static_cast<int>(std::lround(std::min(1.0, std::abs(heat)) * 5));
  if (step == 0) return text;
  const int colour = heat > 0 ? kWarm[step - 1] : kCold[step - 1];
  return "\x1b[38;5;16;48;5;" + std::to_string(colour) + "m" + text + "\x1b[0m";
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return left ? text + space : space + text;
}

struct ValueWords {
  view::Format format;

  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(const std::string& text) const { return printable(text); }
  std::string operator()(std::int64_t whole) const {
    if (format.kind != view::Format::Kind::whole || whole < 0) return std::to_string(whole);
    return with_commas(static_cast<std::size_t>(whole));
  }
  std::string operator()(double value) const {
    switch (format.kind) {
      case view::Format::Kind::text:
        return number_text(value, 4);
      case view::Format::Kind::whole:
        return fixed_text(value, 0);
      case view::Format::Kind::fixed:
        return fixed_text(value, format.digits);
      case view::Format::Kind::number:
        return number_text(value, format.digits);
      case view::Format::Kind::percent:
        return fixed_text(100 * value, format.digits) + "%";
    }
    return "";
  }
  std::string operator()(const Agreement& agreement) const {
    return agreement.only_rounding() ? agreement_text(agreement)
                                     : number_text(agreement.difference, std::max(format.digits, 4));
  }
  std::string operator()(const std::vector<double>& values) const { return sparkline(values, kSparkline); }
};

/// An exact 0 stands above and below the whole digits of its neighbours.
bool is_zero_in_a_column(const view::Value& value, const view::Format& format) {
  const bool has_digits =
      format.digits > 0
      && (format.kind == view::Format::Kind::fixed || format.kind == view::Format::Kind::number);
  const double* number = std::get_if<double>(&value);
  return has_digits && number != nullptr && *number == 0;
}

}  // namespace

std::string value_text(const view::Value& value, const view::Format& format) {
  return std::visit(ValueWords{format}, value);
}

TableText::TableText(const view::Table& table, const Screen& screen, int indent, bool spread)
    : screen_(screen),
      indent_(static_cast<std::size_t>(indent)),
      spread_(spread),
      labels_(std::min(table.labels, table.columns.size())),
      totals_(table.totals),
      total_rows_(table.total_rows),
      more_(table.more) {
  for (const view::Column& column : table.columns) {
    headings_.push_back({printable(column.title)});
    left_.push_back(column.format.kind == view::Format::Kind::text);
  }
  add_rows(table);
  measure(static_cast<std::size_t>(screen.width));
}

void TableText::add_rows(const view::Table& table) {
  const auto heat = heat_of(table);
  std::vector<bool> lists(table.columns.size(), false);
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    std::vector<Cell> cells(table.columns.size());
    for (std::size_t c = 0; c < std::min(cells.size(), table.rows[r].size()); ++c) {
      const view::Value& value = table.rows[r][c];
      const view::Format& format = table.columns[c].format;
      cells[c] = {value_text(value, format), heat[r][c]};
      if (is_zero_in_a_column(value, format))
        cells[c].text += std::string(static_cast<std::size_t>(format.digits) + 1, ' ');
      lists[c] = lists[c] || std::holds_alternative<std::vector<double>>(value);
    }
    rows_.push_back(std::move(cells));
  }
  // A sparkline takes the room that the other columns leave.
  for (std::size_t c = 0; c < lists.size(); ++c) {
    if (!lists[c]) continue;
    left_[c] = true;
    measure(0);
    std::size_t others = indent_;
    for (std::size_t other = 0; other < widths_.size(); ++other)
      others += kColumnGap + (other == c ? 0 : widths_[other]);
    const auto width = static_cast<std::size_t>(screen_.width);
    const std::size_t room = width > others + kSparkline ? width - others : kSparkline;
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      if (c >= table.rows[r].size()) continue;
      const auto* values = std::get_if<std::vector<double>>(&table.rows[r][c]);
      if (values != nullptr) rows_[r][c].text = sparkline(*values, room);
    }
  }
}

void TableText::measure(std::size_t width) {
  widths_.assign(headings_.size(), 0);
  for (std::size_t c = 0; c < headings_.size(); ++c) {
    widths_[c] = display_width(headings_[c].text);
    for (const auto& row : rows_) widths_[c] = std::max(widths_[c], display_width(row[c].text));
  }
  std::vector<std::size_t> labels;
  std::size_t labels_width = indent_;
  for (std::size_t c = 0; c < labels_; ++c) {
    labels.push_back(c);
    labels_width += widths_[c] + (c > 0 ? kColumnGap : 0);
  }
  blocks_ = {labels};
  std::size_t used = labels_width;
  for (std::size_t c = labels_; c < widths_.size(); ++c) {
    // A column of words that has no room beside the labels is wrapped.
    const std::size_t room = width > labels_width + kColumnGap + 20 ? width - labels_width - kColumnGap : 20;
    if (left_[c] && width > 0) widths_[c] = std::min(widths_[c], room);
    if (blocks_.back().size() > labels.size() && used + kColumnGap + widths_[c] > width) {
      blocks_.push_back(labels);
      used = labels_width;
    }
    blocks_.back().push_back(c);
    used += kColumnGap + widths_[c];
  }
}

std::vector<std::size_t> TableText::shown_rows(std::size_t most) const {
  std::vector<std::size_t> shown;
  const std::size_t count = std::min(most, rows());
  for (std::size_t i = 0; i < count; ++i) {
    shown.push_back(spread_ && count > 1 ? i * (rows() - 1) / (count - 1) : i);
  }
  for (std::size_t r = rows(); r < rows_.size(); ++r) shown.push_back(r);
  return shown;
}

std::string TableText::line(const std::vector<Cell>& row, const std::vector<std::size_t>& columns,
                            bool heading) const {
  std::string text(indent_, ' ');
  std::size_t spaces = 0;  // not yet written: lines do not end in them
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t c = columns[i];
    const std::string cell = padded(row[c].text, widths_[c], left_[c]);
    const std::size_t end = cell.find_last_not_of(' ') + 1;
    if (i > 0) spaces += kColumnGap;
    if (end == 0) {
      spaces += cell.size();
      continue;
    }
    const bool hot = row[c].heat != 0 && screen_.colours;
    text += std::string(spaces, ' ');
    spaces = hot ? 0 : cell.size() - end;
    text += hot       ? coloured(cell, row[c].heat)
            : heading ? bold(cell.substr(0, end), screen_)
                      : cell.substr(0, end);
  }
  return text;
}

std::vector<std::string> TableText::lines(std::size_t most_rows, std::size_t most_blocks) const {
  std::vector<std::string> all;
  const auto shown = shown_rows(most_rows);
  for (std::size_t b = 0; b < std::min(most_blocks, blocks_.size()); ++b) {
    const auto& columns = blocks_[b];
    if (b > 0) all.emplace_back();
    const bool untitled =
        std::all_of(columns.begin(), columns.end(), [&](auto c) { return headings_[c].text.empty(); });
    if (!untitled) all.push_back(line(headings_, columns, true));
    for (const std::size_t r : shown) {
      std::vector<Cell> row = rows_[r];
      const std::size_t last = columns.back();
      if (!left_[last] || display_width(row[last].text) <= widths_[last]) {
        all.push_back(line(row, columns, false));
        continue;
      }
      const auto pieces = wrapped(row[last].text, {.width = static_cast<int>(widths_[last])}, 0, 0);
      for (const std::string& piece : pieces) {
        row[last].text = piece;
        all.push_back(line(row, columns, false));
        for (const std::size_t c : columns) row[c] = {};
      }
    }
  }
  const std::string indent(indent_, ' ');
  if (rows() > most_rows) {
    all.push_back(indent
                  + (spread_ ? "(" + counted(rows() - most_rows, "row") + " between these are"
                             : "and " + counted(rows() - most_rows, "more row"))
                  + (spread_ ? " left out; --lines 0 shows all)" : " (--lines 0 shows all)"));
  }
  if (blocks_.size() > most_blocks) {
    std::size_t hidden = 0;
    for (std::size_t b = most_blocks; b < blocks_.size(); ++b) hidden += blocks_[b].size() - labels_;
    all.push_back(indent + "and " + counted(hidden, "more column") + " (--lines 0 shows all)");
  }
  // A total often says already how many there are.
  if (total_rows_ > rows()) {
    const std::string count = totals_ > 0 ? "" : "and " + with_commas(total_rows_ - rows()) + " more";
    const std::string how = more_.empty() ? "" : "(" + printable(more_) + ")";
    all.push_back(indent + count + (count.empty() || how.empty() ? "" : " ") + how);
  }
  return all;
}

}  // namespace microgpt::render
