#include "microgpt/io/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <optional>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/io/atomic_file.hpp"
#include "microgpt/io/strict_json.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

namespace {

using nlohmann::json;

constexpr std::size_t kPrefix = 8;
constexpr std::uint64_t kHeaderLimit = 16 << 20;  // room for a vocabulary of all of Unicode
constexpr std::size_t kTensorLimit = 4096;
constexpr std::size_t kNameLimit = 255;
constexpr std::size_t kRankLimit = 4;

struct Dtype {
  const char* name;
  std::uint64_t bits;
};
constexpr Dtype kDtypes[] = {
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
    {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64}};

std::optional<std::uint64_t> multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// What a tensor of this type and shape takes in bytes; nothing if that is no whole, sane number.
/// The product of the dimensions that are not 0 must fit too, so that the verdict does not hang on
/// their order.
std::optional<std::uint64_t> byte_size(std::uint64_t bits, const std::vector<std::uint64_t>& shape) {
  std::optional<std::uint64_t> product = bits;
  bool empty = false;
  for (const std::uint64_t dimension : shape) {
    if (dimension == 0) {
      empty = true;
    } else if (product) {
      product = multiply(*product, dimension);
    }
  }
  if (!product || (!empty && *product % 8 != 0)) return std::nullopt;
  return empty ? 0 : *product / 8;
}

/// One entry of the header, its place in the data still to be checked.
struct Placed {
  TensorEntry entry;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

class HeaderReader {
 public:
  explicit HeaderReader(std::string name) : name_(std::move(name)) {}

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(Fault::checkpoint, "not a valid safetensors file: " + name_ + ": " + why);
  }
  [[noreturn]] void refuse_tensor(const std::string& tensor, const std::string& why) const {
    refuse("tensor " + printable(tensor.substr(0, kNameLimit)) + ": " + why);
  }

  [[nodiscard]] Metadata metadata(const json& value) const {
    if (!value.is_object()) refuse("__metadata__ is not an object");
    Metadata metadata;
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) refuse("__metadata__ " + printable(key) + " is not a string");
      metadata[key] = text.get<std::string>();
    }
    return metadata;
  }

  [[nodiscard]] Placed tensor(const std::string& name, const json& value) const {
    if (name.empty() || name.size() > kNameLimit) refuse_tensor(name, "its name has no sane length");
    if (printable(name) != name) refuse_tensor(name, "its name holds control characters");
    if (!value.is_object()) refuse_tensor(name, "its entry is not an object");
    for (const auto& [key, unused] : value.items()) {
      if (key != "dtype" && key != "shape" && key != "data_offsets") {
        refuse_tensor(name, "its entry has an unknown key " + printable(key));
      }
    }
    for (const char* key : {"dtype", "shape", "data_offsets"}) {
      if (!value.contains(key)) refuse_tensor(name, std::string("its entry has no ") + key);
    }

    Placed placed;
    placed.entry.name = name;
    if (!value["dtype"].is_string()) refuse_tensor(name, "its dtype is not a string");
    placed.entry.dtype = value["dtype"].get<std::string>();
    const auto dtype = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                    [&](const Dtype& known) { return placed.entry.dtype == known.name; });
    if (dtype == std::end(kDtypes)) {
      refuse_tensor(name, "unknown dtype " + printable(placed.entry.dtype.substr(0, 40)));
    }
    placed.entry.shape = unsigned_numbers(name, "shape", value["shape"]);
    if (placed.entry.shape.size() > kRankLimit) refuse_tensor(name, "more than 4 dimensions");
    const auto offsets = unsigned_numbers(name, "data_offsets", value["data_offsets"]);
    if (offsets.size() != 2) refuse_tensor(name, "its data_offsets are not two numbers");
    placed.begin = offsets[0];
    placed.end = offsets[1];
    const auto size = byte_size(dtype->bits, placed.entry.shape);
    if (!size) refuse_tensor(name, "its shape is too large");
    if (placed.begin > placed.end || placed.end - placed.begin != *size) {
      refuse_tensor(name, "its shape takes " + std::to_string(*size) + " bytes, but its data_offsets are "
                              + std::to_string(placed.begin) + " and " + std::to_string(placed.end));
    }
    return placed;
  }

 private:
  [[nodiscard]] std::vector<std::uint64_t> unsigned_numbers(const std::string& tensor, const char* key,
                                                            const json& value) const {
    if (!value.is_array()) refuse_tensor(tensor, std::string("its ") + key + " is not an array");
    std::vector<std::uint64_t> numbers;
    for (const json& number : value) {
      if (!number.is_number_unsigned()) {
        refuse_tensor(tensor, std::string("its ") + key + " holds something else than whole numbers");
      }
      numbers.push_back(number.get<std::uint64_t>());
    }
    return numbers;
  }

  std::string name_;
};

}  // namespace

SafetensorsFile SafetensorsFile::read(const std::filesystem::path& path) {
  return parse(read_file(path, Fault::checkpoint, std::uint64_t{64} << 30), path.string());
}

SafetensorsFile SafetensorsFile::parse(std::string bytes, const std::string& name) {
  const HeaderReader reader(name);
  if (bytes.size() < kPrefix) reader.refuse("it has fewer than 8 bytes");
  std::uint64_t header_size = 0;
  for (std::size_t i = 0; i < kPrefix; ++i) {
    header_size |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  if (header_size > bytes.size() - kPrefix) {
    reader.refuse("its header should have " + std::to_string(header_size) + " bytes, the file has "
                  + std::to_string(bytes.size()));
  }
  if (header_size > kHeaderLimit) reader.refuse("its header has more than 16 MiB");

  SafetensorsFile file;
  file.bytes_ = std::make_unique<const std::string>(std::move(bytes));
  const std::string_view all = *file.bytes_;
  const std::string_view header_text = all.substr(kPrefix, header_size);
  file.data_ = all.substr(kPrefix + header_size);
  if (!header_text.starts_with('{')) reader.refuse("its header does not start with {");

  const json header = parse_strict_json(header_text, Fault::checkpoint, name + " (header)", 3);
  std::vector<Placed> placed;
  for (const auto& [key, value] : header.items()) {
    if (key == "__metadata__") {
      file.metadata_ = reader.metadata(value);
    } else {
      placed.push_back(reader.tensor(key, value));
    }
  }
  if (placed.size() > kTensorLimit) reader.refuse("it has more than 4096 tensors");

  // The tensors must fill the data from its first byte to its last, without gap or overlap.
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t filled = 0;
  for (Placed& tensor : placed) {
    if (tensor.begin != filled)
      reader.refuse_tensor(tensor.entry.name, "its data does not follow the one before");
    if (tensor.end > file.data_.size())
      reader.refuse_tensor(tensor.entry.name, "its data ends beyond the file");
    filled = tensor.end;
    tensor.entry.bytes = file.data_.substr(tensor.begin, tensor.end - tensor.begin);
    file.tensors_.push_back(std::move(tensor.entry));
  }
  if (filled != file.data_.size()) {
    reader.refuse(std::to_string(file.data_.size() - filled) + " bytes at its end belong to no tensor");
  }
  return file;
}

void write_safetensors(const std::filesystem::path& path, const Metadata& metadata,
                       std::span<const TensorEntry> tensors) {
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  std::uint64_t end = 0;
  for (const TensorEntry& tensor : tensors) {
    const std::uint64_t begin = end;
    end += tensor.bytes.size();
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string head = header.dump();
  head.append((64 - (kPrefix + head.size()) % 64) % 64, ' ');  // the numbers start on a cache line
  if (head.size() > kHeaderLimit || tensors.size() > kTensorLimit) {
    throw Error(Fault::io,
                "cannot write file: " + path.string() + ": its header would be too large to be read");
  }
  std::string prefix;
  for (std::size_t i = 0; i < kPrefix; ++i) {
    prefix += static_cast<char>(static_cast<unsigned char>(std::uint64_t{head.size()} >> (8 * i)));
  }
  std::vector<std::string_view> pieces = {prefix, head};
  for (const TensorEntry& tensor : tensors) pieces.push_back(tensor.bytes);
  write_file_atomically(path, pieces);
}

}  // namespace microgpt
