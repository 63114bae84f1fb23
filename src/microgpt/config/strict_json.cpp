#include "microgpt/config/strict_json.hpp"

#include <algorithm>
#include <utility>
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

Error bad_json(Fault fault, const std::string& where, const std::string& why) {
  return Error(fault, {.what = "bad JSON", .where = where, .hint = why});
}

Error refusal(std::string_view text, Fault fault, const std::string& where, std::size_t byte,
              const std::string& why) {
  const auto before = text.substr(0, byte);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return bad_json(
      fault,
      where + ", line " + std::to_string(line) + ", column " + std::to_string(before.size() - line_begin + 1),
      why);
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
  return bad_json(fault, where,
                  "the key \"" + printable(key.substr(0, 255)) + "\" stands twice in one object");
}

namespace {

/// Makes the document. (The library's own parser with a callback takes time that grows with the square of an array's
/// length.)
class DocumentBuilder final : public JsonEvents {
 public:
  DocumentBuilder(Fault fault, const std::string& where, int max_depth)
      : fault_(fault), where_(where), max_depth_(static_cast<std::size_t>(max_depth)) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool start_object(std::size_t /*size*/) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*size*/) override { return open(json::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (open_.back()->contains(name)) throw key_stands_twice(fault_, where_, name);
    key_ = std::move(name);
    return true;
  }

  json document;

 private:
  bool unexpected() override { return false; }

  bool add(json value) {
    place(std::move(value));
    return true;
  }
  bool open(json container) {
    if (open_.size() == max_depth_) {
      throw bad_json(fault_, where_, "it nests deeper than " + std::to_string(max_depth_) + " levels");
    }
    open_.push_back(&place(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  json& place(json value) {
    if (++values_ > kMaxValues) {
      throw bad_json(fault_, where_, "it holds more than " + std::to_string(kMaxValues) + " values");
    }
    if (open_.empty()) return document = std::move(value);
    if (open_.back()->is_object()) return (*open_.back())[key_] = std::move(value);
    open_.back()->push_back(std::move(value));
    return open_.back()->back();
  }

  Fault fault_;
  const std::string& where_;
  std::size_t max_depth_;
  int values_ = 0;
  std::string key_;  // of the value that comes next
  std::vector<json*>
      open_;  // objects and arrays, the outermost first; none grows while one inside it is open
};

}  // namespace

json parse_strict_json(std::string_view text, Fault fault, const std::string& where, int max_depth) {
  DocumentBuilder builder(fault, where, max_depth);
  parse_strict_json(text, fault, where, builder);
  return std::move(builder.document);
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
