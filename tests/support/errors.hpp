// What a call that must fail fails with.
#pragma once

#include <exception>
#include <string>

#include "microgpt/base/error.hpp"

namespace microgpt::test {

struct Failure {
  int fault = 0;  ///< the exit code; 0 if nothing was thrown, -1 if it was no Error of ours
  std::string message;
  bool operator==(const Failure&) const = default;

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
    return {static_cast<int>(error.fault()), error.what()};
  } catch (const std::exception& error) {
    return {-1, std::string("not an Error of ours: ") + error.what()};
  } catch (...) {
    return {-1, "not even an exception of the standard library"};
  }
  return {0, "nothing was refused"};
}

}  // namespace microgpt::test
