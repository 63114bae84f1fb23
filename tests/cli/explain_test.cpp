// microgpt explain against the definitions: softmax in long double, the model's values by the oracle, its
// gradients by the complex step, Adam by its formulas.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "cli/small_run.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/text/utf8.hpp"
#include "support/json.hpp"
#include "support/oracle.hpp"

namespace {

using namespace microgpt::test;
namespace oracle = microgpt::test::oracle;

ProcessResult explain(std::vector<std::string> arguments, ProcessOptions options = {}) {
  arguments.insert(arguments.begin(), "explain");
  return run_microgpt(arguments, std::move(options));
}

Json explain_json(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const auto result = explain(arguments);
  INFO(result.err);
  REQUIRE(result.exit_code == 0);
  CHECK(result.err.empty());
  REQUIRE(lines_of(result.out).size() == 1);
  return Json::parse(result.out);
}

Json step_of(const Json& page, const std::string& name) {
  for (std::size_t i = 0; i < page["steps"].size(); ++i) {
    if (page["steps"][i]["name"].text() == name) return page["steps"][i];
  }
  FAIL("no step ", name);
  return page;
}

/// A column of a step's table.
std::vector<Json> column_of(const Json& step, const std::string& name) {
  const Json table = step["table"];
  std::vector<Json> column;
  for (std::size_t c = 0; c < table["columns"].size(); ++c) {
    if (table["columns"][c].text() != name) continue;
    for (std::size_t r = 0; r < table["rows"].size(); ++r) column.push_back(table["rows"][r][c]);
  }
  INFO("column ", name);
  REQUIRE(!column.empty());
  return column;
}

constexpr const char* kNaive = "without the maximum subtracted";
constexpr const char* kStable = "with the maximum subtracted";
const std::vector<std::string> kTopics = {"tokens",    "embedding", "rmsnorm",  "linear",  "softmax",
                                          "attention", "heads",     "residual", "mlp",     "logits",
                                          "loss",      "backprop",  "adam",     "sampling"};

/// A trained model, its values by the oracle for one text, in double or complex numbers.
struct ExplainedRun : SmallRun {
  std::vector<int> tokens;
  std::string text;
  explicit ExplainedRun(const std::vector<std::string>& more = {}, std::string read = "opal")
      : text(std::move(read)) {
    std::vector<std::string> arguments = {"--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    REQUIRE(run_microgpt(train(arguments)).exit_code == 0);
    const auto loaded = microgpt::Checkpoint::load(checkpoint("00000024"));
    tokens = {loaded.tokenizer().bos()};
    loaded.tokenizer().encode(text, tokens);
    tokens.push_back(loaded.tokenizer().bos());
    const auto parameters = loaded.parameters<float>();
    for (const auto& tensor : parameters.table()) {
      names.push_back(tensor.name);
      weights.emplace_back(parameters.values().begin() + tensor.offset,
                           parameters.values().begin() + tensor.offset + tensor.rows * tensor.cols);
    }
  }
  std::vector<std::string> names;
  std::vector<Numbers> weights;

  [[nodiscard]] Json page(std::vector<std::string> arguments) const {
    const std::vector<std::string> mine = {"--model", out.string(), "--text", text};
    arguments.insert(arguments.end(), mine.begin(), mine.end());
    return explain_json(arguments);
  }

  template <class S>
  struct Values {
    oracle::List<S> embed, embed_norm, attn_norm, q, k, v, z, attn_out, resid_mid, mlp_norm, pre, post,
        mlp_out, resid_post, logits, nll;
    S loss = 0;
  };
  /// Of the last layer where a layer has them.
  template <class S>
  [[nodiscard]] Values<S> values(const std::vector<oracle::List<S>>& w) const {
    constexpr std::size_t C = 8;
    Values<S> a;
    const std::vector<int> reads(tokens.begin(), tokens.end() - 1);
    const std::vector<int> next(tokens.begin() + 1, tokens.end());
    std::vector<int> places;
    for (std::size_t p = 0; p < reads.size(); ++p) places.push_back(static_cast<int>(p));
    a.embed = oracle::embedding(w[0], w[1], reads, places, C);
    a.embed_norm = oracle::rmsnorm(a.embed, C);
    a.resid_post = a.embed_norm;
    const auto plus = [](oracle::List<S> x, const oracle::List<S>& y) {
      for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
      return x;
    };
    for (std::size_t l = 3; l < w.size(); l += 6) {
      a.attn_norm = oracle::rmsnorm(a.resid_post, C);
      a.q = oracle::linear(a.attn_norm, w[l], C);
      a.k = oracle::linear(a.attn_norm, w[l + 1], C);
      a.v = oracle::linear(a.attn_norm, w[l + 2], C);
      a.z = oracle::attention(a.q, a.k, a.v, C, {0, static_cast<int>(reads.size())}, 2);
      a.attn_out = oracle::linear(a.z, w[l + 3], C);
      a.resid_mid = plus(a.resid_post, a.attn_out);
      a.mlp_norm = oracle::rmsnorm(a.resid_mid, C);
      a.pre = oracle::linear(a.mlp_norm, w[l + 4], C);
      a.post = oracle::activation(a.pre, false);
      a.mlp_out = oracle::linear(a.post, w[l + 5], 4 * C);
      a.resid_post = plus(a.resid_mid, a.mlp_out);
    }
    a.logits = oracle::linear(a.resid_post, w[2], C);
    a.nll = oracle::cross_entropy(a.logits, next, a.logits.size() / reads.size());
    for (const S& one : a.nll) a.loss += one / static_cast<double>(a.nll.size());
    return a;
  }
  [[nodiscard]] Values<double> values() const { return values<double>(weights); }

  /// dloss/dw by the complex step.
  [[nodiscard]] double gradient(std::size_t tensor, std::size_t element) const {
    std::vector<oracle::List<oracle::Complex>> w;
    for (const Numbers& one : weights) w.emplace_back(one.begin(), one.end());
    constexpr double kStep = 1e-40;
    w[tensor][element] += oracle::Complex(0, kStep);
    return values<oracle::Complex>(w).loss.imag() / kStep;
  }
};

void check_equal(const std::vector<Json>& got, const Numbers& expected, std::size_t begin) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(got[i].number() - expected[begin + i]) <= 1e-12 * (1 + std::abs(expected[begin + i])));
  }
}

/// What is left when colours are taken out, and the line ends of a terminal.
std::string without_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else if (text[i] != '\r') {
      plain += text[i];
    }
  }
  return plain;
}

/// Without the lines that show rounding errors, which compilers and processors have their own of.
std::string without_rounding_errors(const std::string& page) {
  std::string kept;
  for (const std::string& line : lines_of(page)) {
    const bool errors = line.find("sums to 1") != std::string::npos
                        || line.find("agree to") != std::string::npos
                        || line.find("shift changes nothing") != std::string::npos;
    if (!errors) kept += line + '\n';
  }
  return kept;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("explain softmax: the table of the page it all began with") {
    const auto result = explain({"softmax", "2.0", "1.0", "0.1"});
    CHECK(result.exit_code == 0);
    for (const std::string line :
         {"     0      2.000   7.389        0.659\n", "     1      1.000   2.718        0.242\n",
          "     2      0.100   1.105        0.099\n", "add up to 11.212; in full the total is"}) {
      CAPTURE(line);
      CHECK(result.out.find(line) != std::string::npos);
    }
    CHECK(explain({"softmax"}).out == result.out);  // it is the example, too
  }

  TEST_CASE("explain softmax: both ways, Jacobian and log-sum-exp are what they are defined as") {
    const std::vector<std::vector<std::string>> cases = {
        {"2.0", "1.0", "0.1"}, {"-3.5", "+2", "1e1", "0"}, {"7"}, {"0.5", "0.5", "-700"}};
    for (const auto& numbers : cases) {
      for (const long double t : {1.0L, 0.5L, 2.0L}) {
        auto arguments = numbers;
        arguments.insert(arguments.begin(), "softmax");
        arguments.insert(arguments.end(), {"--temperature", std::to_string(static_cast<double>(t))});
        const Json page = explain_json(arguments);
        std::vector<long double> e;
        long double total = 0;
        for (const auto& number : numbers) total += e.emplace_back(std::exp(std::stold(number) / t));
        const auto naive = column_of(step_of(page, kNaive), "probability");
        const auto stable = column_of(step_of(page, kStable), "probability");
        REQUIRE(naive.size() == numbers.size() + 1);  // and the total
        for (std::size_t i = 0; i < numbers.size(); ++i) {
          CAPTURE(numbers[i]);
          const auto p = static_cast<double>(e[i] / total);
          CHECK(naive[i].number() == doctest::Approx(p).epsilon(1e-13));
          CHECK(stable[i].number() == doctest::Approx(p).epsilon(1e-13));
          CHECK(column_of(step_of(page, kNaive), "e^z")[i].number()
                == doctest::Approx(static_cast<double>(e[i])).epsilon(1e-12));
          for (std::size_t j = 0; j < numbers.size(); ++j) {
            const long double slope = e[i] / total * ((i == j ? 1 : 0) - e[j] / total) / t;
            const double got =
                column_of(step_of(page, "the Jacobian"), "d/d" + std::to_string(j))[i].number();
            CHECK(std::abs(got - static_cast<double>(slope)) < 1e-14);
          }
        }
        CHECK(step_of(page, "log-sum-exp")["result"].number()
              == doctest::Approx(static_cast<double>(std::log(total))).epsilon(1e-13));
      }
    }
  }

  TEST_CASE("explain softmax: 1000 0 -1000 is inf and nan one way, and 1, 0, 0 the other") {
    for (const std::string dtype : {"float32", "float64"}) {
      const Json page = explain_json({"softmax", "1000", "0", "-1000", "--dtype", dtype});
      CAPTURE(dtype);
      const auto e = column_of(step_of(page, kNaive), "e^z");
      CHECK(e[0].text() == "inf");
      CHECK(e[1].number() == 1);
      CHECK(e[2].number() == 0);
      const auto naive = column_of(step_of(page, kNaive), "probability");
      CHECK(naive[0].text() == "nan");
      const auto stable = column_of(step_of(page, kStable), "probability");
      CHECK(stable[0].number() == 1);
      CHECK(stable[1].number() == 0);
      CHECK(stable[2].number() == 0);
      const auto fate = column_of(step_of(page, "what became of these"), "e^z is");
      CHECK(fate[0].text() == "inf: overflow");
      CHECK(fate[1].text() == "right");
      CHECK(fate[2].text() == "0: underflow");
    }
  }

  TEST_CASE("explain softmax: the borders it names are where the numbers change") {
    const Json page = explain_json({"softmax", "0"});
    const Json limits = step_of(page, "where e^z overflows and underflows");
    const std::string dtypes[] = {"float32", "float64"};
    for (std::size_t d = 0; d < 2; ++d) {
      const double eps = d == 0 ? 1e-5 : 1e-11;
      const auto at = [&](const std::string& border, double side) {
        const double z = column_of(limits, border)[d].number() + side * eps * 100;
        char text[40];
        std::snprintf(text, sizeof text, "%.17g", z);
        return column_of(step_of(explain_json({"softmax", text, "--dtype", dtypes[d]}), kNaive), "e^z")[0];
      };
      CAPTURE(dtypes[d]);
      CHECK(at("inf above", 1).dump() == "\"inf\"");
      CHECK(std::isfinite(at("inf above", -1).number()));
      CHECK(at("0 below", -1).number() == 0);
      CHECK(at("0 below", 1).number() > 0);
      const double normal = d == 0 ? 1.17549435e-38 : 2.2250738585072014e-308;
      CHECK(at("digits lost below", -1).number() < normal);
      CHECK(at("digits lost below", 1).number() > normal);
    }
  }

  TEST_CASE("explain softmax: the four properties, and the one that underflow breaks") {
    const auto verdicts = [](std::vector<std::string> arguments) {
      std::string all;
      for (const Json& holds :
           column_of(step_of(explain_json(std::move(arguments)), "four properties, checked"), "holds"))
        all += holds.text() + " ";
      return all;
    };
    CHECK(verdicts({"softmax", "2", "1", "0.1"}) == "yes yes yes yes ");
    CHECK(verdicts({"softmax", "2", "1", "0.1", "--dtype", "float32"}) == "yes yes yes yes ");
    CHECK(verdicts({"softmax", "1000", "0", "-1000"}) == "NO yes yes yes ");
    CHECK(verdicts({"softmax", "0", "-104", "--dtype", "float32"}) == "NO yes yes yes ");
    CHECK(verdicts({"softmax", "0", "-104"}) == "yes yes yes yes ");
  }

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

  TEST_CASE("explain: every topic has the same JSON, with and without a model") {
    const ExplainedRun run;
    for (const std::string& topic : kTopics) {
      for (const bool with_model : {false, true}) {
        CAPTURE(topic);
        const Json page = with_model ? run.page({topic}) : explain_json({topic, "--text", "emma"});
        CHECK(page["topic"].text() == topic);
        for (const std::string key : {"about", "lines", "model", "text", "position", "layer", "head"})
          CHECK(page.has(key));
        CHECK(page["lines"]["first"].number() >= 1);
        CHECK(page["text"].text() == (with_model ? "opal" : "emma"));
        REQUIRE(page["steps"].size() > 0);
        for (std::size_t i = 0; i < page["steps"].size(); ++i) {
          const Json step = page["steps"][i];
          for (const std::string key :
               {"name", "says", "address", "lines", "formula", "numbers", "result", "table"})
            CHECK(step.has(key));
          if (step["table"].dump() == "null") continue;
          for (std::size_t r = 0; r < step["table"]["rows"].size(); ++r)
            CHECK(step["table"]["rows"][r].size() == step["table"]["columns"].size());
        }
      }
    }
  }

  TEST_CASE("explain: no line is wider than the screen, and --width goes before COLUMNS") {
    const ExplainedRun run;
    for (const std::string& topic : kTopics) {
      for (const std::size_t width : {60U, 80U, 120U}) {
        const auto result =
            explain({topic, "--model", run.out.string(), "--text", "opal", "--width", std::to_string(width)},
                    {.environment = {{"COLUMNS", "50"}}});
        REQUIRE(result.exit_code == 0);
        for (const std::string& line : lines_of(result.out)) {
          CAPTURE(line);
          // What a model file is called has no spaces to break at.
          CHECK((microgpt::count_code_points(line) <= width
                 || line.find(run.out.string()) != std::string::npos));
          CHECK(!line.ends_with(' '));
        }
      }
    }
    CHECK(explain({"softmax"}, {.environment = {{"COLUMNS", "120"}}}).out
          == explain({"softmax", "--width", "120"}).out);
    CHECK(explain({"softmax"}, {.environment = {{"COLUMNS", ""}}}).out
          == explain({"softmax", "--width", "80"}).out);
  }

  TEST_CASE("explain: as it was at 80 and 120 columns") {
    for (const std::string topic : {"softmax", "attention", "mlp"}) {
      for (const std::string width : {"80", "120"}) {
        const auto path = repository_file("tests/golden/explain-" + topic + "-" + width + ".txt");
        CAPTURE(path.string());
        CHECK(without_rounding_errors(explain({topic, "--width", width}).out)
              == without_rounding_errors(microgpt::read_file(path, microgpt::Fault::io)));
      }
    }
  }

  TEST_CASE("explain: docs/explain.md shows what the program says, and lists every topic") {
    const std::string page = microgpt::read_file(repository_file("docs/explain.md"), microgpt::Fault::io);
    const std::string said = explain({"softmax", "2.0", "1.0", "0.1", "--width", "100"}).out;
    const std::string example = said.substr(0, said.find("\n\n3. "));
    REQUIRE(!example.empty());
    INFO("expected:\n", example);
    CHECK(page.find("```text\n" + example + "\n```") != std::string::npos);
    for (const std::string& topic : kTopics) {
      CAPTURE(topic);
      CHECK(page.find("| `" + topic + "` |") != std::string::npos);
    }
  }

  TEST_CASE("explain: colours only on a terminal that wants them, and the same words") {
    const ProcessOptions colours{.environment = {{"TERM", "xterm"}, {"NO_COLOR", ""}, {"COLUMNS", "80"}},
                                 .terminal = true};
    const ProcessOptions none{.environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}, {"COLUMNS", "80"}},
                              .terminal = true};
    const std::string piped = explain({"attention", "--width", "80"}).out;
    CHECK(piped.find('\x1b') == std::string::npos);
    const std::string shown = explain({"attention"}, colours).out;
    CHECK(shown.find("\x1b[38;5;16;48;5;") != std::string::npos);
    CHECK(without_escapes(shown) == piped);
    const std::string plain = explain({"attention"}, none).out;
    CHECK(plain.find('\x1b') == std::string::npos);
    CHECK(without_escapes(plain) == piped);
  }

  TEST_CASE("explain: what is not there is refused in one line that lists what is") {
    const ExplainedRun run;
    const auto refused = [](const std::vector<std::string>& arguments, int code, const std::string& part) {
      const auto result = explain(arguments);
      CAPTURE(arguments.back());
      CAPTURE(result.err);
      CHECK(result.exit_code == code);
      CHECK(refused_in_one_line(result));
      CHECK(result.err.find(part) != std::string::npos);
    };
    const auto of_model = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.begin() + 1, {"--model", run.out.string(), "--text", "opal"});
      return arguments;
    };
    refused({"softmacks"}, 2, "did you mean 'softmax'?");
    refused({"weather"}, 2, "tokens, embedding, rmsnorm");
    refused({"softmax", "1", "x"}, 2, "'x'");
    refused({"softmax", "1", "nan"}, 2, "'nan'");
    refused({"softmax", "1e39", "--dtype", "float32"}, 2, "beyond float32");
    refused({"softmax", "1e300", "--temperature", "1e-300"}, 2, "beyond float64");
    refused({"softmax", "1", "--temperature", "0"}, 2, "above 0");
    refused({"softmax", "1", "--temperature", "nan"}, 2, "temperature");
    refused({"softmax", "1", "--dtype", "float16"}, 2, "float64");
    refused({"loss", "1"}, 2, "topic softmax");
    refused({"loss", "--weight", "wte[0,0]"}, 2, "backprop and adam");
    refused({"softmax", "1", "2", "--position", "3"}, 2, "not both");
    refused({"tokens", "--head", "1"}, 2, "not for the topic tokens");
    refused({"loss", "--layer", "0"}, 2, "not for the topic loss");
    refused({"adam", "--position", "0"}, 2, "not for the topic adam");
    refused({"loss", "--model", run.out.string()}, 2, "--text");
    refused({"loss", "--text", "emil"}, 3, "its characters are aem");
    refused({"loss", "--text", "emmaemmae"}, 2, "at most 8");
    refused({"loss", "--text", "\xff"}, 2, "UTF-8");
    refused(of_model({"attention", "--layer", "2"}), 2, "0 to 1");
    refused(of_model({"attention", "--head", "2"}), 2, "0 to 1");
    refused(of_model({"attention", "--position", "5"}), 2, "0 to 4");
    refused(of_model({"attention", "--position", "-1"}), 2, "0 to 4");
    refused(of_model({"softmax", "--at", "layer0.attn.score"}), 2, "layer0.attn.scores");
    refused(of_model({"softmax", "--at", "layer0.attn.q"}), 2, "logits");
    refused(of_model({"rmsnorm", "--at", "layer0.attn.q"}), 2, "embed.norm");
    refused(of_model({"linear", "--at", "layer0.resid_mid"}), 2, "mlp.pre");
    refused(of_model({"attention", "--at", "logits[position 2]"}), 2,
            "the topic attention shows layer0.attn.q");
    refused(of_model({"tokens", "--at", "embed"}), 2, "shows no site");
    refused(of_model({"backprop", "--weight", "layer2.attn_wq[0,0]"}), 2, "layer1.attn_wq");
    refused(of_model({"backprop", "--weight", "layer1.attn_wq[8,0]"}), 2, "rows 0 to 7");
    refused(of_model({"backprop", "--weight", "layer1.attn_wq"}), 2, "8 x 8");
    refused({"loss", "--model", "nothing/here", "--text", "a"}, 4, "nothing/here");
  }

  TEST_CASE("explain: a stream's text begins after a newline and has no end") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "data.mode=\"stream\""})).exit_code == 0);
    const Json page = explain_json({"tokens", "--model", small.out.string(), "--text", "opal"});
    const Json step = step_of(page, "the text as tokens");
    std::string reads;
    std::string next;
    for (const Json& one : column_of(step, "reads")) reads += one.text();
    for (const Json& one : column_of(step, "is asked for")) next += one.text();
    CHECK(reads == "\\nopa");
    CHECK(next == "opal");
    const auto empty = explain({"tokens", "--model", small.out.string(), "--text", ""});
    CHECK(empty.exit_code == 2);
    CHECK(refused_in_one_line(empty));
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
