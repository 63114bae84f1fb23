#include "microgpt/io/strict_json.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

using nlohmann::json;

/// The library's message without its "[json.exception…] parse error at line…: " and its quotation
/// of the input.
std::string reason(const std::string& message) {
  std::size_t begin = message.find(": ");
  begin = begin == std::string::npos ? 0 : begin + 2;
  const std::size_t end = std::min(message.find("; last read"), message.size());
  return printable(message.substr(begin, end - begin));
}

}  // namespace

json parse_strict_json(std::string_view text, Fault fault, const std::string& where, int max_depth) {
  const auto refuse = [&](std::size_t byte, const std::string& why) -> Error {
    const auto before = text.substr(0, byte);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
    return Error(fault, "bad JSON: " + where + ", line " + std::to_string(line) + ", column "
                            + std::to_string(before.size() - line_begin + 1) + ": " + why);
  };
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    throw refuse(nul, "it holds a NUL byte");
  if (const auto bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    throw refuse(bad, "it is not valid UTF-8");
  }
  if (text.starts_with("\xef\xbb\xbf")) throw refuse(0, "it starts with a byte order mark: remove it");

  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > max_depth) {
      throw Error(fault,
                  "bad JSON: " + where + ": it nests deeper than " + std::to_string(max_depth) + " levels");
    }
    switch (event) {
      case json::parse_event_t::object_start:
        keys.emplace_back();
        break;
      case json::parse_event_t::object_end:
        keys.pop_back();
        break;
      case json::parse_event_t::key:
        if (!keys.back().insert(parsed.get<std::string>()).second) {
          throw Error(fault, "bad JSON: " + where + ": the key \"" + printable(parsed.get<std::string>())
                                 + "\" stands twice in one object");
        }
        break;
      default:
        break;
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::parse_error& error) {
    throw refuse(error.byte > 0 ? error.byte - 1 : 0, reason(error.what()));
  } catch (const json::exception& error) {
    throw Error(fault, "bad JSON: " + where + ": " + reason(error.what()));
  }
}

}  // namespace microgpt
