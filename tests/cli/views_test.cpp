// The views and topics through the program: what they print where, files of figures and tables, bounds, refusals. Their
// numbers are proven in tests/view, how they are drawn in tests/render.
#include <doctest/doctest.h>

#include <sstream>

#include "cli/small_run.hpp"
#include "microgpt/view/view.hpp"
#include "support/every_page.hpp"
#include "support/page_json.hpp"
#include "support/screen.hpp"
#include "support/xml.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;
  namespace view = microgpt::view;

  /// Runs every view of study and every topic of explain, on a model and a text that are there.
  class Views {
   public:
    Views() {
      runs_.save("run", 10);
      runs_.save("run", 30);
    }

    /// The command of a view, as its example has it: {"study", "ledger", "--text", "emm", ...}.
    [[nodiscard]] std::vector<std::string> command(const std::string& parent,
                                                   const view::ViewSpec& spec) const {
      auto words = words_of_command(std::string(spec.example));
      words.insert(words.begin(), parent);
      for (std::string& word : words) {
        if (word.starts_with("runs/names-1")) word.replace(0, 12, "run");
        if (word.ends_with("/best.safetensors")) word = runs_.path("run", 10).string();
      }
      if (spec.needs != view::Needs::nothing) {
        words.insert(words.end(), {"--model", names()});
        if (has(spec, "--data")) words.insert(words.end(), {"--data", "names.txt"});
        if (parent == "explain" && spec.name == "softmax")
          words = {"explain", "softmax", "2.0", "1.0", "0.1"};
      }
      return words;
    }
    [[nodiscard]] std::vector<std::vector<std::string>> all() const {
      std::vector<std::vector<std::string>> commands;
      for (const view::ViewSpec& spec : view::study_views()) commands.push_back(command("study", spec));
      for (const view::ViewSpec& spec : view::explain_topics()) commands.push_back(command("explain", spec));
      return commands;
    }
    [[nodiscard]] ProcessResult run(std::vector<std::string> command,
                                    const std::vector<std::string>& more = {},
                                    ProcessOptions options = {}) const {
      command.insert(command.end(), more.begin(), more.end());
      options.folder = runs_.folder.path();
      return run_microgpt(command, options);
    }
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
      return runs_.folder / name;
    }
    [[nodiscard]] static std::string names() {
      return repository_file("data/models/names.safetensors").string();
    }
    static bool has(const view::ViewSpec& spec, const std::string& name) {
      return std::any_of(spec.options.begin(), spec.options.end(),
                         [&](const view::OptionSpec& option) { return option.name == name; });
    }

   private:
    MadeRuns runs_;
  };

  const std::vector<std::string> kAttention = {"study",   "attention", "--text",  "emma",
                                               "--heads", "0",         "--model", Views::names()};

  }  // namespace

  TEST_CASE("views: every view and topic prints a page, and with --json one document of the schema") {
    const Views views;
    for (const auto& command : views.all()) {
      CAPTURE(command[1]);
      const auto words = views.run(command);
      CAPTURE(words.err);
      CHECK(words.exit_code == 0);
      CHECK(words.out.starts_with(command[1] + (words.out[command[1].size()] == '\n' ? "\n" : " ")));
      CHECK(raw_characters(words.out) == 0);
      const auto lines = lines_of(words.out);
      CHECK(lines.size() <= 62);
      for (const std::string& line : lines)
        CHECK_MESSAGE((columns_of(line) <= 80 || line.find('/') != line.npos), line);
      const auto json = views.run(command, {"--json"});
      CHECK(json.exit_code == 0);
      CHECK(json.err == words.err);
      CHECK(lines_of(json.out).size() == 1);
      CHECK(faults_of_page(json.out) == "");
      CHECK(PageJson(json.out).json["view"].text() == command[1]);
    }
  }

  TEST_CASE("views: --svg and --csv write files, or to standard output, and print nothing else") {
    const Views views;
    int drawn = 0;
    for (const auto& command : views.all()) {
      CAPTURE(command[1]);
      const auto files = views.run(command, {"--svg", "page.svg", "--csv", "page.csv"});
      if (files.exit_code != 0) {
        CHECK(files.exit_code == 2);  // a page without figures
        CHECK(refused_in_one_line(files));
        CHECK(!std::filesystem::exists(views / "page.csv"));
        continue;
      }
      ++drawn;
      CHECK(files.out == "");
      CHECK(files.err.find("page.svg") != std::string::npos);
      CHECK(files.err.find("page.csv") != std::string::npos);
      const std::string svg = read_bytes(views / "page.svg");
      CHECK(XmlReader::read(svg).name == "svg");
      CHECK(views.run(command, {"--svg", "-"}).out == svg);
      const std::string csv = read_bytes(views / "page.csv");
      CHECK(csv.find("\r\n") != std::string::npos);
      CHECK(views.run(command, {"--csv", "-"}).out == csv);
      CHECK(PageJson(views.run(command, {"--json", "--svg", "page.svg"}).out).json["view"].text()
            == command[1]);
      CHECK(views.run(command, {"--svg", "nowhere/page.svg"}).exit_code == 5);
      std::filesystem::remove(views / "page.svg");
      std::filesystem::remove(views / "page.csv");
    }
    CHECK(drawn >= 15);
  }

  TEST_CASE("views: --section is one section, in every form; of an unknown one the others are named") {
    const Views views;
    const auto json = [&](const std::vector<std::string>& more) {
      auto all = more;
      all.emplace_back("--json");
      return PageJson(views.run(kAttention, all).out).json["sections"];
    };
    const Json sections = json({});
    REQUIRE(sections.size() > 1);
    const std::string last = sections[sections.size() - 1]["key"].text();
    const Json one = json({"--section", last});
    REQUIRE(one.size() == 1);
    CHECK(one[0].dump() == sections[sections.size() - 1].dump());
    CHECK(views.run(kAttention, {"--csv", "-", "--section", last}).out
          != views.run(kAttention, {"--csv", "-"}).out);
    CHECK(XmlReader::read(views.run(kAttention, {"--svg", "-", "--section", last}).out).all("g").size() == 1);
    const auto none = views.run(kAttention, {"--section", "nothing"});
    CHECK(none.exit_code == 2);
    CHECK(refused_in_one_line(none));
    CHECK(none.err.find(last) != std::string::npos);
  }

  TEST_CASE(
      "views: --lines is the length of a page, --width its width, and both go before the surroundings") {
    const Views views;
    const auto lines = [&](const std::vector<std::string>& more) {
      return lines_of(views.run(kAttention, more).out).size();
    };
    CHECK(lines({"--lines", "20"}) <= 22);
    CHECK(lines({"--lines", "0"}) > 20);
    CHECK(lines({"--lines", "0"}) == lines({"--lines", "1000000"}));
    const auto with = [&](const std::string& columns, const std::vector<std::string>& more) {
      return views.run(kAttention, more, {.environment = {{"COLUMNS", columns}}}).out;
    };
    CHECK(with("50", {"--width", "120"}) == with("120", {}));
    CHECK(with("", {}) == with("80", {}));
    for (const char* nothing : {"-1", "1e9", "x", "0"}) CHECK(with(nothing, {}) == with("80", {}));
    for (const char* bad : {"0", "19", "-5", "x", "10001"}) {
      CHECK(views.run(kAttention, {"--width", bad}).exit_code == 2);
    }
    CHECK(views.run(kAttention, {"--lines", "-1"}).exit_code == 2);
  }

  TEST_CASE("views: colours only on a terminal that wants them, and the same words") {
    const Views views;
    const std::string piped = views.run(kAttention, {"--width", "100"}).out;
    CHECK(piped.find('\x1b') == std::string::npos);
    const auto on_terminal = [&](const std::string& term, const std::string& no_color) {
      return views
          .run(kAttention, {},
               {.environment = {{"TERM", term}, {"NO_COLOR", no_color}, {"COLUMNS", ""}},
                .terminal = true,
                .columns = 100})
          .out;
    };
    const std::string shown = on_terminal("xterm", "");
    CHECK(!coloured_texts(shown).empty());
    CHECK(without_escapes(shown) == piped);
    for (const std::string& plain :
         {on_terminal("xterm", "1"), on_terminal("dumb", ""), on_terminal("", "")}) {
      CHECK(plain.find('\x1b') == std::string::npos);
      CHECK(without_escapes(plain) == piped);
    }
  }

  TEST_CASE("views: a vocabulary of 20,000 characters is within 62 lines in every view and topic") {
    const Views views;
    // A run of such a model, its text and two checkpoints.
    const microgpt::ModelConfig config = {
        .n_layer = 1, .n_embd = 16, .n_head = 4, .block_size = 16, .vocab_size = 20'000};
    std::vector<char32_t> characters;
    for (int i = 0; i + 1 < config.vocab_size; ++i) characters.push_back(U'a' + static_cast<char32_t>(i));
    const microgpt::Tokenizer tokenizer(characters);
    microgpt::RunConfig run_config;
    run_config.model = config;
    run_config.data.path = (views / "names.txt").string();
    std::filesystem::create_directories(views / "wide/checkpoints");
    Noise noise(20);
    for (const int step : {10, 20}) {
      microgpt::TrainState<float> state(config);
      for (float& w : state.parameters.values()) w = static_cast<float>(noise.number(0.5));
      state.step = step;
      save_checkpoint(microgpt::RunFolder{views / "wide"}.checkpoint(step), run_config, tokenizer,
                      {.step = step,
                       .data_sha256 = microgpt::sha256(read_bytes(views / "names.txt")),
                       .rng = microgpt::Rng(1).state(),
                       .held_out_loss = {}},
                      state);
    }
    auto commands = views.all();
    commands.push_back({"info"});
    commands.push_back({"score", "emma"});
    commands.push_back({"eval", "--data", "names.txt"});
    commands.push_back({"study", "embeddings", "--positions"});
    commands.push_back({"study", "circuits", "--ov"});
    commands.push_back({"study", "neurons", "--text", "emma"});
    for (auto command : commands) {
      std::erase(command, Views::names());
      std::erase(command, "--model");
      for (std::string& word : command) {
        if (word == "run") word = "wide";
        if (word.find("step-00000010") != std::string::npos)
          word = "wide/checkpoints/step-00000010.safetensors";
      }
      const std::string name = command.size() > 1 ? command[1] : "";
      const bool by_name = name == "diff" || name == "history" || name == "softmax";
      if (!by_name) command.insert(command.end(), {"--model", "wide"});
      CAPTURE(command);
      const auto words = views.run(command);
      CAPTURE(words.err);
      CHECK(words.exit_code == 0);
      CHECK(!words.timed_out);
      CHECK_MESSAGE(lines_of(words.out).size() <= 62, words.out);
      CHECK(faults_of_page(views.run(command, {"--json"}).out) == "");
    }
    // Whoever asks for so many rows gets them, and a page of so many lines has them left out.
    const std::vector<std::string> rows = {"study", "embeddings", "--model", "wide", "--rows", "200"};
    CHECK(lines_of(views.run(rows).out).size() > 200);
    CHECK(lines_of(views.run(rows, {"--lines", "60"}).out).size() <= 62);
    const auto unknown = views.run({"study", "lens", "--model", "wide", "--text", "\xf0\x9f\x98\x80"});
    CHECK(unknown.exit_code == 3);
    CHECK(refused_in_one_line(unknown));
    CHECK(unknown.err.size() < 1000);  // not all that are known
  }

  TEST_CASE("views: addresses and tokens that are printed are taken by the program") {
    const Views views;
    const std::vector<std::string> model = {"--model", Views::names()};
    const PageJson ledger(views.run({"study", "ledger", "--text", "emm", "--json"}, model).out);
    for (std::size_t i = 0; i < 8; ++i) {
      const std::string address = ledger.cell("parts", i, "part").text();
      if (!address.starts_with("layer0.")) continue;
      CAPTURE(address);
      const bool is_neuron = address.find("mlp") != std::string::npos;
      CHECK(views.run({"explain", is_neuron ? "mlp" : "attention", "--text", "emm", "--at", address}, model)
                .exit_code
            == 0);
      CHECK(views.run({"study", "ablate", "--data", "names.txt", "--at", address}, model).exit_code == 0);
      CHECK(views.run({"study", "history", Views::names(), "--text", "emm", "--scalar", address}).exit_code
            == 0);
    }
    CHECK(views.run({"study", "ledger", "--text", "emm", "--target", ledger.fact("target").text()}, model)
              .exit_code
          == 0);
    for (const char* token : {"BOS", "'e'", "e", "\\u0065", "'\\u0065'", "\\x65"}) {
      const auto result =
          views.run({"study", "ledger", "--text", "e\\u006dm", "--json", "--target", token}, model);
      CAPTURE(result.err);
      CHECK(PageJson(result.out).fact("target").text() == (std::string(token) == "BOS" ? "BOS" : "'e'"));
    }
  }

  TEST_CASE("views: what is not there is refused in one line that names it and what there is") {
    const Views views;
    struct Case {
      std::string command;
      int exit_code;
      std::string named;  // with | between them
    };
    const Case cases[] = {
        {"study ledger --text emma --position 5", 2, "--position|5|0 to 4"},
        {"study ledger --text emma --target ab", 2, "--target|ab"},
        {"study ledger --text emma --target 7", 3, "--target|'7'"},
        {"study lens --text emma7", 3, "--text|'7'|abcdefghijklmnopqrstuvwxyz"},
        {"study lens --text abcdefghijklmnopq", 2, "--text|17|16"},
        {"study attention --text emma --layer 2", 2, "--layer|2"},
        {"study attention --text emma --head 9", 2, "--head|9|0 to 3"},
        {"study attention --text emma --at layer0.attn.z", 2, "layer0.attn.z|pattern|scores"},
        {"study ablate --at layer0.attn.patern", 2, "--at|layer0.attn.patern|layer0.attn.pattern"},
        {"study ablate --at 'layer0.attn.z[head 4]'", 2, "--at|head 4|0 to 3"},
        {"study heads --data none.txt", 3, "none.txt"},
        {"study patch --clean emma --corrupt emm --target a", 2, "5|4"},
        {"study trace --text emma --out emma.txt", 2, "--out|.npz|.safetensors|.json"},
        {"study circuits --head 4", 2, "--head|4|0 to 3"},
        {"explain loss --text emma --at layer0.attn.q", 2, "layer0.attn.q|logits"},
        {"explain backprop --text emma --weight 'layer0.attn_wq[16,0]'", 2, "--weight|16|0 to 15"},
        {"explain linear --at 'layer0.attn.q[position 2]' --position 3 --text emma", 2, "--position|3"},
        {"explain loss", 2, "--text"},
        {"explain adam --text emma --position 1", 2, "--position"},
        {"explain tokens --text emma --head 1", 2, "--head"},
    };
    for (const Case& each : cases) {
      CAPTURE(each.command);
      auto words = words_of_command(each.command);
      words.insert(words.end(), {"--model", Views::names()});
      const auto result = views.run(words);
      CAPTURE(result.err);
      CHECK(result.exit_code == each.exit_code);
      CHECK(refused_in_one_line(result));
      std::istringstream parts(each.named);
      for (std::string part; std::getline(parts, part, '|');) {
        CHECK_MESSAGE(result.err.find(part) != std::string::npos, part);
      }
    }
    for (const char* command :
         {"explain softmax 1 x", "explain softmax 1 nan", "explain softmax 1e39 --dtype float32",
          "explain softmax 1 --temperature 0", "explain softmax 1 --dtype float16",
          "explain softmax 1 --position 3", "study diff run", "study history",
          "study history run --scalar nothing", "study ledger --text emma"}) {
      CAPTURE(command);
      const auto result = views.run(words_of_command(command));
      CAPTURE(result.err);
      CHECK(result.exit_code == 2);
      CHECK(refused_in_one_line(result));
    }
    CHECK(views.run({"explain", "loss", "--model", "nothing/here", "--text", "a"}).exit_code == 4);
  }

  TEST_CASE("views: where the text of the run is gone, --data is named") {
    const SmallRun run;
    REQUIRE(run_microgpt(run.train({"--quiet", "--steps", "1"})).exit_code == 0);
    std::filesystem::rename(run.text, run.folder / "moved.txt");
    const std::vector<std::string> ablate = {"study", "ablate", "--model", run.out.string()};
    const auto gone = run_microgpt(ablate);
    CHECK(gone.exit_code == 3);
    CHECK(refused_in_one_line(gone));
    CHECK(gone.err.find(run.text.string()) != std::string::npos);
    CHECK(gone.err.find("--data") != std::string::npos);
    auto given = ablate;
    given.insert(given.end(), {"--data", (run.folder / "moved.txt").string()});
    CHECK(run_microgpt(given).exit_code == 0);
  }

  TEST_CASE("views: a model of a stream, without layers, or with a context of one position") {
    const std::vector<std::vector<std::string>> kinds = {
        {"data.mode=stream"}, {"model.n_layer=0"}, {"model.block_size=1", "model.n_head=1"}};
    const Views views;
    for (const auto& kind : kinds) {
      const SmallRun run;
      std::vector<std::string> settings = {"--quiet"};
      for (const std::string& one : kind) settings.insert(settings.end(), {"--set", one});
      REQUIRE(run_microgpt(run.train(settings)).exit_code == 0);
      const bool one_position = kind.size() == 2;
      const bool no_layers = kind[0] == "model.n_layer=0";
      for (const auto parent : {"study", "explain"}) {
        const bool study = std::string(parent) == "study";
        for (const view::ViewSpec& spec : study ? view::study_views() : view::explain_topics()) {
          if (spec.needs == view::Needs::nothing || spec.name == "patch") continue;
          std::vector<std::string> command = {parent, std::string(spec.name), "--model", run.out.string()};
          if (Views::has(spec, "--text") && !(study && Views::has(spec, "--data")))
            command.insert(command.end(), {"--text", one_position ? "" : "opal"});
          CAPTURE(command);
          const auto result = run_microgpt(command);
          CAPTURE(result.err);
          CHECK(
              (result.exit_code == 0 || (no_layers && result.exit_code == 2 && refused_in_one_line(result))));
          CHECK(result.out.find("nan") == std::string::npos);
          if (result.exit_code != 0) CHECK(result.err.find("layer") != std::string::npos);
        }
      }
    }
  }
}
