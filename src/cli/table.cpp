#include "cli/table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "cli/terminal.hpp"
#include "microgpt/text/width.hpp"

namespace microgpt::cli {

namespace {

constexpr int kNarrowest = 20;
constexpr std::size_t kGap = 2;  // spaces between columns

int to_width(const char* text) {
  if (text == nullptr) return 0;
  const std::string_view digits = text;
  int width = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), width);
  return failed == std::errc() && end == digits.data() + digits.size() ? width : 0;
}

/// Black on one of five steps from pale to strong.
std::string coloured(const std::string& text, double heat) {
  constexpr int kWarm[] = {230, 223, 216, 209, 202};
  constexpr int kCold[] = {195, 159, 117, 75, 33};
  const int step = static_cast<int>(std::lround(std::min(1.0, std::abs(heat)) * 5));
  if (step == 0 || std::isnan(heat)) return text;
  const int colour = heat > 0 ? kWarm[step - 1] : kCold[step - 1];
  return "\x1b[38;5;16;48;5;" + std::to_string(colour) + "m" + text + "\x1b[0m";
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return left ? text + space : space + text;
}

}  // namespace

Screen screen(int width) {
  Screen out;
  if (width <= 0) width = to_width(std::getenv("COLUMNS"));
  if (width <= 0) width = terminal_columns();
  if (width > 0) out.width = std::max(kNarrowest, width);
  out.colours = bold("x") != "x";
  return out;
}

std::string number_text(double value, int digits) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  char text[400];
  const bool plain = std::abs(value) < 1e6 && std::abs(value) >= 0.5 * std::pow(10.0, -digits);
  std::snprintf(text, sizeof text, plain ? "%.*f" : "%.*e", plain ? digits : 2, value);
  return text;
}

std::string fixed_text(double value, int digits) {
  if (!std::isfinite(value) || value == 0 || std::abs(value) >= 1e6) return number_text(value, digits);
  const double rounded = std::round(value * std::pow(10.0, digits)) / std::pow(10.0, digits);
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", digits, rounded == 0 ? 0.0 : rounded);
  return text;
}

void Table::print(std::ostream& out, const Screen& screen, int indent) const {
  std::vector<std::size_t> width(columns_.size());
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    width[c] = display_width(columns_[c].name);
    for (const auto& row : rows_) {
      if (c < row.size()) width[c] = std::max(width[c], display_width(row[c].text));
    }
  }
  const auto print_columns = [&](const std::vector<std::size_t>& shown) {
    const auto print_row = [&](auto&& cell_of, bool heading) {
      std::string line(static_cast<std::size_t>(indent), ' ');
      std::size_t spaces = 0;  // not yet written: lines do not end in them
      for (std::size_t i = 0; i < shown.size(); ++i) {
        const std::size_t c = shown[i];
        const Cell cell = cell_of(c);
        const std::string text = padded(cell.text, width[c], columns_[c].left);
        const std::size_t end = text.find_last_not_of(' ') + 1;
        if (i > 0) spaces += kGap;
        const bool hot = cell.heat.has_value() && screen.colours;
        if (end > 0) {
          line += std::string(spaces, ' ');
          spaces = hot ? 0 : text.size() - end;
          line += hot       ? coloured(text, *cell.heat)
                  : heading ? bold(text.substr(0, end))
                            : text.substr(0, end);
        } else {
          spaces += text.size();
        }
      }
      out << line << '\n';
    };
    print_row([&](std::size_t c) { return Cell{columns_[c].name}; }, true);
    for (const auto& row : rows_) {
      print_row([&](std::size_t c) { return c < row.size() ? row[c] : Cell{}; }, false);
    }
  };

  std::vector<std::size_t> labels;
  std::size_t labels_width = static_cast<std::size_t>(indent);
  for (std::size_t c = 0; c < std::min(labels_, columns_.size()); ++c) {
    labels.push_back(c);
    labels_width += width[c] + (c > 0 ? kGap : 0);
  }
  auto shown = labels;
  std::size_t used = labels_width;
  for (std::size_t c = labels.size(); c < columns_.size(); ++c) {
    if (shown.size() > labels.size() && used + kGap + width[c] > static_cast<std::size_t>(screen.width)) {
      print_columns(shown);
      out << '\n';
      shown = labels;
      used = labels_width;
    }
    shown.push_back(c);
    used += kGap + width[c];
  }
  print_columns(shown);
}

void print_wrapped(std::ostream& out, const Screen& screen, const std::string& text, int indent, int hang) {
  std::string line(static_cast<std::size_t>(indent), ' ');
  bool empty = true;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!empty && display_width(line) + 1 + display_width(word) > static_cast<std::size_t>(screen.width)) {
      out << line << '\n';
      line = std::string(static_cast<std::size_t>(hang), ' ');
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
  }
  if (!empty) out << line << '\n';
}

}  // namespace microgpt::cli
