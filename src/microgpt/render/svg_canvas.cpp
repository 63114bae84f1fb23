#include "microgpt/render/svg_canvas.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "microgpt/base/number.hpp"
#include "microgpt/render/width.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::render {

namespace {

constexpr double kColumn = 7;  // CSS pixels that a column of text takes, rather more than less

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + coordinate(value) + "\"";
}

std::string hinted(const std::string& hint) {
  return hint.empty() ? "/>\n" : "><title>" + escaped(hint) + "</title></rect>\n";
}

}  // namespace

std::string coordinate(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.2f", value);
  std::string short_text = text;
  while (short_text.back() == '0') short_text.pop_back();
  if (short_text.back() == '.') short_text.pop_back();
  return short_text == "-0" ? "0" : short_text;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : printable(text)) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '"')
      safe += "&quot;";
    else
      safe += c;
  }
  return safe;
}

double text_width(const std::string& text) {
  return kColumn * static_cast<double>(display_width(text));
}

std::string cut_to_pixels(const std::string& text, double pixels) {
  if (text_width(text) <= pixels) return text;
  return cut_to_width(text, static_cast<std::size_t>(std::max(1.0, pixels / kColumn - 1))) + "…";
}

void Canvas::line(double x1, double y1, double x2, double y2, const std::string& style) {
  elements_ += "<line" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) + attribute("y2", y2)
               + " class=\"" + style + "\"/>\n";
}

void Canvas::heat(double x, double y, double w, double h, double share, const std::string& hint) {
  if (!std::isfinite(share)) return;
  elements_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", w)
               + attribute("height", h) + " class=\"" + (share < 0 ? "cold" : "warm") + "\" fill-opacity=\""
               + coordinate(std::abs(share)) + "\"" + hinted(hint);
}

void Canvas::bar(double x, double y, double w, double h, bool negative, const std::string& hint) {
  elements_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", w)
               + attribute("height", h) + " class=\"" + (negative ? "cold" : "warm") + "\"" + hinted(hint);
}

void Canvas::dot(double x, double y, const std::string& style, const std::string& hint) {
  elements_ += "<circle" + attribute("cx", x) + attribute("cy", y) + " r=\"2.5\" class=\"" + style
               + "\"><title>" + escaped(hint) + "</title></circle>\n";
}

void Canvas::path(const std::string& d, const std::string& style) {
  elements_ += "<path d=\"" + d + "\" class=\"" + style + "\"/>\n";
}

void Canvas::text(double x, double y, const std::string& words, const std::string& anchor,
                  const std::string& style) {
  elements_ += "<text" + attribute("x", x) + attribute("y", y);
  if (anchor != "start") elements_ += " text-anchor=\"" + anchor + "\"";
  if (!style.empty()) elements_ += " class=\"" + style + "\"";
  elements_ += ">" + escaped(words) + "</text>\n";
}

void Canvas::upright(double x, double y, const std::string& words) {
  elements_ += "<text transform=\"translate(" + coordinate(x) + " " + coordinate(y) + ") rotate(-90)\">"
               + escaped(words) + "</text>\n";
}

std::string Canvas::group(double x, double y) const {
  return "<g transform=\"translate(" + coordinate(x) + " " + coordinate(y) + ")\">\n" + elements_ + "</g>\n";
}

Ticks ticks_of(double low, double high, int count) {
  if (!(high > low)) {
    const double room = std::max(0.5, 1e-3 * std::abs(low));
    low -= room;
    high += room;
  }
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

}  // namespace microgpt::render
