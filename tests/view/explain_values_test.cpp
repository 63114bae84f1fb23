// The topics' numbers against a model of plain lists: values, losses, draws.
#include <doctest/doctest.h>

#include <cmath>

#include "io/saved_run.hpp"
#include "microgpt/base/rng.hpp"
#include "support/odd_models.hpp"
#include "support/study.hpp"
#include "view/explain_pages.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  /// A random model that reads "abdc", and every number of that run by the plain model.
  struct Explained2 {
    study::Model model;
    view::Subject subject;
    std::vector<int> tokens = {4, 0, 1, 3, 2, 4};
    PlainRun<double> run;

    explicit Explained2(Activation activation)
        : model([&] {
            Noise noise(91);
            return random_model(noise, 2, activation, 8, 2);
          }()),
          subject(model, "made"),
          run(plain_run(plain<double>(model.config, model.parameters), tokens)) {}

    [[nodiscard]] view::Page page(const std::string& topic, Given given = {}) const {
      given.insert(given.begin(), {{"--text", "abdc"}, {"--top", "0"}});
      return explain_page(topic, given, &subject);
    }
    [[nodiscard]] const Numbers& at(const std::string& site, std::size_t position = 3) const {
      return run.at.at(site)[position];
    }
  };

  const std::pair<std::string, std::string> kHere[] = {{"--position", "3"}, {"--layer", "1"}};

  }  // namespace

  TEST_CASE("view: a model's values are the plain model's, in every topic") {
    for (const Activation activation : {Activation::relu, Activation::relu2}) {
      const Explained2 e(activation);
      const Given here(std::begin(kHere), std::end(kHere));
      const Given position = {kHere[0]};

      check_near(column_of(section_of(e.page("embedding", position), "sum"), "sum"), e.at("embed"));
      check_near(column_of(section_of(e.page("rmsnorm", position), "output"), "output"), e.at("embed.norm"));
      check_near(column_of(section_of(e.page("rmsnorm", here), "output"), "output"),
                 e.at("layer1.attn.norm"));
      check_near(column_of(section_of(e.page("rmsnorm", {{"--at", "layer1.mlp.norm[position 3]"}}), "output"),
                           "output"),
                 e.at("layer1.mlp.norm"));
      double squares = 0;
      for (const double x : e.at("layer1.resid_pre")) squares += x * x / 8;
      CHECK(result_of(e.page("rmsnorm", here), "mean_square") == doctest::Approx(squares));
      CHECK(result_of(e.page("rmsnorm", here), "scale") == doctest::Approx(1 / std::sqrt(squares + 1e-5)));

      for (const std::string site : {"layer1.attn.q", "layer1.attn.k", "layer1.attn.v", "layer1.attn.out",
                                     "layer1.mlp.pre", "layer1.mlp.out", "logits"}) {
        CAPTURE(site);
        const view::Page linear = e.page("linear", {{"--at", site + "[position 3]"}});
        check_near(column_of(section_of(linear, "all_outputs"), "value"), e.at(site));
        double sum = 0;
        for (const double product : column_of(section_of(linear, "one_output"), "product")) sum += product;
        CHECK(sum == doctest::Approx(e.at(site)[0]).epsilon(1e-12));
        CHECK(result_of(linear, "one_output") == doctest::Approx(e.at(site)[0]).epsilon(1e-12));
      }

      Given head = here;
      head.emplace_back("--head", "1");
      const view::Page attention = e.page("attention", head);
      check_near(column_of(section_of(attention, "scores"), "score"), e.at("layer1.attn.scores[head 1]"));
      check_near(column_of(section_of(attention, "weights"), "weight"), e.at("layer1.attn.pattern[head 1]"));
      for (std::size_t d = 0; d < 4; ++d) {
        const std::string channel = std::to_string(d);
        const Numbers output = column_of(section_of(attention, "sum"), "product_" + channel, true);
        CHECK(output.back() == doctest::Approx(e.at("layer1.attn.z")[4 + d]).epsilon(1e-12));
        const Numbers keys = column_of(section_of(attention, "vectors"), "k_" + channel);
        for (std::size_t t = 0; t < keys.size(); ++t) {
          CHECK(keys[t] == doctest::Approx(e.at("layer1.attn.k", t)[4 + d]).epsilon(1e-12));
        }
      }

      const view::Page heads = e.page("heads", here);
      for (std::size_t h = 0; h < 2; ++h) {
        const std::string name = "head_" + std::to_string(h);
        const Numbers& weights = e.at("layer1.attn.pattern[head " + std::to_string(h) + "]");
        check_near(column_of(section_of(heads, "patterns"), name), weights);
        double entropy = 0;
        for (const double w : weights) entropy -= w * std::log(w);
        CHECK(column_of(section_of(heads, "patterns"), name, true).back() == doctest::Approx(entropy));
        const Rows<double> wo =
            plain<double>(e.model.config, e.model.parameters).weights.at("layer1.attn_wo");
        Numbers writes;
        for (const Numbers& row : wo) {
          double sum = 0;
          for (std::size_t i = 4 * h; i < 4 * h + 4; ++i) sum += row[i] * e.at("layer1.attn.z")[i];
          writes.push_back(sum);
        }
        check_near(column_of(section_of(heads, "writes"), name), writes);
      }
      check_near(column_of(section_of(heads, "writes"), "out"), e.at("layer1.attn.out"));
      CHECK(std::abs(section_of(heads, "writes").agreement.value().difference) < 1e-13);

      const view::Page residual = e.page("residual", here);
      check_near(column_of(section_of(residual, "resid_mid"), "before"), e.at("layer1.resid_pre"));
      check_near(column_of(section_of(residual, "resid_mid"), "after"), e.at("layer1.resid_mid"));
      check_near(column_of(section_of(residual, "resid_post"), "added"), e.at("layer1.mlp.out"));
      check_near(column_of(section_of(residual, "resid_post"), "after"), e.at("layer1.resid_post"));
      CHECK(column_of(section_of(residual, "stream"), "cosine").back() == doctest::Approx(1));

      const view::Page mlp = e.page("mlp", here);
      check_near(by_index(section_of(mlp, "post"), "neuron", "pre", 32), e.at("layer1.mlp.pre"));
      check_near(by_index(section_of(mlp, "post"), "neuron", "post", 32), e.at("layer1.mlp.post"));
      check_near(column_of(section_of(mlp, "out"), "out"), e.at("layer1.mlp.out"));

      check_near(by_index(section_of(e.page("logits", position), "all_logits"), "token", "logit", 5),
                 e.at("logits"));
      check_near(by_index(section_of(e.page("logits", position), "all_logits"), "token", "probability", 5),
                 plain_softmax(e.at("logits")));
      CHECK(result_of(e.page("logits", position), "one_logit") == doctest::Approx(e.at("logits")[2]));

      const view::Page loss = e.page("loss", position);
      check_near(column_of(section_of(loss, "text_loss"), "loss"), e.run.nll);
      CHECK(result_of(loss, "text_loss") == doctest::Approx(e.run.loss()));
      CHECK(result_of(loss, "one_position") == doctest::Approx(e.run.nll[3]));
      Numbers slopes = plain_softmax(e.at("logits"));
      slopes[2] -= 1;
      for (double& slope : slopes) slope /= 5;
      check_near(by_index(section_of(loss, "slopes"), "token", "slope", 5), slopes);

      // softmax takes the same scores, and the logits, of which the likeliest is worked out.
      const view::Page scores = e.page("softmax", {{"--at", "layer1.attn.scores[head 1, position 3]"}});
      check_near(column_of(section_of(scores, "numbers"), "z"), e.at("layer1.attn.scores[head 1]"));
      const view::Page of_logits = e.page("softmax", position);
      check_near(by_index(section_of(of_logits, "numbers"), "index", "z", 5), e.at("logits"));
      const Numbers p = plain_softmax(e.at("logits"));
      CHECK(result_of(of_logits, "maximum")
            == doctest::Approx(*std::max_element(p.begin(), p.end())).epsilon(1e-13));
    }
  }

  TEST_CASE("view: explain logits is about what comes next, at the end of the text about the likeliest") {
    const view::Subject names = kept_model("names");
    const auto shown = [&](const char* position) {
      return section_of(explain_page("logits", {{"--text", "emma"}, {"--position", position}}, &names),
                        "one_logit")
          .address;
    };
    CHECK(shown("0") == "logits[position 0, token 4]");
    CHECK(shown("3") == "logits[position 3, token 0]");
    const study::Trace trace = study::run(names.model(), names.text("emma"));
    Index likeliest = 0;
    trace.values(Site::logits).row(4).maxCoeff(&likeliest);
    CHECK(shown("4") == "logits[position 4, token " + std::to_string(likeliest) + "]");
  }

  TEST_CASE("view: the draw of explain sampling is random.choices' of the softmax") {
    const Explained2 e(Activation::relu);
    Numbers logits = e.at("logits", 2);
    for (double& logit : logits) logit /= 0.7;
    const Numbers p = plain_softmax(logits);
    for (const std::string seed : {"1", "2", "3", "4", "18446744073709551"}) {
      const view::Page page =
          e.page("sampling", {{"--position", "2"}, {"--temperature", "0.7"}, {"--seed", seed}});
      const view::Section& section = section_of(page, "probabilities");
      check_near(by_index(section, "token", "probability", 5), p);
      Rng rng(std::stoull(seed));
      const std::size_t drawn = rng.choose(p);
      const Numbers token = column_of(section, "token");
      const auto marks = values_of(section, "drawn");
      for (std::size_t i = 0; i < token.size(); ++i) {
        CHECK(std::get<std::string>(marks[i]).empty() == (static_cast<std::size_t>(token[i]) != drawn));
      }
      const double u = Rng(std::stoull(seed)).random();
      CHECK(by_index(section, "token", "from", 5)[drawn] <= u);
      CHECK(by_index(section, "token", "to", 5)[drawn] > u);
    }
  }

  TEST_CASE("view: a token that is drawn from far behind is shown all the same") {
    const view::Subject names = kept_model("names");
    bool seen = false;
    for (int seed = 0; seed < 60; ++seed) {
      const view::Page page = explain_page(
          "sampling",
          {{"--text", "emma"}, {"--temperature", "5"}, {"--top", "5"}, {"--seed", std::to_string(seed)}},
          &names);
      const auto marks = values_of(section_of(page, "probabilities"), "drawn");
      int drawn = 0;
      for (const view::Value& mark : marks) drawn += std::get<std::string>(mark).empty() ? 0 : 1;
      CHECK(drawn == 1);
      seen = seen || marks.size() == 6;
    }
    CHECK(seen);
  }

  TEST_CASE("view: a stream's text stands between two newlines") {
    Saved<float> saved;
    saved.config.data.mode = DataMode::stream;
    saved.save();
    const view::Subject subject(std::make_shared<const Checkpoint>(Checkpoint::load(saved.path)), "saved");
    const view::Page page = explain_page("tokens", {{"--text", "a\\u00e9"}}, &subject);
    std::string reads;
    std::string next;
    for (const auto& one : values_of(section_of(page, "text"), "reads")) reads += std::get<std::string>(one);
    for (const auto& one : values_of(section_of(page, "text"), "next")) next += std::get<std::string>(one);
    CHECK(reads == "'\\n''a''\u00e9'");
    CHECK(next == "'a''\u00e9''\\n'");
  }
}
