#include <doctest/doctest.h>

#include <array>
#include <map>

#include "io/safetensors_parts.hpp"
#include "microgpt/base/rng.hpp"

TEST_SUITE("io") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  const std::string kHeader =
      R"({"__metadata__":{"format":"microgpt","k":"v"},"wte":{"dtype":"F32","shape":[2,3],)"
      R"("data_offsets":[0,24]},"wpe":{"dtype":"F64","shape":[1,2],"data_offsets":[24,40]},)"
      R"("none":{"dtype":"U8","shape":[0],"data_offsets":[40,40]}}  )";
  const std::string kWhole = safetensors(kHeader, std::string(40, '\x7f'));

  enum class Verdict { read, refused, wrong };

  /// The only two good ends: an Error of ours in one line, or a file whose tensors fill its data
  /// from the first byte to the last, each as large as its shape says.
  Verdict verdict(const std::string& bytes) {
    const Failure failure = failure_of([&] {
      const auto file = SafetensorsFile::parse(bytes, "x");
      const std::map<std::string, std::size_t> sizes = {
          {"F32", 4}, {"I32", 4}, {"U32", 4}, {"F64", 8}, {"I64", 8}, {"U64", 8}, {"C64", 8},
          {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"BF16", 2}};
      std::size_t filled = 0;
      for (const TensorEntry& tensor : file.tensors()) {
        if (tensor.bytes.data() != file.data().data() + filled) throw std::runtime_error("a gap");
        filled += tensor.bytes.size();
        const auto size = sizes.find(tensor.dtype);
        if (size == sizes.end()) continue;  // odd sizes have their own test
        std::uint64_t expected = size->second;
        for (const auto dimension : tensor.shape) expected *= dimension;
        if (expected != tensor.bytes.size()) throw std::runtime_error("a wrong size");
      }
      if (filled != file.data().size()) throw std::runtime_error("bytes left over");
    });
    if (failure.fault == 0) return Verdict::read;
    const bool good = failure.fault == 4 && failure.is_one_line() && failure.message.size() < 2000;
    if (!good) MESSAGE(failure.message);
    return good ? Verdict::refused : Verdict::wrong;
  }

  /// A whole number of JSON from a list of those that broke other readers, or a near one.
  std::string nasty_number(Rng& rng) {
    constexpr std::array kNumbers = {"0",
                                     "1",
                                     "-1",
                                     "-0",
                                     "2",
                                     "3",
                                     "4",
                                     "16",
                                     "24",
                                     "40",
                                     "41",
                                     "1e1",
                                     "1.0",
                                     "4294967296",
                                     "2147483648",
                                     "4611686018427387904",
                                     "9223372036854775807",
                                     "9223372036854775808",
                                     "18446744073709551615",
                                     "18446744073709551608",
                                     "18446744073709551616",
                                     "1e400",
                                     "null",
                                     "[]",
                                     "\"4\""};
    return kNumbers[rng.below(static_cast<std::uint32_t>(kNumbers.size()))];
  }

  std::uint32_t below(Rng& rng, std::size_t n) {
    return rng.below(static_cast<std::uint32_t>(n));
  }

  /// Puts something else in the place of a token of the header.
  void mutate_header(std::string& header, Rng& rng) {
    constexpr std::array kPieces = {"{",
                                    "}",
                                    "[",
                                    "]",
                                    ",",
                                    ":",
                                    "\"",
                                    "\\u0061",
                                    "\\",
                                    "\0",
                                    " ",
                                    "\"dtype\"",
                                    "\"shape\"",
                                    "\"data_offsets\"",
                                    "\"__metadata__\"",
                                    "\"F32\"",
                                    "\"F64\"",
                                    "\"U8\"",
                                    "\"F4\"",
                                    "\"wte\"",
                                    "\"wpe\"",
                                    "\xff",
                                    "\xc0\xaf",
                                    "NaN",
                                    "true",
                                    "//"};
    if (header.empty()) return;
    const std::size_t at = below(rng, header.size());
    switch (rng.below(7)) {
      case 0: {  // another number
        const std::size_t begin = header.find_first_of("0123456789", at);
        if (begin == std::string::npos) return;
        const std::size_t end = std::min(header.find_first_not_of("0123456789", begin), header.size());
        header.replace(begin, end - begin, nasty_number(rng));
        return;
      }
      case 1:  // a piece more
        header.insert(at, kPieces[below(rng, kPieces.size())]);
        return;
      case 2:  // less
        header.erase(at, 1 + rng.below(12));
        return;
      case 3:  // something twice
        header.insert(below(rng, header.size()), header.substr(at, 1 + rng.below(60)));
        return;
      case 4:  // another byte
        header[at] = static_cast<char>(rng.below(256));
        return;
      case 5: {  // a whole word for another
        const std::size_t begin = header.find('"', at);
        const std::size_t end = begin == std::string::npos ? begin : header.find('"', begin + 1);
        if (end == std::string::npos) return;
        header.replace(begin, end + 1 - begin, kPieces[below(rng, kPieces.size())]);
        return;
      }
      default:  // cut
        header.resize(at);
    }
  }

  }  // namespace

  TEST_CASE("safetensors: cut at any length it is refused") {
    REQUIRE(verdict(kWhole) == Verdict::read);
    for (std::size_t size = 0; size < kWhole.size(); ++size) {
      CAPTURE(size);
      CHECK(verdict(kWhole.substr(0, size)) == Verdict::refused);
    }
    CHECK(verdict(kWhole + '\0') == Verdict::refused);
  }

  TEST_CASE("safetensors: any bit flipped it is refused or still whole") {
    int read = 0;
    for (std::size_t at = 0; at < kWhole.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string bytes = kWhole;
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
        const Verdict result = verdict(bytes);
        CAPTURE(at);
        CAPTURE(bit);
        if (result == Verdict::wrong) FAIL_CHECK("neither refused nor whole");
        if (at < 8) CHECK(result == Verdict::refused);                 // the length
        if (at >= 8 + kHeader.size()) CHECK(result == Verdict::read);  // any numbers are numbers
        read += result == Verdict::read ? 1 : 0;
      }
    }
    // The 320 of the numbers, and such as other letters in names; far from all of the header's.
    CHECK(read > 320);
    CHECK(read < 320 + static_cast<int>(8 * kHeader.size()) / 2);
  }

  TEST_CASE("safetensors: twenty thousand mutations are refused or still whole") {
    Rng rng(20);
    int read = 0;
    for (int i = 0; i < 20'000; ++i) {
      std::string header = kHeader;
      const std::uint32_t changes = 1 + rng.below(3);
      for (std::uint32_t change = 0; change < changes; ++change) mutate_header(header, rng);
      std::string data(rng.below(4) == 0 ? rng.below(64) : 40, 'd');
      std::string bytes = safetensors(header, data);
      if (rng.below(20) == 0) {
        bytes.replace(0, 8, length_prefix(header.size() + rng.below(17) - 8));
      }
      const Verdict result = verdict(bytes);
      CAPTURE(i);
      CAPTURE(header);
      if (result == Verdict::wrong) FAIL_CHECK("neither refused nor whole");
      read += result == Verdict::read ? 1 : 0;
    }
    // Most must fail, yet not all before they reach the deeper checks.
    CHECK(read > 100);
    CHECK(read < 10'000);
  }
}
