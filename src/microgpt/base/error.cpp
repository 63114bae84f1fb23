#include "microgpt/base/error.hpp"

#include <utility>

namespace microgpt {

namespace {

std::string line_of(const ErrorParts& parts) {
  std::string line = parts.what;
  if (!parts.where.empty()) line += ": " + parts.where;
  if (!parts.value.empty()) line += parts.where.empty() ? ": " + parts.value : " (" + parts.value + ")";
  if (!parts.hint.empty()) line += ": " + parts.hint;
  return line;
}

}  // namespace

Error::Error(Fault fault, ErrorParts parts)
    : std::runtime_error(line_of(parts)),
      fault_(fault),
      parts_(std::make_shared<const ErrorParts>(std::move(parts))) {}

Error bad_option(std::string_view option, std::string value, std::string hint) {
  return {Fault::usage,
          {.what = "bad " + std::string(option), .value = std::move(value), .hint = std::move(hint)}};
}

Error Error::with_hint(const std::string& more) const {
  ErrorParts parts = *parts_;
  parts.hint += (parts.hint.empty() || more.empty() ? "" : ": ") + more;
  return {fault_, std::move(parts)};
}

}  // namespace microgpt
