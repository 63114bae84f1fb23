// What the benchmark trains: named models and batches, on made texts of the shape of well-known ones.
#pragma once

#include <string>
#include <vector>

#include "microgpt/model/config.hpp"
#include "microgpt/text/examples.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt {

struct BenchSetting {
  std::string name;  ///< text, width, batch, threads: names-c16-b16-t1; or what grows
  ModelConfig model;
  int batch_size = 1;
  int threads = 1;
};

enum class BenchSet {
  usual,
  large,  ///< the usual ones, and those that take gigabytes and minutes
  growth  ///< width, context and batch grow, one at a time
};

/// The settings of a set, in the order they are shown.
std::vector<BenchSetting> bench_settings(BenchSet set = BenchSet::usual);

/// Floating-point operations of a training step for each position, as the matrix products need them:
/// 6 (12 L C² + V C), the 6 being 2 for each of y = x Wᵀ, dx = dy W and dW = dyᵀ x.
double flops_per_position(const ModelConfig& model);

/// Documents for a setting. With a context of 16: of a to z, as long as those of names.txt (2 to 15 letters,
/// 6.12 in the mean) and as often. With a longer one: pieces of a text of 65 characters, as many as
/// tinyshakespeare has, that fill the context.
class BenchText {
 public:
  BenchText(const ModelConfig& model, std::size_t documents);
  BenchText(const BenchText&) = delete;  // the examples are views of the text
  BenchText& operator=(const BenchText&) = delete;

  [[nodiscard]] const Tokenizer& tokenizer() const { return tokenizer_; }
  [[nodiscard]] const Examples& examples() const { return examples_; }

 private:
  Tokenizer tokenizer_;
  std::string text_;
  Examples examples_;
};

}  // namespace microgpt
