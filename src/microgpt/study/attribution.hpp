// Why the model predicts what it predicts, as exact sums. There is no norm before lm_head and there are no
// biases, so every logit is the sum of what was written into the residual stream: the character, its place,
// what each head brought from each position it looked at, and each neuron.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "microgpt/study/trace.hpp"

namespace microgpt::study {

/// One term of a logit.
struct LedgerPart {
  Address at;  ///< embed.token, embed.position; attn.pattern[head h, source j]: what head h brought from j;
               ///< mlp.post[neuron n]
  double value = 0;
};

struct Ledger {
  int position = 0;
  int target = 0;     ///< the token whose logit it is
  int contrast = -1;  ///< if not negative, a token whose logit is taken off: target minus contrast
  double logit = 0;   ///< as the model computed it
  double sum = 0;     ///< of the parts
  std::vector<LedgerPart> parts;  ///< largest in size first
  /// The same by embed.token, embed.position, and each layer's attn.out and mlp.out.
  std::vector<LedgerPart> stages;
};

/// The token that a prediction is asked about if nobody names one: the next in the text; at the end of the trace's
/// first document the likeliest, because most texts are beginnings, and that they end says nothing.
Token expected_token(const Trace& trace, int position);

/// The embedding's two terms are those of embed.norm = (embed.token + embed.position) · r, with r as it is.
/// The logit of `target` (or its distance from that of `contrast`) at a position of the trace's first
/// document, in parts. Throws Error (usage) if position or token are not there.
Ledger ledger(const Model& model, const Trace& trace, int position, int target, int contrast = -1);

/// The stages of the residual stream in order: embed.norm, then each layer's resid_mid and resid_post. If these are
/// more than `most`, which is at least 2: without resid_mid; or so many of them, the first and the last included.
std::vector<Address> residual_stages(const ModelConfig& config,
                                     std::size_t most = std::numeric_limits<std::size_t>::max());

/// What a layer's stage of the residual stream would predict if it were the last.
struct LensRow {
  Address at;
  std::vector<double> probs;  ///< (V)
  double nll = 0;             ///< of the target
};

/// The logit lens (nostalgebraist 2020), exact here: lm_head on stages of the residual stream (without `stages` on
/// all) at a position of the first document. The target is, if negative, what comes next there.
std::vector<LensRow> logit_lens(const Model& model, const Trace& trace, int position, int target = -1,
                                std::span<const Address> stages = {});

/// The residual stream along the same stages.
struct StreamRow {
  Address at;
  double norm = 0;           ///< length
  double cosine_before = 0;  ///< of the angle to the stage before; 1 for the first; 0 where a length is 0
  double cosine_last = 0;    ///< and to the last stage
};
std::vector<StreamRow> residual_stream(const Trace& trace, int position);

}  // namespace microgpt::study
