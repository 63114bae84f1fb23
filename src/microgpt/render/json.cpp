#include "microgpt/render/json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "microgpt/base/number.hpp"

namespace microgpt::render {

namespace {

using nlohmann::ordered_json;
using view::Figure;
using view::Format;
using view::Lines;
using view::Section;
using view::Table;
using view::Value;

ordered_json number_json(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(number_text(value, 0));
}

ordered_json text_json(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

struct ValueJson {
  ordered_json operator()(std::monostate) const { return nullptr; }
  ordered_json operator()(const std::string& text) const { return text; }
  ordered_json operator()(std::int64_t whole) const { return whole; }
  ordered_json operator()(double value) const { return number_json(value); }
  ordered_json operator()(const Agreement& agreement) const { return number_json(agreement.difference); }
  ordered_json operator()(const std::vector<double>& values) const {
    auto list = ordered_json::array();
    for (const double value : values) list.push_back(number_json(value));
    return list;
  }
};

ordered_json value_json(const Value& value) {
  return std::visit(ValueJson(), value);
}

ordered_json lines_json(const Lines& lines) {
  if (lines.first == 0) return nullptr;
  const auto revisions = lines.course_only ? ordered_json{"course"} : ordered_json{"latest", "course"};
  return {{"first", lines.first}, {"last", lines.last}, {"revisions", revisions}};
}

const char* format_name(const Format& format) {
  switch (format.kind) {
    case Format::Kind::text:
      return "text";
    case Format::Kind::whole:
      return "whole";
    case Format::Kind::fixed:
      return "fixed";
    case Format::Kind::number:
      return "number";
    case Format::Kind::percent:
      return "percent";
  }
  return "text";
}

ordered_json format_json(const Format& format) {
  return {{"kind", format_name(format)}, {"digits", format.digits}};
}

const char* heat_name(view::Heat heat) {
  switch (heat) {
    case view::Heat::none:
      return "none";
    case view::Heat::unit:
      return "unit";
    case view::Heat::column:
      return "column";
    case view::Heat::table:
      return "table";
    case view::Heat::row:
      return "row";
  }
  return "none";
}

ordered_json table_json(const Table& table) {
  if (table.empty()) return nullptr;
  auto columns = ordered_json::array();
  for (const view::Column& column : table.columns) {
    columns.push_back({{"key", column.key},
                       {"title", column.title},
                       {"format", format_json(column.format)},
                       {"heat", heat_name(column.heat)}});
  }
  auto rows = ordered_json::array();
  for (const auto& row : table.rows) {
    auto cells = ordered_json::array();
    for (const Value& value : row) cells.push_back(value_json(value));
    while (cells.size() < table.columns.size()) cells.push_back(nullptr);
    rows.push_back(std::move(cells));
  }
  return {{"columns", columns},
          {"labels", table.labels},
          {"rows", rows},
          {"totals", table.totals},
          {"total_rows", table.total_rows == 0 ? table.rows.size() - table.totals : table.total_rows},
          {"more", text_json(table.more)}};
}

const char* figure_name(Figure::Kind kind) {
  switch (kind) {
    case Figure::Kind::line:
      return "line";
    case Figure::Kind::bars:
      return "bars";
    case Figure::Kind::heatmap:
      return "heatmap";
    case Figure::Kind::scatter:
      return "scatter";
  }
  return "line";
}

ordered_json figure_json(const std::optional<Figure>& figure, const Table& table) {
  if (!figure) return nullptr;
  const auto key = [&](std::size_t column) { return table.columns.at(column).key; };
  auto y = ordered_json::array();
  for (const std::size_t column : figure->y) y.push_back(key(column));
  auto references = ordered_json::array();
  for (const view::Reference& reference : figure->references) {
    references.push_back({{"title", reference.title}, {"value", number_json(reference.value)}});
  }
  return {{"kind", figure_name(figure->kind)},
          {"title", figure->title},
          {"x", key(figure->x)},
          {"y", y},
          {"label", figure->label ? ordered_json(key(*figure->label)) : ordered_json(nullptr)},
          {"x_title", text_json(figure->x_title)},
          {"y_title", text_json(figure->y_title)},
          {"references", references}};
}

ordered_json section_json(const Section& section) {
  return {
      {"key", section.key},
      {"title", text_json(section.title)},
      {"says", text_json(section.says)},
      {"address", text_json(section.address)},
      {"lines", lines_json(section.lines)},
      {"formula", text_json(section.formula)},
      {"numbers", text_json(section.numbers)},
      {"result", section.result ? value_json(*section.result) : ordered_json(nullptr)},
      {"agreement", section.agreement ? number_json(section.agreement->difference) : ordered_json(nullptr)},
      {"table", table_json(section.table)},
      {"figure", figure_json(section.figure, section.table)},
      {"note", text_json(section.note)}};
}

}  // namespace

ordered_json to_json(const view::Page& page) {
  auto facts = ordered_json::object();
  for (const view::Fact& fact : page.facts) {
    facts[fact.key] = {
        {"title", fact.title}, {"value", value_json(fact.value)}, {"format", format_json(fact.format)}};
  }
  auto sections = ordered_json::array();
  for (const Section& section : page.sections) sections.push_back(section_json(section));
  return {{"format_version", kPageFormatVersion},
          {"view", page.view},
          {"about", text_json(page.about)},
          {"lines", lines_json(page.lines)},
          {"steps", page.steps},
          {"facts", facts},
          {"sections", sections}};
}

}  // namespace microgpt::render
