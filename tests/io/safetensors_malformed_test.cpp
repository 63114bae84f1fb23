#include <doctest/doctest.h>

#include <set>

#include "io/malformed_checkpoints.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/config.hpp"
#include "support/data.hpp"

namespace {

using namespace microgpt;
using namespace microgpt::test;

/// What is said of a file that is read from the disk, with "FILE" in the place of its path.
std::string verdict(const std::filesystem::path& path) {
  const Failure failure = failure_of([&] { Checkpoint::load(path); });
  if (failure.fault != 4 || !failure.is_one_line())
    return "fault " + std::to_string(failure.fault) + ": " + failure.message;
  std::string message = failure.message;
  const auto at = message.find(path.string());
  return at == std::string::npos ? "no path: " + message : message.replace(at, path.string().size(), "FILE");
}

}  // namespace

TEST_SUITE("io") {
  TEST_CASE("safetensors: every malformed file is refused in the words of its rule") {
    const TempFolder folder;
    std::vector<std::string> said;
    std::set<std::string> names;
    for (const auto& [group, files] :
         {std::pair("A", malformed_lengths()), std::pair("B", malformed_json()),
          std::pair("C", malformed_structure()), std::pair("D", malformed_shapes()),
          std::pair("E", malformed_offsets()), std::pair("F", malformed_names()),
          std::pair("G", malformed_checkpoints()), std::pair("G", damaged_checkpoints())}) {
      for (const NamedFile& file : files) {
        const auto path = folder / "model.safetensors";
        write_bytes(path, file.bytes);
        said.push_back(std::string(group) + " " + printable(file.name) + " | " + verdict(path));
        // The same bytes in memory, the same words.
        const Failure in_memory = failure_of([&] { Checkpoint::parse(file.bytes, "FILE"); });
        CHECK(said.back().ends_with(" | " + in_memory.message));
        CHECK(said.back().size() < 1000);
        CHECK(names.insert(file.name).second);
      }
    }
    CHECK(said.size() >= 240);
    const auto expected = lines_of(read_bytes(repository_file("tests/golden/malformed.txt")));
    REQUIRE(said.size() == expected.size());
    for (std::size_t i = 0; i < said.size(); ++i) CHECK(said[i] == expected[i]);
  }

  TEST_CASE("safetensors: every unusual file that is valid is read") {
    for (const NamedFile& file : unusual_safetensors()) {
      CAPTURE(file.name);
      CHECK(parse_failure(file.bytes).message == "nothing was refused");
    }
    const Saved<float> saved;
    const auto expected = Checkpoint::load(saved.path).train_state<float>();
    const auto files = unusual_checkpoints();
    CHECK(unusual_safetensors().size() + files.size() >= 36);
    for (const NamedFile& file : files) {
      CAPTURE(file.name);
      const Failure failure = failure_of([&] {
        const Checkpoint checkpoint = Checkpoint::parse(file.bytes, "x");
        const auto state = checkpoint.train_state<float>();
        const auto same = [](std::span<const float> a, std::span<const float> b) {
          return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
        };
        CHECK(same(state.parameters.values(), expected.parameters.values()));
        CHECK(same(state.m.values(), expected.m.values()));
        CHECK(same(state.v.values(), expected.v.values()));
        CHECK(config_text(checkpoint.config()) == config_text(saved.config));
        CHECK(checkpoint.training().step == 3);
        CHECK(checkpoint.training().rng == saved.record.rng);
        CHECK(std::ranges::equal(checkpoint.tokenizer().characters(), saved.tokenizer.characters()));
      });
      CHECK(failure.message == "nothing was refused");
    }
  }
}
