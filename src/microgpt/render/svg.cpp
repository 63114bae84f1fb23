#include "microgpt/render/svg.hpp"

#include <algorithm>

#include "microgpt/base/error.hpp"
#include "microgpt/render/svg_canvas.hpp"

namespace microgpt::render {

namespace {

using view::Figure;
using view::Section;

constexpr double kWidth = 720;  // of the whole, in CSS pixels
constexpr double kMargin = 20;
constexpr double kFigureGap = 28;  // between figures
constexpr std::size_t kMostFigures = 24;

// Lines in the order of Okabe and Ito (2008), which the colour-blind tell apart; heat from blue to orange.
constexpr const char* kStyle = R"(<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
.title { font-size: 15px; font-weight: 600; } .name { font-weight: 600; } .small { font-size: 11px; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; } .reference { stroke-dasharray: 5 4; }
.ground { fill: #ffffff; } text { fill: #1f2328; } .soft { fill: #59636e; }
.grid { stroke: #d9dee3; } .axis, .reference { stroke: #59636e; }
.warm { fill: #f28e2b; } .cold { fill: #5b9bd5; }
.curve.s0 { stroke: #0072b2; } .dot.s0 { fill: #0072b2; }
.curve.s1 { stroke: #d55e00; } .dot.s1 { fill: #d55e00; }
.curve.s2 { stroke: #009e73; } .dot.s2 { fill: #009e73; }
.curve.s3 { stroke: #cc79a7; } .dot.s3 { fill: #cc79a7; }
.curve.s4 { stroke: #8a6d00; } .dot.s4 { fill: #8a6d00; }
.curve.s5 { stroke: #3a7ca5; } .dot.s5 { fill: #3a7ca5; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #14171b; } text { fill: #e6e9ec; } .soft { fill: #a4adb6; }
  .grid { stroke: #333a42; } .axis, .reference { stroke: #a4adb6; }
  .warm { fill: #c2640a; } .cold { fill: #2d6ca8; }
  .curve.s0 { stroke: #56b4e9; } .dot.s0 { fill: #56b4e9; }
  .curve.s1 { stroke: #e69f00; } .dot.s1 { fill: #e69f00; }
  .curve.s2 { stroke: #2fc59a; } .dot.s2 { fill: #2fc59a; }
  .curve.s3 { stroke: #e39bc4; } .dot.s3 { fill: #e39bc4; }
  .curve.s4 { stroke: #f0e442; } .dot.s4 { fill: #f0e442; }
  .curve.s5 { stroke: #9ecae1; } .dot.s5 { fill: #9ecae1; }
}
</style>
)";

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
    if (!section.figure || section.table.rows.size() <= section.table.totals) continue;
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

}  // namespace

std::string to_svg(const view::Page& page, const std::string& key) {
  auto sections = sections_with_figures(page, key);
  const std::size_t hidden = sections.size() - std::min(sections.size(), kMostFigures);
  sections.resize(sections.size() - hidden);
  std::string body;
  double x = kMargin, y = kMargin + 34, row_height = 0, width = kWidth;
  for (const Section* section : sections) {
    const Canvas canvas = draw(*section, kWidth - 2 * kMargin);
    const std::string name = name_of(*section);
    const double room = std::max(canvas.width, std::min(text_width(name), kWidth - 2 * kMargin));
    if (x > kMargin && x + room > kWidth - kMargin) {
      x = kMargin;
      y += row_height + kFigureGap;
      row_height = 0;
    }
    body += "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y + 12) + "\" class=\"name\">"
            + escaped(cut_to_pixels(name, kWidth - 2 * kMargin)) + "</text>\n" + canvas.group(x, y + 26);
    row_height = std::max(row_height, canvas.height + 26);
    x += room + kFigureGap;
    width = std::max(width, canvas.width + 2 * kMargin);
  }
  double height = y + row_height + kMargin;
  if (hidden > 0) {
    body += "<text x=\"" + coordinate(kMargin) + "\" y=\"" + coordinate(height) + "\" class=\"small soft\">"
            + std::to_string(hidden) + " more figures are left out</text>\n";
    height += 16;
  }
  std::string facts;
  for (const view::Fact& fact : page.facts) {
    if (const auto* text = std::get_if<std::string>(&fact.value))
      facts += (facts.empty() ? "" : ", ") + fact.title + " " + *text;
  }
  const std::string size = coordinate(width) + " " + coordinate(height);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + "\" width=\""
                    + coordinate(width) + "\" height=\"" + coordinate(height) + "\" role=\"img\">\n<title>"
                    + escaped("microgpt " + page.view) + "</title>\n<desc>"
                    + escaped(name_of(*sections.front()) + ". " + page.about) + "</desc>\n" + kStyle
                    + "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n";
  svg += "<text x=\"" + coordinate(kMargin) + "\" y=\"" + coordinate(kMargin + 12) + "\" class=\"title\">"
         + escaped(page.view) + "</text>\n<text x=\""
         + coordinate(kMargin + 10 * static_cast<double>(page.view.size()) + 16) + "\" y=\""
         + coordinate(kMargin + 12) + "\" class=\"soft\">" + escaped(cut_to_pixels(facts, kWidth - 160))
         + "</text>\n";
  return svg + body + "</svg>\n";
}

}  // namespace microgpt::render
