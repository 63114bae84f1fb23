// Heat maps: a cell for each number, and the scale of their colours.
#include <algorithm>
#include <cmath>

#include "microgpt/render/heat.hpp"
#include "microgpt/render/svg_figure.hpp"
#include "microgpt/render/table_text.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::render {

namespace {

using view::Heat;

constexpr std::size_t kMostRows = 64;  // more could not be read
constexpr std::size_t kMostColumns = 256;
constexpr std::size_t kMostCells = 4096;   // a file of more is large
constexpr double kWidestTitledCell = 120;  // that its column's title may need
constexpr double kWidestCell = 52, kNarrowestCell = 1.5, kHighestRow = 26, kLowestRow = 15;
constexpr double kFramed = 6;  // narrower cells have no frame, which would hide their colours

/// A table whose lists, if the figure draws a column of lists, are columns of numbers.
struct HeatTable {
  view::Table table;
  view::Figure figure;
};

HeatTable with_lists_as_columns(const view::Table& table, const view::Figure& figure) {
  const auto list_of = [&](std::size_t row) -> const std::vector<double>* {
    const auto& cells = table.rows[row];
    return figure.y[0] < cells.size() ? std::get_if<std::vector<double>>(&cells[figure.y[0]]) : nullptr;
  };
  std::size_t longest = 0;
  for (std::size_t r = 0; r < rows_without_totals(table); ++r) {
    if (const auto* list = list_of(r)) longest = std::max(longest, list->size());
  }
  HeatTable drawn{table, figure};
  if (longest == 0) return drawn;
  const view::Column column = table.columns[figure.y[0]];
  drawn.figure.y.clear();
  for (std::size_t i = 0; i < longest; ++i) {
    drawn.figure.y.push_back(drawn.table.columns.size());
    drawn.table.columns.push_back(
        {column.key + "_" + std::to_string(i), std::to_string(i), column.format, column.heat});
  }
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    drawn.table.rows[r].resize(table.columns.size());
    const auto* list = list_of(r);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i)
      drawn.table.rows[r].emplace_back((*list)[i]);
  }
  return drawn;
}

/// What a swatch of the scale stands for.
struct ScaleEnds {
  std::string low, none, high;
};

ScaleEnds ends_of(const HeatTable& drawn, double lowest) {
  const view::Column& column = drawn.table.columns[drawn.figure.y[0]];
  if (column.heat == Heat::row) return {"", "the lowest of its row", "the highest of its row"};
  if (column.heat == Heat::column) {
    const std::string most = lowest < 0 ? "the largest size in its column" : "the largest of its column";
    return {lowest < 0 ? "minus " + most : "", "0", most};
  }
  const double most = heat_scales(drawn.table)[drawn.figure.y[0]];
  const auto words = [&](double value) { return value_text(value, column.format); };
  return {lowest < 0 ? words(-most) : "", "0", words(most)};
}

/// The scale of the colours, and what has none, at (x, y) of a canvas that grows with it.
void draw_scale(Canvas& canvas, const ScaleEnds& ends, double x, double y, bool any_missing) {
  constexpr double kSwatch = 16, kHigh = 10;
  const auto words = [&](const std::string& text, bool before) {
    if (!before) x += 6;
    canvas.text(x, y + 9, text, "start", "small");
    x += text_width(text, Font::small) + (before ? 6 : 0);
  };
  const auto swatch = [&](double share) {
    canvas.heat(x, y, kSwatch, kHigh, share, "swatch");
    x += kSwatch;
  };
  words(ends.low.empty() ? ends.none : ends.low, true);
  for (int i = ends.low.empty() ? 0 : -4; i <= 4; ++i) swatch(i / 4.0);
  words(ends.high, false);
  if (any_missing) {
    x += 24;
    canvas.box(x, y, kSwatch, kHigh, "swatch missing");
    x += kSwatch;
    words("no number", false);
  }
  canvas.width = std::max(canvas.width, x);
  canvas.height = std::max(canvas.height, y + kHigh + 6);
}

/// Where the cells and the words beside them stand.
struct CellPlaces {
  double names = 0;  ///< right end of the names of the rows
  double left = 0, top = 0, cell = 0, row = 0;
  bool written = false;         ///< the numbers, in their cells
  std::vector<bool> upright{};  ///< the titles of the columns
  std::size_t every = 1;        ///< of so many columns one has its title
};

/// All titles stand upright if many do not fit above their columns; if only a few do not, as BOS among characters, those.
std::vector<bool> upright_titles(const std::vector<double>& widths, double cell) {
  std::vector<bool> upright;
  for (const double width : widths) upright.push_back(width + 3 > cell);
  const auto count = static_cast<std::size_t>(std::count(upright.begin(), upright.end(), true));
  if (count * 8 > upright.size()) upright.assign(upright.size(), true);
  return upright;
}

CellPlaces cells_of(const HeatTable& drawn, std::size_t rows, std::size_t columns, double width) {
  const view::Figure& figure = drawn.figure;
  CellPlaces places;
  places.names =
      width_of_names(drawn.table, figure, rows, title_of_names(drawn.table, figure, figure.y_title));
  places.left = places.names + 8;
  double widest = 0, widest_title = 0;
  std::vector<double> titles;
  for (std::size_t i = 0; i < columns; ++i) {
    titles.push_back(std::min(text_width(drawn.table.columns[figure.y[i]].title), kLongestName));
    widest_title = std::max(widest_title, titles.back());
    for (std::size_t r = 0; r < rows; ++r)
      widest = std::max(widest, text_width(cell_text(drawn.table, r, figure.y[i]), Font::small));
  }
  const double most = (width - places.left) / static_cast<double>(std::max<std::size_t>(columns, 1));
  const double wanted =
      widest_title + 10 <= kWidestTitledCell ? std::max(kWidestCell, widest_title + 10) : kWidestCell;
  places.cell = std::clamp(most, kNarrowestCell, wanted);
  places.row = std::clamp(places.cell, kLowestRow, kHighestRow);
  places.written = widest + 6 <= places.cell;
  places.upright = upright_titles(titles, places.cell);
  double above = 18;
  for (std::size_t i = 0; i < columns; ++i) {
    if (places.upright[i]) above = std::max(above, titles[i] + 10);
  }
  if (places.cell < 14) places.every = static_cast<std::size_t>(std::ceil(14 / places.cell));
  places.top = (figure.x_title.empty() ? 0 : 18) + above;
  return places;
}

void draw_titles(Canvas& canvas, const HeatTable& drawn, const CellPlaces& places, std::size_t columns,
                 double width) {
  const view::Figure& figure = drawn.figure;
  canvas.text(places.left, 10, cut_to_pixels(figure.x_title, width - places.left), "start", "soft");
  const std::string names = title_of_names(drawn.table, figure, figure.y_title);
  canvas.text(places.names, places.top - 6, cut_to_pixels(names, kLongestName), "end", "soft");
  for (std::size_t i = 0; i < columns; i += places.every) {
    const double x = places.left + (static_cast<double>(i) + 0.5) * places.cell;
    const std::string& title = drawn.table.columns[figure.y[i]].title;
    if (places.upright[i]) {
      canvas.upright(x + 4, places.top - 6, cut_to_pixels(title, kLongestName));
    } else {
      canvas.text(x, places.top - 6, title, "middle");
    }
  }
}

}  // namespace

Canvas draw_heatmap(const view::Table& table, const view::Figure& shown, double width) {
  const HeatTable drawn = with_lists_as_columns(table, shown);
  const view::Figure& figure = drawn.figure;
  const std::size_t rows = std::min(rows_without_totals(table), kMostRows);
  const std::size_t columns =
      std::min({figure.y.size(), kMostColumns, kMostCells / std::max<std::size_t>(rows, 1)});
  const auto heat = heat_of(drawn.table);
  const CellPlaces places = cells_of(drawn, rows, columns, width);
  const bool framed = places.cell >= kFramed;
  Canvas canvas;
  draw_titles(canvas, drawn, places, columns, width);
  double lowest = 0;
  bool any_missing = false;
  for (std::size_t r = 0; r < rows; ++r) {
    const double y = places.top + static_cast<double>(r) * places.row;
    const std::string name = row_name(drawn.table, figure, r);
    canvas.text(places.names, y + places.row / 2 + 4, cut_to_pixels(name, kLongestName), "end");
    for (std::size_t i = 0; i < columns; ++i) {
      const std::size_t c = figure.y[i];
      const double x = places.left + static_cast<double>(i) * places.cell;
      const double w = places.cell - (framed ? 1 : 0);
      const double value = cell_number(drawn.table, r, c);
      const std::string words = cell_text(drawn.table, r, c);
      const std::string hint = name + ", " + drawn.table.columns[c].title + ": ";
      const std::string style = framed ? "cell framed" : "cell";
      if (!std::isfinite(value)) {
        canvas.box(x, y, w, places.row - 1, style + " missing", hint + (words.empty() ? "no number" : words));
        any_missing = true;
        continue;
      }
      lowest = std::min(lowest, heat[r][c]);
      canvas.heat(x, y, w, places.row - 1, heat[r][c], style, hint + words);
      if (places.written) canvas.text(x + places.cell / 2, y + places.row / 2 + 4, words, "middle", "small");
    }
  }
  canvas.width = places.left + static_cast<double>(columns) * places.cell;
  canvas.height = places.top + static_cast<double>(rows) * places.row;
  draw_scale(canvas, ends_of(drawn, lowest), places.left, canvas.height + 8, any_missing);
  note_left_out(canvas, table, rows, width);
  if (columns < figure.y.size()) {
    canvas.note(
        "the first " + counted(columns, "column") + " of " + with_commas(figure.y.size()) + " are drawn",
        width);
  }
  return canvas;
}

}  // namespace microgpt::render
