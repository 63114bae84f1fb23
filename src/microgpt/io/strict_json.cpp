#include "microgpt/io/strict_json.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

using nlohmann::json;

constexpr int kMaxValues = 65536;

/// The library's message without its "[json.exception…] parse error at line…: " and its quotation
/// of the input.
std::string reason(const std::string& message) {
  std::size_t begin = message.find(": ");
  if (begin == std::string::npos) begin = message.find("] ");
  begin = std::min(begin + 2, message.size());
  const std::size_t end = std::min({message.find("; last read"), message.size(), begin + 200});
  return printable(message.substr(begin, end - begin));
}

Error refusal(std::string_view text, Fault fault, const std::string& where, std::size_t byte,
              const std::string& why) {
  const auto before = text.substr(0, byte);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return Error(fault, "bad JSON: " + where + ", line " + std::to_string(line) + ", column "
                          + std::to_string(before.size() - line_begin + 1) + ": " + why);
}

/// What the library would overlook.
void check_bytes(std::string_view text, Fault fault, const std::string& where) {
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw refusal(text, fault, where, nul, "it holds a NUL byte");
  }
  if (const auto bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    throw refusal(text, fault, where, bad, "it is not valid UTF-8");
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    throw refusal(text, fault, where, 0, "it starts with a byte order mark: remove it");
  }
}

/// The library counts bytes from 1.
std::size_t offset(std::size_t byte) {
  return byte - std::min<std::size_t>(byte, 1);
}

}  // namespace

Error key_stands_twice(Fault fault, const std::string& where, const std::string& key) {
  return Error(fault, "bad JSON: " + where + ": the key \"" + printable(key.substr(0, 255))
                          + "\" stands twice in one object");
}

json parse_strict_json(std::string_view text, Fault fault, const std::string& where, int max_depth) {
  check_bytes(text, fault, where);
  int values = 0;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > max_depth) {
      throw Error(fault,
                  "bad JSON: " + where + ": it nests deeper than " + std::to_string(max_depth) + " levels");
    }
    const bool begins = event == json::parse_event_t::value || event == json::parse_event_t::object_start
                        || event == json::parse_event_t::array_start;
    if (begins && ++values > kMaxValues) {
      throw Error(fault,
                  "bad JSON: " + where + ": it holds more than " + std::to_string(kMaxValues) + " values");
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
          throw key_stands_twice(fault, where, parsed.get<std::string>());
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
    throw refusal(text, fault, where, offset(error.byte), reason(error.what()));
  } catch (const json::exception& error) {
    throw Error(fault, "bad JSON: " + where + ": " + reason(error.what()));
  }
}

bool JsonEvents::parse_error(std::size_t byte, const std::string& /*token*/, const json::exception& error) {
  error_byte_ = offset(byte);
  error_ = reason(error.what());
  return false;
}

void parse_strict_json(std::string_view text, Fault fault, const std::string& where, JsonEvents& events) {
  check_bytes(text, fault, where);
  if (!json::sax_parse(text, &events)) throw refusal(text, fault, where, events.error_byte_, events.error_);
}

}  // namespace microgpt
