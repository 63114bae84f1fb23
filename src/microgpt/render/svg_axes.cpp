#include "microgpt/render/svg_axes.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "microgpt/base/number.hpp"

namespace microgpt::render {

namespace {

constexpr double kPlotHeight = 260;
constexpr double kUprightName = 150;  // pixels of the longest
constexpr double kUprightGap = 15;    // between lines of upright names

/// A range that has a middle and two ends, even if it was one value.
Range widened(const Range& range) {
  if (!range.is_one_value()) return range;
  const double room = range.low == 0 ? 1 : std::abs(range.low) / 2;
  Range wider;
  wider.add(range.low - room);
  wider.add(range.high + room);
  return wider;
}

}  // namespace

void Range::add(double value) {
  if (!std::isfinite(value)) return;
  low = std::min(low, clamped(value));
  high = std::max(high, clamped(value));
}

double Range::clamped(double value) {
  return std::clamp(value, -1e300, 1e300);
}

bool Range::is_one_value() const {
  return high - low <= 1e-12 * std::max(std::abs(low), std::abs(high));
}

Ticks ticks_of(double low, double high, int count, double least_step) {
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  Ticks ticks;
  ticks.step = 10 * power;
  for (const double round : {1.0, 2.0, 5.0}) {
    if (round * power >= rough) {
      ticks.step = round * power;
      break;
    }
  }
  ticks.step = std::max(ticks.step, least_step);
  // Counted from the first, since of large numbers the next one may be further away than a step.
  const double first = std::floor(low / ticks.step + 1e-9);
  for (int i = 0; i <= count + 2; ++i) {
    ticks.at.push_back((first + i) * ticks.step);
    if (ticks.at.back() >= high - 1e-9 * ticks.step) break;
  }
  return ticks;
}

std::string Ticks::text(double tick) const {
  const double largest = std::max(std::abs(at.front()), std::abs(at.back()));
  const double last = std::floor(std::log10(step) + 1e-9);
  if (largest < 1e6 && last >= -6) return fixed_text(tick, std::max(0, static_cast<int>(-last)));
  if (tick == 0) return "0";
  const double first = std::floor(std::log10(std::abs(tick)) + 1e-9);
  char text[40];
  std::snprintf(text, sizeof text, "%.*e", static_cast<int>(std::clamp(first - last, 0.0, 15.0)), tick);
  return text;
}

Axes::Axes(XAxis x, const Range& y, double width, double top)
    : names_(std::move(x.names)), top_(top), right_(width - 16) {
  const Range of_y = widened(y);
  y_ = ticks_of(of_y.low, of_y.high, 5);
  for (const double at : y_.at) left_ = std::max(left_, 14 + text_width(y_.text(at)));
  if (!names_.empty()) {
    x_high_ = static_cast<double>(names_.size());
    double widest = 0;
    for (const std::string& name : names_) widest = std::max(widest, text_width(name));
    upright_ = widest + 10 > (right_ - left_) / x_high_;
    if (upright_) below_ = std::min(widest, kUprightName);
    return;
  }
  const Range of_x = widened(x.range);
  x_ = ticks_of(of_x.low, of_x.high, 6, x.whole ? 1 : 0);
  if (x.range.is_one_value()) x_.at = {x.range.low};
  // Values reach from the first to the last of the numbers; the ticks of x need not go beyond them.
  x_low_ = of_x.low;
  x_high_ = of_x.high;
}

double Axes::x(double value) const {
  const double at = names_.empty() ? std::clamp(value, x_low_, x_high_) : value + 0.5;
  return left_ + (at - x_low_) / (x_high_ - x_low_) * (right_ - left_);
}

double Axes::y(double value) const {
  const double low = y_.at.front(), high = y_.at.back();
  return top_ + (high - std::clamp(value, low, high)) / (high - low) * kPlotHeight;
}

double Axes::bottom() const {
  return top_ + kPlotHeight;
}

void Axes::draw_names(Canvas& canvas) const {
  const double slot = (right_ - left_) / x_high_;
  const auto every = upright_ ? static_cast<std::size_t>(std::max(1.0, std::ceil(kUprightGap / slot))) : 1;
  for (std::size_t i = 0; i < names_.size(); i += every) {
    const double at = x(static_cast<double>(i));
    canvas.line(at, bottom(), at, bottom() + 5, "axis");
    if (upright_) {
      canvas.upright(at + 4, bottom() + 9, cut_to_pixels(names_[i], kUprightName), "end");
    } else {
      canvas.text(at, bottom() + 19, names_[i], "middle");
    }
  }
}

void Axes::draw_numbers(Canvas& canvas) const {
  for (const double at : x_.at) {
    if (at < x_low_ - 1e-9 * std::abs(x_low_) || at > x_high_ + 1e-9 * std::abs(x_high_)) continue;
    canvas.line(x(at), bottom(), x(at), bottom() + 5, "axis");
    canvas.text(x(at), bottom() + 19, x_.text(at), "middle");
  }
}

void Axes::draw(Canvas& canvas, const std::string& x_title, const std::string& y_title) const {
  for (const double at : y_.at) {
    canvas.line(left_, y(at), right_, y(at), "grid");
    canvas.text(left_ - 8, y(at) + 4, y_.text(at), "end");
  }
  names_.empty() ? draw_numbers(canvas) : draw_names(canvas);
  canvas.line(left_, bottom(), right_, bottom(), "axis");
  const double room = right_ - left_;
  canvas.text((left_ + right_) / 2, bottom() + below_ + 21, cut_to_pixels(x_title, room), "middle", "soft");
  canvas.text(0, top_ - 12, cut_to_pixels(y_title, right_), "start", "soft");
  canvas.height = bottom() + below_ + (x_title.empty() ? 12 : 28);
}

}  // namespace microgpt::render
