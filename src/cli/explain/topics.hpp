// The topics of `microgpt explain`: each makes a page of what it is given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/explain/page.hpp"
#include "microgpt/base/error.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/study/address.hpp"
#include "microgpt/study/model.hpp"
#include "microgpt/study/trace.hpp"
#include "microgpt/train/config.hpp"

namespace microgpt::cli::explain {

/// The command line.
struct ExplainOptions {
  std::string topic;
  std::vector<std::string> numbers;
  std::optional<std::string> model, text, at, weight, dtype;
  std::optional<int> position, layer, head;
  std::optional<double> temperature;
  std::optional<std::uint64_t> seed;
  std::optional<int> digits;
  int width = 0;
  bool json = false;
};

struct SoftmaxInput {
  std::vector<double> logits{};
  double temperature = 1;
  bool float32 = false;
  std::string address{};              ///< where they come from
  std::string label{};                ///< what the labels are: "token"
  std::vector<std::string> labels{};  ///< of each logit; none: there are only their numbers
};

/// A model that has read a text, and the place in it that is looked at.
struct Subject {
  study::Model model;
  TrainConfig train;
  int step = 0;                                    ///< updates done
  Parameters<double> first_moment, second_moment;  ///< Adam's
  std::string text;
  study::Trace trace;  ///< with gradients
  int position = 0, layer = 0, head = 0;

  [[nodiscard]] const ModelConfig& config() const { return model.config; }
  [[nodiscard]] const Batch& batch() const { return trace.batch(); }
  [[nodiscard]] int positions() const { return static_cast<int>(batch().positions()); }
};

/// The example without a model: four channels, two heads, the letters of emma, weights from a seed.
study::Model built_in_model();
/// The model after reading the text, and the place that options, or an address, name. `checkpoint` is where
/// the model comes from, if not from here. Throws Error (usage, data), saying what there is.
Subject make_subject(const ExplainOptions& options, const std::optional<study::Address>& at,
                     const std::optional<Checkpoint>& checkpoint, study::Model model);

/// A token as it is shown: its character, or BOS.
std::string token_text(const Tokenizer& tokenizer, Token token);

/// A row of numbers.
using Numbers = std::vector<double>;
/// One position of a site.
Numbers row_of(const study::Trace& trace, Site site, int layer, int position);
Lines lines_of_site(Site site);
/// The residual stream as lm_head reads it.
study::Address end_of_stream(const ModelConfig& config);

/// A single weight: "layer0.attn_wq[3,5]".
struct WeightAddress {
  std::size_t tensor = 0;
  Index row = 0, column = 0;
};
/// Throws Error (usage), saying what there is.
WeightAddress parse_weight(const std::string& text, const Parameters<double>& parameters);
std::string to_string(const WeightAddress& weight, const Parameters<double>& parameters);

Page explain_softmax(const SoftmaxInput& input, const Digits& n);
Page explain_tokens(const Subject& s, const Digits& n);
Page explain_embedding(const Subject& s, const Digits& n);
/// Of embed.norm, attn.norm, mlp.norm.
Page explain_rmsnorm(const Subject& s, const study::Address& at, const Digits& n);
/// Of q, k, v, attn.out, mlp.pre, mlp.out or logits.
Page explain_linear(const Subject& s, const study::Address& at, const Digits& n);
Page explain_attention(const Subject& s, const Digits& n);
Page explain_heads(const Subject& s, const Digits& n);
Page explain_residual(const Subject& s, const Digits& n);
Page explain_mlp(const Subject& s, const Digits& n);
Page explain_logits(const Subject& s, const Digits& n);
Page explain_loss(const Subject& s, const Digits& n);
Page explain_backprop(const Subject& s, const WeightAddress& weight, const Digits& n);
Page explain_adam(const Subject& s, const WeightAddress& weight, const Digits& n);
Page explain_sampling(const Subject& s, double temperature, std::uint64_t seed, const Digits& n);

}  // namespace microgpt::cli::explain
