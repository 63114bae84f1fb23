// The reference against what Python printed: the same bytes, and the same 17 digits of every loss where the C
// library rounds as the one that Python used. (That no multiply-add is fused is up to how the reference is
// compiled.)
#include "microgpt/reference/microgpt.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "microgpt/text/dataset.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/c_library.hpp"
#include "support/golden.hpp"

TEST_SUITE("reference") {
  using namespace microgpt;
  using namespace microgpt::test;
  using reference::Revision;

  namespace {

  /// Where two outputs part, with a little of each around the place.
  std::string first_difference(const std::string& got, const std::string& expected) {
    std::size_t at = 0;
    while (at < got.size() && at < expected.size() && got[at] == expected[at]) ++at;
    if (at == got.size() && at == expected.size()) return "";
    const std::size_t from = at < 40 ? 0 : at - 40;
    return "byte " + std::to_string(at) + ": got \"" + printable(got.substr(from, 80)) + "\", expected \""
           + printable(expected.substr(from, 80)) + "\"";
  }

  void check_run(const std::string& name, const std::filesystem::path& text,
                 const reference::Options& options) {
    CAPTURE(name);
    const Golden golden = load_golden(name);
    const auto dataset = Dataset::load(text, DataMode::lines, ByteOrderMark::keep);
    std::ostringstream out;
    std::vector<double> losses;
    reference::run(dataset.documents(), options, out, [&](double loss) { losses.push_back(loss); });
    const std::string difference = first_difference(out.str(), golden.output);
    CHECK_MESSAGE(difference.empty(), difference);

    REQUIRE(!golden.losses.empty());
    REQUIRE(losses.size() == golden.losses.size());
    static const bool all_digits = rounds_as_python_did();
    if (!all_digits) MESSAGE("this C library rounds otherwise than Python's: not every digit is asked for");
    for (std::size_t step = 0; step < losses.size(); ++step) {
      // Another rounding grows from step to step.
      const double allowed = all_digits ? 0 : golden.losses[step] * (step < 100 ? 1e-9 : 1e-6);
      REQUIRE_MESSAGE(std::abs(losses[step] - golden.losses[step]) <= allowed, "loss of step ", step + 1,
                      ": off by ", losses[step] - golden.losses[step], ", allowed ", allowed);
    }
  }

  void check_names(const std::string& name, Revision revision) {
    const auto text = well_known_text("names.txt");
    if (!text) {
      MESSAGE("left out: names.txt is not there (MICROGPT_TEST_DATA or scripts/get-data.sh)");
      return;
    }
    reference::Options options;
    options.revision = revision;
    check_run(name, *text, options);
  }

  void check_own(const std::string& name, const std::string& text, const reference::Options& options) {
    check_run(name, repository_file("tests/golden/" + text), options);
  }

  }  // namespace

  TEST_CASE("reference: names.txt with the latest revision") {
    check_names("latest", Revision::latest);
  }

  TEST_CASE("reference: names.txt with the course revision") {
    check_names("course", Revision::course);
  }

  TEST_CASE("reference: Python's lines and characters in a text of many scripts") {
    check_own("unicode-latest", "unicode.txt", {.seed = 7, .block_size = 16, .num_steps = 12});
    check_own("unicode-course", "unicode.txt",
              {.revision = Revision::course, .seed = 7, .block_size = 8, .num_steps = 12});
  }

  TEST_CASE("reference: a text of one letter") {
    check_own("one-letter", "one.txt", {.block_size = 16, .num_steps = 5, .samples = 5});
  }

  TEST_CASE("reference: seeds 0 and of 33 and 64 bits") {
    check_own("seed-0", "dup.txt",
              {.revision = Revision::course,
               .seed = 0,
               .n_layer = 2,
               .n_embd = 8,
               .n_head = 2,
               .block_size = 4,
               .num_steps = 40});
    check_own("seed-33-bits", "words.txt",
              {.seed = std::uint64_t{1} << 32,
               .n_embd = 4,
               .n_head = 1,
               .block_size = 16,
               .num_steps = 60,
               .samples = 12});
    check_own("seed-64-bits", "words.txt",
              {.seed = ~std::uint64_t{0},
               .n_embd = 4,
               .n_head = 2,
               .block_size = 1,
               .num_steps = 20,
               .samples = 10});
  }

  TEST_CASE("reference: no layer and three layers") {
    check_own("no-layer", "words.txt",
              {.revision = Revision::course,
               .seed = 1,
               .n_layer = 0,
               .n_embd = 8,
               .n_head = 2,
               .block_size = 6,
               .num_steps = 40,
               .samples = 10});
    check_own("three-layers", "words.txt",
              {.seed = 123456789012,
               .n_layer = 3,
               .n_embd = 12,
               .n_head = 3,
               .block_size = 10,
               .num_steps = 25,
               .samples = 12});
  }

  TEST_CASE("reference: heads that do not divide the width leave its end unused") {
    check_own("odd-heads", "words.txt",
              {.seed = 3, .n_embd = 10, .n_head = 4, .block_size = 8, .num_steps = 40, .samples = 10});
    check_own("odd-heads-course", "words.txt",
              {.revision = Revision::course,
               .seed = 99,
               .n_layer = 2,
               .n_embd = 9,
               .n_head = 2,
               .block_size = 5,
               .num_steps = 60,
               .samples = 7});
  }

  TEST_CASE("reference: two hundred steps on words.txt") {
    check_own("words", "words.txt", {.seed = 5, .n_layer = 2, .block_size = 12, .num_steps = 200});
  }

  TEST_CASE("reference: sizes that Python cannot run are refused") {
    const std::vector<std::string_view> documents = {"ab", "c"};
    const auto is_refused = [&](auto&& change) {
      reference::Options options;
      change(options);
      std::ostringstream out;
      try {
        reference::run(documents, options, out);
      } catch (const Error& error) {
        return error.fault() == Fault::usage && out.str().empty();
      }
      return false;
    };
    CHECK(is_refused([](auto& options) { options.n_layer = -1; }));
    CHECK(is_refused([](auto& options) { options.n_embd = 0; }));
    CHECK(is_refused([](auto& options) { options.n_head = 0; }));
    CHECK(is_refused([](auto& options) { options.n_head = options.n_embd + 1; }));
    CHECK(is_refused([](auto& options) { options.block_size = 0; }));
    CHECK(!is_refused([](auto& options) { options.num_steps = 0; }));
  }
}
