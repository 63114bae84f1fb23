// Traces and interventions, against the plain model and against the scalar reference computed anew.
#include "microgpt/study/trace.hpp"

#include <doctest/doctest.h>

#include "microgpt/model/gpt.hpp"
#include "support/errors.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  namespace {

  Batch random_batch(const ModelConfig& config, Noise& noise) {
    std::vector<std::vector<int>> documents;
    for (const int n : {4, 1, 6}) documents.push_back(random_document(config, noise, n));
    return batch_of(documents);
  }

  /// Every number of every site.
  std::vector<double> everything(const Trace& trace) {
    std::vector<double> all;
    const auto add = [&](const Matrix<double>& m) { all.insert(all.end(), m.data(), m.data() + m.size()); };
    for (const SiteInfo& site : kSites) {
      for (int i = 0; i < (site.in_layer ? trace.config().n_layer : 1); ++i) {
        if (site.kind != SiteKind::keys) {
          add(trace.values(site.site, i));
          continue;
        }
        for (std::size_t d = 0; d < trace.batch().documents(); ++d) {
          for (int h = 0; h < trace.config().n_head; ++h) {
            Matrix<double> m = trace.head(site.site, i, h, d);
            add(m.triangularView<Eigen::Lower>());
          }
        }
      }
    }
    return all;
  }

  }  // namespace

  TEST_CASE("trace: without an intervention every bit is the model's") {
    Noise noise(301);
    for (const int layers : {0, 1, 2, 3}) {
      const Model model = random_model(noise, layers, layers == 2 ? Activation::relu2 : Activation::relu);
      const Batch batch = random_batch(model.config, noise);
      Activations<double> a(model.config, batch.positions());
      gpt_forward<double>(model.config, model.parameters, batch, a);
      const Trace trace = run(model, batch);
      CHECK(trace.values(Site::logits) == Matrix<double>(a.logits()));
      CHECK(trace.values(Site::probs) == Matrix<double>(a.probs()));
      for (int i = 0; i < layers; ++i) {
        CHECK(trace.values(Site::v, i) == Matrix<double>(a.v(i)));
        CHECK(trace.values(Site::mlp_post, i) == Matrix<double>(a.mlp_post(i)));
        CHECK(trace.values(Site::resid_post, i) == Matrix<double>(a.resid_post(i)));
      }
      CHECK(trace.loss() == a.nll().mean());
      // A change that leaves every number as it is.
      std::vector<Intervention> same;
      for (const SiteInfo& site : kSites) {
        for (int i = 0; i < (site.in_layer ? layers : 1); ++i) {
          same.push_back({{.site = site.site, .layer = i}, [](const Element& e) { return e.value; }});
        }
      }
      CHECK(everything(run(model, batch, same)) == everything(trace));
    }
  }

  TEST_CASE("trace: patching a run with itself changes no bit, with another run it makes that run") {
    Noise noise(302);
    const Model model = random_model(noise, 2, Activation::relu);
    Batch clean;
    clean.add(random_document(model.config, noise, 5));
    Batch other;
    other.add(random_document(model.config, noise, 5));
    const Trace clean_run = run(model, clean);
    const Trace other_run = run(model, other);
    REQUIRE(everything(clean_run) != everything(other_run));
    for (const SiteInfo& site : kSites) {
      for (int i = 0; i < (site.in_layer ? 2 : 1); ++i) {
        const Address at = {.site = site.site, .layer = i};
        INFO(to_string(at));
        const Intervention self[] = {patch(at, clean_run)};
        CHECK(everything(run(model, clean, self)) == everything(clean_run));
      }
    }
    // The residual stream is all that is handed on: from there the run is the other one, logits and all.
    for (const Address& at : {Address{.site = Site::embed}, Address{.site = Site::resid_pre, .layer = 1},
                              Address{.site = Site::resid_post, .layer = 1}}) {
      const Intervention stream[] = {patch(at, other_run)};
      CHECK(run(model, clean, stream).values(Site::logits) == other_run.values(Site::logits));
    }
  }

  TEST_CASE("trace: an intervention changes its address and nothing before it") {
    Noise noise(303);
    const Model model = random_model(noise, 2, Activation::relu);
    const Batch batch = random_batch(model.config, noise);
    const Trace plain = run(model, batch);

    const auto check = [&](const char* text, Site site, int layer, auto&& is_inside) {
      const Address at = parse_address(text, model.config);
      const Intervention nine[] = {study::set(at, 9)};
      const Trace changed = run(model, batch, nine);
      const Matrix<double> before = plain.values(site, layer);
      const Matrix<double> after = changed.values(site, layer);
      int inside = 0;
      for (Index p = 0; p < before.rows(); ++p) {
        for (Index c = 0; c < before.cols(); ++c) {
          const bool in = is_inside(batch.position[static_cast<std::size_t>(p)], static_cast<int>(c));
          inside += in ? 1 : 0;
          CHECK_MESSAGE(after(p, c) == (in ? 9 : before(p, c)), text, " at row ", p, " column ", c);
        }
      }
      CHECK(inside > 0);
      CHECK(changed.values(Site::embed) == plain.values(Site::embed));
      CHECK(changed.values(Site::logits) != plain.values(Site::logits));
    };
    check("layer0.attn.q[head 1]", Site::q, 0, [](int, int c) { return c >= 4 && c < 8; });
    check("layer0.attn.k[head 2, channel 3]", Site::k, 0, [](int, int c) { return c == 11; });
    check("layer1.attn.v[position 0, channel 5]", Site::v, 1, [](int p, int c) { return p == 0 && c == 5; });
    check("layer1.attn.z[position 2]", Site::z, 1, [](int p, int) { return p == 2; });
    check("layer0.mlp.post[neuron 40]", Site::mlp_post, 0, [](int, int c) { return c == 40; });
    check("layer1.mlp.out[position 1, channel 0]", Site::mlp_out, 1,
          [](int p, int c) { return p == 1 && c == 0; });
    check("embed.norm[channel 3]", Site::embed_norm, 0, [](int, int c) { return c == 3; });
    check("logits[position 0, token 4]", Site::logits, 0, [](int p, int c) { return p == 0 && c == 4; });
  }

  TEST_CASE("trace: a changed pattern is what the values are weighed with") {
    Noise noise(304);
    const Model model = random_model(noise, 1, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 4));
    const Address all = parse_address("layer0.attn.pattern[head 1, position 3]", model.config);
    const Address one = parse_address("layer0.attn.pattern[head 1, position 3, source 2]", model.config);
    const Intervention look_at_2[] = {zero(all), study::set(one, 1)};
    const Trace trace = run(model, batch, look_at_2);
    const Matrix<double> z = trace.values(Site::z);
    const Matrix<double> v = trace.values(Site::v);
    for (Index c = 4; c < 8; ++c) CHECK(z(3, c) == v(2, c));
    const Matrix<double> plain_z = run(model, batch).values(Site::z);
    for (Index c = 0; c < 4; ++c) CHECK(z(3, c) == plain_z(3, c));
    // Scores act through the softmax.
    const Intervention far[] = {
        study::set(parse_address("layer0.attn.scores[head 1, source 0]", model.config), 700)};
    const Matrix<double> pattern = run(model, batch, far).head(Site::pattern, 0, 1);
    for (Index i = 0; i < 4; ++i) CHECK(pattern(i, 0) == 1.0);
    // What cannot be seen stays unseen.
    const Intervention everywhere[] = {study::set(parse_address("layer0.attn.pattern", model.config), 0.25)};
    const Matrix<double> flat = run(model, batch, everywhere).head(Site::pattern, 0, 0);
    for (Index i = 0; i < 4; ++i) {
      for (Index j = 0; j < 4; ++j) CHECK(flat(i, j) == (j <= i ? 0.25 : 0.0));
    }
  }

  TEST_CASE("trace: an address of another model is refused") {
    Noise noise(306);
    const Model model = random_model(noise, 1, Activation::relu);
    const Batch batch = random_batch(model.config, noise);
    const Intervention nowhere[] = {zero({.site = Site::q, .layer = 1})};
    CHECK(failure_of([&] {
            (void)run(model, batch, nowhere);
          }).is(Fault::usage, {.value = "'layer1.attn.q'", .hint = "layer 1"}));
    const Intervention outside[] = {zero({.site = Site::logits, .layer = 1})};
    CHECK(failure_of([&] {
            (void)run(model, batch, outside);
          }).is(Fault::usage, {.value = "'logits'", .hint = "layer 1"}));
  }

  TEST_CASE(
      "trace: logits that are no finite numbers are refused, and the first tensor that holds one is named") {
    Noise noise(308);
    Model model = random_model(noise, 1, Activation::relu);
    const Batch batch = random_batch(model.config, noise);
    model.parameters.mlp_fc1(0).setConstant(1e200);
    model.parameters.mlp_fc2(0).setConstant(1e200);
    const Failure failure = failure_of([&] { (void)run(model, batch); });
    CHECK_MESSAGE(failure.is(Fault::numeric, {.hint = "layer0.mlp.out"}), failure.message);
    CHECK_MESSAGE(failure.is_one_line(), failure.message);
  }

  TEST_CASE("trace: a text is a document, cut to the context") {
    Noise noise(307);
    const Model model = random_model(noise, 1, Activation::relu);
    const Batch short_text = batch_of_text(model, "abd");
    CHECK(short_text.token == std::vector<int>{4, 0, 1, 3});
    CHECK(short_text.target == std::vector<int>{0, 1, 3, 4});
    CHECK(batch_of_text(model, "abdabdabd").positions() == 6);
    CHECK(batch_of_text(model, "").positions() == 1);
    CHECK_THROWS_AS(batch_of_text(model, "x"), Error);
  }
}
