// study trace: the list of arrays, and the files with their numbers.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "microgpt/io/safetensors.hpp"
#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/odd_models.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  }  // namespace

  TEST_CASE("view: trace lists every array with its shape, line and hook") {
    Noise noise(811);
    for (const OddModel& odd : odd_models(noise)) {
      CAPTURE(odd.name());
      const ModelConfig& config = odd.model.config;
      const view::Subject subject(odd.model, "made up");
      const Given text = {{"--text", "a"}, {"--top", "0"}};
      const MadePage page(view::trace_view(), text, &subject);
      const view::Table& table = page.table("arrays");
      const auto layers = static_cast<std::size_t>(config.n_layer);
      CHECK(table.rows.size() == 4 + 15 * layers + 2);
      CHECK(number_in(page.fact("arrays")) == static_cast<double>(table.rows.size()));
      const int T = config.block_size == 1 ? 1 : 2;
      CHECK(number_in(page.fact("positions")) == T);
      const std::size_t probs = row_of(table, "probs");
      CHECK(text_in(cell(table, probs, "shape"))
            == std::to_string(T) + " x " + std::to_string(config.vocab_size));
      CHECK(number_in(cell(table, probs, "line")) == 166);
      CHECK(text_in(cell(table, row_of(table, "embed.token"), "transformer_lens")) == "hook_embed");
      if (layers > 1) {
        const std::size_t z = row_of(table, "layer1.attn.pattern");
        CHECK(text_in(cell(table, z, "transformer_lens")) == "blocks.1.attn.hook_pattern");
        CHECK(text_in(cell(table, z, "shape"))
              == std::to_string(config.n_head) + " x " + std::to_string(T) + " x " + std::to_string(T));
      }
      const MadePage gradients(view::trace_view(), {{"--text", "a"}, {"--top", "0"}, {"--gradient", ""}},
                               &subject);
      CHECK(gradients.table("arrays").rows.size() > 2 * (4 + 15 * layers));
      CHECK(is_empty(
          cell(gradients.table("arrays"), row_of(gradients.table("arrays"), "lm_head.grad"), "line")));
      // Bounded until it is asked for all.
      const MadePage few(view::trace_view(), {{"--text", "a"}}, &subject);
      CHECK(few.rows() == std::min<std::size_t>(50, table.rows.size()));
    }
  }

  TEST_CASE("view: trace writes the numbers of a run by lists, in three kinds of files") {
    Noise noise(812);
    const TempFolder folder;
    const OddModel odd = std::move(odd_models(noise, 2).front());
    const view::Subject subject(odd.model, "made up");
    const std::vector<int> tokens = {odd.model.tokenizer.bos(), 1, odd.model.tokenizer.bos()};
    const auto expected = plain_run(odd.plain, tokens);
    const std::string text = odd.model.tokenizer.decode(std::vector<int>{1});
    const auto write = [&](const std::string& name) {
      const std::string path = (folder / name).string();
      const MadePage page(view::trace_view(), {{"--text", text}, {"--out", path}}, &subject);
      CHECK(text_in(page.fact("file")) == path);
      return path;
    };
    const auto json = nlohmann::json::parse(read_bytes(write("t.json")));
    CHECK(json["text"] == text);
    CHECK(json["tokens"].size() == 2);
    const auto& post = expected.at.at("layer1.mlp.post");
    for (std::size_t p = 0; p < 2; ++p) {
      for (std::size_t n = 0; n < post[p].size(); ++n) {
        CHECK(json["arrays"]["layer1.mlp.post"][p][n].get<double>()
              == doctest::Approx(post[p][n]).epsilon(1e-9));
      }
    }
    CHECK(json["arrays"]["layer0.attn.scores"][0][0][1].is_null());  // which no query may see

    const auto file = SafetensorsFile::read(write("t.safetensors"));
    CHECK(file.metadata().at("text") == text);
    bool found = false;
    for (const TensorEntry& tensor : file.tensors()) {
      if (tensor.name != "logits") continue;
      found = true;
      const auto numbers = numbers_of(tensor);
      REQUIRE(numbers.size() == 2 * expected.at.at("logits")[0].size());
      CHECK(numbers[0] == doctest::Approx(expected.at.at("logits")[0][0]).epsilon(1e-9));
      CHECK(numbers.back() == doctest::Approx(expected.at.at("logits")[1].back()).epsilon(1e-9));
    }
    CHECK(found);
    CHECK(read_bytes(write("t.npz")).starts_with("PK"));

    const Failure failure = failure_of([&] {
      (void)MadePage(view::trace_view(), {{"--text", text}, {"--out", "t.txt"}}, &subject);
    });
    CHECK(failure.fault == 2);
    CHECK(failure.names("--out"));
  }
}
