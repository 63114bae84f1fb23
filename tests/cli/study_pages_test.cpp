// The pages of `microgpt study` as they stand on a screen, of the two models that lie in data/models.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "cli/small_run.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/data.hpp"
#include "support/json.hpp"
#include "support/pages.hpp"
#include "support/process.hpp"

namespace {

using namespace microgpt::test;

constexpr const char* kNames = "data/models/names.safetensors";
constexpr const char* kInduction = "data/models/induction.safetensors";

struct Page {
  std::string name;
  std::vector<std::string> arguments;  ///< the view and its options
  const char* model = kNames;
  double full = 0;  ///< the number whose colour is the strongest: 1 for shares; 0 for the largest of all
};

const std::vector<Page> kPages = {
    {"attention", {"attention", "--text", "emma"}, kNames, 1},
    {"attention-induction", {"attention", "--text", "mqxbtfmqxb", "--layer", "1"}, kInduction, 1},
    {"scores", {"attention", "--text", "emma", "--head", "1", "--scores"}},
    {"lens", {"lens", "--text", "emma"}, kNames, 1},
    {"residual", {"residual", "--text", "emma"}, kNames, 1},
    {"heads", {"heads", "--limit", "100"}, kNames, 1},
    {"heads-induction", {"heads", "--data", "data/models/repeats.txt", "--limit", "100"}, kInduction, 1},
    {"neurons", {"neurons", "--limit", "100", "--top", "2"}, kNames, 100},
    {"neurons-dead", {"neurons", "--limit", "1", "--dead"}, kNames, 100},
    {"neurons-text", {"neurons", "--text", "emma"}},
    {"embeddings", {"embeddings"}},
    {"positions", {"embeddings", "--positions", "--top", "2"}},
    {"qk", {"circuits", "--head", "2", "--query", "3", "--key", "2"}},
    {"ov", {"circuits", "--head", "1", "--ov"}},
    {"ablate", {"ablate", "--limit", "100", "--all", "--top", "12"}},
    {"ablate-mean", {"ablate", "--limit", "100", "--mean"}},
    {"ledger", {"ledger", "--text", "emm", "--target", "a", "--contrast", "e", "--top", "8"}},
    {"patch",
     {"patch", "--clean", "anna", "--corrupt", "enna", "--target", "BOS", "--contrast", "e"},
     kNames,
     1},
    {"patch-loss",
     {"patch", "--clean", "anna", "--corrupt", "enna", "--target", "BOS", "--at", "layer0.attn.z[head 1]",
      "--at", "layer0.attn.k[position 1]"},
     kNames,
     1},
    {"gradients", {"gradients", "--text", "emma"}, kNames, 100},
    {"trace", {"trace", "--text", "emma", "--list"}},
};

ProcessResult show(const Page& page, const std::vector<std::string>& more, ProcessOptions options = {}) {
  std::vector<std::string> arguments = {"study"};
  arguments.insert(arguments.end(), page.arguments.begin(), page.arguments.end());
  arguments.insert(arguments.end(), {"--model", page.model});
  arguments.insert(arguments.end(), more.begin(), more.end());
  options.folder = repository_file("");
  return run_microgpt(arguments, options);
}

std::string without_escapes(const std::string& text) {
  static const std::regex kEscape("\x1b\\[[0-9;]*m|\r");
  return std::regex_replace(text, kEscape, "");
}

/// Strength and sign of a colour: -5 (blue) ... 5 (orange).
const std::map<int, int> kSteps = {{230, 1},  {223, 2},  {216, 3},  {209, 4}, {202, 5},
                                   {195, -1}, {159, -2}, {117, -3}, {75, -4}, {33, -5}};

struct Coloured {
  int step;
  double number;    ///< the last one in the cell
  double rounding;  ///< half a unit of its last digit
};

std::vector<Coloured> coloured_cells(const std::string& page) {
  static const std::regex kCell("\x1b\\[38;5;16;48;5;([0-9]+)m([^\x1b]*)\x1b");
  static const std::regex kNumber("-?[0-9]+(\\.([0-9]+))?(e[-+][0-9]+)?");
  std::vector<Coloured> cells;
  for (std::sregex_iterator at(page.begin(), page.end(), kCell), end; at != end; ++at) {
    const std::string text = (*at)[2];
    INFO("a coloured cell: '", text, "'");
    Coloured cell = {kSteps.at(std::stoi((*at)[1])), 0, 0};
    bool found = false;
    for (std::sregex_iterator n(text.begin(), text.end(), kNumber); n != end; ++n) {
      found = true;
      cell.number = std::stod(n->str());
      cell.rounding = 0.5 * std::pow(10.0, -static_cast<double>((*n)[2].length()));
    }
    REQUIRE(found);
    cells.push_back(cell);
  }
  return cells;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("study pages: as they were at 80 and 120 columns") {
    for (const Page& page : kPages) {
      for (const std::string width : {"80", "120"}) {
        const auto result = show(page, {"--width", width});
        INFO(result.err);
        REQUIRE(result.exit_code == 0);
        check_page("study-" + page.name + "-" + width, result.out);
      }
    }
  }

  TEST_CASE("study pages: no line is wider than the screen, or ends in spaces") {
    for (const Page& page : kPages) {
      for (const std::size_t width : {60U, 80U, 120U, 200U}) {
        if (page.name == "ledger" && width == 60) continue;  // an address with its meaning is wider
        for (const std::string& line : lines_of(show(page, {"--width", std::to_string(width)}).out)) {
          INFO(page.name, " at ", width, ": '", line, "'");
          CHECK(microgpt::count_code_points(line) <= width);
          CHECK(!line.ends_with(' '));
        }
      }
    }
  }

  TEST_CASE(
      "study pages: a colour goes with the number it stands behind; NO_COLOR, dumb terminals, pipes have "
      "none") {
    const auto on_terminal = [](const Page& page, const std::string& term, const std::string& no_color) {
      return show(page, {},
                  {.environment = {{"TERM", term}, {"NO_COLOR", no_color}, {"COLUMNS", "120"}},
                   .terminal = true})
          .out;
    };
    for (const Page& page : kPages) {
      INFO(page.name);
      const std::string piped = show(page, {"--width", "120"}).out;
      CHECK(piped.find('\x1b') == std::string::npos);
      for (const std::string& plain : {on_terminal(page, "xterm", "1"), on_terminal(page, "dumb", "")}) {
        CHECK(plain.find('\x1b') == std::string::npos);
        CHECK(without_escapes(plain) == piped);
      }
      const std::string shown = on_terminal(page, "xterm", "");
      CHECK(without_escapes(shown) == piped);
      const auto cells = coloured_cells(shown);
      const bool none = page.name == "embeddings" || page.name == "positions" || page.name == "trace"
                        || page.name == "neurons-dead";
      CHECK(cells.empty() == none);
      double full = page.full;
      if (full == 0) {
        for (const Coloured& cell : cells) full = std::max(full, std::abs(cell.number));
      }
      for (const Coloured& cell : cells) {
        const double exact = std::min(1.0, std::abs(cell.number) / full) * 5;
        const double slack = 5 * cell.rounding / full * 2;
        CHECK_MESSAGE(std::abs(std::abs(cell.step) - exact) <= 0.5 + slack, "number ", cell.number, ", step ",
                      cell.step);
        CHECK((cell.step > 0) == (cell.number > 0));
      }
    }
  }

  TEST_CASE("study pages: the JSON has the fields of docs/study.md and no others") {
    const std::string documented = microgpt::read_file(repository_file("docs/study.md"), microgpt::Fault::io);
    const auto json = [](const std::string& view, std::vector<std::string> more) {
      more.insert(more.begin(), view);
      more.emplace_back("--json");
      const auto result = show({view, more}, {});
      INFO(result.err);
      REQUIRE(result.exit_code == 0);
      return Json::parse(result.out, 16);
    };
    const auto check = [&](const std::string& view, const Json& document, const std::string& shape) {
      INFO(view);
      CHECK(document["view"].text() == view);
      if (!shape.empty()) CHECK(document.shape() == shape);
      // Every key stands in the view's row of the table, and what stands there is a key.
      const auto row = documented.find("\n| " + view + " | ");
      REQUIRE(row != std::string::npos);
      const std::string line = documented.substr(row + 1, documented.find('\n', row + 1) - row - 1);
      std::set<std::string> words = {"view", "text", "tokens"};
      static const std::regex kWord("`([^`]*)`");
      for (std::sregex_iterator at(line.begin(), line.end(), kWord), end; at != end; ++at)
        words.insert((*at)[1]);
      static const std::regex kKey("([a-z_.]+): ");
      const std::string all = document.shape();
      auto left = words;
      for (std::sregex_iterator at(all.begin(), all.end(), kKey), end; at != end; ++at) {
        CHECK_MESSAGE(words.contains((*at)[1]), "not in docs/study.md: ", (*at)[1].str());
        left.erase((*at)[1]);
      }
      for (const char* other : {"text", "tokens", "qk", "ov", "wpe", "null"}) left.erase(other);  // no keys
      if (view == "neurons") left.erase("values");  // of one text only
      for (const std::string& word : left) CHECK_MESSAGE(false, "in docs/study.md, but not there: ", word);
    };
    const std::string text = ", text: text, tokens: [text], view: text}";
    check("attention", json("attention", {"--text", "emma"}),
          "{heads: [{address: text, pattern: [[number]], scores: [[number]]}]" + text);
    check("lens", json("lens", {"--text", "emma"}),
          "{positions: [{next: text, position: number, stages: [{address: text, nll: number, probs: "
          "[number]}]}]"
              + text);
    check("residual", json("residual", {"--text", "emma"}),
          "{positions: [{position: number, stages: [{address: text, cosine_before: number, cosine_last: "
          "number, "
          "norm: number}]}]"
              + text);
    check("ledger", json("ledger", {"--text", "emma", "--contrast", "a"}), "");
    check(
        "heads", json("heads", {"--limit", "9"}),
        "{characters: number, documents: number, heads: [{address: text, duplicate: number, "
        "duplicate_positions: number, entropy: number, first: number, induction: number, "
        "loss_change_without: number, previous: number, self: number, standard_error: number}], view: text}");
    check("neurons", json("neurons", {"--limit", "99", "--top", "2"}),
          "{characters: number, dead: number, documents: number, neurons: [{active: number, address: text, "
          "mean: number, top: [{position: number, text: text, value: number}], writes: [number]}], view: "
          "text}");
    check("embeddings", json("embeddings", {}),
          "{explained: [number], rows: [{coordinates: [number], nearest: [{cosine: number, row: text}], "
          "norm: number, row: text}], tensor: text, view: text}");
    check("circuits", json("circuits", {"--query", "3", "--key", "2"}),
          "{address: text, key: number, query: number, table: text, tokens: [text], values: [[number]], "
          "view: text}");
    check("ablate", json("ablate", {"--limit", "9"}),
          "{ablation: text, characters: number, documents: number, loss: number, rows: [{address: text, "
          "change: number, loss: number, standard_error: number}], view: text}");
    check("patch",
          json("patch", {"--clean", "anna", "--corrupt", "enna", "--target", "BOS", "--contrast", "e"}), "");
    check(
        "gradients", json("gradients", {"--text", "emma"}),
        "{loss: number, tensors: [{by_differences: number, largest: number, largest_at: text, norm: number, "
        "tensor: text, zeros: number}]"
            + text);
    check("trace", json("trace", {"--text", "emma"}),
          "{arrays: [{line: number, microgpt.py: text, name: text, shape: [number], transformer_lens: text}]"
              + text);
  }
}
