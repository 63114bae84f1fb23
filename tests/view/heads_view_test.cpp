// The page of `study heads`: scores joined with what the loss loses.
#include <doctest/doctest.h>

#include <cmath>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/made_page.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("view") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  const std::string repeats() {
    return repository_file("data/models/repeats.txt").string();
  }

  }  // namespace

  TEST_CASE("view: heads finds the induction head and the one that feeds it") {
    const view::Subject subject = kept_model("induction");
    const MadePage made(view::heads_view(), subject, {{"--data", repeats()}, {"--limit", "40"}});
    CHECK(made.count("documents") == 40);
    CHECK(made.count("heads") == 2);
    REQUIRE(made.table("heads").rows.size() == 2);
    const std::size_t second = made.row_of("heads", "layer1.attn.z[head 0]");
    const std::size_t first = made.row_of("heads", "layer0.attn.z[head 0]");
    CHECK(made.number("heads", second, "induction") > 0.5);
    CHECK(made.number("heads", first, "previous") > 0.5);
    CHECK(made.number("heads", first, "induction") < 0.3);
    CHECK(made.number("heads", second, "loss_change") > 0.1);
    CHECK(made.number("heads", second, "standard_error") > 0);
    CHECK(std::is_sorted(made.progress.begin(), made.progress.end()));
    for (const double share : made.progress) CHECK((share > 0 && share <= 1));
  }

  TEST_CASE("view: heads are sorted by the change of the loss without them, each beside its own scores") {
    Noise noise(4401);
    TempFolder folder;
    for (const OddModel& odd : odd_models(noise, 1)) {
      INFO(odd.name());
      const view::Subject subject(odd.model, "odd");
      std::string lines;
      std::vector<std::vector<int>> documents;
      for (int i = 0; i < 6; ++i) lines += OddText(odd.model, noise, odd.model.config.block_size).text + "\n";
      write_bytes(folder / "odd.txt", lines);
      const MadePage made(view::heads_view(), subject,
                          {{"--data", (folder / "odd.txt").string()}, {"--top", "0"}});
      const Batch batch = subject.documents((folder / "odd.txt").string(), 6);
      for (std::size_t d = 0; d < batch.documents(); ++d) {
        const auto begin = static_cast<std::size_t>(batch.offsets[d]);
        const auto end = static_cast<std::size_t>(batch.offsets[d + 1]);
        std::vector<int> tokens(batch.token.begin() + static_cast<long>(begin),
                                batch.token.begin() + static_cast<long>(end));
        tokens.push_back(batch.target[end - 1]);
        documents.push_back(tokens);
      }
      const auto H = static_cast<std::size_t>(odd.model.config.n_head);
      const auto D = static_cast<std::size_t>(odd.model.config.head_size());
      REQUIRE(made.table("heads").rows.size() == static_cast<std::size_t>(odd.model.config.n_layer) * H);
      std::vector<PlainRun<double>> runs;
      for (const auto& tokens : documents) runs.push_back(plain_run(odd.plain, tokens));
      double before = 1e300;
      for (std::size_t row = 0; row < made.table("heads").rows.size(); ++row) {
        const std::string address = made.text("heads", row, "head");
        const auto layer = std::stoul(address.substr(5));
        const auto head = std::stoul(address.substr(address.find("[head ") + 6));
        const std::string z = "layer" + std::to_string(layer) + ".attn.z";
        // The mean of z over all positions, then the loss with it.
        Numbers mean(D, 0.0);
        double previous = 0, later = 0;
        for (const auto& run : runs) {
          for (const Numbers& one : run.at.at(z)) {
            for (std::size_t d = 0; d < D; ++d)
              mean[d] += one[head * D + d] / static_cast<double>(batch.positions());
          }
          const Rows<double>& pattern =
              run.at.at(plain_name(Site::pattern, static_cast<int>(layer), static_cast<int>(head)));
          for (std::size_t i = 1; i < pattern.size(); ++i) {
            previous += pattern[i][i - 1];
            ++later;
          }
        }
        double change = 0;
        for (std::size_t d = 0; d < documents.size(); ++d) {
          const auto without =
              plain_run<double>(odd.plain, documents[d], [&](const std::string& name, Rows<double>& at) {
                if (name != z) return;
                for (Numbers& one : at)
                  std::copy(mean.begin(), mean.end(), one.begin() + static_cast<long>(head * D));
              });
          for (std::size_t p = 0; p < without.nll.size(); ++p) {
            change += (without.nll[p] - runs[d].nll[p]) / static_cast<double>(batch.positions());
          }
        }
        CHECK(is_near(made.number("heads", row, "loss_change"), change, 1e-11));
        if (later > 0) CHECK(is_near(made.number("heads", row, "previous"), previous / later));
        if (later == 0) CHECK(std::holds_alternative<std::monostate>(made.cell("heads", row, "previous")));
        CHECK(made.number("heads", row, "loss_change") <= before);
        before = made.number("heads", row, "loss_change");
      }
    }
  }

  TEST_CASE(
      "view: heads says nothing where there is nothing to take a mean over, and leaves out what is small") {
    Noise noise(4402);
    TempFolder folder;
    const view::Subject subject =
        random_subject(noise, {.n_layer = 6, .n_embd = 8, .n_head = 8, .block_size = 4, .vocab_size = 20});
    write_bytes(folder / "one.txt", OddText(subject.model(), noise, 1).text + "\n");
    const std::string data = (folder / "one.txt").string();
    const MadePage made(view::heads_view(), subject, {{"--data", data}});
    CHECK(made.table("heads").rows.size() == 20);
    CHECK(made.table("heads").total_rows == 48);
    CHECK(
        std::holds_alternative<std::monostate>(made.cell("heads", 0, "standard_error")));  // of one document
    CHECK(std::holds_alternative<std::monostate>(made.cell("heads", 0, "induction")));  // nothing comes again
    CHECK(made.number("heads", 0, "previous") > 0);
    const MadePage three(view::heads_view(), subject, {{"--data", data}, {"--top", "3"}});
    CHECK(three.table("heads").rows.size() == 3);
    const auto missing = failure_of([&] {
      MadePage(view::heads_view(), subject, {{"--data", (folder / "none.txt").string()}});
    });
    CHECK(missing.fault == static_cast<int>(Fault::data));
    CHECK(missing.names("none.txt"));
  }

  TEST_CASE("view: without --limit a large model is run on as many documents as there is room for") {
    Noise noise(4403);
    TempFolder folder;
    const view::Subject wide = random_subject(
        noise, {.n_layer = 1, .n_embd = 2, .n_head = 1, .block_size = 8, .vocab_size = 20'000});
    std::string lines;
    for (int i = 0; i < 400; ++i) lines += OddText(wide.model(), noise, 7).text + "\n";
    write_bytes(folder / "wide.txt", lines);
    const auto documents_of = [&](const Given& given) {
      view::Options options(view::heads_view().options);
      for (const auto& [name, value] : given) options.set(name, value);
      return view::documents(wide, options).documents();
    };
    const std::string data = (folder / "wide.txt").string();
    const std::size_t fitting = documents_of({{"--data", data}});
    CHECK(fitting > 50);
    CHECK(fitting < 200);
    CHECK(documents_of({{"--data", data}, {"--limit", "300"}}) == 300);
  }
}
