#include <doctest/doctest.h>

#include <set>

#include "io/malformed_checkpoints.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/config.hpp"
#include "support/data.hpp"

TEST_SUITE("io") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  struct Malformed {
    std::string group;
    NamedFile file;
  };

  std::vector<Malformed> every_malformed() {
    std::vector<Malformed> all;
    for (const auto& [group, files] :
         {std::pair("A", malformed_lengths()), std::pair("B", malformed_json()),
          std::pair("C", malformed_structure()), std::pair("D", malformed_shapes()),
          std::pair("E", malformed_offsets()), std::pair("F", malformed_names()),
          std::pair("G", malformed_checkpoints()), std::pair("G", damaged_checkpoints())}) {
      for (const NamedFile& file : files) all.push_back({group, file});
    }
    return all;
  }

  }  // namespace

  TEST_CASE("safetensors: every malformed file is refused by its rule") {
    const TempFolder folder;
    const auto path = folder / "model.safetensors";
    const auto all = every_malformed();
    CHECK(all.size() >= 240);
    // A line is "GROUP NAME | PIECE", a piece of what is said that shows which rule was broken.
    const auto expected = lines_of(read_bytes(repository_file("tests/golden/malformed.txt")));
    REQUIRE(all.size() == expected.size());
    std::set<std::string> names;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto& [group, file] = all[i];
      write_bytes(path, file.bytes);
      const Failure failure = failure_of([&] { Checkpoint::load(path); });
      CAPTURE(failure.message);
      const std::string start = group + " " + printable(file.name) + " | ";
      REQUIRE_MESSAGE(expected[i].starts_with(start), start);
      CHECK(failure.fault == 4);
      CHECK(failure.is_one_line());
      CHECK(failure.message.size() < 1000);
      CHECK(failure.parts.where.starts_with(path.string()));
      CHECK_MESSAGE(failure.names(expected[i].substr(start.size())), expected[i]);
      CHECK(names.insert(file.name).second);
      // The same bytes in memory, the same words.
      const Failure in_memory =
          failure_of([&bytes = file.bytes, &path] { Checkpoint::parse(bytes, path.string()); });
      CHECK(in_memory.message == failure.message);
    }
  }

  TEST_CASE("safetensors: every unusual file that is valid is read") {
    for (const NamedFile& file : unusual_safetensors()) {
      CAPTURE(file.name);
      CHECK(parse_failure(file.bytes).fault == 0);
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
        CHECK((checkpoint.tokenizer() == saved.tokenizer));
      });
      CHECK_MESSAGE(failure.fault == 0, failure.message);
    }
  }
}
