#include "microgpt/view/study/history_list.hpp"

#include <algorithm>

#include "microgpt/study/numbers.hpp"
#include "microgpt/study/scalar.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::view {

namespace {

struct ScalarForm {
  const char* name;
  const char* meaning;
};
constexpr ScalarForm kScalarForms[] = {
    {"loss", "mean nll over the documents, in nats per character"},
    {"head.SCORE[layer L, head H]", "a score of a head over the documents"},
    {"ablation(ADDRESS)", "change of the loss if the value at the address is replaced by 0"},
    {"nll[position P]", "-ln of the probability of the character that comes next in the text"},
    {"prob[position P, token X]", "probability of a token after a position of the text"},
    {"logit[position P, token X]", "logit of a token after a position of the text"},
    {"ADDRESS", "the value at an address in the run on the text"},
    {"norm(ADDRESS)", "norm of all values at the address"},
    {"norm(TENSOR)", "norm of a weight tensor"},
    {"TENSOR[ROW,COLUMN]", "a weight"},
    {"cosine(X, Y)", "cosine of the angle between two tokens' rows of wte"},
    {"nearest(X)", "the three tokens nearest to one by that cosine"},
};

/// "a, b, c, and 17 more".
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 60;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i)
    text += (text.empty() ? "" : ", ") + names[i];
  return names.size() <= kMost ? text : text + ", and " + std::to_string(names.size() - kMost) + " more";
}

}  // namespace

Page history_list(const Subject& subject) {
  const study::Model& model = subject.model();
  const ModelConfig& config = model.config;
  // Of layers that are alike the first stands for all.
  const auto of_other_layer = [](const std::string& name) {
    return name.starts_with("layer") && !name.starts_with("layer0.");
  };
  std::vector<std::string> sites, tensors, tokens;
  for (const study::Address& site : study::sites_of(config)) sites.push_back(study::to_string(site));
  for (const TensorSpec& tensor : model.parameters.table()) tensors.push_back(tensor.name);
  for (auto* names : {&sites, &tensors})
    names->erase(std::remove_if(names->begin(), names->end(), of_other_layer), names->end());
  for (Token t = 0; t < config.vocab_size; ++t) tokens.push_back(study::token_name(model, t));

  Section forms{.key = "forms", .title = "Scalars"};
  forms.table = {.columns = {{"scalar", "scalar"}, {"meaning", "meaning"}}};
  for (const ScalarForm& form : kScalarForms) {
    forms.table.rows.push_back({std::string(form.name), std::string(form.meaning)});
  }
  Section parts{.key = "parts", .title = "What this model has"};
  parts.table = {.columns = {{"part", "part"}, {"values", "values"}}};
  const auto add = [&](const char* name, const std::string& values) {
    parts.table.rows.push_back({std::string(name), values});
  };
  add("SCORE", listed(study::head_score_names()));
  if (config.n_layer > 0) {
    add("L", index_range(config.n_layer));
    add("H", index_range(config.n_head));
  }
  add("P", index_range(config.block_size) + ", as far as the text goes; BOS is at position 0");
  add("X, Y", listed(tokens));
  add("TENSOR", listed(tensors));
  add("ADDRESS", listed(sites));
  parts.note =
      "An ADDRESS may have indices in brackets: layer0.mlp.post[neuron 3, position 2]. An index that is left "
      "out means every value of it, each a scalar of its own. Names that begin with layer0 exist for every "
      "layer. A token is one character, in single quotes if it is a space or the like, or BOS; in an ADDRESS "
      "it is its number.";
  return {.view = "history",
          .about = "What study history can follow through the checkpoints.",
          .sections = {forms, parts}};
}

}  // namespace microgpt::view
