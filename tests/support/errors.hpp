// What a call that must fail fails with.
#pragma once

#include <exception>
#include <string>

#include "microgpt/base/error.hpp"

namespace microgpt::test {

struct Failure {
  int fault = 0;  ///< the exit code; 0 if nothing was thrown, -1 if it was no Error of ours
  std::string message;
  ErrorParts parts = {};

  /// Whether it has this fault and says this: a part that is left empty may be anything, and of the hint a piece is
  /// enough.
  [[nodiscard]] bool is(Fault expected, const ErrorParts& part) const {
    const auto same = [](const std::string& a, const std::string& b) { return b.empty() || a == b; };
    return fault == static_cast<int>(expected) && same(parts.what, part.what) && same(parts.where, part.where)
           && same(parts.value, part.value) && parts.hint.find(part.hint) != std::string::npos;
  }
  [[nodiscard]] bool names(const std::string& part) const { return message.find(part) != std::string::npos; }
  [[nodiscard]] bool is_one_line() const {
    return !message.empty() && message.find_first_of("\r\n") == std::string::npos;
  }
};

template <class Call>
Failure failure_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return {static_cast<int>(error.fault()), error.what(), error.parts()};
  } catch (const std::exception& error) {
    return {-1, std::string("not an Error of ours: ") + error.what()};
  } catch (...) {
    return {-1, "not even an exception of the standard library"};
  }
  return {0, "nothing was refused"};
}

}  // namespace microgpt::test
