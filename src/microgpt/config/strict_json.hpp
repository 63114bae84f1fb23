// JSON as RFC 8259 has it and no wider: no byte order mark, no NUL, no key twice, no deep nesting.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "microgpt/base/error.hpp"

namespace microgpt {

/// Parses the text. Throws Error with the given fault, its line and column, and `where` (a path) if
/// it is not strict JSON, has the same key twice in an object, nests deeper than `max_depth`, or holds
/// more than 65536 values: a value takes some fifty times the memory of its text.
nlohmann::json parse_strict_json(std::string_view text, Fault fault, const std::string& where,
                                 int max_depth = 8);

/// For documents that may be large: they are read as events, and nothing is kept but what the
/// derived class keeps. What it does not override is a value that does not belong where it stands.
class JsonEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return unexpected(); }
  bool boolean(bool /*value*/) override { return unexpected(); }
  bool number_integer(number_integer_t /*value*/) override { return unexpected(); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return unexpected(); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return unexpected(); }
  bool string(string_t& /*value*/) override { return unexpected(); }
  bool binary(binary_t& /*value*/) override { return unexpected(); }
  bool start_object(std::size_t /*size*/) override { return unexpected(); }
  bool key(string_t& /*name*/) override { return unexpected(); }
  bool end_object() override { return unexpected(); }
  bool start_array(std::size_t /*size*/) override { return unexpected(); }
  bool end_array() override { return unexpected(); }
  bool parse_error(std::size_t byte, const std::string& token, const nlohmann::json::exception& error) final;

 protected:
  /// Throws what there is to say.
  virtual bool unexpected() = 0;

 private:
  friend void parse_strict_json(std::string_view, Fault, const std::string&, JsonEvents&);
  std::size_t error_byte_ = 0;
  std::string error_;
};

/// The same as events. That no key stands twice, and how deep it nests, is left to them.
void parse_strict_json(std::string_view text, Fault fault, const std::string& where, JsonEvents& events);

/// The Error for a key that stands twice.
Error key_stands_twice(Fault fault, const std::string& where, const std::string& key);

}  // namespace microgpt
