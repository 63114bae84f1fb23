#include "microgpt/io/safetensors.hpp"

#include <doctest/doctest.h>

#include "io/safetensors_parts.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("io") {
  using namespace microgpt;
  using namespace microgpt::test;

  TEST_CASE("safetensors: every dtype of the format has its size") {
    struct Size {
      std::string name;
      int bits;
    };
    const Size sizes[] = {
        {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
        {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
        {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
        {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64}};
    for (const Size& each : sizes) {
      CAPTURE(each.name);
      const auto bytes = static_cast<std::size_t>(each.bits);  // of eight such numbers
      const auto header = [&](std::size_t end) {
        return entry('"' + each.name + '"', "[8]", "[0," + std::to_string(end) + "]");
      };
      CHECK(parse_failure(safetensors(header(bytes), std::string(bytes, 'x'))).fault == 0);
      CHECK(parse_failure(safetensors(header(bytes + 8), std::string(bytes + 8, 'x'))).fault == 4);
    }
  }

  TEST_CASE("safetensors: a written file reads back and starts its numbers on 64 bytes") {
    const TempFolder folder;
    const auto path = folder / "x.safetensors";
    for (std::size_t extra = 0; extra < 66; ++extra) {
      const Metadata metadata = {{"k", std::string(extra, 'v')}, {"\xc3\xa9\n\"", "\x1b"}};
      const TensorEntry tensors[] = {{"second", "F32", {2, 1}, "12345678"},
                                     {"first", "U8", {3}, "abc"},
                                     {"none", "F64", {0, 5}, ""},
                                     {"one", "F32", {}, "zzzz"}};
      write_safetensors(path, metadata, tensors);
      const auto file = SafetensorsFile::read(path);
      CHECK(file.metadata() == metadata);
      REQUIRE(file.tensors().size() == 4);
      CHECK(file.data() == "12345678abczzzz");
      for (std::size_t i = 0; i < 4; ++i) {
        CHECK(file.tensors()[i].name == tensors[i].name);
        CHECK(file.tensors()[i].dtype == tensors[i].dtype);
        CHECK(file.tensors()[i].shape == tensors[i].shape);
        CHECK(file.tensors()[i].bytes == tensors[i].bytes);
      }
      const std::string bytes = read_bytes(path);
      CHECK((bytes.size() - 15) % 64 == 0);
      write_safetensors(path, metadata, tensors);
      CHECK(read_bytes(path) == bytes);
    }
    CHECK(names_in(folder.path()).size() == 1);
  }

  TEST_CASE("safetensors: a file of no tensors is one too, and one of too many is not written") {
    const TempFolder folder;
    write_safetensors(folder / "none", {}, {});
    const auto file = SafetensorsFile::read(folder / "none");
    CHECK(file.tensors().empty());
    CHECK(file.data().empty());
    std::vector<TensorEntry> tensors;
    for (int i = 0; i < 4096; ++i) tensors.push_back({std::to_string(i), "F32", {0}, ""});
    write_safetensors(folder / "many", {}, tensors);
    CHECK(SafetensorsFile::read(folder / "many").tensors().size() == 4096);
    tensors.push_back({"one more", "F32", {0}, ""});
    const Failure failure = failure_of([&] { write_safetensors(folder / "more", {}, tensors); });
    CHECK(failure.is(Fault::io, {.where = (folder / "more").string(), .hint = "4096 tensors"}));
    CHECK(!std::filesystem::exists(folder / "more"));
  }

  TEST_CASE("safetensors: a moved file keeps its views") {
    auto file = SafetensorsFile::parse(safetensors(kGood, kData), "x");
    const SafetensorsFile moved = std::move(file);
    CHECK(moved.tensors()[0].bytes == kData);
    CHECK(moved.data() == kData);
  }

  TEST_CASE("safetensors: paths that are no regular file are refused") {
    const TempFolder folder;
    std::filesystem::create_symlink(folder / "nothing", folder / "dangling");
    std::filesystem::create_symlink(folder / "loop", folder / "loop");
    const std::filesystem::path paths[] = {folder.path(),
                                           folder / "missing",
                                           folder / "dangling",
                                           folder / "loop",
                                           "/dev/zero",
                                           "/dev/null",
                                           "",
                                           folder / std::string(300, 'n'),
                                           std::string(10'000, 'd')};
    for (const auto& path : paths) {
      const Failure failure = failure_of([&] { SafetensorsFile::read(path); });
      CAPTURE(failure.message);
      CHECK(failure.fault == 4);
    }
  }
}
