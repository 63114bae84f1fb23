#include "microgpt/study/export.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "microgpt/base/error.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::study {

namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

NamedArray matrix_array(const std::string& name, const Matrix<double>& m) {
  return {name,
          {static_cast<std::size_t>(m.rows()), static_cast<std::size_t>(m.cols())},
          {m.data(), m.data() + m.size()}};
}

/// (H, T, T), with what may not be seen replaced.
template <class HeadOf>
NamedArray head_array(const std::string& name, int heads, const HeadOf& head_of, double unseen) {
  NamedArray array{.name = name, .shape = {}, .values = {}};
  for (int h = 0; h < heads; ++h) {
    Matrix<double> m = head_of(h);
    for (Index i = 0; i < m.rows(); ++i) m.row(i).tail(m.cols() - i - 1).setConstant(unseen);
    array.shape = {static_cast<std::size_t>(heads), static_cast<std::size_t>(m.rows()),
                   static_cast<std::size_t>(m.cols())};
    array.values.insert(array.values.end(), m.data(), m.data() + m.size());
  }
  return array;
}

template <class Number>
void put(std::string& bytes, Number number) {
  char raw[sizeof number];
  std::memcpy(raw, &number, sizeof number);
  bytes.append(raw, sizeof number);
}

/// CRC-32 as zip has it: polynomial 0xEDB88320, bits in reverse.
std::uint32_t crc32(const std::string& bytes) {
  static const auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? 0xEDB88320U ^ (c >> 1U) : c >> 1U;
      table[i] = c;
    }
    return table;
  }();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) crc = kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ (crc >> 8U);
  return crc ^ 0xFFFFFFFFU;
}

/// NumPy's format, version 1.0: magic, length of the header, a Python literal, the numbers.
std::string npy(const NamedArray& array) {
  std::string shape;
  for (const std::size_t n : array.shape) shape += std::to_string(n) + ", ";
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += '\x01';
  bytes += '\0';
  put(bytes, static_cast<std::uint16_t>(header.size()));
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(double));
  return bytes;
}

/// Zip counts bytes in 32 bits and files in 16.
void check_zip_limits(const std::vector<NamedArray>& arrays, std::uint64_t most_bytes) {
  constexpr std::size_t kMostArrays = 0xffff;
  // More than the headers of one array, in the archive and in its directory.
  constexpr std::uint64_t kHeaders = 512;
  std::uint64_t bytes = 0;
  for (const NamedArray& array : arrays) {
    bytes += kHeaders + 2 * array.name.size() + array.values.size() * sizeof(double);
  }
  if (bytes <= most_bytes && arrays.size() <= kMostArrays) return;
  throw Error(
      Fault::usage,
      {.what = "cannot make a .npz file",
       .hint = counted(arrays.size(), "array") + " with " + with_commas(static_cast<std::size_t>(bytes))
               + " bytes in all do not fit into a zip archive: write .safetensors instead"});
}

}  // namespace

std::vector<NamedArray> named_arrays(const Trace& trace) {
  std::vector<NamedArray> arrays;
  for (const SiteInfo& info : kSites) {
    for (int layer = 0; layer < (info.in_layer ? trace.config().n_layer : 1); ++layer) {
      const Site site = info.site;
      const auto add = [&](const std::string& name, bool gradient) {
        if (info.kind != SiteKind::keys) {
          arrays.push_back(
              matrix_array(name, gradient ? trace.gradient(site, layer) : trace.values(site, layer)));
          return;
        }
        const auto head = [&](int h) {
          return gradient ? trace.head_gradient(site, layer, h) : trace.head(site, layer, h);
        };
        const bool minus_infinity = site == Site::scores && !gradient;
        arrays.push_back(head_array(name, trace.config().n_head, head,
                                    minus_infinity ? -std::numeric_limits<double>::infinity() : 0.0));
      };
      const std::string name = site_name(site, layer);
      add(name, false);
      if (trace.has_gradient() && site != Site::probs) add(name + ".grad", true);
    }
  }
  if (trace.has_gradient()) {
    const Parameters<double>& gradient = trace.weight_gradient();
    for (std::size_t i = 0; i < gradient.table().size(); ++i) {
      arrays.push_back(matrix_array(gradient.table()[i].name + ".grad", gradient.tensor(i)));
    }
  }
  return arrays;
}

std::string to_npz(const std::vector<NamedArray>& arrays, std::uint64_t most_bytes) {
  check_zip_limits(arrays, most_bytes);
  // Of each file a local header and its bytes; then the directory of all; then where that begins. (Zip's
  // specification, APPNOTE 6.3, without compression. The date is 1980-01-01, so that equal arrays give equal
  // bytes.)
  std::string bytes;
  std::string directory;
  for (const NamedArray& array : arrays) {
    const std::string name = array.name + ".npy";
    const std::string data = npy(array);
    const auto offset = static_cast<std::uint32_t>(bytes.size());
    // Both headers have: version, flags, method, time, date, CRC, sizes, length of the name.
    std::string common;
    put(common, std::uint16_t{20});
    put(common, std::uint16_t{0});
    put(common, std::uint16_t{0});
    put(common, std::uint16_t{0});
    put(common, std::uint16_t{0x21});
    put(common, crc32(data));
    put(common, static_cast<std::uint32_t>(data.size()));
    put(common, static_cast<std::uint32_t>(data.size()));
    put(common, static_cast<std::uint16_t>(name.size()));
    put(common, std::uint16_t{0});  // no extra field
    bytes += "PK\x03\x04" + common + name + data;

    directory += "PK\x01\x02";
    put(directory, std::uint16_t{20});  // made by
    directory += common;
    put(directory, std::uint16_t{0});  // no comment
    put(directory, std::uint16_t{0});  // first disk
    put(directory, std::uint16_t{0});  // attributes
    put(directory, std::uint32_t{0});
    put(directory, offset);
    directory += name;
  }
  std::string end = "PK\x05\x06";
  put(end, std::uint32_t{0});  // one disk
  put(end, static_cast<std::uint16_t>(arrays.size()));
  put(end, static_cast<std::uint16_t>(arrays.size()));
  put(end, static_cast<std::uint32_t>(directory.size()));
  put(end, static_cast<std::uint32_t>(bytes.size()));
  put(end, std::uint16_t{0});
  return bytes + directory + end;
}

}  // namespace microgpt::study
