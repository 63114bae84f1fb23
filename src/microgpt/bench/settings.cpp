#include "microgpt/bench/settings.hpp"

#include <array>

#include "microgpt/base/rng.hpp"

namespace microgpt {

namespace {

constexpr int kNamesBlock = 16;
constexpr int kNamesLetters = 26;
constexpr int kShakespeareCharacters = 65;

/// Names of 0, 1, 2, … letters among the 32,033 of names.txt.
constexpr std::array kNamesOfLength = {0,    0,    65,  575, 2983, 7133, 9657, 6819,
                                       3108, 1118, 380, 128, 29,   30,   6,    2};

ModelConfig names(int width, int layers = 1) {
  return {.n_layer = layers,
          .n_embd = width,
          .n_head = width == 128 ? 8 : 4,
          .block_size = kNamesBlock,
          .vocab_size = kNamesLetters + 1};
}

std::vector<char32_t> first_characters(int count) {
  std::vector<char32_t> characters;
  for (int i = 0; i < count; ++i) characters.push_back(static_cast<char32_t>('0' + i));
  return characters;
}

std::vector<BenchSetting> growth_settings() {
  std::vector<BenchSetting> settings;
  const auto add = [&](const std::string& what, int number, int width, int context, int batch) {
    settings.push_back({what + std::to_string(number),
                        {.n_layer = 4,
                         .n_embd = width,
                         .n_head = width / 32,
                         .block_size = context,
                         .vocab_size = kShakespeareCharacters + 1},
                        batch,
                        1});
  };
  for (const int width : {32, 64, 128, 256, 512}) add("width-", width, width, 64, 16);
  for (const int context : {16, 64, 256, 1024}) add("context-", context, 128, context, 1024 / context);
  for (const int batch : {1, 4, 16, 64}) add("batch-", batch, 128, 64, batch);
  return settings;
}

}  // namespace

std::vector<BenchSetting> bench_settings(BenchSet set) {
  if (set == BenchSet::growth) return growth_settings();
  std::vector<BenchSetting> settings;
  const auto add = [&](int width, int batch, int threads) {
    settings.push_back(
        {"names-c" + std::to_string(width) + "-b" + std::to_string(batch) + "-t" + std::to_string(threads),
         names(width), batch, threads});
  };
  add(16, 1, 1);
  for (const int width : {16, 32, 64, 128}) add(width, 16, 1);
  for (const int width : {16, 32, 64, 128}) {
    add(width, 64, 1);
    add(width, 64, 2);
  }
  // makemore's transformer with its defaults, and nanoGPT's setting for tinyshakespeare on a CPU.
  for (const int threads : {1, 2})
    settings.push_back({"makemore-t" + std::to_string(threads), names(64, 4), 32, threads});
  const ModelConfig nanogpt = {
      .n_layer = 4, .n_embd = 128, .n_head = 4, .block_size = 64, .vocab_size = kShakespeareCharacters + 1};
  for (const int threads : {1, 2})
    settings.push_back({"nanogpt-cpu-t" + std::to_string(threads), nanogpt, 12, threads});
  // nanoGPT's "baby" model, and GPT-2 small over characters.
  const auto long_context = [](int layers, int width, int heads) {
    return ModelConfig{.n_layer = layers,
                       .n_embd = width,
                       .n_head = heads,
                       .block_size = 256,
                       .vocab_size = kShakespeareCharacters + 1};
  };
  for (const int threads : {1, 2})
    settings.push_back({"baby-t" + std::to_string(threads), long_context(6, 384, 6), 8, threads});
  if (set != BenchSet::large) return settings;
  for (const int threads : {1, 2})
    settings.push_back(
        {"gpt2-small-char-t" + std::to_string(threads), long_context(12, 768, 12), 4, threads});
  return settings;
}

double flops_per_position(const ModelConfig& model) {
  const double C = model.n_embd;
  return 6 * (12 * model.n_layer * C * C + model.vocab_size * C);
}

BenchText::BenchText(const ModelConfig& model, std::size_t documents)
    : tokenizer_(first_characters(model.vocab_size - 1)) {
  Rng rng(42);
  const auto write = [&](std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
      text_ += static_cast<char>(
          '0' + static_cast<int>(rng.below(static_cast<std::uint32_t>(model.vocab_size - 1))));
    }
  };
  const auto block_size = static_cast<std::size_t>(model.block_size);
  if (model.block_size != kNamesBlock) {
    write(documents * block_size + 1);
    examples_ = Examples::consecutive_windows(text_, block_size);
    return;
  }
  std::vector<Place> starts;
  for (std::size_t d = 0; d < documents; ++d) {
    auto ticket = static_cast<int>(rng.below(32033));
    std::size_t length = 0;
    for (; ticket >= kNamesOfLength[length]; ++length) ticket -= kNamesOfLength[length];
    starts.push_back(static_cast<Place>(text_.size()));
    write(length);
    text_ += kDocumentEnd;
  }
  text_.pop_back();
  examples_ = Examples::of_documents(text_, block_size, starts);
}

}  // namespace microgpt
