#include "microgpt/study/edit.hpp"

#include "microgpt/base/error.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::study {

namespace {

[[noreturn]] void refuse_part(const Address& part, std::string_view what, const std::string& why) {
  throw Error(Fault::usage,
              {.what = "bad " + std::string(what), .value = in_quotes(to_string(part)), .hint = why});
}

/// The columns of a site that an address names.
struct Columns {
  Index first = 0, count = 0;
};
Columns columns_of(const Address& part, const ModelConfig& config) {
  const Index C = config.n_embd;
  const Index D = config.head_size();
  switch (info(part.site).kind) {
    case SiteKind::neurons:
      return part.neuron ? Columns{*part.neuron, 1} : Columns{0, 4 * C};
    case SiteKind::tokens:
      return part.token ? Columns{*part.token, 1} : Columns{0, config.vocab_size};
    case SiteKind::heads:
      if (part.head && part.channel) return {*part.head * D + *part.channel, 1};
      if (part.head) return {*part.head * D, D};
      break;
    default:
      break;
  }
  return part.channel ? Columns{*part.channel, 1} : Columns{0, C};
}

/// The same columns of what a matrix gives are its rows; of what it reads, its columns.
Block rows_of(TensorKind kind, int layer, Columns some, Index inputs) {
  return {tensor_number(kind, layer), some.first, some.count, 0, inputs};
}
Block inputs_of(TensorKind kind, int layer, Columns some, Index outputs) {
  return {tensor_number(kind, layer), 0, outputs, some.first, some.count};
}

void require_no_position(const Address& part, std::string_view what) {
  if (!part.position) return;
  refuse_part(part, what,
              "weights act alike at every position: leave the position out, or patch the text with "
              "'study patch'");
}

}  // namespace

Block written_by(const Address& part, const ModelConfig& config, std::string_view what) {
  const Index C = config.n_embd;
  const Index V = config.vocab_size;
  const Columns some = columns_of(part, config);
  if (part.site == Site::embed_position) {
    const Block all = inputs_of(TensorKind::wpe, 0, some, config.block_size);
    return part.position ? Block{all.tensor, *part.position, 1, all.column, all.columns} : all;
  }
  require_no_position(part, what);
  switch (part.site) {
    case Site::embed_token:
      return inputs_of(TensorKind::wte, 0, some, V);
    case Site::z:
      return inputs_of(TensorKind::attn_wo, part.layer, some, C);
    case Site::mlp_post:
      return inputs_of(TensorKind::mlp_fc2, part.layer, some, C);
    default:
      break;
  }
  for (const Projection& projection : kProjections) {
    if (projection.to != part.site) continue;
    const Index inputs = projection.weight == TensorKind::mlp_fc2 ? 4 * C : C;
    return rows_of(projection.weight, part.layer, some, inputs);
  }
  refuse_part(part, what, "no weights write it alone: name a head (attn.z), neuron (mlp.post) or output");
}

std::vector<Block> weights_of(const Address& part, const ModelConfig& config, std::string_view what) {
  const Index C = config.n_embd;
  const int layer = part.layer;
  const Columns some = columns_of(part, config);
  std::vector<Block> blocks = {written_by(part, config, what)};
  const auto reads_by = [&](TensorKind kind) { blocks.push_back(rows_of(kind, layer, some, C)); };
  switch (part.site) {
    case Site::z:
      reads_by(TensorKind::attn_wq);
      reads_by(TensorKind::attn_wk);
      reads_by(TensorKind::attn_wv);
      break;
    case Site::mlp_post:
      reads_by(TensorKind::mlp_fc1);
      break;
    case Site::attn_out:
      if (part.channel) break;
      for (const TensorKind kind : {TensorKind::attn_wq, TensorKind::attn_wk, TensorKind::attn_wv})
        blocks.push_back({tensor_number(kind, layer), 0, C, 0, C});
      break;
    case Site::mlp_out:
      if (!part.channel) blocks.push_back({tensor_number(TensorKind::mlp_fc1, layer), 0, 4 * C, 0, C});
      break;
    default:
      break;
  }
  return blocks;
}

}  // namespace microgpt::study
