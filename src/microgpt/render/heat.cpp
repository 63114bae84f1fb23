#include "microgpt/render/heat.hpp"

#include <algorithm>
#include <cmath>

namespace microgpt::render {

using view::Heat;

double number_of(const view::Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::nan("");
}

namespace {

/// The largest size of a finite number in each column, without totals.
std::vector<double> largest_of(const view::Table& table, std::size_t rows) {
  std::vector<double> largest(table.columns.size(), 0);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < std::min(largest.size(), table.rows[r].size()); ++c) {
      const double number = number_of(table.rows[r][c]);
      if (std::isfinite(number)) largest[c] = std::max(largest[c], std::abs(number));
    }
  }
  return largest;
}

/// The lowest and the highest finite number of a row's cells with Heat::row.
std::pair<double, double> extremes_of(const view::Table& table, const std::vector<view::Value>& row) {
  double low = std::nan(""), high = std::nan("");
  for (std::size_t c = 0; c < row.size(); ++c) {
    const double number = table.columns[c].heat == Heat::row ? number_of(row[c]) : std::nan("");
    if (!std::isfinite(number)) continue;
    low = std::isnan(low) ? number : std::min(low, number);
    high = std::isnan(high) ? number : std::max(high, number);
  }
  return {low, high};
}

}  // namespace

std::vector<double> heat_scales(const view::Table& table) {
  std::vector<double> scale = largest_of(table, table.rows.size() - table.totals);
  double whole = 0;
  for (std::size_t c = 0; c < scale.size(); ++c) {
    if (table.columns[c].heat == Heat::table) whole = std::max(whole, scale[c]);
  }
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const Heat heat = table.columns[c].heat;
    if (heat == Heat::table) scale[c] = whole;
    if (heat == Heat::unit) scale[c] = 1;
    if (heat == Heat::none || heat == Heat::row) scale[c] = 0;
  }
  return scale;
}

std::vector<std::vector<double>> heat_of(const view::Table& table) {
  const std::size_t rows = table.rows.size() - table.totals;
  const std::vector<double> scale = heat_scales(table);
  std::vector<std::vector<double>> heat(table.rows.size());
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    heat[r].assign(row.size(), 0);
    if (r >= rows) continue;
    const auto [low, high] = extremes_of(table, row);
    for (std::size_t c = 0; c < row.size(); ++c) {
      const double number = number_of(row[c]);
      if (!std::isfinite(number)) continue;
      if (table.columns[c].heat == Heat::row) {
        heat[r][c] = high > low ? (number - low) / (high - low) : 0;
      } else if (scale[c] > 0) {
        heat[r][c] = std::clamp(number / scale[c], -1.0, 1.0);
      }
    }
  }
  return heat;
}

}  // namespace microgpt::render
