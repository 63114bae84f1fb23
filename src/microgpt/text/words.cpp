#include "microgpt/text/words.hpp"

namespace microgpt {

std::string with_commas(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string counted(std::size_t number, std::string_view thing, std::string_view plural) {
  return with_commas(number) + ' ' + std::string(thing) + std::string(number == 1 ? "" : plural);
}

std::string index_range(std::ptrdiff_t count) {
  if (count <= 0) return "none";
  return count == 1 ? "only 0" : "0 to " + std::to_string(count - 1);
}

}  // namespace microgpt
