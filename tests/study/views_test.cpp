// Heads, first-layer tables, neurons and embeddings: by their definitions, on the numbers of the plain model.
#include <doctest/doctest.h>

#include <numeric>

#include "microgpt/study/circuit.hpp"
#include "microgpt/study/embeddings.hpp"
#include "microgpt/study/heads.hpp"
#include "microgpt/study/neurons.hpp"
#include "support/errors.hpp"
#include "support/odd_models.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  namespace {

  struct Sum {
    double total = 0;
    int count = 0;
    [[nodiscard]] double mean() const { return count == 0 ? 0 : total / count; }
    void add(double x) {
      total += x;
      ++count;
    }
  };

  }  // namespace

  TEST_CASE("heads: every score by its definition, over every pattern") {
    Noise noise(381);
    for (const OddModel& odd : odd_models(noise, 1)) {
      const auto runs = odd.run();
      const auto all = head_scores(run(odd.model, odd.batch));
      REQUIRE(all.size() == static_cast<std::size_t>(odd.model.config.n_layer * odd.model.config.n_head));
      for (std::size_t index = 0; index < all.size(); ++index) {
        const HeadScores& got = all[index];
        CHECK(static_cast<int>(index) == got.layer * odd.model.config.n_head + got.head);
        const std::string name = plain_name(Site::pattern, got.layer, got.head);
        INFO(odd.name(), ", ", name);
        Sum previous, first, self, entropy, duplicate, induction;
        for (std::size_t d = 0; d < runs.size(); ++d) {
          const Rows<double>& pattern = runs[d].at.at(name);
          const std::vector<int>& token = odd.documents[d];
          for (std::size_t i = 1; i < pattern.size(); ++i) {
            previous.add(pattern[i][i - 1]);
            first.add(pattern[i][0]);
            self.add(pattern[i][i]);
            double nats = 0;
            for (const double a : pattern[i]) nats -= a * std::log(a);
            entropy.add(nats);
            // Earlier places of the same token; places before this one that follow such a place.
            Sum same, after;
            for (std::size_t j = 0; j < i; ++j) {
              if (token[j] == token[i]) same.add(pattern[i][j]);
              if (j > 0 && token[j - 1] == token[i]) after.add(pattern[i][j]);
            }
            if (same.count > 0) {
              duplicate.add(same.total);
              induction.add(after.total);
            }
          }
        }
        CHECK(is_near(got.previous, previous.mean()));
        CHECK(is_near(got.first, first.mean()));
        CHECK(is_near(got.self, self.mean()));
        CHECK(is_near(got.entropy, entropy.mean()));
        CHECK(is_near(got.duplicate, duplicate.mean()));
        CHECK(is_near(got.induction, induction.mean()));
        CHECK(got.duplicate_positions == static_cast<std::size_t>(duplicate.count));
      }
    }
  }

  TEST_CASE("heads: scores of patterns one can write down") {
    Noise noise(331);
    const Model model = random_model(noise, 1, Activation::relu);
    const Batch batch = batch_of({{4, 0, 1, 0, 1, 4}, {4, 2, 4}});  // BOS a b a b, and BOS c
    // Each head is made to look at one thing only.
    const auto look = [&](const auto& at_key) {
      const Intervention force[] = {{{.site = Site::pattern, .layer = 0}, [&](const Element& e) {
                                       return e.column == at_key(e.position) ? 1.0 : 0.0;
                                     }}};
      return head_scores(run(model, batch, force)).at(1);
    };
    const HeadScores previous = look([](int i) { return i - 1; });
    CHECK(previous.layer == 0);
    CHECK(previous.head == 1);
    CHECK(previous.previous == 1);
    CHECK(previous.first == doctest::Approx(2.0 / 5));  // positions 1 to 4 of one text and 1 of the other
    CHECK(previous.self == 0);
    CHECK(previous.entropy == 0);
    CHECK(previous.duplicate_positions == 2);  // the second a and the second b
    CHECK(previous.duplicate == 0);
    CHECK(previous.induction == 1);  // here what followed the first a, and the first b, stands just before

    CHECK(look([](int i) { return i; }).self == 1);
    CHECK(look([](int) { return 0; }).first == 1);
    const HeadScores duplicate = look([](int i) { return i - 2; });
    CHECK(duplicate.duplicate == 1);
    CHECK(duplicate.induction == 0);
    CHECK(look([](int i) { return i == 3 ? 2 : 0; }).induction == 0.5);  // the second b looks at BOS

    const Intervention even[] = {
        {{.site = Site::pattern, .layer = 0}, [](const Element& e) { return 1.0 / (e.position + 1); }}};
    const double entropy = (2 * std::log(2.0) + std::log(3.0) + std::log(4.0) + std::log(5.0)) / 5;
    CHECK(head_scores(run(model, batch, even)).at(0).entropy == doctest::Approx(entropy));
  }

  TEST_CASE("circuits: each entry of a table is what a run with these two tokens shows") {
    Noise noise(382);
    for (const OddModel& odd : odd_models(noise, 1)) {
      const ModelConfig& config = odd.model.config;
      const auto D = static_cast<std::size_t>(config.head_size());
      const auto n = static_cast<std::size_t>(config.block_size);
      for (int head = 0; head < config.n_head; ++head) {
        const int query = noise.whole(0, config.block_size - 1);
        const int key = noise.whole(0, query);
        const Matrix<double> qk = qk_table(odd.model, head, query, key);
        const Matrix<double> ov = ov_table(odd.model, head, query);
        REQUIRE(qk.rows() == config.vocab_size);
        REQUIRE(qk.cols() == config.vocab_size);
        for (int a = 0; a < config.vocab_size; ++a) {
          for (int b = 0; b < config.vocab_size; ++b) {
            if (query == key && a != b) continue;  // no run has two tokens in one place
            std::vector<int> tokens(n + 1, 0);
            tokens[static_cast<std::size_t>(key)] = b;
            tokens[static_cast<std::size_t>(query)] = a;
            const auto values = plain_run(odd.plain, tokens).at;
            const double score = values.at(plain_name(
                Site::scores, 0, head))[static_cast<std::size_t>(query)][static_cast<std::size_t>(key)];
            CHECK_MESSAGE(is_near(qk(a, b), score), odd.name(), ": head ", head, ", ", query, " asks ", key,
                          ": got ", qk(a, b), ", expected ", score);
            // What attn_wo makes of the head's v, read off by lm_head.
            double adds = 0;
            for (std::size_t c = 0; c < odd.plain.weights.at("lm_head")[0].size(); ++c) {
              for (std::size_t d = static_cast<std::size_t>(head) * D;
                   d < static_cast<std::size_t>(head + 1) * D; ++d) {
                adds += odd.plain.weights.at("lm_head")[static_cast<std::size_t>(b)][c]
                        * odd.plain.weights.at("layer0.attn_wo")[c][d]
                        * values.at("layer0.attn.v")[static_cast<std::size_t>(query)][d];
              }
            }
            CHECK_MESSAGE(is_near(ov(a, b), adds), odd.name(), ": head ", head, ", ", query, ": got ",
                          ov(a, b), ", expected ", adds);
          }
        }
      }
    }
  }

  TEST_CASE("circuits: heads and positions that are not there are refused with those that are") {
    Noise noise(332);
    const Model model = random_model(noise, 2, Activation::relu);
    CHECK(failure_of([&] {
            (void)qk_table(model, 3, 1, 0);
          }).is(Fault::usage, {.what = "bad head", .value = "3", .hint = "0 to 2"}));
    CHECK(failure_of([&] {
            (void)qk_table(model, 0, 1, 2);
          }).is(Fault::usage, {.what = "bad positions", .hint = "position 1"}));
    CHECK(failure_of([&] {
            (void)ov_table(model, 0, 6);
          }).is(Fault::usage, {.what = "bad position", .value = "6", .hint = "0 to 5"}));
    CHECK(failure_of([&] {
            (void)ov_table(random_model(noise, 0, Activation::relu), 0, 0);
          }).is(Fault::usage, {.hint = "no layers"}));
  }

  TEST_CASE("neurons: share, mean, strongest places and what they write, counted one position at a time") {
    Noise noise(383);
    for (OddModel& odd : odd_models(noise, 1)) {
      // One neuron that cannot fire.
      auto& dead = odd.plain.weights.at("layer0.mlp_fc1")[2];
      for (std::size_t c = 0; c < dead.size(); ++c) {
        dead[c] = 0;
        odd.model.parameters.mlp_fc1(0)(2, static_cast<Index>(c)) = 0;
      }
      const auto runs = odd.run();
      for (const std::size_t top : {0U, 2U, 1000U}) {
        const auto all = summarize_neurons(odd.model, run(odd.model, odd.batch), top);
        const int N = 4 * odd.model.config.n_embd;
        REQUIRE(all.size() == static_cast<std::size_t>(odd.model.config.n_layer * N));
        CHECK(all[2].dead());
        for (std::size_t index = 0; index < all.size(); ++index) {
          const NeuronSummary& got = all[index];
          CHECK(static_cast<int>(index) == got.layer * N + got.neuron);
          INFO(odd.name(), ", layer ", got.layer, ", neuron ", got.neuron);
          const std::string layer = "layer" + std::to_string(got.layer) + ".";
          const auto n = static_cast<std::size_t>(got.neuron);
          Sum active, mean;
          std::map<std::vector<int>, double> firings;  // by what was read until then
          for (std::size_t d = 0; d < runs.size(); ++d) {
            const Rows<double>& post = runs[d].at.at(layer + "mlp.post");
            for (std::size_t p = 0; p < post.size(); ++p) {
              active.add(post[p][n] > 0 ? 1 : 0);
              mean.add(post[p][n]);
              const auto begin = odd.documents[d].begin();
              if (post[p][n] > 0) firings[{begin, begin + static_cast<long>(p) + 1}] = post[p][n];
            }
          }
          CHECK(is_near(got.active, active.mean()));
          CHECK(is_near(got.mean, mean.mean()));
          CHECK(got.dead() == firings.empty());
          Numbers strongest;
          for (const auto& [read, value] : firings) strongest.push_back(value);
          std::sort(strongest.begin(), strongest.end(), std::greater<>());
          REQUIRE(got.top.size() == std::min(top, firings.size()));
          for (std::size_t i = 0; i < got.top.size(); ++i) {
            CHECK(is_near(got.top[i].value, strongest[i]));
            // Where it says it was, it was, and no document before it began alike.
            const double there = runs[got.top[i].document].at.at(
                layer + "mlp.post")[static_cast<std::size_t>(got.top[i].position)][n];
            CHECK(is_near(got.top[i].value, there));
            const auto& document = odd.documents[got.top[i].document];
            for (std::size_t d = 0; d < got.top[i].document; ++d) {
              const auto length = static_cast<std::size_t>(got.top[i].position) + 1;
              CHECK_FALSE((odd.documents[d].size() > length
                           && std::equal(document.begin(), document.begin() + static_cast<long>(length),
                                         odd.documents[d].begin())));
            }
          }
          const std::vector<double> writes = neuron_writes(odd.model, got.layer, got.neuron);
          REQUIRE(writes.size() == static_cast<std::size_t>(odd.model.config.vocab_size));
          for (std::size_t t = 0; t < writes.size(); ++t) {
            double adds = 0;
            for (std::size_t c = 0; c < odd.plain.weights.at("lm_head")[t].size(); ++c) {
              adds += odd.plain.weights.at("lm_head")[t][c] * odd.plain.weights.at(layer + "mlp_fc2")[c][n];
            }
            CHECK(is_near(writes[t], adds));
          }
        }
      }
    }
  }

  TEST_CASE("embeddings: cosines by their sums; principal components by what they are defined as") {
    Noise noise(384);
    for (const OddModel& odd : odd_models(noise)) {
      for (const std::string tensor : {"wte", "wpe"}) {
        const Rows<double>& rows = odd.plain.weights.at(tensor);
        const Matrix<double> x = tensor == "wte" ? Matrix<double>(odd.model.parameters.wte())
                                                 : Matrix<double>(odd.model.parameters.wpe());
        const std::size_t n = rows.size();
        const std::size_t C = rows[0].size();
        INFO(odd.name(), ", ", tensor);
        const auto product = [](const Numbers& a, const Numbers& b) {
          double sum = 0;
          for (std::size_t c = 0; c < a.size(); ++c) sum += a[c] * b[c];
          return sum;
        };
        std::vector<Index> every(n);
        std::iota(every.begin(), every.end(), Index{0});
        const auto nearest = neighbours(x, every, n);
        for (std::size_t i = 0; i < n; ++i) {
          REQUIRE(nearest[i].size() == n - 1);
          for (const NearRow& near : nearest[i]) {
            const Numbers& other = rows[static_cast<std::size_t>(near.row)];
            const double expected =
                product(rows[i], other) / std::sqrt(product(rows[i], rows[i]) * product(other, other));
            CHECK(is_near(near.cosine, expected));
          }
        }

        // S = sum over rows of (x - mean)(x - mean)^T. The components are unit vectors u, orthogonal to each
        // other, with S u = lambda u; the share is lambda over the trace of S; coordinates are (x - mean) .
        // u.
        Rows<double> centred = rows;
        for (std::size_t c = 0; c < C; ++c) {
          double mean = 0;
          for (const Numbers& row : rows) mean += row[c] / static_cast<double>(n);
          for (Numbers& row : centred) row[c] -= mean;
        }
        double trace = 0;
        for (const Numbers& row : centred) trace += product(row, row);
        const auto all = principal_components(x, static_cast<Index>(C));
        double before = 2;
        double shares = 0;
        for (std::size_t k = 0; k < C; ++k) {
          const auto at = static_cast<Index>(k);
          Numbers u;
          for (std::size_t c = 0; c < C; ++c) u.push_back(all.directions(at, static_cast<Index>(c)));
          for (std::size_t other = 0; other <= k; ++other) {
            double dot = 0;
            for (std::size_t c = 0; c < C; ++c) {
              dot += u[c] * all.directions(static_cast<Index>(other), static_cast<Index>(c));
            }
            CHECK(is_near(dot, other == k ? 1 : 0));
          }
          const double share = all.explained(at);
          Numbers s_u(C, 0.0);
          double variance = 0;  // along u
          for (std::size_t i = 0; i < n; ++i) {
            const double along = product(centred[i], u);
            CHECK(is_near(all.coordinates(static_cast<Index>(i), at), along));
            variance += along * along;
            for (std::size_t c = 0; c < C; ++c) s_u[c] += centred[i][c] * along;
          }
          for (std::size_t c = 0; c < C; ++c) CHECK(is_near(s_u[c], share * trace * u[c]));
          CHECK(is_near(share * trace, variance));
          CHECK(share <= before + 1e-15);
          before = share;
          shares += share;
          // The sign: the entry largest in size is positive.
          const auto largest = std::max_element(u.begin(), u.end(),
                                                [](double a, double b) { return std::abs(a) < std::abs(b); });
          CHECK(*largest > 0);
        }
        CHECK(is_near(shares, trace > 0 ? 1 : 0));  // one row alone does not vary
        // Fewer of them are the first of them.
        const auto one = principal_components(x, 1);
        CHECK(one.directions.row(0) == all.directions.row(0));
        CHECK(one.explained(0) == all.explained(0));
      }
    }
  }

  TEST_CASE("embeddings: a vector of zeros, and points on a line") {
    Matrix<double> x(4, 2);
    x << 1, 0, 0, 2, 3, 3, 0, 0;
    const std::vector<Index> ends = {0, 3};
    const auto near = neighbours(x, ends, 3);
    REQUIRE(near[0].size() == 3);
    CHECK(near[0][0].row == 2);
    CHECK(near[0][0].cosine == doctest::Approx(std::sqrt(0.5)));
    CHECK(near[0][1].row == 1);
    CHECK(near[0][2].row == 3);
    for (const NearRow& other : near[1]) CHECK(other.cosine == 0);  // nothing has an angle to zeros

    // Points on a line, and a little beside it: the direction is the line's.
    Noise noise(334);
    Matrix<double> points(50, 3);
    for (Index i = 0; i < 50; ++i) {
      const double t = noise.number(5);
      points.row(i) << 1 + 2 * t + noise.number(0.01), 5 - 2 * t + noise.number(0.01), t + noise.number(0.01);
    }
    const PrincipalComponents pca = principal_components(points, 3);
    CHECK(std::abs(pca.directions(0, 0)) == doctest::Approx(2.0 / 3).epsilon(0.01));
    CHECK(pca.directions(0, 0) * pca.directions(0, 1) < 0);
    CHECK(pca.explained(0) > 0.999);
  }
}
