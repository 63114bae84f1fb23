// The JSON header of a safetensors file: what it says of the tensors, checked in every number.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/base/error.hpp"

namespace microgpt {

/// Room for a vocabulary of every character that Unicode has assigned.
constexpr std::uint64_t kSafetensorsHeaderLimit = 2 << 20;
constexpr std::size_t kSafetensorsTensorLimit = 4096;

using Metadata = std::map<std::string, std::string>;

struct SafetensorsHeader {
  struct Tensor {
    std::string name;
    std::string dtype;  ///< "F32", "F64", …
    std::vector<std::uint64_t> shape;
    std::uint64_t begin = 0;  ///< its first byte, counted from the end of the header
    std::uint64_t end = 0;    ///< the one after its last
  };
  Metadata metadata;
  std::vector<Tensor> tensors;  ///< in the order of their bytes, which they fill without gap or overlap

  /// Reads the header of a file whose numbers take `data_size` bytes; `name` is the file's, for
  /// messages. Throws Error (checkpoint) for the first rule of docs/checkpoint.md that is broken. It
  /// takes no more memory than a few times that of the text.
  static SafetensorsHeader parse(std::string_view text, std::uint64_t data_size, const std::string& name);
};

/// The Error for a file that is none.
Error bad_safetensors(const std::string& name, const std::string& why);

}  // namespace microgpt
