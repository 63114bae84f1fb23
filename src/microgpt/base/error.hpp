// The one exception of the library: what failed, where, and what to do about it, as fields and as one line. Its fault
// says whose turn it is to act, and the program uses it as its exit code.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace microgpt {

enum class Fault {
  usage = 2,       ///< the call itself is wrong
  data = 3,        ///< a text file or a config is not what it should be
  checkpoint = 4,  ///< a model file is damaged, or of another make
  io = 5,          ///< the file system said no
  numeric = 6,     ///< a number became NaN or infinite
};

/// What an error has to say. All but `what` may be empty.
struct ErrorParts {
  std::string what = {};   ///< what failed: "cannot read file", "bad --split"
  std::string where = {};  ///< the file, with line or key; the step; the option: "small.json, train.steps"
  std::string value = {};  ///< what was found there, or given: "0"
  std::string hint = {};   ///< why, and what to do or what there is: "must be at least 1"
};

class Error : public std::runtime_error {
 public:
  /// what() becomes "what: where (value): hint", or "what: value: hint" where there is no place. Parts that are empty
  /// are left out with their punctuation.
  Error(Fault fault, ErrorParts parts);

  [[nodiscard]] Fault fault() const { return fault_; }
  [[nodiscard]] const ErrorParts& parts() const { return *parts_; }

  /// The same error with more at the end of its hint; `more` may be empty.
  [[nodiscard]] Error with_hint(const std::string& more) const;

 private:
  Fault fault_;
  std::shared_ptr<const ErrorParts> parts_;  // shared, for copying an exception must not throw
};

/// An option with a value that it cannot have: "bad --steps: 0: must be at least 1". The value may be empty.
Error bad_option(std::string_view option, std::string value, std::string hint);

}  // namespace microgpt
