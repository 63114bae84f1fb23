// The pages of `study neurons`, over documents and on one text, by lists of numbers.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "microgpt/text/utf8.hpp"
#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("view") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  std::string address_of_neuron(std::size_t layer, std::size_t neuron) {
    return "layer" + std::to_string(layer) + ".mlp.post[neuron " + std::to_string(neuron) + "]";
  }

  }  // namespace

  TEST_CASE("view: neurons shows how often each fires, what it adds at most, and what it promotes") {
    Noise noise(4501);
    TempFolder folder;
    for (const OddModel& odd : odd_models(noise, 1)) {
      INFO(odd.name());
      const view::Subject subject(odd.model, "odd");
      std::string lines;
      for (int i = 0; i < 5; ++i) lines += OddText(odd.model, noise, odd.model.config.block_size).text + "\n";
      write_bytes(folder / "odd.txt", lines);
      const std::string data = (folder / "odd.txt").string();
      const Batch batch = subject.documents(data, 5);
      const MadePage made(view::neurons_view(), subject, {{"--data", data}, {"--neurons", "0"}});
      const auto layers = odd.plain.layers;
      const auto N = static_cast<std::size_t>(4 * odd.model.config.n_embd);
      CHECK(made.table("neurons").rows.size() == layers * N);
      std::size_t dead = 0;
      for (std::size_t layer = 0; layer < layers; ++layer) {
        const std::string in_layer = "layer" + std::to_string(layer) + ".";
        Rows<double> post;
        for (std::size_t d = 0; d < batch.documents(); ++d) {
          std::vector<int> tokens(batch.token.begin() + batch.offsets[d],
                                  batch.token.begin() + batch.offsets[d + 1]);
          tokens.push_back(batch.target[static_cast<std::size_t>(batch.offsets[d + 1]) - 1]);
          const auto values = plain_run(odd.plain, tokens).at;
          const Rows<double>& of_document = values.at(in_layer + "mlp.post");
          post.insert(post.end(), of_document.begin(), of_document.end());
        }
        for (std::size_t n = 0; n < N; ++n) {
          const std::size_t row = made.row_of("neurons", address_of_neuron(layer, n));
          double active = 0, mean = 0, largest = 0, squares = 0;
          for (const Numbers& one : post) {
            active += one[n] > 0 ? 1 / static_cast<double>(post.size()) : 0;
            mean += one[n] / static_cast<double>(post.size());
            largest = std::max(largest, one[n]);
          }
          Numbers adds;
          const Rows<double>& fc2 = odd.plain.weights.at(in_layer + "mlp_fc2");
          for (const Numbers& out : fc2) squares += out[n] * out[n];
          for (const Numbers& of_token : odd.plain.weights.at("lm_head")) {
            adds.push_back(0);
            for (std::size_t c = 0; c < fc2.size(); ++c) adds.back() += of_token[c] * fc2[c][n];
          }
          CHECK(is_near(made.number("neurons", row, "active"), active));
          CHECK(is_near(made.number("neurons", row, "mean"), mean));
          CHECK(is_near(made.number("neurons", row, "reach"), largest * std::sqrt(squares)));
          const auto most = static_cast<Token>(std::max_element(adds.begin(), adds.end()) - adds.begin());
          const auto least = static_cast<Token>(std::min_element(adds.begin(), adds.end()) - adds.begin());
          CHECK(made.text("neurons", row, "promotes").starts_with(subject.label(most)));
          CHECK(made.text("neurons", row, "suppresses").starts_with(subject.label(least)));
          const std::string contexts = made.text("neurons", row, "contexts");
          CHECK((contexts.find('>') == std::string::npos) == (largest == 0));
          if (largest == 0) ++dead;
        }
      }
      CHECK(made.count("dead") == static_cast<std::int64_t>(dead));
      for (std::size_t row = 1; row < made.table("neurons").rows.size(); ++row) {
        CHECK(made.number("neurons", row, "reach") <= made.number("neurons", row - 1, "reach"));
      }
      const MadePage only_dead(view::neurons_view(), subject,
                               {{"--data", data}, {"--neurons", "0"}, {"--dead", ""}});
      CHECK(only_dead.table("neurons").rows.size() == dead);
      for (const auto& row : only_dead.table("neurons").rows) CHECK(row[1] == view::Value(0.0));
      const MadePage last(
          view::neurons_view(), subject,
          {{"--data", data}, {"--neurons", "0"}, {"--top", "0"}, {"--layer", std::to_string(layers - 1)}});
      CHECK(last.table("neurons").rows.size() == N);
      CHECK(last.table("neurons").columns.back().key == "suppresses");
      CHECK(last.text("neurons", 0, "neuron").starts_with("layer" + std::to_string(layers - 1)));
    }
  }

  TEST_CASE("view: the strongest context of a neuron is where it fires most") {
    const view::Subject subject = kept_model("names");
    TempFolder folder;
    write_bytes(folder / "names.txt", "emma\nanna\nhannah\n");
    const MadePage made(view::neurons_view(), subject,
                        {{"--data", (folder / "names.txt").string()}, {"--neurons", "0"}, {"--top", "1"}});
    std::size_t checked = 0;
    for (const std::string name : {"emma", "anna", "hannah"}) {
      const MadePage on_text(view::neurons_view(), subject, {{"--text", name}, {"--neurons", "0"}});
      for (std::size_t row = 0; row < made.table("neurons").rows.size(); ++row) {
        std::string context = made.text("neurons", row, "contexts");
        const std::size_t mark = context.find('>');
        if (mark == std::string::npos) continue;
        const bool at_bos = context.substr(mark).starts_with(">BOS ");
        context.erase(mark, at_bos ? 5 : 1);
        if (context != name) continue;
        const std::size_t position = at_bos ? 0 : mark + 1;
        const std::size_t same = on_text.row_of("neurons", made.text("neurons", row, "neuron"));
        const double there = on_text.number("neurons", same, "position_" + std::to_string(position));
        for (std::size_t p = 0; p <= name.size(); ++p) {
          CHECK(on_text.number("neurons", same, "position_" + std::to_string(p)) <= there + 1e-12);
        }
        ++checked;
      }
    }
    CHECK(checked > 40);
  }

  TEST_CASE("view: neurons on one text has their activations, as the run has them, strongest first") {
    Noise noise(4502);
    for (const OddModel& odd : odd_models(noise, 1)) {
      INFO(odd.name());
      const view::Subject subject(odd.model, "odd");
      const OddText text(odd.model, noise, odd.model.config.block_size);
      const auto values = plain_run(odd.plain, text.tokens).at;
      const MadePage made(view::neurons_view(), subject, {{"--text", text.text}, {"--neurons", "0"}});
      std::size_t firing = 0;
      const auto N = static_cast<std::size_t>(4 * odd.model.config.n_embd);
      for (std::size_t layer = 0; layer < odd.plain.layers; ++layer) {
        const Rows<double>& post = values.at("layer" + std::to_string(layer) + ".mlp.post");
        for (std::size_t n = 0; n < N; ++n) {
          double largest = 0;
          for (const Numbers& one : post) largest = std::max(largest, one[n]);
          if (largest == 0) continue;
          ++firing;
          const std::size_t row = made.row_of("neurons", address_of_neuron(layer, n));
          for (std::size_t p = 0; p < post.size(); ++p) {
            CHECK(is_near(made.number("neurons", row, "position_" + std::to_string(p)), post[p][n]));
          }
        }
      }
      CHECK(made.table("neurons").rows.size() == firing);
      CHECK(made.count("silent") == static_cast<std::int64_t>(odd.plain.layers * N - firing));
      double before = 1e300;
      for (const auto& row : made.table("neurons").rows) {
        double largest = 0;
        for (std::size_t c = 1; c < row.size(); ++c) largest = std::max(largest, std::get<double>(row[c]));
        CHECK(largest <= before);
        before = largest;
      }
    }
  }

  TEST_CASE("view: long contexts of neurons are cut around the mark, and say so") {
    Noise noise(4503);
    TempFolder folder;
    const view::Subject subject =
        random_subject(noise, {.n_layer = 1, .n_embd = 4, .n_head = 1, .block_size = 150, .vocab_size = 20});
    std::string lines;
    for (int i = 0; i < 4; ++i) lines += OddText(subject.model(), noise, 149).text + "\n";
    write_bytes(folder / "long.txt", lines);
    const MadePage made(view::neurons_view(), subject,
                        {{"--data", (folder / "long.txt").string()}, {"--top", "1"}, {"--neurons", "0"}});
    std::size_t marked = 0;
    for (std::size_t row = 0; row < made.table("neurons").rows.size(); ++row) {
      const std::string context = made.text("neurons", row, "contexts");
      REQUIRE(find_invalid_utf8(context) == std::string::npos);
      CHECK(count_code_points(context) <= 48);  // the mark, "BOS " and two "…"
      if (!context.empty()) {
        ++marked;
        CHECK(context.find("…") != std::string::npos);
        CHECK(context.find('>') != std::string::npos);
      }
    }
    CHECK(marked > 5);
    // Where nothing has to be left out, nothing is.
    const Batch batch = subject.documents((folder / "long.txt").string(), 4);
    CHECK(subject.context(batch, 1, 70, 1000) == subject.document_text(batch, 1, 70));
    const std::string start = subject.context(batch, 0, 2, 40);
    CHECK(subject.document_text(batch, 0, 2)
              .starts_with(start.substr(0, start.size() - std::string("…").size())));

    const MadePage on_text(view::neurons_view(), subject,
                           {{"--text", OddText(subject.model(), noise, 149).text}});
    for (std::size_t row = 0; row < on_text.table("neurons").rows.size(); ++row) {
      const auto& values = std::get<std::vector<double>>(on_text.cell("neurons", row, "activations"));
      REQUIRE(values.size() == 150);
      const double largest = on_text.number("neurons", row, "largest");
      CHECK(largest == *std::max_element(values.begin(), values.end()));
      CHECK(values.at(std::stoul(on_text.text("neurons", row, "largest_at"))) == largest);
    }
  }

  TEST_CASE("view: neurons stays on a page, however many there are") {
    Noise noise(4504);
    TempFolder folder;
    const view::Subject deep =
        random_subject(noise, {.n_layer = 12, .n_embd = 8, .n_head = 1, .block_size = 8, .vocab_size = 200});
    const OddText text(deep.model(), noise, 7);
    write_bytes(folder / "line.txt", text.text + "\n");
    const std::string data = (folder / "line.txt").string();
    for (const Given& given : {Given{{"--data", data}}, Given{{"--text", text.text}}}) {
      const MadePage made(view::neurons_view(), deep, given);
      CHECK(made.table("neurons").rows.size() == 20);
      CHECK(made.table("neurons").total_rows > 100);
      auto three = given;
      three.emplace_back("--neurons", "3");
      const MadePage few(view::neurons_view(), deep, three);
      CHECK(few.table("neurons").rows.size() == 3);
      CHECK(few.table("neurons").rows[0] == made.table("neurons").rows[0]);
    }
    CHECK(failure_of([&] {
            MadePage(view::neurons_view(), deep, {{"--data", data}, {"--layer", "12"}});
          }).names("bad --layer: 12: the model has layers 0 to 11"));
    CHECK(failure_of([&] {
            MadePage(view::neurons_view(), deep, {{"--text", "a"}, {"--dead", ""}});
          }).fault
          == static_cast<int>(Fault::usage));
  }
}
