#include "microgpt/render/svg.hpp"

#include <algorithm>

#include "microgpt/base/error.hpp"
#include "microgpt/render/svg_figure.hpp"
#include "microgpt/render/svg_style.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::render {

namespace {

using view::Figure;
using view::Section;

constexpr double kWidth = 720;  // of the whole, in CSS pixels
constexpr double kMargin = 20;
constexpr double kFigureGap = 28;  // between figures
constexpr std::size_t kMostFigures = 24;

Canvas draw(const Section& section, double width) {
  switch (section.figure->kind) {
    case Figure::Kind::line:
      return draw_lines(section.table, *section.figure, width);
    case Figure::Kind::bars:
      return draw_bars(section.table, *section.figure, width);
    case Figure::Kind::heatmap:
      return draw_heatmap(section.table, *section.figure, width);
    case Figure::Kind::scatter:
      return draw_scatter(section.table, *section.figure, width);
  }
  return {};
}

std::vector<const Section*> sections_with_figures(const view::Page& page, const std::string& key) {
  std::vector<const Section*> sections;
  std::string keys;
  for (const Section& section : page.sections) {
    if (!section.figure || !has_numbers(section.table, *section.figure)) continue;
    if (key.empty() || section.key == key) sections.push_back(&section);
    keys += (keys.empty() ? "" : ", ") + section.key;
  }
  if (!sections.empty()) return sections;
  if (keys.empty()) throw Error(Fault::usage, {.what = "no figure to draw", .hint = "this page has none"});
  throw bad_option("--section", key, "the sections with a figure are " + keys);
}

/// What a figure is called: its own words, or else its section's.
std::string name_of(const Section& section) {
  if (!section.figure->title.empty()) return section.figure->title;
  return section.title.empty() ? section.address : section.title;
}

/// The texts among the facts, for the line beside the page's name.
std::string facts_of(const view::Page& page) {
  std::string facts;
  for (const view::Fact& fact : page.facts) {
    if (const auto* text = std::get_if<std::string>(&fact.value))
      facts += (facts.empty() ? "" : ", ") + fact.title + " " + *text;
  }
  return facts;
}

}  // namespace

std::string to_svg(const view::Page& page, const std::string& key) {
  constexpr double kInside = kWidth - 2 * kMargin;
  auto sections = sections_with_figures(page, key);
  const std::size_t hidden = sections.size() - std::min(sections.size(), kMostFigures);
  sections.resize(sections.size() - hidden);
  Canvas whole;
  std::string figures;
  double x = kMargin, y = kMargin + 34, row_height = 0, width = kWidth;
  for (const Section* section : sections) {
    const Canvas canvas = draw(*section, kInside);
    const auto names = wrapped_to_pixels(name_of(*section), kInside, 2, Font::name);
    double room = canvas.width;
    for (const std::string& line : names) room = std::max(room, text_width(line, Font::name));
    if (x > kMargin && x + room > kWidth - kMargin) {
      x = kMargin;
      y += row_height + kFigureGap;
      row_height = 0;
    }
    double top = y + 12;
    for (const std::string& line : names) {
      whole.text(x, top, line, "start", "name");
      top += kLine;
    }
    figures += canvas.group(x, top);
    row_height = std::max(row_height, canvas.height + top - y);
    x += room + kFigureGap;
    width = std::max(width, canvas.width + 2 * kMargin);
  }
  double height = y + row_height + kMargin;
  if (hidden > 0) {
    whole.text(kMargin, height,
               counted(hidden, "more figure") + (hidden == 1 ? " is" : " are")
                   + " left out; --section KEY draws one of them",
               "start", "small soft");
    height += kLine;
  }
  const double title = text_width(page.view, Font::title);
  whole.text(kMargin, kMargin + 12, page.view, "start", "title");
  whole.text(kMargin + title + 14, kMargin + 12, cut_to_pixels(facts_of(page), kInside - title - 14), "start",
             "soft");
  const std::string w = coordinate(width), h = coordinate(height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + w + " " + h + "\" width=\"" + w
         + "\" height=\"" + h + "\" role=\"img\">\n<title>" + escaped("microgpt " + page.view)
         + "</title>\n<desc>" + escaped(name_of(*sections.front()) + ". " + page.about) + "</desc>\n"
         + kStyleSheet + "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n" + whole.elements()
         + figures + "</svg>\n";
}

}  // namespace microgpt::render
