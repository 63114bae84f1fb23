#include "support/page_schema.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "microgpt/config/strict_json.hpp"
#include "support/data.hpp"
#include "support/temp_folder.hpp"

namespace microgpt::test {

namespace {

/// A member of an object; null if it has none of this name.
const nlohmann::json& member(const nlohmann::json& value, const std::string& key) {
  static const nlohmann::json kNull;
  const auto found = value.is_object() ? value.find(key) : value.end();
  return value.is_object() && found != value.end() ? *found : kNull;
}

using Types = std::map<std::string, std::string>;

/// The keys in the table under "## A section" and their types: {"key": "string", "title": "string or null", ...}.
Types documented(const std::string& heading) {
  Types types;
  bool inside = false;
  for (const std::string& line : lines_of(read_bytes(repository_file("docs/pages.md")))) {
    if (line.starts_with("## ")) inside = line == "## " + heading;
    if (!inside || !line.starts_with("| `")) continue;
    const auto end = line.find(" | ");
    const auto type = line.substr(end + 3, line.find(" | ", end + 3) - end - 3);
    const std::string names = line.substr(2, end - 2);
    for (auto at = names.find('`'); at != std::string::npos;) {
      const auto close = names.find('`', at + 1);
      types[names.substr(at + 1, close - at - 1)] = type;
      at = names.find('`', close + 1);
    }
  }
  return types;
}

class Faults {
 public:
  std::string text;

  void add(const std::string& where, const std::string& what) { text += where + ": " + what + "\n"; }

  void page(const nlohmann::json& page) {
    object("page", page, documented("The page"));
    if (!text.empty()) return;
    if (member(page, "format_version") != 1) add("format_version", "is not 1");
    lines("lines", member(page, "lines"));
    for (const auto& [key, fact] : member(page, "facts").items()) {
      const std::string where = "facts." + key;
      named(where, key);
      object(where, fact, {{"title", "string"}, {"value", "value or null"}, {"format", "object"}});
      if (fact.contains("format")) format(where + ".format", member(fact, "format"));
    }
    std::set<std::string> keys;
    for (const nlohmann::json& one : member(page, "sections")) section(one, keys);
  }

 private:
  static bool is_infinite(const nlohmann::json& value) {
    return value == "nan" || value == "inf" || value == "-inf";
  }
  static bool is_number(const nlohmann::json& value) { return value.is_number() || is_infinite(value); }
  static bool is_value(const nlohmann::json& value) {
    if (value.is_array()) return std::all_of(value.begin(), value.end(), is_number);
    return value.is_string() || value.is_number();
  }

  static bool is_of(const nlohmann::json& value, const std::string& type) {
    if (const auto at = type.find(" or null"); at != std::string::npos) {
      return value.is_null() || is_of(value, type.substr(0, at));
    }
    // What is empty is null.
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer() && value >= 0;
    if (type == "number") return is_number(value);
    if (type == "boolean") return value.is_boolean();
    if (type == "array") return value.is_array();
    if (type == "object") return value.is_object();
    return type == "value" && is_value(value);
  }

  /// That it has these keys with these types, and no others.
  bool object(const std::string& where, const nlohmann::json& value, const Types& types) {
    if (types.empty()) add(where, "docs/pages.md has no table of its keys");
    if (!value.is_object()) {
      add(where, "is no object");
      return false;
    }
    bool good = true;
    const auto complain = [&](const std::string& what) {
      add(where, what);
      good = false;
    };
    for (const auto& [key, type] : types) {
      if (!value.contains(key)) {
        complain("has no " + key);
      } else if (!is_of(member(value, key), type)) {
        complain(key + " is no " + type + ": " + member(value, key).dump().substr(0, 80));
      } else if (type == "string or null" && member(value, key) == "") {
        complain(key + " is an empty string, not null");
      }
    }
    for (const auto& [key, ignored] : value.items()) {
      if (!types.contains(key)) complain("has the unknown key " + key);
    }
    return good;
  }

  void named(const std::string& where, const std::string& key) {
    if (key.empty()) add(where, "has an empty key");
  }

  void lines(const std::string& where, const nlohmann::json& value) {
    if (value.is_null()) return;
    if (!object(where, value, {{"first", "integer"}, {"last", "integer"}, {"revisions", "array"}})) return;
    if (member(value, "first") < 1 || member(value, "last") < member(value, "first"))
      add(where, "they are no range");
    const nlohmann::json& revisions = member(value, "revisions");
    if (revisions != nlohmann::json{"latest", "course"} && revisions != nlohmann::json::array({"course"}))
      add(where, "no list of revisions: " + revisions.dump());
  }

  void format(const std::string& where, const nlohmann::json& value) {
    if (!object(where, value, {{"kind", "string"}, {"digits", "integer"}})) return;
    const std::set<std::string> kinds = {"text", "whole", "fixed", "number", "percent"};
    if (!kinds.contains(member(value, "kind"))) add(where, "unknown kind " + member(value, "kind").dump());
  }

  void section(const nlohmann::json& section, std::set<std::string>& keys) {
    const std::string where = "section "
                              + (section.contains("key") && member(section, "key").is_string()
                                     ? member(section, "key").get<std::string>()
                                     : "?");
    if (!object(where, section, documented("A section"))) return;
    named(where, member(section, "key"));
    if (!keys.insert(member(section, "key")).second) add(where, "the key is not unique");
    lines(where + ".lines", member(section, "lines"));
    if (!member(section, "table").is_null()) table(where + ".table", member(section, "table"));
    if (!member(section, "figure").is_null())
      figure(where + ".figure", member(section, "figure"), member(section, "table"));
  }

  void table(const std::string& where, const nlohmann::json& table) {
    if (!object(where, table, documented("A table"))) return;
    std::set<std::string> keys;
    const std::set<std::string> heats = {"none", "unit", "column", "table", "row"};
    for (const nlohmann::json& column : member(table, "columns")) {
      const Types types = {{"key", "string"}, {"title", "string"}, {"format", "object"}, {"heat", "string"}};
      if (!object(where + ".columns", column, types)) return;
      named(where, member(column, "key"));
      if (!keys.insert(member(column, "key")).second)
        add(where, "two columns have the key " + member(column, "key").dump());
      format(where + " column " + member(column, "key").dump(), member(column, "format"));
      if (!heats.contains(member(column, "heat")))
        add(where, "unknown heat " + member(column, "heat").dump());
    }
    if (keys.empty()) add(where, "has no columns");
    for (const nlohmann::json& row : member(table, "rows")) {
      if (!row.is_array() || row.size() != keys.size()) {
        add(where, "a row has not one value for each column: " + row.dump().substr(0, 80));
        continue;
      }
      for (const nlohmann::json& value : row) {
        if (!value.is_null() && !is_value(value)) add(where, "no value: " + value.dump().substr(0, 80));
      }
    }
    const std::size_t rows = member(table, "rows").size();
    const std::size_t totals = member(table, "totals");
    if (member(table, "labels") > keys.size()) add(where, "more labels than columns");
    if (totals > rows) {
      add(where, "more totals than rows");
    } else if (member(table, "total_rows") < rows - totals) {
      add(where, "fewer rows in all than there are");
    } else if ((member(table, "total_rows") == rows - totals) != member(table, "more").is_null()) {
      add(where, "`more` and the number of rows that are left out disagree");
    }
  }

  void figure(const std::string& where, const nlohmann::json& figure, const nlohmann::json& table) {
    if (!object(where, figure, documented("A figure"))) return;
    const std::set<std::string> kinds = {"line", "bars", "heatmap", "scatter"};
    if (!kinds.contains(member(figure, "kind"))) add(where, "unknown kind " + member(figure, "kind").dump());
    if (table.is_null()) return add(where, "there is no table to draw");
    const auto check_column = [&](const nlohmann::json& key) {
      const nlohmann::json& columns = member(table, "columns");
      const auto is_it = [&](const nlohmann::json& column) { return member(column, "key") == key; };
      if (std::none_of(columns.begin(), columns.end(), is_it)) add(where, "no column " + key.dump());
    };
    check_column(member(figure, "x"));
    for (const nlohmann::json& y : member(figure, "y")) check_column(y);
    if (member(figure, "y").empty()) add(where, "nothing is drawn");
    if (!member(figure, "label").is_null()) check_column(member(figure, "label"));
    for (const nlohmann::json& reference : member(figure, "references")) {
      object(where + ".references", reference, {{"title", "string"}, {"value", "number"}});
    }
  }
};

}  // namespace

std::string faults_of_page(std::string_view text) {
  Faults faults;
  try {
    faults.page(parse_strict_json(text, Fault::data, "page", 8));
  } catch (const std::exception& error) {
    faults.add("page", error.what());
  }
  return faults.text;
}

}  // namespace microgpt::test
