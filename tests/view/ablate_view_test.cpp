#include <algorithm>
#include <cmath>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/odd_models.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  /// A few names in a file.
  struct AblatedText {
    TempFolder folder;
    std::string path = (folder / "few.txt").string();
    AblatedText() { write_bytes(path, "anna\nemma\nole\nbo\nmilo\nzoe\n"); }
  };

  /// -log p of every position of these documents, by the plain model with its numbers at one site set to 0.
  Numbers plain_losses(const view::Subject& subject, const Batch& batch, const std::string& without) {
    const auto model = plain<double>(subject.config(), subject.model().parameters);
    Numbers all;
    for (std::size_t d = 0; d < batch.documents(); ++d) {
      const auto begin = batch.token.begin() + batch.offsets[d];
      const auto end = batch.token.begin() + batch.offsets[d + 1];
      std::vector<int> tokens(begin, end);
      tokens.push_back(batch.target[static_cast<std::size_t>(batch.offsets[d + 1] - 1)]);
      const auto run = plain_run<double>(model, tokens, [&](const std::string& name, Rows<double>& values) {
        if (name != without) return;
        for (auto& row : values) std::fill(row.begin(), row.end(), 0.0);
      });
      all.insert(all.end(), run.nll.begin(), run.nll.end());
    }
    return all;
  }

  double mean_of(const Numbers& list) {
    double sum = 0;
    for (const double one : list) sum += one;
    return sum / static_cast<double>(list.size());
  }

  }  // namespace

  TEST_CASE("view: ablate gives the loss without each layer, as the plain model has it") {
    const AblatedText text;
    const view::Subject subject = kept_model("induction");
    const MadePage page(view::ablate_view(), subject, {{"--data", text.path}, {"--top", "0"}});
    const Batch batch = subject.documents(text.path, 1000);
    CHECK(number_in(page.fact("documents")) == 6);
    CHECK(number_in(page.fact("characters")) == static_cast<double>(batch.positions()));
    CHECK(text_in(page.fact("ablation")) == "zero");
    const double whole = mean_of(plain_losses(subject, batch, ""));
    CHECK(is_near(number_in(page.fact("loss")), whole));
    const view::Table& table = page.table("parts");
    REQUIRE(table.rows.size() == 1 + 2 * (2 + 1));
    CHECK(table.total_rows == 0);
    double before = 1e300;
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      const std::string address = text_in(table, r, "address");
      CAPTURE(address);
      // Each layer has one head, so that its z is the whole site.
      const double loss = mean_of(plain_losses(subject, batch, address.substr(0, address.find('['))));
      CHECK(is_near(number_in(table, r, "loss"), loss));
      CHECK(is_near(number_in(table, r, "change"), loss - whole));
      CHECK(number_in(table, r, "standard_error") > 0);
      CHECK(number_in(table, r, "change") <= before);
      before = number_in(table, r, "change");
    }
    CHECK(page.section("parts").figure->kind == view::Figure::Kind::bars);
    CHECK(page.progress.back() == 1);
  }

  TEST_CASE("view: ablate takes away all neurons, or what is named, and the mean takes their place") {
    const AblatedText text;
    const view::Subject subject = kept_model("names");
    const MadePage all(view::ablate_view(), subject, {{"--data", text.path}, {"--all", ""}});
    CHECK(all.table("parts").rows.size() == 20);
    CHECK(all.table("parts").total_rows == 1 + 2 + 4 + 64);
    const MadePage named(view::ablate_view(), subject,
                         {{"--data", text.path}, {"--at", "layer0.mlp.post[neuron 3]"}, {"--at", "logits"}});
    CHECK(named.table("parts").rows.size() == 2);
    const MadePage mean(view::ablate_view(), subject, {{"--data", text.path}, {"--mean", ""}});
    CHECK(text_in(mean.fact("ablation")) == "mean");
    CHECK(mean.table("parts").rows.size() == 7);
    // Without any logit every token is equally likely.
    CHECK(number_in(named.table("parts"), row_of(named.table("parts"), "logits"), "loss")
          == doctest::Approx(std::log(27.0)));
    const MadePage again(view::ablate_view(), subject, {{"--data", text.path}, {"--mean", ""}}, 1);
    CHECK(same_rows(again.table("parts"), mean.table("parts")));  // for any number of threads
  }

  TEST_CASE("view: ablate has no standard error for a single document") {
    const AblatedText text;
    const view::Subject subject = kept_model("names");
    const MadePage page(view::ablate_view(), subject, {{"--data", text.path}, {"--limit", "1"}});
    for (std::size_t r = 0; r < page.table("parts").rows.size(); ++r) {
      CHECK(is_empty(cell(page.table("parts"), r, "standard_error")));
    }
  }

  TEST_CASE("view: ablate refuses what does not go together before it reads any text") {
    const view::Subject subject = kept_model("names");
    const auto failure = [&](std::vector<std::pair<std::string, std::string>> options) {
      options.emplace_back("--data", "no such file");
      return failure_of([&] { (void)MadePage(view::ablate_view(), subject, options); });
    };
    CHECK(failure({{"--all", ""}, {"--at", "layer0.attn.z"}}).fault == 2);
    CHECK(failure({{"--mean", ""}, {"--at", "layer0.attn.pattern"}}).fault == 2);
    CHECK(failure({{"--at", "probs"}}).fault == 2);
    CHECK(failure({{"--at", "layer0.attn.patern"}}).fault == 2);
    CHECK(failure({{"--at", "layer9.attn.z"}}).names("layer 9"));
    CHECK(failure({{"--at", "layer0.attn.z[head 4]"}}).names("0 to 3"));
    CHECK(failure({{"--at", "layer0.mlp.post[neuron 64]"}}).names("0 to 63"));
    CHECK(failure({}).fault == 3);
    CHECK(failure({}).names("no such file"));
  }

  TEST_CASE("view: ablate of 20,000 tokens reads as many documents as it can afford") {
    const TempFolder folder;
    const std::string path = (folder / "many.txt").string();
    std::string lines;
    for (int i = 0; i < 1000; ++i) lines += "abc" + std::string(static_cast<std::size_t>(i % 7), 'd') + "\n";
    write_bytes(path, lines);
    const view::Subject subject = subject_of_many_tokens();
    const MadePage page(view::ablate_view(), subject, {{"--data", path}});
    CHECK(page.table("parts").rows.size() == 7);
    const double documents = number_in(page.fact("documents"));
    CHECK(documents > 1);
    CHECK(documents < 1000);
    const MadePage asked(view::ablate_view(), subject,
                         {{"--data", path}, {"--limit", "2"}, {"--at", "logits"}});
    CHECK(number_in(asked.fact("documents")) == 2);
  }

  TEST_CASE("view: ablate of a model without layers takes away the positions") {
    const AblatedText text;
    Noise noise(431);
    const ModelConfig config = {.n_layer = 0, .n_embd = 4, .n_head = 1, .block_size = 5, .vocab_size = 27};
    std::vector<char32_t> letters;
    for (char32_t c = U'a'; c <= U'z'; ++c) letters.push_back(c);
    const view::Subject subject(
        study::Model{config, random_parameters<double>(config, noise), Tokenizer(letters)}, "made up");
    const MadePage page(view::ablate_view(), subject, {{"--data", text.path}});
    REQUIRE(page.table("parts").rows.size() == 1);
    CHECK(text_in(page.table("parts"), 0, "address") == "embed.position");
  }
}
