// The safetensors format: eight bytes of header length, a JSON header, the numbers. The reader
// trusts nothing: every number is checked before it is used, and what it refuses it names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/base/file.hpp"
#include "microgpt/io/safetensors_header.hpp"

namespace microgpt {

/// One tensor of a file.
struct TensorEntry {
  std::string name;
  std::string dtype;  ///< "F32", "F64", …
  std::vector<std::uint64_t> shape;
  std::string_view bytes;  ///< little-endian, row-major
};

/// The numbers of an F32 or F64 tensor.
std::vector<double> numbers_of(const TensorEntry& tensor);

class SafetensorsFile {
 public:
  /// Reads and checks the header; the numbers stay in the file until read_data(), so that it can be
  /// judged before any memory is given to them. Throws Error (checkpoint) if it is anything but a
  /// valid one; see docs/checkpoint.md for the rules, which are the format's and somewhat stricter.
  static SafetensorsFile open(const std::filesystem::path& path);
  /// Reads the numbers of a file that was opened.
  void read_data();
  /// Has the numbers of each tensor at a place of the caller's own, in the order of tensors(), where they must stay as
  /// long as this object: from the file, if they are still there.
  void place_data(std::span<char* const> places);

  /// Both.
  static SafetensorsFile read(const std::filesystem::path& path);
  /// The same for a file in memory; `name` stands for the path in messages.
  static SafetensorsFile parse(std::string bytes, const std::string& name);

  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  /// In the order of their bytes.
  [[nodiscard]] const std::vector<TensorEntry>& tensors() const { return tensors_; }
  /// The bytes of all tensors, unless they have been placed elsewhere.
  [[nodiscard]] std::string_view data() const { return *data_; }

 private:
  SafetensorsFile() = default;
  void take(SafetensorsHeader header);
  /// visit(tensor, where its bytes begin, how many there are).
  template <class Visit>
  void each_tensor(const Visit& visit);
  void place();

  std::optional<InputFile> file_;  // until its numbers are read
  Metadata metadata_;
  std::vector<TensorEntry> tensors_;
  std::vector<std::uint64_t> ends_;                                      // of the tensors' bytes
  std::unique_ptr<std::string> data_ = std::make_unique<std::string>();  // moving it leaves the views valid
};

/// Writes such a file atomically; the tensors' bytes stand in the order given. Throws Error (io).
void write_safetensors(const std::filesystem::path& path, const Metadata& metadata,
                       std::span<const TensorEntry> tensors);

/// The bytes of such a file, as SafetensorsFile::parse reads them. Throws as write_safetensors does.
std::string safetensors_bytes(const Metadata& metadata, std::span<const TensorEntry> tensors);

}  // namespace microgpt
