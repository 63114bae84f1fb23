// The hand-written backward pass against the scalar autograd of src/microgpt/reference, which
// shares no code with it; and against central differences, which know of neither.
#include "microgpt/model/gpt.hpp"

#include <doctest/doctest.h>

#include "microgpt/reference/model.hpp"
#include "support/model.hpp"

TEST_SUITE("model") {
  using namespace microgpt;
  using namespace microgpt::test;

  namespace {

  struct Case {
    ModelConfig config;
    std::vector<std::vector<int>> documents;
    bool token_mean = false;
  };

  /// Weight of each position's nll in the loss.
  Numbers weights_of(const Case& c, const Batch& batch) {
    Numbers weight;
    for (std::size_t d = 0; d < batch.documents(); ++d) {
      const int n = batch.offsets[d + 1] - batch.offsets[d];
      const double w = c.token_mean ? 1.0 / static_cast<double>(batch.positions())
                                    : 1.0 / (static_cast<double>(batch.documents()) * n);
      weight.insert(weight.end(), static_cast<std::size_t>(n), w);
    }
    return weight;
  }

  struct Result {
    double loss = 0;
    Numbers gradient;
  };

  template <class T>
  double forward(const Case& c, const Parameters<T>& parameters, const Batch& batch, Activations<T>& a) {
    gpt_forward<T>(c.config, parameters, batch, a);
    const Numbers weight = weights_of(c, batch);
    double loss = 0;
    for (std::size_t p = 0; p < weight.size(); ++p) {
      loss += weight[p] * static_cast<double>(a.nll()(static_cast<Index>(p), 0));
    }
    return loss;
  }

  template <class T>
  Result run_model(const Case& c, const Parameters<T>& parameters) {
    const Batch batch = batch_of(c.documents);
    Activations<T> a(c.config, 1);  // too small: it has to grow
    Activations<T> da(c.config, 1);
    Result result;
    result.loss = forward(c, parameters, batch, a);
    Parameters<T> gradient(c.config);
    gpt_backward<T>(c.config, parameters, batch, as<T>(weights_of(c, batch)), a, da, gradient);
    result.gradient = as<double>(gradient.values());
    return result;
  }

  /// The same by autograd, document by document.
  Result run_reference(const Case& c, const Parameters<double>& parameters) {
    const reference::Config config = {.n_layer = c.config.n_layer,
                                      .n_embd = c.config.n_embd,
                                      .n_head = c.config.n_head,
                                      .block_size = c.config.block_size,
                                      .squared_relu = c.config.activation == Activation::relu2};
    reference::Tape tape;
    Rng rng(0);
    reference::State state(config, c.config.vocab_size, tape, rng);
    REQUIRE(state.parameters.size() == parameters.values().size());
    for (std::size_t i = 0; i < state.parameters.size(); ++i) {
      state.parameters[i].set_data(parameters.values()[i]);
    }
    std::size_t positions = 0;
    for (const auto& tokens : c.documents) positions += tokens.size() - 1;

    Result result;
    const std::size_t end = tape.size();
    for (const auto& tokens : c.documents) {
      const double share = c.token_mean
                               ? static_cast<double>(tokens.size() - 1) / static_cast<double>(positions)
                               : 1.0 / static_cast<double>(c.documents.size());
      const reference::Value loss = reference::document_loss(config, state, tokens) * share;
      result.loss += loss.data();
      tape.backward(loss);  // adds to the gradients of the parameters
      tape.rewind(end);
    }
    for (const reference::Value& p : state.parameters) result.gradient.push_back(p.grad());
    return result;
  }

  Case random_case(Noise& noise, int number) {
    Case c;
    c.config.n_layer = number % 4;
    const int head_size = noise.whole(1, 5);
    c.config.n_head = noise.whole(1, 4);
    c.config.n_embd = head_size * c.config.n_head;
    c.config.block_size = noise.whole(1, 9);
    c.config.vocab_size = noise.whole(2, 12);
    c.config.activation = number % 3 == 0 ? Activation::relu2 : Activation::relu;
    c.token_mean = number / 4 % 2 == 1;
    for (int d = noise.whole(1, 9); d > 0; --d) {
      c.documents.push_back(random_document(c.config, noise, noise.whole(1, c.config.block_size)));
    }
    // Many hold the shortest document and the longest that fits.
    if (number % 5 < 2) {
      c.documents.back() = random_document(c.config, noise, 1);
      c.documents.front() = random_document(c.config, noise, c.config.block_size);
    }
    return c;
  }

  std::string describe(const Case& c) {
    std::string text = test::describe(c.config) + (c.token_mean ? " token" : " document") + " mean of";
    for (const auto& tokens : c.documents) text += " " + std::to_string(tokens.size() - 1);
    return text;
  }

  /// Compares tensor by tensor.
  void check_gradients(const Case& c, const Numbers& got, const Numbers& expected, double tolerance) {
    const std::string config = describe(c);
    CAPTURE(config);
    REQUIRE(got.size() == expected.size());
    for (const TensorSpec& tensor : parameter_table(c.config)) {
      const auto begin = static_cast<std::ptrdiff_t>(tensor.offset);
      const auto end = begin + static_cast<std::ptrdiff_t>(tensor.rows * tensor.cols);
      const Numbers one(got.begin() + begin, got.begin() + end);
      const Numbers other(expected.begin() + begin, expected.begin() + end);
      const double largest = std::abs(*std::max_element(
          other.begin(), other.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }));
      // Where the exact gradient is 0 (the attention of documents of one position, or a
      // projection behind dead units) only rounding is left, and no ratio means anything.
      if (largest < 1e-14) {
        double most = 0;
        for (const double g : one) most = std::max(most, std::abs(g));
        CHECK_MESSAGE(most < 1e-14, tensor.name, ": got up to ", most, ", expected 0");
        continue;
      }
      const double error = difference(one, other);
      CHECK_MESSAGE(error <= tolerance, tensor.name, ": relative error ", error, ", allowed ", tolerance,
                    "; first number got ", one[0], ", expected ", other[0]);
    }
  }

  }  // namespace

  TEST_CASE("gpt: loss and every tensor's gradient are those of scalar autograd") {
    Noise noise(101);
    for (int number = 0; number < 60; ++number) {
      const Case c = random_case(noise, number);
      const auto parameters = random_parameters<double>(c.config, noise);
      const Result got = run_model(c, parameters);
      const Result expected = run_reference(c, parameters);
      INFO(number, ": ", describe(c));
      CHECK_MESSAGE(std::abs(got.loss - expected.loss) <= 1e-12 * expected.loss, "loss: got ", got.loss,
                    ", expected ", expected.loss);
      check_gradients(c, got.gradient, expected.gradient, 1e-9);
    }
  }

  TEST_CASE("gpt: gradients at the size and the small weights of the source") {
    for (const Activation activation : {Activation::relu, Activation::relu2}) {
      Case c;
      c.config = {.vocab_size = 27, .activation = activation};
      Noise noise(7);
      for (const int positions : {7, 16, 1, 5}) {
        c.documents.push_back(random_document(c.config, noise, positions));
      }
      const auto parameters = random_parameters<double>(c.config, noise, 0.14);
      const Result got = run_model(c, parameters);
      const Result expected = run_reference(c, parameters);
      CHECK(std::abs(got.loss - expected.loss) <= 1e-12 * expected.loss);
      check_gradients(c, got.gradient, expected.gradient, 1e-9);
    }
  }

  TEST_CASE("gpt: gradients agree with central differences") {
    Noise noise(55);
    for (int number = 1; number < 9; ++number) {
      const Case c = random_case(noise, number);
      auto parameters = random_parameters<double>(c.config, noise);
      const Result got = run_model(c, parameters);
      const double largest =
          std::abs(*std::max_element(got.gradient.begin(), got.gradient.end(),
                                     [](double a, double b) { return std::abs(a) < std::abs(b); }));
      const Batch batch = batch_of(c.documents);
      Activations<double> a(c.config, batch.positions());
      for (int draw = 0; draw < 12; ++draw) {
        const auto i =
            static_cast<std::size_t>(noise.whole(0, static_cast<int>(parameters.values().size()) - 1));
        const double w = parameters.values()[i];
        constexpr double kStep = 1e-6;
        parameters.values()[i] = w + kStep;
        const double above = forward(c, parameters, batch, a);
        parameters.values()[i] = w - kStep;
        const double below = forward(c, parameters, batch, a);
        parameters.values()[i] = w;
        const double slope = (above - below) / (2 * kStep);
        CHECK_MESSAGE(std::abs(got.gradient[i] - slope) < 1e-7 * std::max(1.0, largest), describe(c),
                      " weight ", i, ": got ", got.gradient[i], ", expected ", slope);
      }
    }
  }

  TEST_CASE("gpt: backward adds to the gradient it is given") {
    Noise noise(3);
    const Case c = random_case(noise, 2);
    const auto parameters = random_parameters<double>(c.config, noise);
    const Result once = run_model(c, parameters);
    const Batch batch = batch_of(c.documents);
    Activations<double> a(c.config, batch.positions());
    Activations<double> da(c.config, batch.positions());
    auto gradient = random_parameters<double>(c.config, noise);
    const Numbers before = as<double>(gradient.values());
    forward(c, parameters, batch, a);
    gpt_backward<double>(c.config, parameters, batch, weights_of(c, batch), a, da, gradient);
    CHECK(difference(added(gradient.values(), before), once.gradient) < 1e-13);
    // da is left over from the call before, and no part of the next.
    gpt_backward<double>(c.config, parameters, batch, weights_of(c, batch), a, da, gradient);
    Numbers twice = once.gradient;
    for (double& g : twice) g *= 2;
    CHECK(difference(added(gradient.values(), before), twice) < 1e-13);
  }

  TEST_CASE("gpt: values that share their places in training come to the same bytes") {
    Noise noise(56);
    const auto compare = [&]<class T>(T /*precision*/) {
      for (int number = 0; number < 12; ++number) {
        const Case c = random_case(noise, number);
        const auto parameters = random_parameters<T>(c.config, noise);
        const Batch batch = batch_of(c.documents);
        const auto weights = weights_of(c, batch);
        const std::vector<T> weight(weights.begin(), weights.end());
        const auto gradient_of = [&](Activations<T> a, Activations<T> da, const Dropout& dropout = {}) {
          Parameters<T> gradient(c.config);
          gpt_forward<T>(c.config, parameters, batch, a, Kernels::fast, dropout);
          gpt_backward<T>(c.config, parameters, batch, weight, a, da, gradient, Kernels::fast, dropout);
          return as<double>(gradient.values());
        };
        const auto room = [&](Keep keep) { return Activations<T>(c.config, batch.positions(), keep); };
        CHECK_MESSAGE(gradient_of(room(Keep::values), room(Keep::gradients))
                          == gradient_of(room(Keep::everything), room(Keep::everything)),
                      describe(c));
        const Dropout dropout = dropout_of_step(0.3, 5, number);
        CHECK_MESSAGE(gradient_of(room(Keep::values), room(Keep::dropout_gradients), dropout)
                          == gradient_of(room(Keep::everything), room(Keep::everything), dropout),
                      describe(c));
      }
    };
    compare(float{});
    compare(double{});
  }

  TEST_CASE("gpt: under dropout every gradient is the slope of the loss under the same masks") {
    Noise noise(91);
    for (int number = 0; number < 8; ++number) {
      const Case c = random_case(noise, number);
      const Dropout dropout = dropout_of_step(0.4, 11, number);
      const Batch batch = batch_of(c.documents);
      auto parameters = random_parameters<double>(c.config, noise);
      Activations<double> a(c.config, batch.positions());
      Activations<double> da(c.config, batch.positions());
      const Numbers weight = weights_of(c, batch);
      const auto loss = [&] {
        gpt_forward<double>(c.config, parameters, batch, a, Kernels::readable, dropout);
        double sum = 0;
        for (std::size_t p = 0; p < weight.size(); ++p) sum += weight[p] * a.nll()(static_cast<Index>(p), 0);
        return sum;
      };
      loss();
      Parameters<double> gradient(c.config);
      gpt_backward<double>(c.config, parameters, batch, weight, a, da, gradient, Kernels::readable, dropout);
      Numbers slopes;
      for (double& w : parameters.values()) {
        constexpr double kStep = 1e-5;
        const double before = w;
        w = before + kStep;
        const double above = loss();
        w = before - kStep;
        slopes.push_back((above - loss()) / (2 * kStep));
        w = before;
      }
      CHECK_MESSAGE(difference(as<double>(gradient.values()), slopes) < 1e-5, describe(c));
    }
  }

  TEST_CASE("gpt: float agrees with double") {
    Noise noise(21);
    for (int number = 0; number < 12; ++number) {
      const Case c = random_case(noise, number);
      const std::uint64_t seed = noise.bits();
      Noise same(seed);
      Noise again(seed);
      const Result got = run_model(c, random_parameters<float>(c.config, same));
      const Result expected = run_model(c, random_parameters<double>(c.config, again));
      CHECK_MESSAGE(std::abs(got.loss - expected.loss) <= 1e-5 * expected.loss, describe(c), ": got ",
                    got.loss, ", expected ", expected.loss);
      CHECK_MESSAGE(difference(got.gradient, expected.gradient) <= 1e-5, describe(c));
    }
  }

  TEST_CASE("gpt: a document's numbers do not depend on what it is packed with") {
    Noise noise(8);
    Case c = random_case(noise, 10);
    const auto parameters = random_parameters<double>(c.config, noise);
    const Batch together = batch_of(c.documents);
    Activations<double> a(c.config, together.positions());
    gpt_forward<double>(c.config, parameters, together, a);
    Activations<double> b(c.config, 1);
    for (std::size_t d = 0; d < c.documents.size(); ++d) {
      const Batch alone = batch_of({c.documents[d]});
      gpt_forward<double>(c.config, parameters, alone, b);
      for (Index p = 0; p < b.positions(); ++p) {
        for (Index t = 0; t < c.config.vocab_size; ++t) {
          const double got = a.logits()(together.offsets[d] + p, t);
          CHECK_MESSAGE(std::abs(got - b.logits()(p, t)) < 1e-12, "document ", d, " position ", p);
        }
      }
    }
  }
}
