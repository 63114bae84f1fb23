// The safetensors format: eight bytes of header length, a JSON header, the numbers. The reader
// trusts nothing: every number is checked before it is used, and what it refuses it names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

/// One tensor of a file.
struct TensorEntry {
  std::string name;
  std::string dtype;  ///< "F32", "F64", …
  std::vector<std::uint64_t> shape;
  std::string_view bytes;  ///< little-endian, row-major
};

using Metadata = std::map<std::string, std::string>;

class SafetensorsFile {
 public:
  /// Reads and checks the whole file. Throws Error (checkpoint) if it is anything but a valid one;
  /// see docs/checkpoint.md for the rules, which are the format's and somewhat stricter.
  static SafetensorsFile read(const std::filesystem::path& path);
  static SafetensorsFile parse(std::string bytes, const std::string& name);

  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  /// In the order of their bytes.
  [[nodiscard]] const std::vector<TensorEntry>& tensors() const { return tensors_; }
  /// The bytes of all tensors.
  [[nodiscard]] std::string_view data() const { return data_; }

 private:
  std::unique_ptr<const std::string> bytes_;  // behind a pointer: moving it leaves the views valid
  Metadata metadata_;
  std::vector<TensorEntry> tensors_;
  std::string_view data_;
};

/// Writes such a file atomically; the tensors' bytes stand in the order given. Throws Error (io).
void write_safetensors(const std::filesystem::path& path, const Metadata& metadata,
                       std::span<const TensorEntry> tensors);

}  // namespace microgpt
