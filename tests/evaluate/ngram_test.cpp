#include "microgpt/evaluate/ngram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "support/data.hpp"
#include "support/model.hpp"

TEST_SUITE("evaluate") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  using Documents = std::vector<std::vector<Token>>;

  /// Documents of tokens 0 ... V - 2 between two BOS, V - 1, with habits that are worth counting.
  Documents documents_of(Noise& noise, int count, int vocab_size) {
    Documents documents;
    for (int d = 0; d < count; ++d) {
      std::vector<Token> tokens = {vocab_size - 1};
      for (int i = noise.whole(0, 9); i > 0; --i) {
        const bool habit = noise.whole(0, 2) > 0;
        tokens.push_back(habit ? (3 * tokens.back() + 1) % (vocab_size - 1) : noise.whole(0, vocab_size - 2));
      }
      tokens.push_back(vocab_size - 1);
      documents.push_back(tokens);
    }
    return documents;
  }

  /// The header's formula, by going through all documents for every count.
  double slow_probability(const Documents& documents, std::vector<Token> context, Token next, std::size_t n,
                          int outcomes) {
    if (n == 0) return 1.0 / outcomes;
    if (context.size() >= n)
      context.erase(context.begin(), context.end() - static_cast<std::ptrdiff_t>(n - 1));
    // A context shorter than n - 1 begins the document: the next shorter one is the same.
    const double shorter = context.empty() ? 1.0 / outcomes
                                           : slow_probability(documents, {context.begin() + 1, context.end()},
                                                              next, context.size(), outcomes);
    double seen = 0;
    double followed = 0;
    std::set<Token> types;
    for (const auto& document : documents) {
      for (std::size_t i = std::max<std::size_t>(1, context.size()); i < document.size(); ++i) {
        if (!std::equal(context.begin(), context.end(),
                        document.begin() + static_cast<std::ptrdiff_t>(i - context.size()))) {
          continue;
        }
        ++followed;
        seen += document[i] == next ? 1 : 0;
        types.insert(document[i]);
      }
    }
    if (followed == 0) return shorter;
    const auto t = static_cast<double>(types.size());
    return (seen + t * shorter) / (followed + t);
  }

  std::vector<Token> random_context(Noise& noise, int vocab_size) {
    auto context = noise.wholes(static_cast<std::size_t>(noise.whole(0, 7)), 0, vocab_size - 2);
    if (noise.whole(0, 1) == 0) context.insert(context.begin(), vocab_size - 1);
    return context;
  }

  }  // namespace

  TEST_CASE("ngram: three documents by hand") {
    // Tokens a = 0, b = 1, BOS = 2; the documents ab, a, b.
    NgramModel model(3);
    for (const auto& document : Documents{{2, 0, 1, 2}, {2, 0, 2}, {2, 1, 2}}) model.count(document);
    // Predicted: a twice, b twice, the end three times: c = 7, t = 3.
    const double a1 = (2 + 3 / 3.0) / (7 + 3);
    const double b1 = a1;
    const double end1 = (3 + 3 / 3.0) / (7 + 3);
    const auto start = model.probabilities(std::vector<Token>{2}, 0);
    CHECK(start[0] == doctest::Approx(a1).epsilon(1e-15));
    // After BOS: a twice, b once; t = 2.
    CHECK(start[1] == doctest::Approx((2 + 2 * a1) / (3 + 2)).epsilon(1e-15));
    CHECK(start[2] == start[1]);  // there is no longer context
    // After a: b once, the end once. After BOS a: the same.
    const double b2 = (1 + 2 * b1) / (2 + 2);
    const auto after = model.probabilities(std::vector<Token>{2, 0}, 1);
    CHECK(after[1] == doctest::Approx(b2).epsilon(1e-15));
    CHECK(after[2] == doctest::Approx((1 + 2 * b2) / (2 + 2)).epsilon(1e-15));
    // a after a was never seen; the context aa neither.
    CHECK(model.probabilities(std::vector<Token>{0, 0}, 2)[2]
          == doctest::Approx((1 + 2 * end1) / (2 + 2)).epsilon(1e-15));
  }

  TEST_CASE("ngram: probabilities are the formula's and add up to one") {
    Noise noise(211);
    for (const int vocab_size : {2, 5, 12}) {
      const auto documents = documents_of(noise, 60, vocab_size);
      NgramModel model(vocab_size);
      for (const auto& document : documents) model.count(document);
      for (int i = 0; i < 60; ++i) {
        const auto context = random_context(noise, vocab_size);
        NgramModel::ByOrder total{};
        for (Token next = 0; next < vocab_size; ++next) {
          const auto p = model.probabilities(context, next);
          for (std::size_t k = 0; k < NgramModel::kOrder; ++k) {
            total[k] += p[k];
            const double expected = slow_probability(documents, context, next, k + 1, vocab_size);
            CHECK_MESSAGE(std::abs(p[k] - expected) < 1e-14, (k + 1), "-gram of ", vocab_size,
                          " tokens: got ", p[k], ", expected ", expected);
          }
        }
        for (const double sum : total) CHECK(std::abs(sum - 1) < 1e-12);
      }
    }
  }

  TEST_CASE("ngram: the loss of a document is that of its tokens one by one") {
    Noise noise(212);
    const auto documents = documents_of(noise, 40, 6);
    NgramModel model(6);
    for (const auto& document : documents) model.count(document);
    for (const auto& document : documents_of(noise, 20, 6)) {
      NgramModel::ByOrder expected{};
      for (std::size_t i = 1; i < document.size(); ++i) {
        const auto p = model.probabilities(std::span(document).first(i), document[i]);
        for (std::size_t k = 0; k < expected.size(); ++k) expected[k] -= std::log(p[k]);
      }
      const auto got = model.nats(document);
      for (std::size_t k = 0; k < expected.size(); ++k) CHECK(std::abs(got[k] - expected[k]) < 1e-12);
    }
  }

  TEST_CASE("ngram: longer tables know a text of long habits better") {
    // abcabdabcabd…: only four characters back decide what follows ab.
    std::vector<Token> document = {4};
    for (int i = 0; i < 50; ++i) document.insert(document.end(), {0, 1, 2, 0, 1, 3});
    document.push_back(4);
    NgramModel model(5);
    for (int i = 0; i < 20; ++i) model.count(document);
    const auto nats = model.nats(document);
    for (std::size_t k = 1; k < nats.size(); ++k) CHECK(nats[k] <= nats[k - 1]);
    CHECK(nats[0] / 301 > 1.2);
    CHECK(nats[1] / 301 < 0.5);
    CHECK(nats[3] / 301 < 0.02);
  }

  TEST_CASE("ngram: a document in pieces is the document, to the last bit") {
    Noise noise(11);
    std::vector<Token> whole;
    for (int i = 0; i < 400; ++i) whole.push_back(noise.whole(0, 2) > 0 ? i % 5 : noise.whole(0, 6));
    NgramModel expected(7);
    expected.count(whole);
    constexpr std::size_t kBefore = NgramModel::kOrder - 1;
    for (const std::size_t size : {1U, 2U, 4U, 5U, 97U, 399U}) {
      CAPTURE(size);
      NgramModel pieces(7);
      NgramModel::ByOrder nats{};
      for (const bool counting : {true, false}) {
        for (std::size_t begin = 0; begin < whole.size();) {
          // The first piece has what the others have before them.
          const std::size_t first = begin == 0 ? 0 : begin - kBefore;
          const std::size_t end = std::min(whole.size(), begin == 0 ? size + kBefore : begin + size);
          const auto piece = std::span<const Token>(whole).subspan(first, end - first);
          const std::size_t read = begin == 0 ? 1 : kBefore;
          counting ? pieces.count(piece, read) : pieces.add_nats(piece, read, nats);
          begin = end;
        }
      }
      CHECK(nats == expected.nats(whole));
      CHECK(pieces.nats(whole) == expected.nats(whole));
    }
  }
}
