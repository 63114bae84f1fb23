#include "microgpt/reference/microgpt.hpp"

#include <cmath>
#include <cstdio>
#include <numbers>

#include "microgpt/base/error.hpp"
#include "microgpt/base/rng.hpp"
#include "microgpt/reference/model.hpp"
#include "microgpt/reference/value.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt::reference {

namespace {

/// All that the two revisions do differently.
struct Recipe {
  int block_size;
  int num_steps;
  double std;
  double projection_std;
  bool squared_relu;
  double beta1, beta2;
  double (*decay)(double progress);  // factor of the learning rate; progress is step / num_steps
  const char* line_end;              // of a progress line
  const char* heading;               // of the samples
};

double linear_decay(double progress) {
  return 1 - progress;
}

constexpr Recipe kLatest = {16,   1000, 0.08,         0.08, false,
                            0.85, 0.99, linear_decay, "\r", "--- inference (new, hallucinated names) ---"};
constexpr Recipe kCourse = {8, 500, 0.02, 0, true, 0.9, 0.95, nullptr, "\n", "--- inference ---"};

/// 0.01 times the decay, grouped as each revision's source groups it.
double learning_rate(const Recipe& recipe, int step, int num_steps) {
  if (recipe.decay != nullptr) return 0.01 * recipe.decay(static_cast<double>(step) / num_steps);
  return 0.01 * 0.5 * (1 + std::cos(std::numbers::pi * step / num_steps));
}

std::string format(const char* pattern, auto... values) {
  char line[128];
  const int length = std::snprintf(line, sizeof line, pattern, values...);
  return {line, static_cast<std::size_t>(length)};
}

void check(const Config& config, const Options& options) {
  const auto refuse = [](const char* name, int value, const char* allowed) {
    throw Error(Fault::usage,
                {.what = "bad size", .where = name, .value = std::to_string(value), .hint = allowed});
  };
  if (options.n_layer < 0) refuse("n-layer", options.n_layer, "must be 0 or more");
  if (options.n_embd < 1) refuse("n-embd", options.n_embd, "must be 1 or more");
  if (options.n_head < 1) refuse("n-head", options.n_head, "must be 1 or more");
  if (options.n_head > options.n_embd) refuse("n-head", options.n_head, "must be at most n-embd");
  if (config.block_size < 1) refuse("block-size", config.block_size, "must be 1 or more");
}

}  // namespace

void run(std::vector<std::string_view> docs, const Options& options, std::ostream& out,
         const std::function<void(double)>& on_loss) {
  const Recipe& recipe = options.revision == Revision::latest ? kLatest : kCourse;
  const Config config = {.n_layer = options.n_layer,
                         .n_embd = options.n_embd,
                         .n_head = options.n_head,
                         .block_size = options.block_size.value_or(recipe.block_size),
                         .std = recipe.std,
                         .projection_std = recipe.projection_std,
                         .squared_relu = recipe.squared_relu};
  const int num_steps = options.num_steps.value_or(recipe.num_steps);
  check(config, options);

  // The documents, shuffled once
  Rng rng(options.seed);
  rng.shuffle(std::span(docs));
  out << format("num docs: %zu\n", docs.size());

  // The tokenizer
  const Tokenizer tokenizer(docs);
  const int BOS = tokenizer.bos();
  out << format("vocab size: %d\n", tokenizer.vocab_size());

  // The parameters
  Tape tape;
  State state(config, tokenizer.vocab_size(), tape, rng);
  const std::size_t parameters_end = tape.size();
  out << format("num params: %zu\n", state.parameters.size());

  // Adam: one document a step
  const double beta1 = recipe.beta1;
  const double beta2 = recipe.beta2;
  const double eps_adam = 1e-8;
  std::vector<double> m(state.parameters.size());
  std::vector<double> v(state.parameters.size());
  std::vector<int> tokens;
  for (int step = 0; step < num_steps; ++step) {
    tokens.assign(1, BOS);
    tokenizer.encode(docs[static_cast<std::size_t>(step) % docs.size()], tokens);
    tokens.push_back(BOS);

    const Value loss = document_loss(config, state, tokens);
    const double loss_data = loss.data();
    if (std::isinf(loss_data)) {
      throw Error(Fault::numeric, {.what = "training broke down",
                                   .where = "step " + std::to_string(step + 1),
                                   .hint = "a probability became 0, and Python refuses its logarithm"});
    }
    tape.backward(loss);

    const double lr = learning_rate(recipe, step, num_steps);
    const double m_correction = 1 - power(beta1, step + 1);
    const double v_correction = 1 - power(beta2, step + 1);
    for (std::size_t i = 0; i < state.parameters.size(); ++i) {
      Value& p = state.parameters[i];
      m[i] = beta1 * m[i] + (1 - beta1) * p.grad();
      v[i] = beta2 * v[i] + (1 - beta2) * power(p.grad(), 2.0);
      const double m_hat = m[i] / m_correction;
      const double v_hat = v[i] / v_correction;
      p.set_data(p.data() - lr * m_hat / (power(v_hat, 0.5) + eps_adam));
      p.set_grad(0);
    }
    tape.rewind(parameters_end);

    out << format("step %4d / %4d | loss %.4f", step + 1, num_steps,
                  std::isnan(loss_data) ? std::abs(loss_data) : loss_data)
        << recipe.line_end << std::flush;
    if (on_loss) on_loss(loss_data);
  }

  // Sampling: the generator goes on from where initialisation left it
  const double temperature = 0.5;
  out << '\n' << recipe.heading << '\n';
  for (int sample_idx = 0; sample_idx < options.samples; ++sample_idx) {
    Cache cache(config.n_layer);
    int token = BOS;
    std::vector<int> sample;
    for (int position = 0; position < config.block_size; ++position) {
      Row logits = gpt(config, state, token, position, cache);
      for (Value& logit : logits) logit = logit / temperature;
      std::vector<double> weights;
      for (const Value& p : softmax(logits)) weights.push_back(p.data());
      token = static_cast<int>(rng.choose(weights));
      if (token == BOS) break;
      sample.push_back(token);
    }
    tape.rewind(parameters_end);
    out << format("sample %2d: ", sample_idx + 1) << tokenizer.decode(sample) << '\n';
  }
}

}  // namespace microgpt::reference
