// The fast kernels against the readable forms in double, over all widths, lengths and head counts: where
// vectors and tiles do not fit evenly is where such kernels go wrong.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "microgpt/nn/ops.hpp"
#include "support/forms.hpp"
#include "support/oracle.hpp"

TEST_SUITE("nn") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  constexpr double kTolerance = 1e-5;

  /// The same random numbers as float and, exactly, as double.
  struct Pair {
    Arena<float> narrow;
    Numbers wide;
  };
  Pair random_pair(Noise& noise, Index count, double scale = 1) {
    const auto numbers = as<float>(noise.numbers(static_cast<std::size_t>(count), scale));
    Pair pair{{numbers.begin(), numbers.end()}, {}};
    pair.wide.assign(pair.narrow.begin(), pair.narrow.end());
    return pair;
  }
  /// A place for results, filled with what must not stay there.
  Pair junk(Index count) {
    const auto n = static_cast<std::size_t>(count);
    return {Arena<float>(n, -7.0F), Numbers(n, -7.0)};
  }

  View<float> narrow(Pair& p, Index rows, Index cols) {
    return {p.narrow.data(), rows, cols};
  }
  View<double> wide(Pair& p, Index rows, Index cols) {
    return {p.wide.data(), rows, cols};
  }

  double error(const Pair& p) {
    return difference(p.narrow, p.wide);
  }

  void check_linear(Index P, Index I, Index O, Noise& noise) {
    Pair x = random_pair(noise, P * I);
    Pair w = random_pair(noise, O * I);
    Pair dy = random_pair(noise, P * O);
    Pair y = junk(P * O);
    Pair dx = junk(P * I);
    Pair dw = random_pair(noise, O * I);
    fast::linear_forward<float>(narrow(y, P, O), narrow(x, P, I), narrow(w, O, I));
    linear_forward<double>(wide(y, P, O), wide(x, P, I), wide(w, O, I));
    fast::linear_backward<float>(narrow(dx, P, I), narrow(dw, O, I), narrow(dy, P, O), narrow(x, P, I),
                                 narrow(w, O, I));
    linear_backward<double>(wide(dx, P, I), wide(dw, O, I), wide(dy, P, O), wide(x, P, I), wide(w, O, I));
    INFO("positions ", P, " in ", I, " out ", O);
    CHECK(error(y) < kTolerance);
    CHECK(error(dx) < kTolerance);
    CHECK(error(dw) < kTolerance);
  }

  void check_attention(const std::vector<int>& offsets, int n_head, Index D, Noise& noise) {
    const Index P = offsets.back();
    const Index C = n_head * D;
    const PatternLayout layout{offsets, n_head};
    // q, k and v are columns of one wider matrix, as in the model.
    Pair qkv = random_pair(noise, P * 3 * C, 2);
    Pair dqkv = junk(P * 3 * C);
    Pair dz = random_pair(noise, P * C);
    Pair z = junk(P * C);
    const auto part = [&](auto& matrix, Index which) {
      using T = std::remove_reference_t<decltype(matrix[0])>;
      return ColumnsView<T>(matrix.data() + which * C, P, C, Eigen::OuterStride<>(3 * C));
    };
    const auto heads = static_cast<std::size_t>(layout.room());
    Arena<float> scores(heads), pattern(heads), dscores(heads), dpattern(heads);
    Numbers wide_scores(heads), wide_pattern(heads), wide_dscores(heads), wide_dpattern(heads);

    fast::attention_forward(narrow(z, P, C), scores, pattern, part(qkv.narrow, 0), part(qkv.narrow, 1),
                            part(qkv.narrow, 2), layout);
    attention_forward<double>(wide(z, P, C), wide_scores, wide_pattern, part(qkv.wide, 0), part(qkv.wide, 1),
                              part(qkv.wide, 2), layout);
    fast::attention_backward(part(dqkv.narrow, 0), part(dqkv.narrow, 1), part(dqkv.narrow, 2), dscores,
                             dpattern, narrow(dz, P, C), pattern, part(qkv.narrow, 0), part(qkv.narrow, 1),
                             part(qkv.narrow, 2), layout);
    attention_backward<double>(part(dqkv.wide, 0), part(dqkv.wide, 1), part(dqkv.wide, 2), wide_dscores,
                               wide_dpattern, wide(dz, P, C), wide_pattern, part(qkv.wide, 0),
                               part(qkv.wide, 1), part(qkv.wide, 2), layout);
    INFO("positions ", P, " documents ", offsets.size() - 1, " heads ", n_head, " of ", D);
    CHECK(error(z) < kTolerance);
    CHECK(error(dqkv) < kTolerance);
  }

  }  // namespace

  TEST_CASE("fast: linear at every width and every number of positions") {
    for (const fast::Form* form : fast::forms()) {
      const InForm in(*form);
      const std::string form_name = form->name;
      CAPTURE(form_name);
      Noise noise(201);
      for (Index width = 1; width <= 130; ++width) {
        check_linear(noise.whole(1, 64), width, noise.whole(1, 130), noise);
        check_linear(noise.whole(1, 64), noise.whole(1, 130), width, noise);
      }
      for (Index P = 1; P <= 64; ++P) check_linear(P, noise.whole(1, 40), noise.whole(1, 40), noise);
      check_linear(600, 16, 27, noise);  // more terms than one stretch of a sum
      check_linear(57, 520, 130, noise);
    }
  }

  TEST_CASE("fast: a product of large factors is, for each number, one multiply-add after the other") {
    Noise noise(41);
    // Of several blocks in each direction, none of them full; and of just what pays to be blocked.
    struct Sizes {
      Index M, N, K;
    };
    for (const Sizes& size : {Sizes{300, 1700, 530}, {290, 130, 700}, {100'000, 130, 1}, {7, 257, 20'000}}) {
      const Index M = size.M, N = size.N, K = size.K;
      const auto numbers = [&](Index count) {
        return as<float>(noise.numbers(static_cast<std::size_t>(count), 1));
      };
      const auto a_numbers = numbers(M * K), b_numbers = numbers(K * N), c_numbers = numbers(M * N);
      const Arena<float> a(a_numbers.begin(), a_numbers.end()), b(b_numbers.begin(), b_numbers.end());
      for (const fast::Form* form : fast::forms()) {
        const InForm in(*form);
        const bool fused = is_fused(*form);
        for (const int kind : {0, 1, 2, 3}) {
          const bool a_transposed = kind % 2 == 1, b_transposed = kind >= 2, add = kind > 0;
          const fast::Strided<float> as = {a.data(), a_transposed ? 1 : K, a_transposed ? M : 1};
          const fast::Strided<float> bs = {b.data(), b_transposed ? 1 : N, b_transposed ? K : 1};
          Arena<float> c(c_numbers.begin(), c_numbers.end());
          form->single.matmul(M, N, K, as, bs, c.data(), N, add);
          INFO(form->name, ": ", M, " x ", N, " x ", K, ", kind ", kind);
          for (int draw = 0; draw < 400; ++draw) {
            // Corners, and any others.
            const Index m = draw % 4 == 0 ? M - 1 : noise.whole(0, static_cast<int>(M) - 1);
            const Index n = draw % 3 == 0 ? N - 1 : noise.whole(0, static_cast<int>(N) - 1);
            float sum = add ? c_numbers[static_cast<std::size_t>(m * N + n)] : 0.0F;
            for (Index k = 0; k < K; ++k) {
              const float x = a[static_cast<std::size_t>(m * as.row_step + k * as.col_step)];
              const float y = b[static_cast<std::size_t>(k * bs.row_step + n * bs.col_step)];
              volatile const float product = x * y;  // rounded, where no multiply-add rounds once
              sum = fused ? std::fma(x, y, sum) : sum + product;
            }
            const float got = c[static_cast<std::size_t>(m * N + n)];
            CHECK_MESSAGE(got == sum, "row ", m, ", column ", n, ": got ", got, ", expected ", sum);
          }
        }
      }
    }
  }

  TEST_CASE("fast: heads that are shared among threads are the same as worked by one") {
    Noise noise(43);
    // Narrow, wide, and of no whole vectors; documents too short to be cut, and several blocks of queries.
    for (const auto& heads_of : {std::pair<int, Index>{4, 8}, {3, 16}, {2, 32}, {3, 64}, {2, 24}}) {
      const int H = heads_of.first;
      const Index D = heads_of.second, C = H * D;
      const std::vector<int> offsets = {0, 1, 4, 104, 109, 240};
      const Index P = offsets.back();
      const PatternLayout layout{offsets, H};
      const auto heads = static_cast<std::size_t>(layout.room());
      Pair q = random_pair(noise, P * C), k = random_pair(noise, P * C), v = random_pair(noise, P * C);
      Pair dz = random_pair(noise, P * C);
      for (const fast::Form* form : fast::forms()) {
        const InForm in(*form);
        const auto results = [&](int parts) {
          Arena<float> pattern(heads), dscores(heads);
          Pair z = junk(P * C), dq = junk(P * C), dk = junk(P * C), dv = junk(P * C);
          const auto part = [&](int number) {
            return PatternLayout{.offsets = offsets, .n_head = H, .part = number, .parts = parts};
          };
          for (int number = parts - 1; number >= 0; --number) {
            fast::attention_forward(narrow(z, P, C), {}, pattern, narrow(q, P, C), narrow(k, P, C),
                                    narrow(v, P, C), part(number));
          }
          for (int number = 0; number < parts; ++number) {
            fast::attention_backward(narrow(dq, P, C), narrow(dk, P, C), narrow(dv, P, C), dscores, {},
                                     narrow(dz, P, C), pattern, narrow(q, P, C), narrow(k, P, C),
                                     narrow(v, P, C), part(number));
          }
          Arena<float> all;
          for (const Pair* one : {&z, &dq, &dk, &dv})
            all.insert(all.end(), one->narrow.begin(), one->narrow.end());
          return all;
        };
        const Arena<float> whole = results(1);
        for (const int parts : {2, 3, 7, 100})
          CHECK_MESSAGE(results(parts) == whole, form->name, ": ", H, " heads of ", D, ", ", parts, " parts");
      }
    }
  }

  TEST_CASE("fast: rmsnorm and activations and cross entropy at every width") {
    for (const fast::Form* form : fast::forms()) {
      const InForm in(*form);
      const std::string form_name = form->name;
      CAPTURE(form_name);
      Noise noise(202);
      for (Index C = 1; C <= 130; ++C) {
        const Index P = noise.whole(1, 9);
        INFO("positions ", P, " width ", C);
        Pair x = random_pair(noise, P * C);
        Pair dy = random_pair(noise, P * C);
        Pair y = junk(P * C);
        Pair r = junk(P);
        fast::rmsnorm_forward(narrow(y, P, C), narrow(r, P, 1), narrow(x, P, C));
        rmsnorm_forward<double>(wide(y, P, C), wide(r, P, 1), wide(x, P, C));
        CHECK(error(y) < kTolerance);
        CHECK(error(r) < kTolerance);
        Pair dx = random_pair(noise, P * C);
        fast::rmsnorm_backward(narrow(dx, P, C), narrow(dy, P, C), narrow(x, P, C), narrow(r, P, 1));
        rmsnorm_backward<double>(wide(dx, P, C), wide(dy, P, C), wide(x, P, C), wide(r, P, 1));
        CHECK(error(dx) < kTolerance);

        for (const Activation kind : {Activation::relu, Activation::relu2}) {
          Pair dx_kind = junk(P * C);
          fast::activation_forward(narrow(y, P, C), narrow(x, P, C), kind);
          activation_forward<double>(wide(y, P, C), wide(x, P, C), kind);
          fast::activation_backward(narrow(dx_kind, P, C), narrow(dy, P, C), narrow(x, P, C), kind);
          activation_backward<double>(wide(dx_kind, P, C), wide(dy, P, C), wide(x, P, C), kind);
          CHECK(error(y) < kTolerance);
          CHECK(error(dx_kind) < kTolerance);
        }

        Pair logits = random_pair(noise, P * C, 20);
        Pair nll = junk(P);
        std::vector<int> target;
        for (Index p = 0; p < P; ++p) target.push_back(noise.whole(0, static_cast<int>(C) - 1));
        fast::cross_entropy_forward(narrow(y, P, C), narrow(nll, P, 1), narrow(logits, P, C), target);
        cross_entropy_forward<double>(wide(y, P, C), wide(nll, P, 1), wide(logits, P, C), target);
        CHECK(error(y) < kTolerance);
        Pair probs = random_pair(noise, P * C);
        Pair weight = random_pair(noise, P);
        Pair dlogits = junk(P * C);
        fast::cross_entropy_backward(narrow(dlogits, P, C), narrow(probs, P, C), target, weight.narrow);
        cross_entropy_backward<double>(wide(dlogits, P, C), wide(probs, P, C), target, weight.wide);
        CHECK(error(dlogits) < kTolerance);
        for (std::size_t p = 0; p < nll.wide.size(); ++p) {
          // Near 0 what is left is the rounding of the logits, up to 60 in size.
          CHECK(std::abs(static_cast<double>(nll.narrow[p]) - nll.wide[p]) < kTolerance * (1 + nll.wide[p]));
        }
      }
    }
  }

  TEST_CASE("fast: attention at every length and head size and odd head counts") {
    for (const fast::Form* form : fast::forms()) {
      const InForm in(*form);
      const std::string form_name = form->name;
      CAPTURE(form_name);
      Noise noise(203);
      for (int n = 1; n <= 64; ++n) {
        check_attention({0, n}, 4, 4, noise);
        check_attention({0, n}, static_cast<int>(noise.whole(1, 5)), noise.whole(1, 33), noise);
      }
      for (Index D = 1; D <= 40; ++D) {
        const int a = static_cast<int>(noise.whole(1, 16));
        check_attention({0, a, a + 1, a + 8}, static_cast<int>(noise.whole(1, 7)), D, noise);
      }
      for (Index D = 1; D <= 130; ++D) {  // a single head as wide as the model
        check_attention({0, static_cast<int>(noise.whole(1, 64))}, 1, D, noise);
      }
      for (const int n_head : {1, 2, 3, 4, 5, 7, 8, 9, 16}) {
        for (const Index D : {1, 2, 4, 8, 16, 32}) check_attention({0, 7, 23}, n_head, D, noise);
      }
    }
  }

  TEST_CASE("fast: logits far apart neither overflow nor lose their order") {
    for (const fast::Form* form : fast::forms()) {
      const InForm in(*form);
      const std::string form_name = form->name;
      CAPTURE(form_name);
      Arena<float> logits = {1000.0F, -1000.0F, 0.0F, 999.0F, 3e38F, -3e38F, 3e38F, 1.0F, 2.0F};
      for (std::size_t extra = 0; extra < 20; ++extra) {
        Arena<float> probs(logits.size());
        float nll = 0;
        const auto V = static_cast<Index>(logits.size());
        const int target = 4;
        fast::cross_entropy_forward(View<float>(probs.data(), 1, V), View<float>(&nll, 1, 1),
                                    View<float>(logits.data(), 1, V), {&target, 1});
        CHECK(std::accumulate(probs.begin(), probs.end(), 0.0F) == doctest::Approx(1.0));
        CHECK(probs[4] == doctest::Approx(0.5));
        CHECK(probs[0] == 0.0F);
        CHECK(std::isfinite(nll));
        logits.push_back(-5.0F);
      }
    }
  }
}
