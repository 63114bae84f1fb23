// The numbers of a model that can be followed through training, by name:
//
//   loss                             mean nll over the documents, nats a character
//   nll[position 3]                  of what comes after a position of the text
//   prob[position 3, token a]        probability of a token there; logit[…] its logit
//   head.induction[layer 1, head 0]  a head's score over the documents (study/heads.hpp)
//   layer0.mlp.post[neuron 3, position 2]      what stands at any address, in the run on the text
//   layer0.attn_wq[3,5]              a weight: row, column
//   norm(layer0.attn_wq)             of a tensor, or of what stands at an address
//   cosine(a, e)                     of the angle between two tokens' rows of wte
//   nearest(a)                       a token's neighbours by that cosine: words, not a number
//   ablation(layer0.attn.z[head 2])  change of the loss over the documents with 0 in its place
//
// An index that is left out means all, each a scalar of its own. A token is one character, 'x' in quotes if
// it is a space or the like, or BOS; in the address of a site it is its number.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "microgpt/study/heads.hpp"

namespace microgpt::study {

struct Scalar {
  enum class Kind { loss, nll, head_score, site, weight, site_norm, tensor_norm, cosine, nearest, ablation };

  std::string name;  ///< as parse_scalars reads it, every index there
  Kind kind = Kind::loss;
  Address at{};                         ///< of nll the position; of a head score its attn.z
  double HeadScores::*score = nullptr;  ///< of head_score
  std::size_t tensor = 0;               ///< of weight and tensor_norm, its place in the table
  Index row = 0, column = 0;            ///< of weight
  Token token = 0, other = 0;           ///< of cosine and nearest

  [[nodiscard]] bool needs_text() const {
    return kind == Kind::nll || kind == Kind::site || kind == Kind::site_norm;
  }
  [[nodiscard]] bool needs_documents() const {
    return kind == Kind::loss || kind == Kind::head_score || kind == Kind::ablation;
  }
};

/// More than this many at once is a mistake.
inline constexpr std::size_t kMostScalars = 10'000;

/// The scalars a name means for such a model, on a text of so many positions; 0: there is no text. Throws
/// Error, one line that says what there is: (usage) if it is no name, or names what the model or the text has
/// not, or needs a text where there is none, or means more than kMostScalars; (data) for an unknown
/// character.
std::vector<Scalar> parse_scalars(std::string_view text, const Model& model, int positions);

/// How the scores of heads are called: previous, first, self, duplicate, induction, entropy.
std::vector<std::string> head_score_names();

/// A token as scalars name it: BOS, a, or as text/token_text writes it where that would be hard to see: ' ', '\\n'.
std::string token_name(const Model& model, Token token);

}  // namespace microgpt::study
