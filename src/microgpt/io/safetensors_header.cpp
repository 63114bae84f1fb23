#include "microgpt/io/safetensors_header.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "microgpt/config/strict_json.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kNameLimit = 255;
constexpr std::size_t kRankLimit = 4;
constexpr std::size_t kMetadataLimit = 256;

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

/// Follows the header through its JSON. Every event is judged at once, so nothing is kept that does
/// not belong there.
class HeaderReader : public JsonEvents {
 public:
  explicit HeaderReader(std::string name) : name_(std::move(name)) {}

  [[noreturn]] void refuse(const std::string& why) const { throw bad_safetensors(name_, why); }
  [[noreturn]] void refuse(const SafetensorsHeader::Tensor& tensor, const std::string& why) const {
    refuse("tensor " + printable(tensor.name.substr(0, kNameLimit)) + ": " + why);
  }

  bool start_object(std::size_t /*size*/) override {
    if (place_ == Place::start) {
      place_ = Place::entries;
    } else if (place_ == Place::metadata_due) {
      place_ = Place::metadata;
    } else if (place_ == Place::tensor_due) {
      place_ = Place::tensor;
    } else {
      unexpected();
    }
    return true;
  }

  bool key(std::string& name) override {
    if (place_ == Place::entries) {
      if (!names_.insert(name.substr(0, kNameLimit + 1)).second) throw twice(name);
      if (name == "__metadata__") {
        place_ = Place::metadata_due;
      } else {
        begin_tensor(name);
      }
    } else if (place_ == Place::metadata) {
      if (header_.metadata.contains(name)) throw twice(name);
      if (header_.metadata.size() == kMetadataLimit) {
        refuse("__metadata__ has more than " + std::to_string(kMetadataLimit) + " keys");
      }
      key_ = std::move(name);
    } else {
      if (name != "dtype" && name != "shape" && name != "data_offsets") {
        refuse(tensor_, "its entry has an unknown key " + printable(name.substr(0, kNameLimit)));
      }
      if (!seen_.insert(name).second) throw twice(name);
      key_ = std::move(name);
    }
    return true;
  }

  bool string(std::string& value) override {
    if (place_ == Place::metadata) {
      value.shrink_to_fit();
      header_.metadata.emplace(std::move(key_), std::move(value));
    } else if (place_ == Place::tensor && key_ == "dtype") {
      const auto known = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                      [&](const Dtype& d) { return value == d.name; });
      if (known == std::end(kDtypes))
        refuse(tensor_, "unknown dtype \"" + printable(value.substr(0, 40)) + "\"");
      tensor_.dtype = known->name;
      bits_ = known->bits;
    } else {
      unexpected();
    }
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (place_ != Place::tensor || key_ == "dtype") unexpected();
    place_ = Place::numbers;
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ != Place::numbers) unexpected();
    auto& numbers = key_ == "shape" ? tensor_.shape : offsets_;
    if (key_ == "shape" && numbers.size() == kRankLimit) refuse(tensor_, "more than 4 dimensions");
    if (key_ == "data_offsets" && numbers.size() == 2) refuse_offsets();
    numbers.push_back(value);
    return true;
  }

  bool end_array() override {
    if (key_ == "data_offsets" && offsets_.size() < 2) refuse_offsets();
    place_ = Place::tensor;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor) end_tensor();
    place_ = Place::entries;  // also after the last, where nothing more can follow
    return true;
  }

  /// The tensors must fill the data from its first byte to its last, without gap or overlap.
  SafetensorsHeader placed(std::uint64_t data_size) {
    auto& tensors = header_.tensors;
    // Stable: of tensors in the same place, the later one in the header is to blame, whatever the library.
    std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t filled = 0;
    for (const SafetensorsHeader::Tensor& tensor : tensors) {
      if (tensor.begin != filled) refuse(tensor, "its data does not follow the one before");
      if (tensor.end > data_size) refuse(tensor, "its data ends beyond the file");
      filled = tensor.end;
    }
    if (filled != data_size) {
      refuse("bytes at its end that belong to no tensor: " + std::to_string(data_size - filled));
    }
    return std::move(header_);
  }

  [[nodiscard]] std::string where() const { return name_ + " (header)"; }

 private:
  /// What comes next is …
  enum class Place {
    start,         ///< the header
    entries,       ///< the name of an entry
    metadata_due,  ///< the value of __metadata__
    metadata,      ///< a key in it, or its value
    tensor_due,    ///< the value of a tensor's entry
    tensor,        ///< a key in it, or its value
    numbers,       ///< a number of its shape or its offsets
  };

  void begin_tensor(std::string& name) {
    tensor_ = {};
    tensor_.name = std::move(name);
    offsets_.clear();
    seen_.clear();
    if (header_.tensors.size() == kSafetensorsTensorLimit) refuse("it has more than 4096 tensors");
    if (tensor_.name.empty()) refuse("a tensor has an empty name");
    if (tensor_.name.size() > kNameLimit) refuse(tensor_, "its name has more than 255 bytes");
    if (printable(tensor_.name) != tensor_.name) refuse(tensor_, "its name holds control characters");
    // Some tool may make files of them.
    if (("/" + tensor_.name + "/").find("/../") != std::string::npos) {
      refuse(tensor_, "its name is a path out of its folder");
    }
    place_ = Place::tensor_due;
  }

  void end_tensor() {
    for (const char* key : {"dtype", "shape", "data_offsets"}) {
      if (!seen_.contains(key)) refuse(tensor_, std::string("its entry has no ") + key);
    }
    const auto size = byte_size(bits_, tensor_.shape);
    if (!size) refuse(tensor_, "its shape is too large, or no whole number of bytes");
    tensor_.begin = offsets_[0];
    tensor_.end = offsets_[1];
    if (tensor_.begin > tensor_.end || tensor_.end - tensor_.begin != *size) {
      refuse(tensor_, "its shape takes " + std::to_string(*size) + " bytes, but its data_offsets are "
                          + std::to_string(tensor_.begin) + " and " + std::to_string(tensor_.end));
    }
    header_.tensors.push_back(std::move(tensor_));
  }

  [[noreturn]] void refuse_offsets() const { refuse(tensor_, "its data_offsets are not two numbers"); }

  [[nodiscard]] Error twice(const std::string& key) const {
    return key_stands_twice(Fault::checkpoint, where(), key);
  }

  bool unexpected() override {
    switch (place_) {
      case Place::metadata_due:
        refuse("__metadata__ is not an object");
      case Place::metadata:
        refuse("__metadata__ " + printable(key_.substr(0, kNameLimit)) + " is not a string");
      case Place::tensor_due:
        refuse(tensor_, "its entry is not an object");
      case Place::tensor:
        refuse(tensor_, "its " + key_ + (key_ == "dtype" ? " must be a string" : " must be an array"));
      default:  // numbers, for it starts with a bracket, and then JSON has nothing but keys there
        refuse(tensor_, "its " + key_ + " must be whole numbers from 0 to 2^64 - 1");
    }
  }

  std::string name_;
  SafetensorsHeader header_;
  Place place_ = Place::start;
  std::set<std::string> names_;  // of the entries; none is longer than may be
  std::string key_;
  std::set<std::string> seen_;  // keys of this tensor's entry
  SafetensorsHeader::Tensor tensor_;
  std::uint64_t bits_ = 0;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace

Error bad_safetensors(const std::string& name, const std::string& why) {
  return Error(Fault::checkpoint, {.what = "not a valid safetensors file", .where = name, .hint = why});
}

SafetensorsHeader SafetensorsHeader::parse(std::string_view text, std::uint64_t data_size,
                                           const std::string& name) {
  HeaderReader reader(name);
  if (!text.starts_with('{')) reader.refuse("its header does not start with {");
  parse_strict_json(text, Fault::checkpoint, reader.where(), reader);
  return reader.placed(data_size);
}

}  // namespace microgpt
