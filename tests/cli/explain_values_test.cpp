// microgpt explain of a model: its values by the oracle, its gradients by the complex step, Adam by its
// formulas.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "cli/explained_run.hpp"

namespace {

using namespace microgpt::test;
namespace oracle = microgpt::test::oracle;

void check_equal(const std::vector<Json>& got, const Numbers& expected, std::size_t begin) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(got[i].number() - expected[begin + i]) <= 1e-12 * (1 + std::abs(expected[begin + i])));
  }
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("explain: a model's values are the oracle's, at every topic") {
    const ExplainedRun run;
    const auto a = run.values();
    constexpr std::size_t P = 3, C = 8, D = 4, V = 28;
    const std::vector<std::string> here = {"--position", "3", "--layer", "1"};
    const auto page = [&](std::vector<std::string> topic) {
      topic.insert(topic.end(), here.begin(), here.end());
      if (topic[0] == "attention") topic.insert(topic.end(), {"--head", "1"});
      return run.page(topic);
    };
    check_equal(column_of(step_of(run.page({"embedding", "--position", "3"}), "token plus position"), "x"),
                a.embed, P * C);
    check_equal(column_of(step_of(run.page({"rmsnorm", "--position", "3"}), "output"), "y"), a.embed_norm,
                P * C);
    check_equal(column_of(step_of(page({"rmsnorm"}), "output"), "y"), a.attn_norm, P * C);
    check_equal(
        column_of(step_of(run.page({"rmsnorm", "--at", "layer1.mlp.norm[position 3]"}), "output"), "y"),
        a.mlp_norm, P * C);
    const std::pair<std::string, const Numbers*> linear[] = {
        {"layer1.attn.q", &a.q},    {"layer1.attn.k", &a.k},
        {"layer1.attn.v", &a.v},    {"layer1.attn.out", &a.attn_out},
        {"layer1.mlp.pre", &a.pre}, {"layer1.mlp.out", &a.mlp_out},
        {"logits", &a.logits}};
    for (const auto& one : linear) {
      const std::string& site = one.first;
      const Numbers* const expected = one.second;
      CAPTURE(site);
      const Json shown = run.page({"linear", "--at", site + "[position 3]"});
      const std::size_t width = expected->size() / 5;
      check_equal(column_of(step_of(shown, "all outputs"), "y_o"), *expected, P * width);
      double sum = 0;
      for (const Json& product : column_of(step_of(shown, "one output, term by term"), "product"))
        sum += product.number();
      CHECK(sum == doctest::Approx((*expected)[P * width]).epsilon(1e-12));
    }
    const Json attention = page({"attention"});
    const auto scores = column_of(step_of(attention, "scores"), "score");
    REQUIRE(scores.size() == P + 1);
    Numbers expected;
    for (std::size_t t = 0; t <= P; ++t) {
      double product = 0;
      for (std::size_t d = 0; d < D; ++d) product += a.q[P * C + D + d] * a.k[t * C + D + d];
      expected.push_back(product / 2);
    }
    check_equal(scores, expected, 0);
    check_equal(column_of(step_of(attention, "weights"), "weight"), oracle::softmax(expected), 0);
    const auto z = column_of(step_of(attention, "weighted sum of the values"), "w v_0");
    CHECK(z.back().number() == doctest::Approx(a.z[P * C + D]).epsilon(1e-12));

    // softmax takes the same scores, and the logits.
    const Json of_scores = run.page({"softmax", "--at", "layer1.attn.scores[head 1, position 3]"});
    CHECK(step_of(of_scores, kNaive)["address"].text() == "layer1.attn.scores[head 1, position 3]");
    auto logit = column_of(step_of(of_scores, kNaive), "logit");
    logit.pop_back();
    check_equal(logit, expected, 0);
    logit = column_of(step_of(run.page({"softmax", "--position", "3"}), kNaive), "logit");
    REQUIRE(logit.size() == V + 1);
    logit.pop_back();
    check_equal(logit, a.logits, P * V);

    const Json heads = page({"heads"});
    check_equal(column_of(step_of(heads, "what each head adds"), "out"), a.attn_out, P * C);
    const auto head0 = column_of(step_of(heads, "what each head adds"), "head 0");
    const auto head1 = column_of(step_of(heads, "what each head adds"), "head 1");
    for (std::size_t c = 0; c < C; ++c) {
      double own = 0;
      for (std::size_t i = D; i < C; ++i) own += run.weights[3 + 6 + 3][c * C + i] * a.z[P * C + i];
      CHECK(head1[c].number() == doctest::Approx(own).epsilon(1e-11));
      CHECK(head0[c].number() + head1[c].number() == doctest::Approx(a.attn_out[P * C + c]).epsilon(1e-11));
    }
    check_equal(column_of(step_of(page({"residual"}), "resid_mid"), "resid_mid"), a.resid_mid, P * C);
    check_equal(column_of(step_of(page({"residual"}), "resid_post"), "resid_post"), a.resid_post, P * C);
    check_equal(column_of(step_of(page({"mlp"}), "post: the activation"), "pre"), a.pre, P * 4 * C);
    check_equal(column_of(step_of(page({"mlp"}), "post: the activation"), "post"), a.post, P * 4 * C);
    check_equal(column_of(step_of(page({"mlp"}), "out: back into the stream"), "out"), a.mlp_out, P * C);
    check_equal(column_of(step_of(run.page({"logits", "--position", "3"}), "all logits"), "logit"), a.logits,
                P * V);
    const Json loss = run.page({"loss", "--position", "3"});
    check_equal(column_of(step_of(loss, "the text's loss"), "loss"), a.nll, 0);
    CHECK(step_of(loss, "the text's loss")["result"].number() == doctest::Approx(a.loss).epsilon(1e-12));
    auto slopes = oracle::softmax(oracle::slice(a.logits, P * V, V));
    slopes[static_cast<std::size_t>(run.tokens[P + 1])] -= 1;
    for (double& slope : slopes) slope /= 5;
    check_equal(column_of(step_of(loss, "where learning begins"), "dloss/dlogit"), slopes, 0);
  }

  TEST_CASE("explain backprop: every tensor's gradient is the complex step's") {
    const ExplainedRun run;
    for (std::size_t tensor = 0; tensor < run.names.size(); ++tensor) {
      const std::size_t columns = run.names[tensor].ends_with("mlp_fc2") ? 32 : 8;
      const std::size_t row = tensor == 0 ? static_cast<std::size_t>(run.tokens[1]) : 2;
      const std::string weight = run.names[tensor] + "[" + std::to_string(row) + ",5]";
      CAPTURE(weight);
      const double expected = run.gradient(tensor, row * columns + 5);
      const Json page = run.page({"backprop", "--weight", weight});
      const double got = step_of(page, "backprop, position by position")["result"].number();
      CHECK(std::abs(got - expected) <= 1e-12 + 1e-10 * std::abs(expected));
      CHECK(std::abs(step_of(page, "the same by nudging")["result"].number() - expected) < 1e-8);
      double sum = 0;
      if (tensor < 2) {
        const Json step = step_of(page, "backprop, position by position");
        const auto terms = column_of(step, "dembed[p,5]");
        const auto counts = column_of(step, "counts");
        for (std::size_t p = 0; p < terms.size(); ++p)
          sum += counts[p].text() == "yes" ? terms[p].number() : 0;
        CHECK(sum == doctest::Approx(expected).epsilon(1e-9));
        continue;
      }
      for (const Json& product : column_of(step_of(page, "backprop, position by position"), "product"))
        sum += product.number();
      CHECK(sum == doctest::Approx(expected).epsilon(1e-9));
    }
  }

  TEST_CASE("explain mlp: of relu squared, and its gradient") {
    const ExplainedRun run({"--set", "model.activation=relu2"});
    const Json post = step_of(run.page({"mlp", "--layer", "1", "--position", "2"}), "post: the activation");
    CHECK(post["formula"].text().find("^2") != std::string::npos);
    const auto before = column_of(post, "pre");
    const auto after = column_of(post, "post");
    REQUIRE(before.size() == 32);
    int firing = 0;
    std::size_t strongest = 0;
    for (std::size_t n = 0; n < before.size(); ++n) {
      const double x = before[n].number();
      firing += x > 0 ? 1 : 0;
      if (after[n].number() > after[strongest].number()) strongest = n;
      CHECK_MESSAGE(after[n].number() == doctest::Approx(x > 0 ? x * x : 0).epsilon(1e-14), "neuron ", n);
    }
    CHECK(firing > 0);
    CHECK(firing < 32);
    // Two ways that know nothing of each other: autograd, and the loss with the weight moved.
    const Json page =
        run.page({"backprop", "--weight", "layer1.mlp_fc1[" + std::to_string(strongest) + ",5]"});
    const double slope = step_of(page, "backprop, position by position")["result"].number();
    CHECK(slope != 0);
    CHECK(slope == doctest::Approx(step_of(page, "the same by nudging")["result"].number()).epsilon(1e-6));
  }

  TEST_CASE("explain backprop: a gradient of exactly 0 has its reason") {
    const ExplainedRun run;
    const auto why = [](const Json& page) {
      CHECK(step_of(page, "backprop, position by position")["result"].number() == 0);
      return step_of(page, "why it is exactly 0")["says"].text();
    };
    CHECK(why(run.page({"backprop", "--weight", "wte[26,3]"})).starts_with("token absent"));
    CHECK(why(run.page({"backprop", "--weight", "wpe[7,3]"})).starts_with("position unused"));
    // Before the first character there is only one position: many neurons are silent, says the oracle.
    const ExplainedRun start({}, "");
    const auto post = start.values().post;
    REQUIRE(post.size() == 32);
    const auto silent = static_cast<std::size_t>(std::find(post.begin(), post.end(), 0.0) - post.begin());
    REQUIRE(silent < 32);
    const std::string neuron = std::to_string(silent);
    CHECK(why(start.page({"backprop", "--weight", "layer1.mlp_fc1[" + neuron + ",0]"}))
              .starts_with("dead relu"));
    CHECK(why(start.page({"backprop", "--weight", "layer1.mlp_fc2[0," + neuron + "]"}))
              .starts_with("dead relu"));
    CHECK(why(start.page({"backprop", "--weight", "layer1.attn_wk[0,0]"})).starts_with("one position"));

    const ExplainedRun course({"--set", "model.zero_projections=true", "--set", "train.learning_rate=0"});
    CHECK(why(course.page({"backprop", "--weight", "layer0.attn_wq[1,1]"})).starts_with("zero projection"));
    CHECK(why(course.page({"backprop", "--weight", "layer1.attn_wv[1,1]"})).starts_with("zero projection"));
    int projections = 0;
    for (const std::string one : {"0", "1", "2", "3"}) {
      const auto said = why(course.page({"backprop", "--weight", "layer0.mlp_fc1[" + one + ",1]"}));
      projections += said.starts_with("zero projection") ? 1 : 0;
    }
    CHECK(projections > 0);
    const Json page = course.page({"backprop", "--weight", "layer0.attn_wo[1,1]"});
    CHECK(step_of(page, "backprop, position by position")["result"].number() != 0);
  }

  TEST_CASE("explain adam: the run's own moments, one update by the formulas") {
    const ExplainedRun run;
    const auto state = microgpt::Checkpoint::load(run.checkpoint("00000020")).train_state<float>();
    const std::string model = run.checkpoint("00000020").string();
    const std::size_t at = static_cast<std::size_t>(state.parameters.table()[3].offset) + 3 * 8 + 5;
    const Json page =
        explain_json({"adam", "--model", model, "--text", "opal", "--weight", "layer0.attn_wq[3,5]"});
    const double g = step_of(page, "gradient")["result"].number();
    const double m = 0.85 * static_cast<double>(state.m.values()[at]) + 0.15 * g;
    const double v = 0.99 * static_cast<double>(state.v.values()[at]) + 0.01 * g * g;
    const double m_hat = m / (1 - std::pow(0.85, 21));
    const double v_hat = v / (1 - std::pow(0.99, 21));
    const double lr = 0.01 * (1 - 20.0 / 24);
    const auto near = [&](const std::string& step, double expected) {
      CAPTURE(step);
      CHECK(step_of(page, step)["result"].number() == doctest::Approx(expected).epsilon(1e-12));
    };
    CHECK(g != 0);
    near("first moment", m);
    near("second moment", v);
    near("first bias correction", m_hat);
    near("second bias correction", v_hat);
    near("learning rate", lr);
    near("update",
         static_cast<double>(state.parameters.values()[at]) - lr * m_hat / (std::sqrt(v_hat) + 1e-8));
    // The first update of all is lr against the gradient's sign, whatever its size.
    const Json first = explain_json({"adam"});
    const double sign = step_of(first, "gradient")["result"].number() > 0 ? -1 : 1;
    CHECK(column_of(step_of(first, "update"), "change / lr")[0].number()
          == doctest::Approx(sign).epsilon(1e-4));
  }

  TEST_CASE("explain sampling: the draw is random.choices' of the softmax") {
    const ExplainedRun run;
    const auto a = run.values();
    auto logits = oracle::slice(a.logits, 2 * 28, 28);
    for (double& logit : logits) logit /= 0.7;
    const auto p = oracle::softmax(logits);
    for (const std::string seed : {"1", "2", "3", "4"}) {
      const Json page = run.page({"sampling", "--position", "2", "--temperature", "0.7", "--seed", seed});
      check_equal(column_of(step_of(page, "temperature and softmax"), "probability"), p, 0);
      microgpt::Rng rng(std::stoull(seed));
      const auto marks = column_of(step_of(page, "temperature and softmax"), "drawn");
      CHECK(marks[rng.choose(p)].dump() == "\"<-\"");
    }
  }

  TEST_CASE("explain: a stream's text stands between two newlines") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "data.mode=\"stream\""})).exit_code == 0);
    const Json page = explain_json({"tokens", "--model", small.out.string(), "--text", "opal"});
    const Json step = step_of(page, "the text as tokens");
    std::string reads;
    std::string next;
    for (const Json& one : column_of(step, "reads")) reads += one.text();
    for (const Json& one : column_of(step, "is asked for")) next += one.text();
    CHECK(reads == "\\nopal");
    CHECK(next == "opal\\n");
  }

  TEST_CASE("explain: a model without layers has what it has") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "model.n_layer=0"})).exit_code == 0);
    for (const std::string& topic : kTopics) {
      const auto result = explain({topic, "--model", small.out.string(), "--text", "opal"});
      CAPTURE(topic);
      CAPTURE(result.err);
      const bool in_layer = topic == "attention" || topic == "heads" || topic == "residual" || topic == "mlp";
      CHECK(result.exit_code == (in_layer ? 2 : 0));
      if (in_layer) CHECK(refused_in_one_line(result));
    }
  }
}
