// The kinds of figures, and what they share: which rows are drawn, what they are called, what is said of the others.
#pragma once

#include <cstddef>
#include <string>

#include "microgpt/render/svg_canvas.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::render {

// Each is at most `width` wide, but for heat maps of many columns.
Canvas draw_lines(const view::Table& table, const view::Figure& figure, double width);
Canvas draw_scatter(const view::Table& table, const view::Figure& figure, double width);
Canvas draw_bars(const view::Table& table, const view::Figure& figure, double width);
Canvas draw_heatmap(const view::Table& table, const view::Figure& figure, double width);

/// Whether a figure has anything to show: a row with a finite number, or a list of them, in a column of y.
bool has_numbers(const view::Table& table, const view::Figure& figure);

/// How many rows a table has, its totals aside: they are not drawn.
std::size_t rows_without_totals(const view::Table& table);
/// The number of a cell, NaN if it has none; as text, "" if it is empty.
double cell_number(const view::Table& table, std::size_t row, std::size_t column);
std::string cell_text(const view::Table& table, std::size_t row, std::size_t column);
/// What a bar or a row of a heat map is called: its cell in column x, and that in column `label` if there is one.
std::string row_name(const view::Table& table, const view::Figure& figure, std::size_t row);
/// What stands above the names: the axis' title, or else the title of column x.
std::string title_of_names(const view::Table& table, const view::Figure& figure, const std::string& axis);
/// The widest name of the first `rows` and a title above them, but not wider than names may be.
double width_of_names(const view::Table& table, const view::Figure& figure, std::size_t rows,
                      const std::string& title);
inline constexpr double kLongestName = 240;

/// Says below the figure that it shows `rows` rows if there are more, and how to see those that the view left out.
void note_left_out(Canvas& canvas, const view::Table& table, std::size_t rows, double most_width);

/// The colour of a line or a kind of bar: after so many they come again, dashed.
std::string series_style(std::size_t number);
inline constexpr std::size_t kSeriesColours = 6;
/// Says which column has which colour, above the figure; returns how high that is: 0 for one column.
double draw_legend(Canvas& canvas, const view::Table& table, const view::Figure& figure, double width);

}  // namespace microgpt::render
