#include "microgpt/io/safetensors.hpp"

#include <bit>
#include <nlohmann/json.hpp>

#include "microgpt/base/error.hpp"
#include "microgpt/io/atomic_file.hpp"

namespace microgpt {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

namespace {

constexpr std::size_t kPrefix = 8;

/// The header's length, which a file of this many bytes states; checked before anything is given it.
std::uint64_t header_size(std::string_view prefix, std::uint64_t file_size, const std::string& name) {
  const auto refuse = [&](const std::string& why) -> Error {
    return Error(Fault::checkpoint, "not a valid safetensors file: " + name + ": " + why);
  };
  if (prefix.size() < kPrefix) throw refuse("it has fewer than 8 bytes");
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < kPrefix; ++i) {
    size |= std::uint64_t{static_cast<unsigned char>(prefix[i])} << (8 * i);
  }
  if (size > file_size - kPrefix) {
    throw refuse("its header should have " + std::to_string(size) + " bytes, the file has "
                 + std::to_string(file_size));
  }
  if (size > kSafetensorsHeaderLimit) throw refuse("its header has more than 2 MiB");
  return size;
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  SafetensorsFile result;
  InputFile& file = result.file_.emplace(path, Fault::checkpoint, std::uint64_t{64} << 30);
  std::string header(std::min<std::uint64_t>(file.size(), kPrefix), '\0');
  file.read(header);
  header.resize(header_size(header, file.size(), path.string()));
  file.read(header);
  result.take(SafetensorsHeader::parse(header, file.size() - kPrefix - header.size(), path.string()));
  return result;
}

void SafetensorsFile::read_data() {
  data_->resize(ends_.empty() ? 0 : ends_.back());
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
  const std::uint64_t size = header_size(std::string_view(bytes).substr(0, kPrefix), bytes.size(), name);
  SafetensorsFile result;
  result.take(SafetensorsHeader::parse(std::string_view(bytes).substr(kPrefix, size),
                                       bytes.size() - kPrefix - size, name));
  *result.data_ = std::move(bytes.erase(0, kPrefix + size));
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

void SafetensorsFile::place() {
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    tensors_[i].bytes = data().substr(begin, ends_[i] - begin);
    begin = ends_[i];
  }
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
  if (tensors.size() > kSafetensorsTensorLimit) {
    throw Error(Fault::io, "cannot write file: " + path.string() + ": it would hold more than 4096 tensors");
  }
  std::string head = header.dump();
  head.append((64 - (kPrefix + head.size()) % 64) % 64, ' ');  // the numbers start on a cache line
  if (head.size() > kSafetensorsHeaderLimit) {
    throw Error(Fault::io,
                "cannot write file: " + path.string() + ": its header, which holds config and vocabulary, would have more than "
                "2 MiB");
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
