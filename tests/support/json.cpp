#include "support/json.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "microgpt/config/strict_json.hpp"
#include "support/config.hpp"

namespace microgpt::test {

namespace {

const nlohmann::json& at(const void* here) {
  return *static_cast<const nlohmann::json*>(here);
}

std::string shape_of(const nlohmann::json& value) {
  if (value.is_number()) return "number";
  if (value.is_string()) return "text";
  if (value.is_boolean()) return "yes or no";
  if (value.is_null()) return "null";
  std::string inside;
  if (value.is_object()) {
    for (const auto& [key, one] : value.items())
      inside += (inside.empty() ? "" : ", ") + key + ": " + shape_of(one);
    return "{" + inside + "}";
  }
  std::set<std::string> shapes;
  for (const auto& one : value) shapes.insert(shape_of(one));
  for (const std::string& shape : shapes) inside += (inside.empty() ? "" : " | ") + shape;
  return "[" + inside + "]";
}

}  // namespace

Json Json::parse(std::string_view text, int max_depth) {
  Json parsed;
  const auto document =
      std::make_shared<const nlohmann::json>(parse_strict_json(text, Fault::data, "text", max_depth));
  parsed.document_ = document;
  parsed.here_ = document.get();
  return parsed;
}

bool Json::has(const std::string& key) const {
  return at(here_).contains(key);
}

Json Json::operator[](const std::string& key) const {
  Json value = *this;
  value.here_ = &at(here_).at(key);
  return value;
}

Json Json::operator[](std::size_t index) const {
  Json value = *this;
  value.here_ = &at(here_).at(index);
  return value;
}

std::size_t Json::size() const {
  return at(here_).size();
}

double Json::number() const {
  return at(here_).get<double>();
}

std::string Json::text() const {
  return at(here_).get<std::string>();
}

std::string Json::dump() const {
  return at(here_).dump();
}

std::string Json::shape() const {
  return shape_of(at(here_));
}

std::string config_text(const RunConfig& config) {
  return to_json(config).dump();
}

RunConfig config_of(std::string_view text, Fault fault) {
  return read_run_config(nlohmann::json::parse(text), fault, "text");
}

}  // namespace microgpt::test
