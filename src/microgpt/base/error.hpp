// The one exception of the library. Its text is one line, "what: where (value): hint"; its fault
// says whose turn it is to act, and the program uses it as its exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace microgpt {

enum class Fault {
  usage = 2,       ///< the call itself is wrong
  data = 3,        ///< a text file or a config is not what it should be
  checkpoint = 4,  ///< a model file is damaged, or of another make
  io = 5,          ///< the file system said no
  numeric = 6,     ///< a number became NaN or infinite
};

class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  [[nodiscard]] Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

}  // namespace microgpt
