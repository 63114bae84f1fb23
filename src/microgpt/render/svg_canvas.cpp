#include "microgpt/render/svg_canvas.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "microgpt/text/utf8.hpp"

namespace microgpt::render {

namespace {

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + coordinate(value) + "\"";
}

std::string styled(const std::string& style) {
  return style.empty() ? "" : " class=\"" + style + "\"";
}

std::string hinted(const std::string& hint) {
  return hint.empty() ? "/>\n" : "><title>" + escaped(hint) + "</title></rect>\n";
}

std::string box_at(double x, double y, double w, double h, const std::string& style) {
  return "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", w) + attribute("height", h)
         + styled(style);
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

void Canvas::line(double x1, double y1, double x2, double y2, const std::string& style) {
  elements_ += "<line" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) + attribute("y2", y2)
               + styled(style) + "/>\n";
}

void Canvas::box(double x, double y, double w, double h, const std::string& style, const std::string& hint) {
  elements_ += box_at(x, y, w, h, style) + hinted(hint);
}

void Canvas::heat(double x, double y, double w, double h, double share, const std::string& style,
                  const std::string& hint) {
  elements_ += box_at(x, y, w, h, style + (share < 0 ? " cold" : " warm"))
               + attribute("fill-opacity", std::abs(share)) + hinted(hint);
}

void Canvas::dot(double x, double y, const std::string& style, const std::string& hint) {
  elements_ += "<circle" + attribute("cx", x) + attribute("cy", y) + " r=\"2.5\"" + styled(style) + "><title>"
               + escaped(hint) + "</title></circle>\n";
}

void Canvas::path(const std::string& d, const std::string& style) {
  elements_ += "<path d=\"" + d + "\"" + styled(style) + "/>\n";
}

void Canvas::text(double x, double y, const std::string& words, const std::string& anchor,
                  const std::string& style) {
  if (words.empty()) return;
  elements_ += "<text" + attribute("x", x) + attribute("y", y);
  if (anchor != "start") elements_ += " text-anchor=\"" + anchor + "\"";
  elements_ += styled(style) + ">" + escaped(words) + "</text>\n";
}

void Canvas::upright(double x, double y, const std::string& words, const std::string& anchor) {
  elements_ += "<text transform=\"translate(" + coordinate(x) + " " + coordinate(y) + ") rotate(-90)\"";
  if (anchor != "start") elements_ += " text-anchor=\"" + anchor + "\"";
  elements_ += ">" + escaped(words) + "</text>\n";
}

void Canvas::note(const std::string& words, double most_width) {
  for (const std::string& one : wrapped_to_pixels(words, most_width, 3, Font::small)) {
    text(0, height + 12, one, "start", "small soft");
    height += kLine;
    width = std::max(width, text_width(one, Font::small));
  }
}

std::string Canvas::group(double x, double y) const {
  return "<g transform=\"translate(" + coordinate(x) + " " + coordinate(y) + ")\">\n" + elements_ + "</g>\n";
}

}  // namespace microgpt::render
