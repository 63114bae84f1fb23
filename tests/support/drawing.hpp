// An SVG read back: what holds for all of them, and where its words stand.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "microgpt/render/svg.hpp"
#include "microgpt/render/svg_text.hpp"
#include "support/screen.hpp"
#include "support/xml.hpp"

namespace microgpt::test {

inline view::Page page_of(const view::Section& section) {
  return {.view = "made", .about = "A page with one figure.", .sections = {section}};
}

/// Where an element that is moved by (x, y) ends up.
struct Offset {
  double x = 0, y = 0;

  [[nodiscard]] Offset into(const XmlElement& element) const {
    const auto* transform = element.find("transform");
    if (transform == nullptr) return *this;
    std::istringstream numbers(transform->substr(transform->find('(') + 1));
    double dx = 0, dy = 0;
    numbers >> dx >> dy;
    REQUIRE(!numbers.fail());
    return {x + dx, y + dy};
  }
};

/// Whether every number of every attribute is finite, and every element lies in the frame.
inline void check_inside(const XmlElement& element, Offset at, double width, double height) {
  if (element.name == "defs") return;
  at = at.into(element);
  const auto check = [&](const char* key, double origin, double most) {
    if (element.find(key) == nullptr || element.at(key).ends_with('%')) return;
    const double place = origin + element.number(key);
    CHECK_MESSAGE((place >= -1 && place <= most + 1), element.name, " ", key, " ", place, " of ", most);
  };
  for (const char* key : {"x", "x1", "x2", "cx"}) check(key, at.x, width);
  for (const char* key : {"y", "y1", "y2", "cy"}) check(key, at.y, height);
  if (element.name == "rect" && !element.at("width").ends_with('%')) {
    CHECK(at.x + element.number("x") + element.number("width") <= width + 1);
    CHECK(at.y + element.number("y") + element.number("height") <= height + 1);
  }
  if (element.name == "path")
    CHECK(element.at("d").find_first_not_of("ML-. 0123456789") == std::string::npos);
  for (const char* key : {"width", "height", "r", "fill-opacity"}) {
    if (element.find(key) != nullptr && !element.at(key).ends_with('%')) CHECK(element.number(key) >= 0);
  }
  for (const XmlElement& child : element.children) check_inside(child, at, width, height);
}

/// The box that a line of words takes.
struct WordsBox {
  std::string words;
  double left = 0, top = 0, right = 0, bottom = 0;

  [[nodiscard]] bool meets(const WordsBox& other) const {
    // Half a pixel is no overlap.
    return left + 0.5 < other.right && other.left + 0.5 < right && top + 0.5 < other.bottom
           && other.top + 0.5 < bottom;
  }
};

inline void add_words(const XmlElement& element, Offset at, std::vector<WordsBox>& boxes) {
  at = at.into(element);
  if (element.name == "text") {
    const auto font = element.has_class("small")   ? render::Font::small
                      : element.has_class("name")  ? render::Font::name
                      : element.has_class("title") ? render::Font::title
                                                   : render::Font::normal;
    const double length = render::text_width(element.text, font);
    const std::string anchor = element.find("text-anchor") != nullptr ? element.at("text-anchor") : "start";
    const double before = anchor == "start" ? 0 : anchor == "middle" ? length / 2 : length;
    const double high = 9, low = 2;  // of small letters and their strokes, above and below the line
    if (element.find("transform") != nullptr) {
      boxes.push_back({element.text, at.x - high, at.y - length + before, at.x + low, at.y + before});
    } else {
      const double x = at.x + element.number("x") - before, y = at.y + element.number("y");
      boxes.push_back({element.text, x, y - high, x + length, y + low});
    }
  }
  for (const XmlElement& child : element.children) add_words(child, at, boxes);
}

/// No words stand upon others, or reach out of the frame.
inline void check_words(const XmlElement& root, double width, double height) {
  std::vector<WordsBox> boxes;
  add_words(root, {}, boxes);
  std::sort(boxes.begin(), boxes.end(), [](const auto& a, const auto& b) { return a.top < b.top; });
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const WordsBox& one = boxes[i];
    const bool inside = one.left >= -1 && one.top >= -1 && one.right <= width + 1 && one.bottom <= height + 1;
    CHECK_MESSAGE(inside, "'", one.words, "' from ", one.left, ", ", one.top, " to ", one.right, ", ",
                  one.bottom, " of ", width, " x ", height);
    for (std::size_t j = i + 1; j < boxes.size() && boxes[j].top < one.bottom; ++j) {
      if (one.meets(boxes[j])) FAIL_CHECK("'", one.words, "' stands upon '", boxes[j].words, "'");
    }
  }
}

/// The figures of a page, checked for what holds for all SVGs.
inline XmlElement drawn(const view::Page& page, const std::string& key = "") {
  const std::string text = render::to_svg(page, key);
  CHECK(raw_characters(text) == 0);
  XmlElement root = XmlReader::read(text);
  CHECK(root.name == "svg");
  CHECK(root.at("xmlns") == "http://www.w3.org/2000/svg");
  CHECK(root.at("role") == "img");
  REQUIRE(root.children.size() > 4);
  CHECK(root.children[0].name == "title");
  CHECK(!root.children[0].text.empty());
  CHECK(root.children[1].name == "desc");
  CHECK(!root.children[1].text.empty());
  CHECK(root.children[2].name == "style");
  CHECK(root.children[2].text.find("@media (prefers-color-scheme: dark)") != std::string::npos);
  std::istringstream frame(root.at("viewBox"));
  double left = 1, top = 1, width = 0, height = 0;
  frame >> left >> top >> width >> height;
  CHECK(left == 0);
  CHECK(top == 0);
  CHECK(root.number("width") == width);
  CHECK(root.number("height") == height);
  check_inside(root, {}, width, height);
  check_words(root, width, height);
  // It needs nothing beside itself: the only thing that it refers to is its own hatching.
  std::string others = text;
  for (std::size_t at; (at = others.find("url(#missing)")) != std::string::npos;) others.erase(at, 13);
  for (const char* part : {"href", "url(", "@import", "<script", "<image"}) {
    CHECK_MESSAGE(others.find(part) == std::string::npos, part);
  }
  CHECK(text.find("id=\"missing\"") != std::string::npos);
  return root;
}

/// The points of a path, "M1 2 L3 4".
inline std::vector<std::pair<double, double>> points_of(const XmlElement& path) {
  std::vector<std::pair<double, double>> points;
  std::string d = path.at("d");
  std::replace_if(
      d.begin(), d.end(), [](char c) { return c == 'M' || c == 'L'; }, ' ');
  std::istringstream numbers(d);
  for (double x = 0, y = 0; numbers >> x >> y;) points.emplace_back(x, y);
  return points;
}

inline bool has_text(const XmlElement& root, const std::string& words) {
  const auto texts = root.all("text");
  return std::any_of(texts.begin(), texts.end(),
                     [&](const XmlElement* text) { return text->text.find(words) != std::string::npos; });
}

/// What a pointer is told that stays on an element.
inline std::string hint_of(const XmlElement& element) {
  return element.children.empty() ? "" : element.children[0].text;
}

}  // namespace microgpt::test
