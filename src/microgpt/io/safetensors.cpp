#include "microgpt/io/safetensors.hpp"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "microgpt/io/atomic_file.hpp"

namespace microgpt {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

namespace {

constexpr std::size_t kLengthBytes = 8;

/// The header's length, which a file of this many bytes states; checked before anything is given it.
std::size_t header_size(std::string_view prefix, std::uint64_t file_size, const std::string& name) {
  if (prefix.size() < kLengthBytes) throw bad_safetensors(name, "it has fewer than 8 bytes");
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    size |= std::uint64_t{static_cast<unsigned char>(prefix[i])} << (8 * i);
  }
  if (size > file_size - kLengthBytes) {
    throw bad_safetensors(name, "its header should have " + std::to_string(size) + " bytes, the file has "
                                    + std::to_string(file_size));
  }
  if (size > kSafetensorsHeaderLimit) throw bad_safetensors(name, "its header has more than 2 MiB");
  return static_cast<std::size_t>(size);
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  SafetensorsFile result;
  InputFile& file = result.file_.emplace(path, Fault::checkpoint, std::uint64_t{64} << 30);
  std::string header(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), kLengthBytes)), '\0');
  file.read(header);
  header.resize(header_size(header, file.size(), path.string()));
  file.read(header);
  result.take(SafetensorsHeader::parse(header, file.size() - kLengthBytes - header.size(), path.string()));
  return result;
}

void SafetensorsFile::read_data() {
  data_->resize(ends_.empty() ? 0 : static_cast<std::size_t>(ends_.back()));
  file_->read(*data_);
  file_->check_end();
  file_.reset();
  place();
}

SafetensorsFile SafetensorsFile::read(const std::filesystem::path& path) {
  SafetensorsFile file = open(path);
  file.read_data();
  return file;
}

SafetensorsFile SafetensorsFile::parse(std::string bytes, const std::string& name) {
  const std::size_t size = header_size(std::string_view(bytes).substr(0, kLengthBytes), bytes.size(), name);
  SafetensorsFile result;
  result.take(SafetensorsHeader::parse(std::string_view(bytes).substr(kLengthBytes, size),
                                       bytes.size() - kLengthBytes - size, name));
  *result.data_ = std::move(bytes.erase(0, kLengthBytes + size));
  result.place();
  return result;
}

void SafetensorsFile::take(SafetensorsHeader header) {
  metadata_ = std::move(header.metadata);
  for (auto& tensor : header.tensors) {
    tensors_.push_back({std::move(tensor.name), std::move(tensor.dtype), std::move(tensor.shape), {}});
    ends_.push_back(tensor.end);
  }
}

template <class Visit>
void SafetensorsFile::each_tensor(const Visit& visit) {
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    visit(i, static_cast<std::size_t>(begin), static_cast<std::size_t>(ends_[i] - begin));
    begin = ends_[i];
  }
}

void SafetensorsFile::place() {
  const std::string_view all = *data_;
  each_tensor([&](std::size_t i, std::size_t begin, std::size_t size) {
    tensors_[i].bytes = all.substr(begin, size);
  });
}

void SafetensorsFile::place_data(std::span<char* const> places) {
  each_tensor([&](std::size_t i, std::size_t begin, std::size_t size) {
    if (file_) {
      file_->read({places[i], size});
    } else {
      data_->copy(places[i], size, begin);
    }
    tensors_[i].bytes = {places[i], size};
  });
  if (file_) file_->check_end();
  file_.reset();
  data_ = std::make_unique<std::string>();
}

std::vector<double> numbers_of(const TensorEntry& tensor) {
  std::vector<double> numbers;
  const auto read = [&]<class Stored>(Stored value) {
    numbers.resize(tensor.bytes.size() / sizeof(Stored));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      std::memcpy(&value, tensor.bytes.data() + i * sizeof(Stored), sizeof(Stored));
      numbers[i] = static_cast<double>(value);
    }
  };
  if (tensor.dtype == "F32") {
    read(float{});
  } else {
    read(double{});
  }
  return numbers;
}

namespace {

/// What stands before the tensors' bytes. `name` stands for the file in messages.
std::string safetensors_head(const std::string& name, const Metadata& metadata,
                             std::span<const TensorEntry> tensors) {
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  std::uint64_t end = 0;
  for (const TensorEntry& tensor : tensors) {
    const std::uint64_t begin = end;
    end += tensor.bytes.size();
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  if (tensors.size() > kSafetensorsTensorLimit) {
    throw cannot_write_file(name, "it would hold more than 4096 tensors");
  }
  std::string text = header.dump();
  text.append((64 - (kLengthBytes + text.size()) % 64) % 64, ' ');  // the numbers start on a cache line
  if (text.size() > kSafetensorsHeaderLimit) {
    throw cannot_write_file(name,
                            "its header, which holds config and vocabulary, would have more than 2 MiB");
  }
  std::string head;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    head += static_cast<char>(static_cast<unsigned char>(std::uint64_t{text.size()} >> (8 * i)));
  }
  return head + text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const Metadata& metadata,
                       std::span<const TensorEntry> tensors) {
  const std::string head = safetensors_head(path.string(), metadata, tensors);
  std::vector<std::string_view> pieces = {head};
  for (const TensorEntry& tensor : tensors) pieces.push_back(tensor.bytes);
  write_file_atomically(path, pieces);
}

std::string safetensors_bytes(const Metadata& metadata, std::span<const TensorEntry> tensors) {
  std::string bytes = safetensors_head("in memory", metadata, tensors);
  for (const TensorEntry& tensor : tensors) bytes += tensor.bytes;
  return bytes;
}

}  // namespace microgpt
