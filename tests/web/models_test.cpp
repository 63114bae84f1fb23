// Models in the lab's engine: pages are what the library renders, files stay as they are, edits are what they say.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/render/json.hpp"
#include "microgpt/run/evaluation.hpp"
#include "microgpt/view/view.hpp"
#include "support/data.hpp"
#include "web/engine.hpp"

TEST_SUITE("web") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  /// The small model of the repository with its text, as both lie there.
  int open_names() {
    put_file("data/names.txt", read_bytes(repository_file("data/names.txt")));
    put_file("data/models/names.safetensors", read_bytes(repository_file("data/models/names.safetensors")));
    return number_of(good(lab_open("data/models/names.safetensors", 0)), "model");
  }

  std::string saved_bytes(int model) {
    const Json told = good(lab_save(model));
    return {reinterpret_cast<const char*>(static_cast<std::uintptr_t>(told["at"].number())),
            static_cast<std::size_t>(told["bytes"].number())};
  }

  int edited(int model, const std::string& edits) {
    return number_of(good(lab_edit(model, edits.c_str())), "model");
  }

  double held_out(int model, int characters = 0) {
    return good(lab_held_out(model, characters))["loss"].number();
  }

  }  // namespace

  TEST_CASE("lab: a page is the JSON that the library renders") {
    const LabFolder folder;
    const int model = open_names();
    auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::load("data/models/names.safetensors"));
    const view::Subject subject(checkpoint, "data/models/names.safetensors");
    const view::ViewSpec* spec = view::find_view(view::study_views(), "ledger");
    view::Options options(spec->options);
    options.set("--text", "emm");
    options.set("--target", "a");
    options.set("--top", "5");
    const std::string expected =
        render::to_json(spec->make({.options = options, .subject = &subject})).dump();
    CHECK(lab_page(model, "study", "ledger", R"({"--text": "emm", "--target": "a", "--top": 5})")
          == expected);
    CHECK(good(lab_page(0, "explain", "softmax", R"({"NUMBER": ["2.0", 1.0, "0.1"]})")).has("sections"));
    CHECK(good(lab_export(model, "study", "ledger", R"({"--text": "emm"})", "csv", ""))["text"]
              .text()
              .starts_with("part,"));
    CHECK(good(lab_export(model, "study", "attention", R"({"--text": "emm"})", "svg", ""))["text"]
              .text()
              .starts_with("<svg"));
  }

  TEST_CASE("lab: every view and topic is told with its options, and what they cannot be is refused") {
    const LabFolder folder;
    const int model = open_names();
    const Json about = good(lab_about());
    CHECK(about["specs"].size() == view::study_views().size() + view::explain_topics().size());
    const auto refused = [](const char* answer, const std::string& part, const std::string& option = "") {
      const Json told = Json::parse(answer);
      REQUIRE(told.has("error"));
      CAPTURE(told["error"].text());
      CHECK(told["error"].text().find(part) != std::string::npos);
      if (!option.empty()) CHECK(told["option"].text() == option);
    };
    refused(lab_page(model, "study", "attention", "{}"), "required", "--text");
    refused(lab_page(model, "study", "attention", R"({"--text": "em\u00e9"})"), "it knows 'e'", "--text");
    refused(lab_page(model, "study", "attention", R"({"--text": "emma", "--head": 9})"), "heads 0 to 3",
            "--head");
    refused(lab_page(model, "study", "attention", R"({"--txt": "emma"})"), "unknown option");
    refused(lab_page(model, "study", "nothing", "{}"), "no such view");
    refused(lab_page(0, "study", "attention", R"({"--text": "emma"})"), "no model");
    refused(lab_page(77, "study", "attention", R"({"--text": "emma"})"), "no such model");
    refused(lab_page(model, "study", "attention", R"({"--text": {}})"), "--text");
  }

  TEST_CASE("lab: a file that is opened and saved keeps its bytes; a broken one is told in one line") {
    const LabFolder folder;
    const int model = open_names();
    const std::string bytes = read_bytes(repository_file("data/models/names.safetensors"));
    CHECK(saved_bytes(model) == bytes);
    CHECK(saved_bytes(number_of(good(lab_open("data/models/names.safetensors", 0)), "model")) == bytes);
    std::string broken = bytes;
    broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 1);
    put_file("broken.safetensors", broken);
    put_file("text.safetensors", "no model");
    for (const char* path : {"broken.safetensors", "text.safetensors", "nothing.safetensors"}) {
      const Json told = Json::parse(lab_open(path, 0));
      REQUIRE(told.has("error"));
      CHECK(told["fault"].text() == "checkpoint");
      CHECK(told["error"].text().find('\n') == std::string::npos);
    }
    good(lab_remove("broken.safetensors"));
    CHECK_FALSE(std::filesystem::exists(folder / "broken.safetensors"));
  }

  TEST_CASE("lab: a part that is switched off leaves the loss that ablation finds without it") {
    const LabFolder folder;
    const int model = open_names();
    const std::string limit = R"({"--limit": 1000, "--all": true, "--top": 0})";
    const Json page = good(lab_page(model, "study", "ablate", limit.c_str()));
    const Json table = page["sections"][0]["table"];
    std::size_t address = 0;
    std::size_t loss = 0;
    for (std::size_t c = 0; c < table["columns"].size(); ++c) {
      if (table["columns"][c]["key"].text() == "address") address = c;
      if (table["columns"][c]["key"].text() == "loss") loss = c;
    }
    REQUIRE(loss != address);
    const auto whole_loss = [](int of) {
      return good(lab_page(of, "study", "ablate",
                           R"({"--limit": 1000, "--at": ["embed.position"]})"))["facts"]["loss"]["value"]
          .number();
    };
    int checked = 0;
    for (std::size_t r = 0; r < table["rows"].size(); r += 7) {
      const std::string part = table["rows"][r][address].text();
      const double expected = table["rows"][r][loss].number();
      const int without = edited(model, R"([{"off": ")" + part + R"("}])");
      CAPTURE(part);
      CHECK(std::abs(whole_loss(without) - expected) < 1e-12);
      good(lab_drop(without));
      ++checked;
    }
    CHECK(checked > 5);
  }

  TEST_CASE(
      "lab: weights are set and taken from another model, and an edited model is saved like any other") {
    const LabFolder folder;
    const int model = open_names();
    const int changed = edited(model, R"([{"weight": "layer0.attn_wq[3,5]", "to": 0.25}])");
    const std::string bytes = saved_bytes(changed);
    const Checkpoint file = Checkpoint::parse(bytes, "edited");
    CHECK(file.parameters<float>().attn_wq(0)(3, 5) == 0.25F);
    CHECK_FALSE(file.training().held_out_loss);

    // Taken over head by head and neuron by neuron, a layer is the other's.
    const int off = edited(model, R"([{"off": "layer0.attn.out"}, {"off": "layer0.mlp.out"}])");
    std::string all = "[";
    for (int h = 0; h < 4; ++h) {
      all += R"({"from": )" + std::to_string(model) + R"(, "at": "layer0.attn.z[head )" + std::to_string(h)
             + R"(]"},)";
    }
    for (int n = 0; n < 64; ++n) {
      all += R"({"from": )" + std::to_string(model) + R"(, "at": "layer0.mlp.post[neuron )"
             + std::to_string(n) + R"(]"})" + (n < 63 ? "," : "]");
    }
    const int restored = edited(off, all);
    CHECK(held_out(off, 2000) > held_out(model, 2000));
    CHECK(held_out(restored, 2000) == held_out(model, 2000));

    for (const char* edits :
         {R"([{"off": "layer0.attn.pattern[head 1]"}])", R"([{"off": "layer0.attn.z[head 4]"}])",
          R"([{"off": "layer0.mlp.post[position 2]"}])", R"([{"weight": "layer9.attn_wq[0,0]", "to": 1}])",
          R"([{"weight": "wte[0,0]"}])", R"([{"from": 99, "at": "layer0.attn.out"}])", R"([3])", "no JSON"}) {
      CAPTURE(edits);
      CHECK(Json::parse(lab_edit(model, edits)).has("error"));
    }
  }

  TEST_CASE("lab: the held-out loss is that of the evaluation, and samples tell what is new") {
    const LabFolder folder;
    const int model = open_names();
    const Checkpoint checkpoint = Checkpoint::load("data/models/names.safetensors");
    CHECK(held_out(model) == evaluate_split(checkpoint, "", "", 1).losses.token_mean);
    const Json some = good(lab_held_out(model, 2000));
    CHECK(some["characters"].number() > 1000);
    CHECK(some["characters"].number() < 4000);

    const Json samples = good(lab_sample(model, R"({"count": 30, "prompt": "ma", "temperature": 0.8})"));
    int fresh = 0;
    for (std::size_t i = 0; i < samples["samples"].size(); ++i) {
      CHECK(samples["samples"][i]["text"].text().starts_with("ma"));
      fresh += samples["samples"][i]["new"].dump() == "true" ? 1 : 0;
    }
    CHECK(fresh == number_of(samples, "fresh"));
    CHECK(Json::parse(lab_sample(model, R"({"prompt": "\u00e9"})"))["option"].text() == "--prompt");
    CHECK(Json::parse(lab_sample(model, R"({"top_p": 2})"))["option"].text() == "--top_p");

    const Json predicted = good(lab_predict(model, "emma"));
    CHECK(predicted["labels"][0].text() == "BOS");
    CHECK(predicted["probabilities"].size() == 5);
    double sum = 0;
    for (std::size_t v = 0; v < predicted["vocabulary"].size(); ++v)
      sum += predicted["probabilities"][4][v].number();
    CHECK(std::abs(sum - 1) < 1e-12);
  }

  TEST_CASE("lab: without its text a model still shows itself, and says what is missing") {
    const LabFolder folder;
    put_file("names.safetensors", read_bytes(repository_file("data/models/names.safetensors")));
    const Json opened = good(lab_open("names.safetensors", 0));
    CHECK(opened["text"].dump() == "null");
    const int model = number_of(opened, "model");
    CHECK(Json::parse(lab_held_out(model, 0))["error"].text().find("names.txt") != std::string::npos);
    CHECK(good(lab_sample(model, R"({"count": 1})"))["samples"][0]["new"].dump() == "null");
    put_file("data/names.txt", read_bytes(repository_file("data/names.txt")));
    CHECK(held_out(model, 500) > 0);
  }
}
