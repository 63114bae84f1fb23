#include "microgpt/config/near_key.hpp"

#include <algorithm>
#include <vector>

#include "microgpt/text/nearest.hpp"

namespace microgpt {

namespace {

/// Names that other trainers, the papers and our earlier versions have for the same.
struct Synonym {
  std::string_view elsewhere, here;
};
constexpr Synonym kSynonyms[] = {
    {"documents", "data.mode"},
    {"file", "data.path"},
    {"input", "data.path"},
    {"val", "data.held_out"},
    {"val_split", "data.held_out"},
    {"num_layers", "model.n_layer"},
    {"depth", "model.n_layer"},
    {"d_model", "model.n_embd"},
    {"hidden_size", "model.n_embd"},
    {"width", "model.n_embd"},
    {"num_heads", "model.n_head"},
    {"context", "model.block_size"},
    {"context_length", "model.block_size"},
    {"seq_len", "model.block_size"},
    {"lr", "train.learning_rate"},
    {"max_lr", "train.learning_rate"},
    {"epochs", "train.steps"},
    {"iterations", "train.steps"},
    {"max_iters", "train.steps"},
    {"max_steps", "train.steps"},
    {"warmup", "train.warmup_steps"},
    {"wd", "train.weight_decay"},
    {"clip", "train.grad_clip"},
    {"eval_interval", "train.eval_every"},
    {"save_every", "train.checkpoint_every"},
    {"dtype", "train.precision"},
    {"max_length", "sample.max_chars"},
    {"max_new_tokens", "sample.max_chars"},
    {"num_samples", "sample.count"},
};

std::string_view last_part(std::string_view key) {
  return key.substr(key.rfind('.') + 1);  // npos + 1 is 0
}

}  // namespace

std::optional<std::string> near_key(std::string_view key, std::span<const std::string> keys) {
  std::string name(last_part(key));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const Synonym& one : kSynonyms) {
    if (one.elsewhere == name) return std::string(one.here);
  }
  std::vector<std::string> names;
  for (const std::string& one : keys) names.emplace_back(last_part(one));
  const auto near = near_name(name, names);
  if (!near) return std::nullopt;
  const std::string group(key.substr(0, key.size() - name.size()));
  const std::string here = group + *near;
  if (std::find(keys.begin(), keys.end(), here) != keys.end()) return here;
  return keys[static_cast<std::size_t>(std::find(names.begin(), names.end(), *near) - names.begin())];
}

}  // namespace microgpt
