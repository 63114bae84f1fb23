// Sessions of the lab's engine: the same bytes as a run of the library, however the page slices it; and what it says of
// what cannot be trained.
#include <doctest/doctest.h>

#include "microgpt/run/session.hpp"
#include "support/data.hpp"
#include "web/engine.hpp"

TEST_SUITE("web") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  constexpr const char* kSmallRun =
      R"({"config": {"data": {"held_out": 0.2}, "model": {"n_layer": 1, "n_embd": 8, "n_head": 2, "block_size": 8},
          "train": {"steps": 24, "batch_size": 6, "eval_every": 5, "checkpoint_every": 7, "grad_clip": 1}},
          "name": "stones"})";

  std::string small_text() {
    return read_bytes(repository_file("tests/golden/small.txt"));
  }

  /// Trains to the end in slices of so many steps; returns the losses, and the last answer in `last`.
  std::vector<double> train_in_slices(int session, int steps, Json& last) {
    std::vector<double> losses;
    do {
      last = good(lab_train(session, steps, 1e9));
      for (std::size_t i = 0; i < last["losses"].size(); ++i) losses.push_back(last["losses"][i].number());
    } while (last["done"].dump() == "false");
    return losses;
  }

  }  // namespace

  TEST_CASE("lab: training in slices comes to the same bytes as training in one go, and as a session") {
    const LabFolder folder;
    const int sliced = number_of(good(lab_start(small_text().c_str(), kSmallRun)), "session");
    const int whole = number_of(good(lab_start(small_text().c_str(), kSmallRun)), "session");
    Json last = Json::parse("0");
    const std::vector<double> losses = train_in_slices(sliced, 5, last);
    CHECK(losses.size() == 24);
    CHECK(last["summary"]["best"]["loss"].number() > 0);
    CHECK(train_in_slices(whole, 1000, last) == losses);

    RunConfig config;
    config.data.held_out = 0.2;
    config.model = {.n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 8};
    config.train.steps = 24;
    config.train.batch_size = 6;
    config.train.grad_clip = 1;
    config.eval_every = 5;
    config.checkpoint_every = 7;
    config.data.path = "text.txt";
    Session session = Session::begin(config, {.text = small_text()});
    std::vector<double> expected;
    REQUIRE(session.run([&](const StepDone& done) { expected.push_back(done.step.loss); }));
    CHECK(losses == expected);

    const std::string name = "/checkpoints/best.safetensors";
    const Checkpoint one = Checkpoint::load("runs/stones-1" + name);
    const Checkpoint other = Checkpoint::load("runs/stones-2" + name);
    const auto a = one.parameters<float>();
    const auto b = other.parameters<float>();
    CHECK(std::equal(a.values().begin(), a.values().end(), b.values().begin()));
  }

  TEST_CASE("lab: a slice ends with its time, and makes one step at least") {
    const LabFolder folder;
    const int session = number_of(good(lab_start(small_text().c_str(), kSmallRun)), "session");
    CHECK(number_of(good(lab_train(session, 1000, 0)), "step") == 1);
    CHECK(number_of(good(lab_train(session, 3, 1e9)), "step") == 4);
  }

  TEST_CASE("lab: a run begins anew from the same weights, and its snapshots stay") {
    const LabFolder folder;
    const Json begun = good(lab_start(small_text().c_str(), kSmallRun));
    const int session = number_of(begun, "session");
    CHECK(begun["vocabulary"][begun["vocabulary"].size() - 1].text() == "BOS");
    Json last = Json::parse("0");
    const std::vector<double> losses = train_in_slices(session, 9, last);
    const int model = number_of(good(lab_snapshot(session)), "model");
    CHECK(number_of(good(lab_restart(session)), "session") == session);
    CHECK(train_in_slices(session, 4, last) == losses);
    CHECK(number_of(good(lab_save(model)), "bytes") > 1000);
    good(lab_close(session));
    CHECK(std::string(lab_train(session, 1, 1)).find("no such session") != std::string::npos);
  }

  TEST_CASE("lab: a learning rate of 1e10 is told in one line, and the run goes back to its last good step") {
    const LabFolder folder;
    const int session = number_of(
        good(lab_start(
            small_text().c_str(),
            R"({"config": {"model": {"n_embd": 8, "n_head": 2, "block_size": 8}, "train": {"learning_rate": 1e10,
                "steps": 500}}})")),
        "session");
    Json told = Json::parse("{}");
    for (int slice = 0; slice < 100 && !told.has("error"); ++slice)
      told = Json::parse(lab_train(session, 10, 1e9));
    REQUIRE(told.has("error"));
    CHECK(told["fault"].text() == "numeric");
    CHECK(told["error"].text().find('\n') == std::string::npos);
    const int step = number_of(told, "step");
    CHECK(number_of(good(lab_snapshot(session)), "step") == step);
  }

  TEST_CASE("lab: what is no text, no config or no option is refused in one line that blames it") {
    const LabFolder folder;
    const auto refused = [](const char* answer, const std::string& part) {
      const Json told = Json::parse(answer);
      REQUIRE(told.has("error"));
      const std::string line = told["error"].text();
      CAPTURE(line);
      CHECK(line.find(part) != std::string::npos);
      CHECK(line.find('\n') == std::string::npos);
    };
    refused(lab_start("\xff\xfe\x01", "{}"), "UTF-8");
    refused(lab_start("  \n ", "{}"), "no documents");
    refused(lab_start("ab\ncd\n", R"({"config": {"train": {"steps": -1}}})"), "train.steps");
    refused(lab_start("ab\ncd\n", R"({"config": {"trian": {}}})"), "trian");
    refused(lab_start("ab\ncd\n", R"({"set": ["train.steps=x"]})"), "train.steps");
    refused(lab_start("ab\ncd\n", R"({"set": 3})"), "set");
    refused(lab_start("ab\ncd\n", "no JSON"), "options");
    refused(lab_choose("", "{}"), "");
    refused(lab_resume("runs/none", 0), "runs/none");
    CHECK(good(lab_files("runs"))["files"].size() == 0);
  }

  TEST_CASE("lab: a chosen config can be trained, and the baselines of its text are those of the library") {
    const LabFolder folder;
    const std::string text = small_text();
    const Json chosen = good(lab_choose(text.c_str(), R"({"seconds": 0.5, "set": ["model.n_embd=8"]})"));
    CHECK(chosen["reasons"].size() == 3);
    CHECK(chosen["config"]["model"]["n_embd"].number() == 8);
    const std::string options = R"({"config": )" + chosen["config"].dump() + "}";
    const int session = number_of(good(lab_start(text.c_str(), options.c_str())), "session");
    const Json baselines = good(lab_baselines(session));
    CHECK(baselines["baselines"][0]["name"].text() == "uniform");
    CHECK(baselines["baselines"].size() == 6);
    CHECK(good(lab_evaluate(session)).has("held_out"));
    CHECK(good(lab_summary(session))["step"].number() == 0);
  }
}
