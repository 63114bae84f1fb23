#include "microgpt/config/run_config.hpp"

#include <doctest/doctest.h>

#include "support/config.hpp"
#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/json.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("config") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  /// {"group": {"name": value}}, or without a group.
  std::string document(const std::string& key, const std::string& value) {
    const auto dot = key.find('.');
    if (dot == std::string::npos) return "{\"" + key + "\": " + value + "}";
    return "{\"" + key.substr(0, dot) + "\": {\"" + key.substr(dot + 1) + "\": " + value + "}}";
  }

  Failure failure(const std::string& text) {
    return failure_of([&] { config_of(text); });
  }

  /// Every key: values that are good, as they are written again, and values that are not.
  struct Key {
    std::string name;
    std::vector<std::string> good;
    std::vector<std::string> bad;
  };

  const std::vector<std::string> kNoNumber = {"null", "true", "\"1\"", "[]", "[1]", "{}"};

  Key whole(const std::string& name, const std::string& low, const std::string& high,
            const std::vector<std::string>& beyond) {
    Key key = {name, {low, high}, kNoNumber};
    for (const std::string bad :
         {"-1", "-0", "1.0", "1e2", "0.5", "18446744073709551616", "-9223372036854775808", "1e300"}) {
      key.bad.push_back(bad);
    }
    key.bad.insert(key.bad.end(), beyond.begin(), beyond.end());
    return key;
  }

  Key real(const std::string& name, const std::vector<std::string>& good,
           const std::vector<std::string>& beyond) {
    Key key = {name, good, kNoNumber};
    key.bad.push_back("-1");
    key.bad.push_back("1e300");
    key.bad.insert(key.bad.end(), beyond.begin(), beyond.end());
    return key;
  }

  Key choice(const std::string& name, const std::vector<std::string>& good) {
    return {name, good, {"\"\"", "\"Lines\"", "\"none\"", "0", "1", "null", "true", "[]", "{}"}};
  }

  std::vector<Key> every_key() {
    const std::string billion = "1000000000";
    const std::string more = "1000000001";
    const std::vector<std::string> no_text = {"null", "1", "true", "[]", "{}"};
    const std::vector<std::string> no_flag = {"null", "0", "1", "\"true\"", "[]", "{}"};
    return {
        {"why", {"\"\"", "\"because\""}, no_text},
        whole("seed", "0", "18446744073709551615", {}),
        {"data.path", {"\"\"", "\"a/b.txt\""}, no_text},
        choice("data.mode", {"\"lines\"", "\"paragraphs\"", "\"stream\""}),
        choice("data.long_documents", {"\"cut\"", "\"split\""}),
        real("data.held_out", {"0.0", "0.25", "0.9"}, {"0.91", "1"}),
        real("data.test", {"0.0", "0.25", "0.9"}, {"0.91", "1"}),
        whole("model.n_layer", "0", "200", {"201", "2147483648"}),
        whole("model.n_embd", "4", "65536", {"0", "65537", "4294967300"}),
        whole("model.n_head", "1", "16", {"0", "65537", "4294967297"}),
        whole("model.block_size", "1", "65536", {"0", "65537", "4294967297"}),
        choice("model.activation", {"\"relu\"", "\"relu2\""}),
        {"model.from", {"\"\"", "\"/runs/names-1\""}, {"1", "null", "[]"}},
        real("model.init_std", {"0.0", "0.02", "10.0"}, {"10.1", "-1e-9"}),
        {"model.zero_projections", {"true", "false"}, no_flag},
        choice("train.precision", {"\"float32\"", "\"float64\""}),
        whole("train.steps", "1", billion, {"0", more, "4294967297"}),
        whole("train.batch_size", "1", "1000000", {"0", "1000001", "4294967297"}),
        choice("train.loss", {"\"document_mean\"", "\"token_mean\""}),
        choice("train.optimizer", {"\"adam\"", "\"muon\""}),
        {"train.keep_moments", {"true", "false"}, no_flag},
        real("train.learning_rate", {"0.0", "0.003", "10000000000.0"}, {"1.1e10"}),
        choice("train.schedule", {"\"constant\"", "\"linear\"", "\"cosine\""}),
        whole("train.warmup_steps", "0", billion, {more}),
        real("train.beta1", {"0.0", "0.9", "0.999999"}, {"1", "0.9999999"}),
        real("train.beta2", {"0.0", "0.95", "0.999999"}, {"1", "0.9999999"}),
        real("train.epsilon", {"1e-16", "1e-08", "1.0"}, {"0", "1e-17", "1.1"}),
        real("train.muon_learning_rate", {"0.0", "0.02", "10000000000.0"}, {"1.1e10"}),
        real("train.muon_momentum", {"0.0", "0.95", "0.999999"}, {"1", "0.9999999"}),
        whole("train.muon_iterations", "1", "20", {"0", "21"}),
        real("train.weight_decay", {"0.0", "0.1", "10.0"}, {"10.1"}),
        real("train.grad_clip", {"0.0", "1.0", "1000000.0"}, {"1000001"}),
        real("train.dropout", {"0.0", "0.1", "0.95"}, {"0.96", "1"}),
        whole("train.eval_every", "0", billion, {more}),
        whole("train.eval_positions", "0", billion, {more}),
        whole("train.record_every", "1", billion, {"0", more}),
        whole("train.patience", "0", "1000000", {"1000001"}),
        whole("train.checkpoint_every", "0", billion, {more}),
        whole("train.keep", "0", billion, {more}),
        whole("sample.count", "0", "1000000", {"1000001"}),
        real("sample.temperature", {"0.0", "0.5", "100.0"}, {"100.1"}),
        whole("sample.top_k", "0", "1114112", {"1114113"}),
        real("sample.top_p", {"0.0", "0.95", "1.0"}, {"1.01"}),
        real("sample.min_p", {"0.0", "0.05", "1.0"}, {"1.01"}),
        whole("sample.max_chars", "0", "1000000", {"1000001"}),
    };
  }

  }  // namespace

  TEST_CASE("run_config: every key takes what is allowed and is written as it was read") {
    for (const Key& key : every_key()) {
      CAPTURE(key.name);
      const auto dot = key.name.find('.');
      for (const std::string& value : key.good) {
        CAPTURE(value);
        const Json written = Json::parse(config_text(config_of(document(key.name, value))));
        const Json group = dot == std::string::npos ? written : written[key.name.substr(0, dot)];
        CHECK(group[key.name.substr(dot + 1)].dump() == value);
      }
    }
  }

  TEST_CASE("run_config: every key refuses the rest by key and value and what is allowed") {
    for (const Key& key : every_key()) {
      CAPTURE(key.name);
      for (const std::string& value : key.bad) {
        CAPTURE(value);
        const Failure got = failure(document(key.name, value));
        CAPTURE(got.message);
        CHECK(got.is(Fault::data, {.what = "bad config", .where = "text, " + key.name, .hint = "must be "}));
        CHECK(got.is_one_line());
        CHECK(!got.parts.value.empty());
      }
    }
    const Failure long_value = failure(document("train.steps", '"' + std::string(5000, 'x') + '"'));
    CHECK(long_value.message.size() < 250);
    CHECK(!failure(document("train.steps", R"("\u001b[31m\n")")).names("\x1b"));
  }

  TEST_CASE("run_config: the list of keys above is the whole list") {
    std::string described;
    for (const Key& key : every_key()) described += key.name + ' ';
    std::string expected;
    for (const std::string& line : lines_of(config_keys_table())) {
      if (!line.starts_with("| `")) continue;  // the head of the table
      expected += line.substr(3, line.find('`', 3) - 3) + ' ';
    }
    CHECK(described == expected);
  }

  TEST_CASE("run_config: an unknown key is refused with the nearest known one") {
    struct Case {
      std::string text;
      std::string unknown;
      std::string nearest;
    };
    const Case cases[] = {
        {R"({"train": {"stpes": 5}})", "train.stpes", "train.steps"},
        {R"({"train": {"learning-rate": 5}})", "train.learning-rate", "train.learning_rate"},
        {R"({"train": {"lr": 5}})", "train.lr", "train.learning_rate"},
        {R"({"model": {"n_heads": 4}})", "model.n_heads", "model.n_head"},
        {R"({"model": {"N_HEAD": 4}})", "model.N_HEAD", "model.n_head"},
        {R"({"data": {"held_ouT": 0.1}})", "data.held_ouT", "data.held_out"},
        {R"({"data": {"documents": "lines"}})", "data.documents", "data.mode"},  // its former name
        {R"({"sample": {"max_length": 9}})", "sample.max_length", "sample.max_chars"},
        {R"({"data": {"Mode": "lines"}})", "data.Mode", "data.mode"},
        {R"({"Seed": 1})", "Seed", "seed"},
        {R"({"trian": {"steps": 5}})", "trian", ""},
        {R"({"steps": 5})", "steps", "train.steps"},
        {R"({"": 5})", R"("")", ""},
        {R"({"model": {"": 5}})", "model.", ""},
        {R"({"model": {"n_layer.x": 5}})", "model.n_layer.x", ""},
        {R"({"\u001b\n": 5})", R"(\x1b\n)", ""},
    };
    for (const Case& each : cases) {
      const Failure got = failure(each.text);
      CAPTURE(got.message);
      CHECK(got.is(Fault::data, {.what = "bad config",
                                 .where = "text, " + each.unknown,
                                 .hint = each.nearest.empty() ? "no such key: '" : "mean " + each.nearest}));
      CHECK(got.is_one_line());
    }
  }

  TEST_CASE("run_config: a checkpoint may have data.mode and sample.max_chars by their former names") {
    const RunConfig config = config_of(
        R"({"data": {"documents": "paragraphs"}, "sample": {"max_length": 77}})", Fault::checkpoint);
    CHECK(config.data.mode == DataMode::paragraphs);
    CHECK(config.sample.max_chars == 77);
    CHECK_THROWS(config_of(R"({"sample": {"max_length": -1}})", Fault::checkpoint));
    CHECK(config_text(config).find("\"documents\"") == std::string::npos);
    CHECK_THROWS(config_of(R"({"data": {"documents": "pages"}})", Fault::checkpoint));
    // Nor do they stand in the way of saying what is wrong.
    struct Case {
      std::string text;
      std::string where;
      std::string value;
    };
    for (const Case& each : {Case{"[]", "the document", "[]"}, Case{R"({"data": 5})", "data", "5"},
                             Case{R"({"sample": ["max_length"]})", "sample", R"(["max_length"])"}}) {
      const Failure got = failure_of([&] { config_of(each.text, Fault::checkpoint); });
      CHECK(
          got.is(Fault::checkpoint, {.where = "text, " + each.where, .value = each.value, .hint = "object"}));
    }
    CHECK(config_of("{}", Fault::checkpoint).data.mode == RunConfig{}.data.mode);
  }

  TEST_CASE("run_config: a key with its group in one name is refused at the top") {
    for (const Key& key : every_key()) {
      if (key.name.find('.') == std::string::npos) continue;
      const Failure got = failure("{\"" + key.name + "\": " + key.good[0] + "}");
      CAPTURE(got.message);
      CHECK(got.is(Fault::data, {.where = "text, " + key.name, .hint = "group"}));
    }
  }

  TEST_CASE("run_config: a document or group of another kind is refused") {
    for (const std::string text : {"[]", "null", "1", "\"x\"", "true", "[{}]"}) {
      CHECK(failure(text).is(Fault::data, {.where = "text, the document", .value = text}));
    }
    for (const std::string group : {"data", "model", "train", "sample"}) {
      for (const std::string value : {"[]", "null", "1", "\"x\""}) {
        const Failure got = failure("{\"" + group + "\": " + value + "}");
        CHECK(got.is(Fault::data, {.where = "text, " + group, .value = value}));
      }
    }
    CHECK(failure("{}").fault == 0);
    CHECK(failure(R"({"data": {}, "model": {}, "train": {}, "sample": {}})").fault == 0);
  }

  TEST_CASE("run_config: values that contradict each other are refused") {
    const Failure heads = failure(R"({"model": {"n_embd": 16, "n_head": 3}})");
    CHECK(heads.is(Fault::data, {.where = "text, model.n_head", .value = "3", .hint = "model.n_embd (16)"}));
    CHECK(
        failure(R"({"model": {"n_embd": 4, "n_head": 8}})").is(Fault::data, {.where = "text, model.n_head"}));
    CHECK(failure(R"({"model": {"n_embd": 15}})")
              .is(Fault::data, {.where = "text, model.n_head", .value = "4"}));
  }

  TEST_CASE("run_config: what is written is read again as the same") {
    const std::string text = config_text(config_of(
        R"({"why": "\u0001 \"quotes\" é", "seed": 18446744073709551615,
            "data": {"path": "x y/ü.txt", "mode": "paragraphs", "long_documents": "split",
                     "held_out": 0.1, "test": 0.2},
            "model": {"n_layer": 3, "n_embd": 24, "n_head": 6, "block_size": 7,
                      "activation": "relu2", "init_std": 0.1, "zero_projections": true},
            "train": {"precision": "float64", "steps": 77, "batch_size": 5, "loss": "token_mean",
                      "learning_rate": 0.30000000000000004, "schedule": "cosine",
                      "warmup_steps": 3, "beta1": 0.1, "beta2": 0.2, "epsilon": 1e-9,
                      "weight_decay": 0.01, "grad_clip": 2, "eval_every": 4, "patience": 3, "optimizer": "muon", "muon_learning_rate": 0.03,
                      "muon_momentum": 0.9, "muon_iterations": 3, "dropout": 0.25,
                      "checkpoint_every": 6},
            "sample": {"count": 1, "temperature": 1e-5, "top_k": 3, "top_p": 0.25,
                       "min_p": 0.125, "max_chars": 9}})"));
    CHECK(config_text(config_of(text)) == text);
    CHECK(text.find("0.30000000000000004") != std::string::npos);
    CHECK(config_text(config_of("{}")) == config_text(RunConfig{}));
  }

  TEST_CASE(
      "run_config: a config in memory is overridden like a file, and training by the clock is told to be "
      "gone") {
    RunConfig config;
    config.data.path = "a.txt";
    config.train.learning_rate = 1.0 / 3;
    const RunConfig changed =
        with_overrides(config, {"train.steps=5", "train.optimizer=muon", "seed=18446744073709551615"});
    CHECK(changed.train.steps == 5);
    CHECK(changed.train.optimizer == OptimizerKind::muon);
    CHECK(changed.seed == 18446744073709551615U);
    CHECK(changed.data.path == "a.txt");
    CHECK(changed.train.learning_rate == config.train.learning_rate);
    CHECK(failure_of([&] { (void)with_overrides(config, {"train.steps=0"}); }).fault == 2);
    // Configs that version 0.1 wrote have the key; only a value that did something is refused.
    CHECK(config_of(R"({"train": {"time_budget": 0.0, "steps": 7}})").train.steps == 7);
    CHECK(config_of(R"({"train": {"time_budget": 30.0, "steps": 7}})", Fault::checkpoint).train.steps == 7);
  }

  TEST_CASE("run_config: --set overrides one key") {
    const TempFolder folder;
    const auto path = folder / "c.json";
    write_bytes(path, R"({"seed": 7, "data": {"path": "t.txt"}, "train": {"steps": 5}})");
    const RunConfig config = load_run_config(
        path, {"train.steps=500", "model.n_embd=8", "model.n_head=2", "why=a=b", "seed=9", "seed=10",
               "train.loss=token_mean", "train.schedule=\"cosine\"", "model.zero_projections=true",
               "data.path=elsewhere.txt", "sample.temperature=1e-1"});
    CHECK(config.train.steps == 500);
    CHECK(config.model.n_embd == 8);
    CHECK(config.model.n_head == 2);
    CHECK(config.why == "a=b");
    CHECK(config.seed == 10);  // the last one counts
    CHECK(config.train.loss == LossMean::token);
    CHECK(config.train.schedule == Schedule::cosine);
    CHECK(config.init.zero_projections);
    CHECK(config.data.path == "elsewhere.txt");  // said by hand: from where one stands
    CHECK(config.sample.sampler.temperature == 0.1);
    CHECK(load_run_config(path, {}).train.steps == 5);

    struct Case {
      std::string set;
      std::string blamed;  // behind "bad --set", with the value where that is wrong
      std::string hint;
    };
    const Case cases[] = {
        {"train.steps=", "train.steps=", "1 to"},
        {"train.steps=x", "train.steps=x", "1 to"},
        {"train.steps=1e999", "train.steps=1e999", "1 to"},
        {"train.steps=NaN", "train.steps=NaN", "1 to"},
        {"train.steps= 5x", "train.steps= 5x", "1 to"},
        {"train.steps=1.5", "train.steps=1.5", "1 to"},
        {"train.steps=0", "train.steps=0", "1 to"},
        {"train.step=5", "train.step", "train.steps?"},
        {"trian.steps=5", "trian.steps", "train.steps?"},
        {"steps=5", "steps", "no such key"},
        {".steps=5", ".steps", "no such key"},
        {".seed=5", ".seed", "no such key"},
        {"train.=5", "train.", "no such key"},
        {"train.steps.x=5", "train.steps.x", "no such key"},
        {"train=5", "train=5", "object"},
        {R"(train={"steps":1,"steps":2})", R"(train={"steps":1,"steps":2})", "object"},
        {"why=5", "why=5", "string"},
        {"model.n_head=3", "model.n_head=3", "model.n_embd (16)"},
        {"model.n_embd=15", "model.n_embd=15", "model.n_head (4)"},
        {"train.steps=" + std::string(100'000, '['), "train.steps=" + std::string(65, '[') + "...", "1 to"},
    };
    const auto refused = [&](const std::vector<std::string>& set) {
      return failure_of([&] { load_run_config(path, set); });
    };
    for (const Case& each : cases) {
      const Failure got = refused({each.set});
      CAPTURE(each.set.substr(0, 40));
      CAPTURE(got.message);
      CHECK(got.is(Fault::usage, {.what = "bad --set " + each.blamed, .hint = each.hint}));
      CHECK(got.is_one_line());
    }
    for (const std::string text : {"train.steps", "=5"}) {
      CHECK(refused({text}).is(Fault::usage, {.what = "bad --set", .value = text, .hint = "key=value"}));
    }
    CHECK(refused({""}).is(Fault::usage, {.what = "bad --set", .hint = "key=value"}));
    CHECK(refused({"why=\xff"}).is(Fault::usage, {.value = "why=\\xff", .hint = "UTF-8"}));
    // Of a whole group the key is named.
    const ErrorParts steps = {.what = "bad --set train", .where = "train.steps", .value = "0"};
    CHECK(refused({"train={\"steps\": 0}"}).is(Fault::usage, steps));
    const ErrorParts stpes = {.what = "bad --set train", .where = "train.stpes", .hint = "train.steps?"};
    CHECK(refused({"train={\"stpes\": 5}"}).is(Fault::usage, stpes));
    // Of several the one that holds is to blame, and of two that do not go together one that was given.
    const auto blamed = [&](const std::vector<std::string>& set) { return refused(set).parts.what; };
    CHECK(blamed({"train.steps=0", "train.steps=x", "seed=1"}) == "bad --set train.steps=x");
    CHECK(load_run_config(path, {"train={\"steps\": 0}", "train.steps=6"}).train.steps == 6);
    CHECK(blamed({"train={\"steps\": 5}", "train.steps=0"}) == "bad --set train.steps=0");
    CHECK(blamed({"train.steps=5", "train=7"}) == "bad --set train=7");
    CHECK(blamed({"data.test=0.5", "data.held_out=0.5"}) == "bad --set data.test=0.5");
    // What the file itself gets wrong stays its own fault.
    write_bytes(path, R"({"data": {"test": 0.5}, "model": {"n_embd": 8}})");
    CHECK(refused({"data.held_out=0.5"})
              .is(Fault::usage, {.what = "bad --set data.held_out=0.5", .hint = "data.test (0.5)"}));
    write_bytes(path, R"({"train": {"steps": 0, "beta1": 0.9}})");
    CHECK(refused({"train.beta1=0.5"})
              .is(Fault::data, {.where = path.string() + ", train.steps", .value = "0"}));
    // The kind of a group is judged before a key is put into it.
    write_bytes(path, R"({"train": 3})");
    CHECK(refused({"train.steps=5"}).is(Fault::data, {.where = path.string() + ", train", .value = "3"}));
    write_bytes(path, "[]");
    CHECK(refused({"train.steps=5"}).is(Fault::data, {.where = path.string() + ", the document"}));
  }

  TEST_CASE("run_config: a path in the file is relative to the file") {
    const TempFolder folder;
    const auto path = folder / "c.json";
    const auto loaded = [&](const std::string& text) {
      write_bytes(path, document("data.path", '"' + text + '"'));
      return load_run_config(path, {}).data.path;
    };
    CHECK(loaded("t.txt") == (folder / "t.txt").string());
    CHECK(loaded("sub/../t.txt") == (folder / "t.txt").string());
    CHECK(loaded("/a/t.txt") == "/a/t.txt");
    CHECK(loaded("") == "");
  }

  TEST_CASE("run_config: a file that is no config is refused and named") {
    using namespace std::string_literals;
    const TempFolder folder;
    const auto path = folder / "c.json";
    for (const std::string& text :
         {""s, "  \n"s, "{"s, "{\"seed\": 1,}"s, "\xef\xbb\xbf{}"s, "{}\0"s, "// why\n{}"s,
          "{\"seed\": NaN}"s, "{\"train\": {\"learning_rate\": 1e999}}"s, "{\"seed\":1,\"seed\":1}"s,
          "{\"train\":{\"steps\":1},\"train\":{\"steps\":2}}"s, "{\"why\": \"\xe9\"}"s,
          "{\"model\":" + std::string(100'000, '['), std::string(2 << 20, ' ') + "{}"}) {
      write_bytes(path, text);
      const Failure got = failure_of([&] { load_run_config(path, {}); });
      CAPTURE(got.message);
      CHECK(got.fault == 3);
      CHECK(got.is_one_line());
      CHECK(got.names(path.string()));
    }
  }

  TEST_CASE("run_config: every config of the repository loads and says why") {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(repository_file("configs"))) {
      CAPTURE(entry.path().string());
      ++files;
      CHECK(entry.path().extension() == ".json");
      const std::string text = read_bytes(entry.path());
      CHECK(load_run_config(entry.path(), {}).why.size() > 20);
      CHECK(config_of(text).data.path != "");
      for (std::size_t size = 0; size + 2 < text.size(); ++size) {
        const Failure cut = failure_of([&] { Json::parse(text.substr(0, size)); });
        if (cut.fault != 3) FAIL_CHECK("cut to " << size << " bytes: " << cut.message);
      }
    }
    CHECK(files >= 2);
  }
}
