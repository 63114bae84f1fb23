// Two models side by side: against loops over their numbers, and against changes one has made oneself.
#include "microgpt/study/diff.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "support/errors.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  /// The figures of a difference by their definitions, for numbers of ordinary size.
  Difference by_loops(const Numbers& a, const Numbers& b) {
    Difference d;
    double squares_a = 0, squares_b = 0, squares = 0, product = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      squares_a += a[i] * a[i];
      squares_b += b[i] * b[i];
      squares += (b[i] - a[i]) * (b[i] - a[i]);
      product += a[i] * b[i];
      d.equal = d.equal && a[i] == b[i];
      if (std::abs(b[i] - a[i]) > d.largest) {
        d.largest = std::abs(b[i] - a[i]);
        d.at = i;
      }
    }
    d.norm_a = std::sqrt(squares_a);
    d.norm = std::sqrt(squares);
    d.relative = d.norm / d.norm_a;
    d.cosine = product / std::sqrt(squares_a) / std::sqrt(squares_b);
    return d;
  }

  void check_same(const Difference& got, const Difference& expected) {
    CHECK(got.equal == expected.equal);
    CHECK(got.norm_a == doctest::Approx(expected.norm_a).epsilon(1e-12));
    CHECK(got.norm == doctest::Approx(expected.norm).epsilon(1e-12));
    CHECK(got.relative == doctest::Approx(expected.relative).epsilon(1e-12));
    CHECK(got.largest == expected.largest);
    CHECK(got.at == expected.at);
    CHECK(got.cosine == doctest::Approx(expected.cosine).epsilon(1e-12));
  }

  RunDifference diff_on(const Model& a, const Model& b, const char* text) {
    return diff_runs(a, run(a, batch_of_text(a, text)), b, run(b, batch_of_text(b, text)));
  }

  /// Every number of a site of a run's document, in the order of head, position and column.
  Numbers numbers_of(const Trace& trace, Site site, int layer) {
    Numbers all;
    const auto n = static_cast<Index>(trace.batch().positions());
    const int H = trace.config().n_head;
    if (info(site).kind == SiteKind::keys) {
      for (int h = 0; h < H; ++h) {
        const Matrix<double> m = trace.head(site, layer, h);
        for (Index i = 0; i < n; ++i) {
          for (Index j = 0; j <= i; ++j) all.push_back(m(i, j));
        }
      }
      return all;
    }
    const Matrix<double> m = trace.values(site, layer);
    const Index blocks = info(site).kind == SiteKind::heads ? H : 1;
    const Index width = m.cols() / blocks;
    for (Index block = 0; block < blocks; ++block) {
      for (Index i = 0; i < n; ++i) {
        for (Index c = 0; c < width; ++c) all.push_back(m(i, block * width + c));
      }
    }
    return all;
  }

  }  // namespace

  TEST_CASE("diff: lists of numbers one can work out by hand") {
    const Difference d = diff_numbers(Numbers{3, 4}, Numbers{0, 8});
    CHECK(!d.equal);
    CHECK(d.norm_a == 5);
    CHECK(d.norm == 5);
    CHECK(d.relative == 1);
    CHECK(d.largest == 4);
    CHECK(d.at == 1);
    CHECK(d.cosine == doctest::Approx(0.8));

    const Difference none = diff_numbers(Numbers{3, -4}, Numbers{3, -4});
    CHECK(none.equal);
    CHECK(none.relative == 0);
    CHECK(none.largest == 0);
    CHECK(none.cosine == doctest::Approx(1));

    const Difference from_zero = diff_numbers(Numbers{0, 0}, Numbers{0, 2});
    CHECK(std::isinf(from_zero.relative));
    CHECK(std::isnan(from_zero.cosine));
    CHECK(diff_numbers(Numbers{0, 0}, Numbers{0, 0}).relative == 0);
    CHECK(diff_numbers(Numbers{}, Numbers{}).equal);

    // Bit for bit: -0 is not 0, and a NaN is equal to itself but to no number.
    const Difference zeros = diff_numbers(Numbers{1, 0}, Numbers{1, -0.0});
    CHECK(!zeros.equal);
    CHECK(zeros.largest == 0);
    CHECK(zeros.at == 1);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(diff_numbers(Numbers{nan, infinity}, Numbers{nan, infinity}).equal);
    CHECK(diff_numbers(Numbers{nan, infinity}, Numbers{nan, infinity}).largest == 0);
    const Difference broken = diff_numbers(Numbers{1, 2, 3}, Numbers{9, nan, 50});
    CHECK(std::isnan(broken.largest));
    CHECK(broken.at == 1);
    // No square overflows.
    const Difference huge = diff_numbers(Numbers{3e200, 4e200}, Numbers{0, 8e200});
    CHECK(huge.norm_a == doctest::Approx(5e200));
    CHECK(huge.relative == doctest::Approx(1));
    CHECK(huge.cosine == doctest::Approx(0.8));
  }

  TEST_CASE("diff: weights, tensor by tensor, against loops over the parameters") {
    Noise noise(701);
    const Model a = random_model(noise, 2, Activation::relu);
    const Model b = random_model(noise, 2, Activation::relu);
    const WeightsDifference weights = diff_weights(a, b);
    REQUIRE(weights.tensors.size() == a.parameters.table().size());
    for (std::size_t i = 0; i < weights.tensors.size(); ++i) {
      const TensorDifference& tensor = weights.tensors[i];
      const TensorSpec& spec = a.parameters.table()[i];
      CAPTURE(spec.name);
      CHECK(tensor.name == spec.name);
      CHECK(tensor.shape_a == std::vector<Index>{spec.rows, spec.cols});
      CHECK(tensor.shape_b == tensor.shape_a);
      CHECK(!tensor.equal);
      const auto values = [&](const Model& model) {
        const auto begin = model.parameters.values().begin() + spec.offset;
        return Numbers(begin, begin + spec.rows * spec.cols);
      };
      REQUIRE(tensor.difference);
      const Difference expected = by_loops(values(a), values(b));
      check_same(*tensor.difference, expected);
      CHECK(tensor.row * spec.cols + tensor.column == static_cast<Index>(expected.at));
    }
    const auto all = [](const Model& model) {
      return Numbers(model.parameters.values().begin(), model.parameters.values().end());
    };
    check_same(weights.total, by_loops(all(a), all(b)));
    CHECK(weights.compared == a.parameters.values().size());
    CHECK(!weights.equal);

    const WeightsDifference same = diff_weights(a, a);
    CHECK(same.equal);
    CHECK(same.total.equal);
    for (const TensorDifference& tensor : same.tensors) CHECK(tensor.equal);
  }

  TEST_CASE("diff: models of other shapes are compared where they can be") {
    Noise noise(702);
    const Model two = random_model(noise, 2, Activation::relu);
    Model one = random_model(noise, 1, Activation::relu2);
    // The first layer is the same in both.
    for (std::size_t i = 0; i < one.parameters.values().size(); ++i) {
      one.parameters.values()[i] = two.parameters.values()[i];
    }
    for (const bool deeper_first : {true, false}) {
      const Model& a = deeper_first ? two : one;
      const Model& b = deeper_first ? one : two;
      const WeightsDifference weights = diff_weights(a, b);
      CHECK(!weights.equal);
      CHECK(weights.total.equal);
      CHECK(weights.compared == one.parameters.values().size());
      REQUIRE(weights.tensors.size() == 15);
      for (const TensorDifference& tensor : weights.tensors) {
        const bool in_both = !tensor.name.starts_with("layer1.");
        CHECK_MESSAGE(tensor.difference.has_value() == in_both, tensor.name);
        CHECK_MESSAGE(tensor.equal == in_both, tensor.name);
        CHECK((deeper_first ? tensor.shape_a : tensor.shape_b).size() == 2);
        CHECK((deeper_first ? tensor.shape_b : tensor.shape_a).empty() == !in_both);
      }
      // relu and relu squared: the first site that may differ is mlp.post.
      const RunDifference run = diff_on(a, b, "abdc");
      REQUIRE(run.first);
      CHECK(to_string(run.sites[*run.first].site) == "layer0.mlp.post");
      CHECK(run.sites.size() == 4 + 2 * 15 + 2);
      for (const SiteDifference& site : run.sites) {
        const bool in_both = !info(site.site.site).in_layer || site.site.layer == 0;
        CHECK_MESSAGE(site.difference.has_value() == in_both, to_string(site.site));
      }
    }
    // Another width: no site but the logits, no tensor at all. Another number of heads: all but what is
    // theirs.
    const Model narrow = random_model(noise, 2, Activation::relu, 8, 2);
    CHECK(diff_weights(two, narrow).compared == 0);
    const RunDifference far = diff_on(two, narrow, "abdc");
    REQUIRE(far.first);
    CHECK(to_string(far.sites[*far.first].site) == "logits");
    Model fewer_heads = two;
    fewer_heads.config.n_head = 2;
    CHECK(diff_weights(two, fewer_heads).equal);
    const RunDifference heads = diff_on(two, fewer_heads, "abdc");
    REQUIRE(heads.first);
    CHECK(to_string(heads.sites[*heads.first].site) == "layer0.attn.out");
    for (const SiteDifference& site : heads.sites) {
      const SiteKind kind = info(site.site.site).kind;
      CHECK(site.difference.has_value() == (kind != SiteKind::heads && kind != SiteKind::keys));
    }
  }

  TEST_CASE("diff: a weight that is changed shows in its tensor alone, and first at the site it feeds") {
    Noise noise(703);
    const Model a = random_model(noise, 2, Activation::relu);
    const char* text = "abdca";
    const Trace trace = run(a, batch_of_text(a, text));
    const auto feeds = [](const std::string& tensor) -> std::string {
      if (tensor == "wte") return "embed.token";
      if (tensor == "wpe") return "embed.position";
      if (tensor == "lm_head") return "logits";
      const std::string layer = tensor.substr(0, tensor.find('.') + 1);
      const std::string name = tensor.substr(layer.size());
      if (name == "attn_wo") return layer + "attn.out";
      if (name == "mlp_fc1") return layer + "mlp.pre";
      if (name == "mlp_fc2") return layer + "mlp.out";
      return layer + "attn." + name.back();  // attn_wq, attn_wk, attn_wv
    };
    for (std::size_t i = 0; i < a.parameters.table().size(); ++i) {
      const TensorSpec& spec = a.parameters.table()[i];
      CAPTURE(spec.name);
      const Index row = spec.name == "wte" ? 2 : 1;  // c, which is in the text
      Index column = 3;
      if (spec.name.ends_with("mlp_fc2")) {  // a neuron that fires
        trace.values(Site::mlp_post, spec.name[5] - '0').colwise().sum().maxCoeff(&column);
      }
      Model b = a;
      b.parameters.tensor(i)(row, column) += 0.25;
      const WeightsDifference weights = diff_weights(a, b);
      for (const TensorDifference& tensor : weights.tensors)
        CHECK(tensor.equal == (tensor.name != spec.name));
      CHECK(weights.tensors[i].row == row);
      CHECK(weights.tensors[i].column == column);
      CHECK(weights.tensors[i].difference->largest == doctest::Approx(0.25));
      CHECK(weights.tensors[i].difference->norm == doctest::Approx(0.25));

      const RunDifference run = diff_on(a, b, text);
      REQUIRE(run.first);
      CHECK(to_string(run.sites[*run.first].site) == feeds(spec.name));
      for (std::size_t s = 0; s < *run.first; ++s) CHECK(run.sites[s].difference->equal);
    }
    // A row nothing reads changes nothing.
    Model unread = a;
    unread.parameters.wpe()(5, 0) += 1;
    const RunDifference same = diff_on(a, unread, "abd");
    CHECK(!same.first);
    for (const PredictionDifference& p : same.positions) CHECK(p.kl == 0);
    CHECK(!diff_weights(a, unread).equal);
  }

  TEST_CASE("diff: every site against loops over the two runs") {
    Noise noise(704);
    const Model a = random_model(noise, 2, Activation::relu2);
    const Model b = random_model(noise, 2, Activation::relu2);
    const Trace run_a = run(a, batch_of_text(a, "abdca"));
    const Trace run_b = run(b, batch_of_text(b, "abdca"));
    const RunDifference both = diff_runs(a, run_a, b, run_b);
    CHECK(both.first == 0U);
    for (const SiteDifference& site : both.sites) {
      CAPTURE(to_string(site.site));
      const Numbers of_a = numbers_of(run_a, site.site.site, site.site.layer);
      const Numbers of_b = numbers_of(run_b, site.site.site, site.site.layer);
      const Difference expected = by_loops(of_a, of_b);
      REQUIRE(site.difference);
      check_same(*site.difference, expected);
      CHECK(site.a == of_a[expected.at]);
      CHECK(site.b == of_b[expected.at]);
      CHECK(parse_address(to_string(site.at), a.config) == site.at);
    }
    // What stands at the address of a head's channel, and of what a query sees.
    const auto of = [&](const std::string& name) {
      for (const SiteDifference& site : both.sites) {
        if (to_string(site.site) == name) return site;
      }
      throw Error(Fault::usage, {.what = "no such site", .where = name});
    };
    const SiteDifference z = of("layer1.attn.z");
    CHECK(z.a == run_a.values(Site::z, 1)(*z.at.position, *z.at.head * 4 + *z.at.channel));
    const SiteDifference pattern = of("layer1.attn.pattern");
    CHECK(pattern.b
          == run_b.head(Site::pattern, 1, *pattern.at.head)(*pattern.at.position, *pattern.at.source));

    // The order of the pass.
    CHECK(to_string(both.sites[0].site) == "embed.token");
    CHECK(to_string(both.sites[4].site) == "layer0.resid_pre");
    CHECK(to_string(both.sites[19].site) == "layer1.resid_pre");
    CHECK(to_string(both.sites.back().site) == "probs");

    const Matrix<double> p = run_a.values(Site::probs);
    const Matrix<double> q = run_b.values(Site::probs);
    REQUIRE(both.positions.size() == 6);
    for (const PredictionDifference& at : both.positions) {
      double kl = 0;
      for (Index t = 0; t < 5; ++t) {
        kl += p(at.position, t) * std::log(p(at.position, t) / q(at.position, t));
        CHECK(at.probs_a[static_cast<std::size_t>(t)] == p(at.position, t));
        CHECK(at.probs_b[static_cast<std::size_t>(t)] == q(at.position, t));
      }
      CHECK(kl > 0);
      CHECK(at.kl == doctest::Approx(kl).epsilon(1e-12));
      const int next = run_a.batch().target[static_cast<std::size_t>(at.position)];
      CHECK(at.nll_a == doctest::Approx(-std::log(p(at.position, next))).epsilon(1e-12));
      CHECK(at.nll_b == doctest::Approx(-std::log(q(at.position, next))).epsilon(1e-12));
    }
    CHECK(failure_of([&] {
            (void)diff_runs(a, run_a, b, run(b, batch_of_text(b, "ab")));
          }).is(Fault::usage, {.hint = "6 positions, the other 3"}));
  }

  TEST_CASE("diff: other vocabularies are compared by their characters") {
    Noise noise(705);
    const Model a = random_model(noise, 1, Activation::relu);  // a b c d
    Model b = random_model(noise, 1, Activation::relu);
    b.tokenizer = Tokenizer({U'a', U'c', U'd', U'é'});
    const VocabularyDifference vocabulary = diff_vocabularies(a.tokenizer, b.tokenizer);
    CHECK(vocabulary.only_a == std::vector<char32_t>{U'b'});
    CHECK(vocabulary.only_b == std::vector<char32_t>{U'é'});
    const std::vector<std::pair<Token, Token>> shared = {{0, 0}, {2, 1}, {3, 2}, {4, 4}};
    CHECK(vocabulary.shared == shared);
    CHECK(!vocabulary.equal());
    CHECK(diff_vocabularies(a.tokenizer, a.tokenizer).equal());

    // Rows of the same character are the same: nothing that can be compared differs.
    for (const auto& [in_a, in_b] : shared) {
      b.parameters.wte().row(in_b) = a.parameters.wte().row(in_a);
      b.parameters.lm_head().row(in_b) = a.parameters.lm_head().row(in_a);
    }
    const WeightsDifference weights = diff_weights(a, b);
    for (const std::size_t tensor : {0U, 2U}) {
      CHECK(weights.tensors[tensor].difference->equal);
      CHECK(!weights.tensors[tensor].equal);
    }
    CHECK(!weights.equal);
    CHECK(weights.compared == a.parameters.values().size() - 2 * 12);
    b.parameters.wte()(1, 5) += 1;  // c's, which is row 2 of A
    CHECK(diff_weights(a, b).tensors[0].row == 2);
    CHECK(diff_weights(a, b).tensors[0].column == 5);

    const RunDifference run_difference = diff_on(a, b, "acd");
    const Trace run_a = run(a, batch_of_text(a, "acd"));
    const Trace run_b = run(b, batch_of_text(b, "acd"));
    const Matrix<double> logits_a = run_a.values(Site::logits);
    const Matrix<double> logits_b = run_b.values(Site::logits);
    double largest = 0;
    for (const PredictionDifference& at : run_difference.positions) {
      double sum_a = 0, sum_b = 0, kl = 0;
      for (const auto& [in_a, in_b] : shared) {
        sum_a += std::exp(logits_a(at.position, in_a));
        sum_b += std::exp(logits_b(at.position, in_b));
        largest = std::max(largest, std::abs(logits_a(at.position, in_a) - logits_b(at.position, in_b)));
      }
      for (const auto& [in_a, in_b] : shared) {
        const double p = std::exp(logits_a(at.position, in_a)) / sum_a;
        kl += p * std::log(p / (std::exp(logits_b(at.position, in_b)) / sum_b));
      }
      CHECK(at.kl == doctest::Approx(kl).epsilon(1e-9));
      CHECK(at.nll_b == run_b.nll()[static_cast<std::size_t>(at.position)]);
    }
    const SiteDifference& logits = run_difference.sites[run_difference.sites.size() - 2];
    CHECK(to_string(logits.site) == "logits");
    CHECK(logits.difference->largest == largest);
  }
}
