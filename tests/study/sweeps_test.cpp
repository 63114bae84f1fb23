// Ablation and patching against the plain model run anew without the part, or with the numbers put in.
#include "microgpt/study/sweeps.hpp"

#include <doctest/doctest.h>

#include "support/errors.hpp"
#include "support/odd_models.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  namespace {

  /// Columns begin ... end - 1 of a site become what the list says.
  Change<double> replace(const std::string& site, std::size_t begin, const Numbers& with) {
    return [=](const std::string& name, Rows<double>& values) {
      if (name != site) return;
      for (auto& row : values) std::copy(with.begin(), with.end(), row.begin() + static_cast<long>(begin));
    };
  }

  /// A row of an ablation against the nll of every position with and without the part.
  void check_row(const AblationRow& row, const OddModel& odd, const Numbers& before, const Numbers& after,
                 const std::string& name) {
    double loss = 0;
    double change = 0;
    const auto P = static_cast<double>(before.size());
    for (std::size_t p = 0; p < before.size(); ++p) {
      loss += after[p];
      change += after[p] - before[p];
    }
    loss /= P;
    change /= P;
    CHECK_MESSAGE(is_near(row.loss, loss), odd.name(), " without ", name, ": loss ", row.loss, ", expected ",
                  loss);
    CHECK_MESSAGE(is_near(row.change, change), odd.name(), " without ", name, ": change ", row.change,
                  ", expected ", change);
    // The change is a sum over documents divided by a number of positions that differs from one to the next.
    // Of such a ratio, the variance is that of the documents' sums beyond what their lengths explain.
    const auto D = static_cast<double>(odd.documents.size());
    double variance = 0;
    std::size_t p = 0;
    for (const auto& tokens : odd.documents) {
      double sum = 0;
      for (std::size_t i = 0; i + 1 < tokens.size(); ++i, ++p) sum += after[p] - before[p];
      const double beyond = sum - change * static_cast<double>(tokens.size() - 1);
      variance += D / (D - 1) * beyond * beyond / (P * P);
    }
    CHECK_MESSAGE(is_near(row.standard_error, std::sqrt(variance)), odd.name(), " without ", name,
                  ": standard error ", row.standard_error, ", expected ", std::sqrt(variance));
  }

  }  // namespace

  TEST_CASE("ablation: every part, as 0 and as its mean, is the plain model without it") {
    Noise noise(361);
    for (const OddModel& odd : odd_models(noise)) {
      const ModelConfig& config = odd.model.config;
      const Numbers before = odd.nll();
      const auto runs = odd.run();
      const std::vector<Address> parts = ablatable(config);
      CHECK(parts.size()
            == static_cast<std::size_t>(1 + config.n_layer * (2 + config.n_head + 4 * config.n_embd)));
      for (const Ablation how : {Ablation::zero, Ablation::mean}) {
        const auto rows = ablation_sweep(odd.model, odd.batch, parts, how).rows;
        REQUIRE(rows.size() == parts.size());
        for (std::size_t i = 1; i < rows.size(); ++i) CHECK(rows[i - 1].change >= rows[i].change);
        for (const Address& part : parts) {
          const auto row =
              std::find_if(rows.begin(), rows.end(), [&](const AblationRow& r) { return r.at == part; });
          REQUIRE(row != rows.end());
          const std::string site = site_name(part.site, part.layer);
          // Which columns the part is.
          const auto D = static_cast<std::size_t>(config.n_embd / config.n_head);
          std::size_t begin = 0;
          std::size_t size = static_cast<std::size_t>(config.n_embd);
          if (part.head) {
            begin = static_cast<std::size_t>(*part.head) * D;
            size = D;
          }
          if (part.neuron) {
            begin = static_cast<std::size_t>(*part.neuron);
            size = 1;
          }
          Numbers with(size, 0.0);
          if (how == Ablation::mean) {
            for (const auto& run : runs) {
              for (const auto& values : run.at.at(site)) {
                for (std::size_t c = 0; c < size; ++c) {
                  with[c] += values[begin + c] / static_cast<double>(odd.batch.positions());
                }
              }
            }
          }
          check_row(*row, odd, before, odd.nll(replace(site, begin, with)), to_string(part));
        }
      }
    }
  }

  TEST_CASE("ablation: of one document there is no standard error") {
    Noise noise(363);
    const OddModel odd = odd_models(noise)[0];
    const Batch one = batch_of({odd.documents[0]});
    const auto sweep = ablation_sweep(odd.model, one, ablatable(odd.model.config), Ablation::zero);
    for (const AblationRow& row : sweep.rows) {
      CHECK(std::isnan(row.standard_error));
    }
  }

  TEST_CASE("patching: every site and position is the plain model with the clean numbers put in") {
    Noise noise(364);
    for (const OddModel& odd : odd_models(noise)) {
      const ModelConfig& config = odd.model.config;
      const int last = config.block_size - 1;
      // Another text of the same length; BOS is the first of both unless it is all there is.
      std::vector<int> clean = random_document(config, noise, config.block_size);
      std::vector<int> corrupted = clean;
      const auto other = static_cast<std::size_t>(config.n_layer == 0 ? last : last / 2);
      corrupted[other] = (clean[other] + 1) % config.vocab_size;
      const int target = noise.whole(0, config.vocab_size - 1);
      const int contrast = (target + 1) % config.vocab_size;
      const PatchSweep sweep = patch_sweep(odd.model, batch_of({clean}), batch_of({corrupted}),
                                           patchable(config), target, contrast);
      const auto metric = [&](const PlainRun<double>& run) {
        const auto& logits = run.at.at("logits").back();
        return logits[static_cast<std::size_t>(target)] - logits[static_cast<std::size_t>(contrast)];
      };
      const auto clean_run = plain_run(odd.plain, clean);
      const double from = metric(plain_run(odd.plain, corrupted));
      const double to = metric(clean_run);
      CHECK(is_near(sweep.clean, to));
      CHECK(is_near(sweep.corrupted, from));
      std::map<std::string, int> seen;
      for (const PatchRow& row : sweep.rows) {
        const std::string site = site_name(row.at.site, row.at.layer);
        const auto p = static_cast<std::size_t>(*row.at.position);
        const auto patched =
            plain_run<double>(odd.plain, corrupted, [&](const std::string& name, Rows<double>& values) {
              // Scores and pattern are there once for each head.
              if (name == site || name.starts_with(site + "[head ")) values[p] = clean_run.at.at(name)[p];
            });
        const double expected = metric(patched);
        CHECK_MESSAGE(is_near(row.metric, expected), odd.name(), ": ", to_string(row.at), ": got ",
                      row.metric, ", expected ", expected);
        CHECK_MESSAGE(is_near(row.recovered, (expected - from) / (to - from), 1e-9), odd.name(), ": ",
                      to_string(row.at), ": recovered ", row.recovered);
        ++seen[site];
      }
      each_site(config, [&](Site site, int layer, std::optional<int>) {
        if (info(site).kind == SiteKind::tokens) return;
        CHECK_MESSAGE(seen[site_name(site, layer)] == last + 1, odd.name(), ": ", site_name(site, layer));
      });
    }
  }

  TEST_CASE("patching: all or nothing at the ends, to the last bit, and the loss in place of the logits") {
    Noise noise(325);
    const Model model = random_model(noise, 2, Activation::relu);
    const Batch clean = batch_of({{4, 0, 1, 2, 3}});
    const Batch corrupted = batch_of({{4, 0, 2, 2, 3}});  // one character differs, at position 2
    const PatchSweep sweep = patch_sweep(model, clean, corrupted, patchable(model.config), 1, 3);
    for (const PatchRow& row : sweep.rows) {
      INFO(to_string(row.at));
      const bool stream = row.at.site == Site::embed_token || row.at.site == Site::embed
                          || row.at.site == Site::embed_norm
                          || (row.at.site == Site::resid_pre && row.at.layer == 0);
      // What differs is all in the embedding of position 2; what is before it is the same in both.
      if (stream && row.at.position == 2) CHECK(row.metric == sweep.clean);
      if (row.at.site == Site::embed_position) CHECK(row.metric == sweep.corrupted);
      if (*row.at.position < 2) CHECK(row.metric == sweep.corrupted);
      if (row.at.site == Site::resid_post && row.at.layer == 1) {
        CHECK(row.metric == (row.at.position == 3 ? sweep.clean : sweep.corrupted));
      }
    }
    // The other metric, and a part that names its position.
    const Trace clean_run = run(model, clean);
    const Address at = {.site = Site::z, .layer = 0, .position = 3, .head = 1};
    const PatchSweep loss = patch_sweep(model, clean, corrupted, {at}, 1);
    REQUIRE(loss.rows.size() == 1);
    const Intervention one[] = {patch(at, clean_run)};
    CHECK(loss.rows[0].metric == -std::log(run(model, corrupted, one).values(Site::probs)(3, 1)));
    CHECK(loss.clean == -std::log(clean_run.values(Site::probs)(3, 1)));
  }

  TEST_CASE("patching: texts that cannot be compared are refused") {
    Noise noise(326);
    const Model model = random_model(noise, 2, Activation::relu);
    const Batch clean = batch_of({{4, 0, 1, 2, 3}});
    const Batch longer = batch_of({{4, 0, 1, 2, 3, 0}});
    const auto sweep = [&](const Batch& other) {
      return failure_of([&] { (void)patch_sweep(model, clean, other, {}, 1, 3); });
    };
    CHECK(sweep(longer).is(Fault::usage, {.what = "bad texts", .hint = "4 positions, the corrupted one 5"}));
    CHECK(
        sweep(clean).is(Fault::usage, {.what = "bad texts", .hint = "metric"}));  // nothing can be recovered
  }

  TEST_CASE("patching: with its own numbers a run of several documents keeps every bit") {
    Noise noise(365);
    for (const OddModel& odd : odd_models(noise)) {
      const Trace whole = run(odd.model, odd.batch);
      each_site(odd.model.config, [&](Site site, int layer, std::optional<int> head) {
        Address at = {.site = site, .layer = layer};
        at.head = head;
        const Intervention self[] = {patch(at, whole)};
        const Trace again = run(odd.model, odd.batch, self);
        CHECK_MESSAGE(again.values(Site::probs) == whole.values(Site::probs), odd.name(), ": ",
                      to_string(at));
      });
    }
  }
}
