// explain backprop and adam: gradients by the complex step, reasons, Adam by its formulas.
#include <doctest/doctest.h>

#include <cmath>
#include <complex>

#include "io/saved_run.hpp"
#include "support/odd_models.hpp"
#include "support/study.hpp"
#include "view/explain_pages.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  const std::vector<int> kReads = {4, 0, 1, 3, 2, 4};  // of "abdc"

  study::Model model_with_weights(Activation activation, double attn_wo = 1, double fc2 = 1) {
    Noise noise(17);
    study::Model model = random_model(noise, 2, activation, 8, 2);
    for (int layer = 0; layer < 2; ++layer) {
      model.parameters.attn_wo(layer) *= attn_wo;
      model.parameters.mlp_fc2(layer) *= fc2;
    }
    return model;
  }

  /// dloss/dw by the complex step.
  double complex_step(const study::Model& model, const std::string& tensor, std::size_t row,
                      std::size_t column) {
    constexpr double kStep = 1e-40;
    auto lists = plain<std::complex<double>>(model.config, model.parameters);
    lists.weights.at(tensor)[row][column] += std::complex<double>(0, kStep);
    return plain_run(lists, kReads).loss().imag() / kStep;
  }

  view::Page weight_page(const std::string& topic, const view::Subject& subject, const std::string& weight,
                         const std::string& text = "abdc") {
    return explain_page(topic, {{"--text", text}, {"--weight", weight}}, &subject);
  }

  }  // namespace

  TEST_CASE("view: every tensor's gradient is the complex step's, and is the sum that is shown") {
    for (const Activation activation : {Activation::relu, Activation::relu2}) {
      const study::Model model = model_with_weights(activation);
      const view::Subject subject(model, "made");
      for (const TensorSpec& tensor : model.parameters.table()) {
        const std::string weight = tensor.name + "[2,5]";
        CAPTURE(weight);
        const double expected = complex_step(model, tensor.name, 2, 5);
        const view::Page page = weight_page("backprop", subject, weight);
        CHECK(std::abs(result_of(page, "chain") - expected) <= 1e-12 + 1e-10 * std::abs(expected));
        double sum = 0;
        for (const double product : column_of(section_of(page, "chain"), "product")) sum += product;
        CHECK(sum == doctest::Approx(expected).epsilon(1e-9));
        CHECK(std::abs(result_of(page, "nudging") - expected) < 1e-8);
        CHECK(has_section(page, "why_zero") == (expected == 0));

        // dy is the one of the position that adds most, and what it is made of comes to it.
        const view::Section& chain = section_of(page, "chain");
        const Numbers products = column_of(chain, "product");
        std::size_t most = 0;
        for (std::size_t p = 0; p < products.size(); ++p) {
          if (std::abs(products[p]) > std::abs(products[most])) most = p;
        }
        CHECK(result_of(page, "dy") == column_of(chain, "dy")[most]);
        if (section_of(page, "dy").table.empty()) continue;
        sum = 0;
        for (const double product : column_of(section_of(page, "dy"), "product")) sum += product;
        const double root = tensor.name.ends_with("wv") ? 1 : 2;
        CHECK(sum / root == doctest::Approx(result_of(page, "dy")).epsilon(1e-10));
      }
    }
  }

  TEST_CASE("view: what rounding leaves no digits of is an agreement, and its number is there") {
    const view::Subject subject(model_with_weights(Activation::relu), "made");
    for (const std::string weight : {"layer0.attn_wq[0,0]", "layer1.mlp_fc1[3,7]", "wpe[5,3]"}) {
      CAPTURE(weight);
      const view::Page page = weight_page("backprop", subject, weight);
      const view::Section& nudging = section_of(page, "nudging");
      const double gradient = result_of(page, "chain");
      const Numbers slope = column_of(nudging, "slope");
      const Numbers left = column_of(nudging, "difference");
      const Numbers rounding = column_of(nudging, "rounding");
      const auto cells = values_of(nudging, "difference");
      REQUIRE(slope.size() == 5);
      for (std::size_t i = 0; i < slope.size(); ++i) {
        CHECK(left[i] == slope[i] - gradient);
        // Of the formula's own error there is less and less, of rounding tenfold more.
        if (i > 0) CHECK(rounding[i] == doctest::Approx(10 * rounding[i - 1]));
        if (i > 1) CHECK(std::abs(left[i]) < 10 * rounding[i] + 1e-3 * std::abs(left[1]));
        CHECK(std::get<Agreement>(cells[i]).only_rounding() == (std::abs(left[i]) <= 1000 * rounding[i]));
      }
      CHECK(std::get<Agreement>(cells[4]).only_rounding());
    }
  }

  TEST_CASE("view: a gradient of exactly 0 has its reason") {
    const view::Subject subject(model_with_weights(Activation::relu), "made");
    const auto why = [&](const view::Subject& of, const std::string& weight,
                         const std::string& text = "abdc") {
      const view::Page page = weight_page("backprop", of, weight, text);
      CHECK(result_of(page, "chain") == 0);
      CHECK(result_of(weight_page("adam", of, weight, text), "gradient") == 0);
      return section_of(page, "why_zero").says;
    };
    CHECK(why(subject, "wte[2,3]", "abd").starts_with("The token is absent"));
    CHECK(why(subject, "wpe[5,3]").starts_with("The position is unused"));
    // Before the first character there is only one position: many neurons are silent, says the plain model.
    const auto run = plain_run(plain<double>(subject.config(), subject.model().parameters), {4, 4});
    const Numbers& post = run.at.at("layer0.mlp.post")[0];
    const auto silent = static_cast<std::size_t>(std::find(post.begin(), post.end(), 0.0) - post.begin());
    REQUIRE(silent < post.size());
    const std::string neuron = std::to_string(silent);
    CHECK(why(subject, "layer0.mlp_fc1[" + neuron + ",0]", "").starts_with("The neuron is silent"));
    CHECK(why(subject, "layer0.mlp_fc2[0," + neuron + "]", "").starts_with("The neuron is silent"));
    CHECK(why(subject, "layer1.attn_wk[0,0]", "").starts_with("There is one position only"));

    const view::Subject course(model_with_weights(Activation::relu, 0, 0), "made");
    CHECK(why(course, "layer0.attn_wq[1,1]").starts_with("The projection is zero"));
    CHECK(why(course, "layer1.attn_wv[1,1]").starts_with("The projection is zero"));
    int projections = 0;
    for (const std::string one : {"0", "1", "2", "3"}) {
      projections +=
          why(course, "layer0.mlp_fc1[" + one + ",1]").starts_with("The projection is zero") ? 1 : 0;
    }
    CHECK(projections > 0);
    CHECK(result_of(weight_page("backprop", course, "layer0.attn_wo[1,1]"), "chain") != 0);
  }

  TEST_CASE("view: adam takes the run's own moments, and follows the formulas") {
    Saved<double> saved({2, 8, 2, 6, 5, Activation::relu});
    for (const double clip : {0.0, 1e-3}) {
      for (const double decay : {0.0, 0.1}) {
        saved.config.train.grad_clip = clip;
        saved.config.train.weight_decay = decay;
        for (double& v : saved.state.v.values()) v = std::abs(v);
        saved.save();
        const view::Subject subject(std::make_shared<const Checkpoint>(Checkpoint::load(saved.path)),
                                    "saved");
        const view::Page page = weight_page("adam", subject, "layer0.attn_wq[3,5]", "aa\u00e9");
        const study::Trace trace = study::run(subject.model(), subject.text("aa\u00e9"), {}, true);
        double squares = 0;
        for (const double g : trace.weight_gradient().values()) squares += g * g;
        const double scale = clip > 0 ? clip / std::sqrt(squares) : 1;
        const std::size_t at = static_cast<std::size_t>(saved.state.parameters.table()[3].offset) + 3 * 8 + 5;
        const double g = scale * trace.weight_gradient().values()[at];
        const double w = saved.state.parameters.values()[at];
        const double m = 0.85 * saved.state.m.values()[at] + 0.15 * g;
        const double v = 0.99 * saved.state.v.values()[at] + 0.01 * g * g;
        const double m_hat = m / (1 - std::pow(0.85, 4));
        const double v_hat = v / (1 - std::pow(0.99, 4));
        const double lr = 0.01 * (1 - 3.0 / 10);
        const auto near = [&](const std::string& key, double expected) {
          CAPTURE(key);
          CHECK(result_of(page, key) == doctest::Approx(expected).epsilon(1e-12));
        };
        CHECK(g != 0);
        near("gradient", g);
        near("first_moment", m);
        near("second_moment", v);
        near("first_correction", m_hat);
        near("second_correction", v_hat);
        near("learning_rate", lr);
        near("update", w - lr * (m_hat / (std::sqrt(v_hat) + 1e-8) + decay * w));
      }
    }
    // The first update of all is lr against the gradient's sign, whatever its size.
    const view::Page first = explain_page("adam", {});
    const double sign = result_of(first, "gradient") > 0 ? -1 : 1;
    CHECK(column_of(section_of(first, "update"), "change_in_rates")[0]
          == doctest::Approx(sign).epsilon(1e-4));
  }
}
