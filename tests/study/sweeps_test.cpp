#include "microgpt/study/sweeps.hpp"

#include <doctest/doctest.h>

#include "support/errors.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  namespace {

  double loss_of(const Model& model, const Batch& batch) {
    return run(model, batch).loss();
  }

  }  // namespace

  TEST_CASE("ablation: the standard error is that of a ratio over documents") {
    // With documents of one length it is the plain standard error of the documents' mean changes.
    Noise noise(323);
    const Model model = random_model(noise, 1, Activation::relu);
    Batch batch;
    std::vector<Batch> alone(6);
    for (Batch& one : alone) {
      const auto document = random_document(model.config, noise, 4);
      batch.add(document);
      one.add(document);
    }
    const Address at = {.site = Site::mlp_out, .layer = 0};
    const Intervention without[] = {zero(at)};
    std::vector<double> changes;
    for (const Batch& one : alone) changes.push_back(run(model, one, without).loss() - loss_of(model, one));
    double mean = 0;
    for (const double change : changes) mean += change / 6;
    double variance = 0;
    for (const double change : changes) variance += (change - mean) * (change - mean) / 5;
    const AblationRow row = ablate(model, batch, {at}, Ablation::zero).at(0);
    CHECK(row.change == doctest::Approx(mean));
    CHECK(row.standard_error == doctest::Approx(std::sqrt(variance / 6)));
  }

  TEST_CASE("patching: all or nothing at the ends, and each row is a run of its own") {
    Noise noise(325);
    const Model model = random_model(noise, 2, Activation::relu);
    Batch clean;
    clean = batch_of({{4, 0, 1, 2, 3}});
    Batch corrupted;
    corrupted = batch_of({{4, 0, 2, 2, 3}});  // one character differs, at position 2
    const PatchSweep sweep = patch_sweep(model, clean, corrupted, patchable(model.config), 1, 3);
    const auto metric = [](const Trace& trace) {
      return trace.values(Site::logits)(3, 1) - trace.values(Site::logits)(3, 3);
    };
    const Trace clean_run = run(model, clean);
    CHECK(sweep.clean == metric(clean_run));
    CHECK(sweep.corrupted == metric(run(model, corrupted)));
    CHECK(sweep.rows.size() == 4 * (4 + 2 * 15));
    for (const PatchRow& row : sweep.rows) {
      INFO(to_string(row.at));
      CHECK(row.recovered
            == doctest::Approx((row.metric - sweep.corrupted) / (sweep.clean - sweep.corrupted)));
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
    const Address at = {.site = Site::z, .layer = 0, .position = 3, .head = 1};
    const PatchSweep loss = patch_sweep(model, clean, corrupted, {at}, 1);
    REQUIRE(loss.rows.size() == 1);
    const Intervention one[] = {patch(at, clean_run)};
    const double expected = -std::log(run(model, corrupted, one).values(Site::probs)(3, 1));
    CHECK(loss.rows[0].metric == expected);
    CHECK(loss.clean == -std::log(clean_run.values(Site::probs)(3, 1)));
    Batch longer;
    longer = batch_of({{4, 0, 1, 2, 3, 0}});
    CHECK(failure_of([&] {
            (void)patch_sweep(model, clean, longer, {}, 1, 3);
          }).names("the clean one has 4 positions, the corrupted one 5"));
    CHECK(failure_of([&] {
            (void)patch_sweep(model, clean, clean, {}, 1, 3);
          }).names("nothing can be recovered"));
  }
}
