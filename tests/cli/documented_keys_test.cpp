// docs/study.md lists the keys of the pages that `study --json` prints, docs/explain.md the steps of every topic.
#include <doctest/doctest.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "cli/small_run.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/view/view.hpp"
#include "support/data.hpp"
#include "support/json.hpp"

TEST_SUITE("docs") {
  namespace {

  using namespace microgpt::test;

  /// The keys that a row of a table of a document names, in backquotes.
  std::set<std::string> documented_keys(const std::string& document, const std::string& row) {
    const auto begin = document.find("\n" + row);
    REQUIRE_MESSAGE(begin != std::string::npos, row);
    const std::string line =
        document.substr(begin + row.size(), document.find('\n', begin + 1) - begin - row.size());
    static const std::regex kWord("`([a-z_]+[A-Z0-9]*)`");
    std::set<std::string> keys;
    for (std::sregex_iterator at(line.begin(), line.end(), kWord), end; at != end; ++at)
      keys.insert((*at)[1]);
    return keys;
  }

  /// A key of one of many: source_7 is documented as source_N or as the first of its kind.
  bool is_documented(const std::string& key, const std::set<std::string>& documented) {
    if (documented.contains(key)) return true;
    static const std::regex kNumbered("(.*_)[0-9]+");
    std::smatch match;
    if (!std::regex_match(key, match, kNumbered)) return false;
    const std::string stem = match[1];
    return documented.contains(stem + "N") || documented.contains(stem + "0")
           || documented.contains(stem + "1");
  }

  /// The keys of an object whose values are facts.
  std::set<std::string> keys_of_objects(const Json& facts) {
    static const std::regex kFact("([a-z_0-9]+): \\{");
    const std::string shape = facts.shape();
    std::set<std::string> keys;
    for (std::sregex_iterator at(shape.begin(), shape.end(), kFact), end; at != end; ++at)
      keys.insert((*at)[1]);
    keys.erase("format");
    return keys;
  }

  Json page_of(std::vector<std::string> command) {
    command.emplace_back("--json");
    const auto result = run_microgpt(command, {.folder = repository_file("")});
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    return Json::parse(result.out, 16);
  }

  std::string text_of(const char* path) {
    return microgpt::read_file(repository_file(path), microgpt::Fault::io);
  }

  }  // namespace

  TEST_CASE("docs: docs/study.md lists the facts, sections and columns of every view") {
    const std::string document = text_of("docs/study.md");
    const std::string names = "data/models/names.safetensors", other = "data/models/induction.safetensors";
    const std::vector<std::vector<std::string>> commands = {
        {"ledger", names, "--text", "emma", "--contrast", "a"},
        {"attention", names, "--text", "emma"},
        {"attention", names, "--text", "emma", "--position", "2"},
        {"lens", names, "--text", "emma", "--position", "2"},
        {"lens", names, "--text", "emma"},
        {"residual", names, "--text", "em"},
        {"residual", names, "--text", "emma"},
        {"heads", names, "--limit", "9"},
        {"neurons", names, "--limit", "9"},
        {"neurons", names, "--text", "emma"},
        {"embeddings", names},
        {"circuits", names, "--query", "3", "--key", "2"},
        {"circuits", names, "--ov"},
        {"ablate", names, "--limit", "9"},
        {"patch", names, "--clean", "anna", "--corrupt", "enna", "--target", "BOS", "--contrast", "e"},
        {"gradients", names, "--text", "emma"},
        {"trace", names, "--text", "emma"},
        {"diff", names, other, "--text", "abab"},
        {"history", names, "--text", "emma", "--limit", "9"},
        {"history", names, "--list"},
    };
    const std::regex one_of_many("layer[0-9]+_.*|embed_norm|position_[0-9]+");
    for (const auto& command : commands) {
      std::vector<std::string> all = {"study"};
      all.insert(all.end(), command.begin(), command.end());
      const Json page = page_of(all);
      CAPTURE(command[0]);
      const auto documented = documented_keys(document, "| " + command[0] + " | `");
      const auto check = [&](const std::string& key) {
        if (std::regex_match(key, one_of_many)) return;
        CHECK_MESSAGE(is_documented(key, documented), "not in docs/study.md: ", key);
      };
      for (const std::string& key : keys_of_objects(page["facts"])) check(key);
      for (std::size_t s = 0; s < page["sections"].size(); ++s) {
        check(page["sections"][s]["key"].text());
        const Json columns = page["sections"][s]["table"]["columns"];
        for (std::size_t c = 0; c < columns.size(); ++c) check(columns[c]["key"].text());
      }
    }
  }

  TEST_CASE("docs: docs/explain.md lists the steps of every topic") {
    const std::string document = text_of("docs/explain.md");
    for (const microgpt::view::ViewSpec& spec : microgpt::view::explain_topics()) {
      const std::string topic(spec.name);
      CAPTURE(topic);
      const std::string row = "| `" + topic + "` | ";
      const auto documented = documented_keys(document.substr(document.find("## JSON")), row);
      const Json page = page_of({"explain", topic});
      CHECK(page["sections"].size() > 0);
      for (std::size_t s = 0; s < page["sections"].size(); ++s) {
        const std::string key = page["sections"][s]["key"].text();
        CHECK_MESSAGE(documented.contains(key), "not in docs/explain.md: ", key);
      }
    }
  }
}
