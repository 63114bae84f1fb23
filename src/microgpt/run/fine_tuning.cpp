#include "microgpt/run/fine_tuning.hpp"

#include <algorithm>
#include <iterator>

#include "microgpt/base/error.hpp"
#include "microgpt/config/config_keys.hpp"
#include "microgpt/run/chosen_model.hpp"

namespace microgpt {

Checkpoint load_base(const RunConfig& config, const std::function<void(const Error&)>& passed_over) {
  Checkpoint base = choose_model(config.from, Weights::best, passed_over).checkpoint;
  const RunConfig& has = base.config();
  const auto refuse = [&](const std::string& why) {
    throw Error(Fault::data,
                {.what = "cannot begin with this model", .where = base.path().string(), .hint = why});
  };
  const auto check = [&](const char* key, int of_base, int of_config) {
    if (of_base == of_config) return;
    refuse(std::string(key) + " is " + std::to_string(of_base) + " in it and " + std::to_string(of_config)
           + " in the config: they must be equal");
  };
  check("model.n_layer", has.model.n_layer, config.model.n_layer);
  check("model.n_embd", has.model.n_embd, config.model.n_embd);
  check("model.n_head", has.model.n_head, config.model.n_head);
  if (has.model.activation != config.model.activation)
    refuse("model.activation is another one in it than in the config: they must be equal");
  if (!config.keep_moments) return base;
  if (!base.has_moments())
    refuse("train.keep_moments is true, but it holds weights alone, without the optimizer's moments");
  if (has.train.optimizer != config.train.optimizer)
    refuse("train.keep_moments is true, but its moments are another optimizer's than train.optimizer");
  return base;
}

Origin origin_of(const Checkpoint& base, bool moments) {
  const TrainingRecord& record = base.training();
  const int in_moments = std::min(kManySteps, record.step + (record.from ? record.from->earlier_steps : 0));
  return {base.file().metadata().at("sha256"), record.step, moments ? in_moments : 0};
}

std::vector<char32_t> lacking(const Tokenizer& base, const Tokenizer& of_text) {
  const auto has = base.characters(), needs = of_text.characters();
  std::vector<char32_t> fresh;
  std::set_difference(needs.begin(), needs.end(), has.begin(), has.end(), std::back_inserter(fresh));
  return fresh;
}

Tokenizer joint_vocabulary(const Tokenizer& a, const Tokenizer& b) {
  std::vector<char32_t> characters;
  std::set_union(a.characters().begin(), a.characters().end(), b.characters().begin(), b.characters().end(),
                 std::back_inserter(characters));
  return Tokenizer(std::move(characters));
}

namespace {

/// The new number of each of the base's tokens.
std::vector<Index> new_rows(const Tokenizer& base, const Tokenizer& tokenizer) {
  std::vector<Index> rows;
  const auto all = tokenizer.characters();
  for (const char32_t character : base.characters())
    rows.push_back(std::lower_bound(all.begin(), all.end(), character) - all.begin());
  rows.push_back(tokenizer.bos());
  return rows;
}

template <class T>
void copy_rows(const Parameters<T>& from, const std::vector<Index>& token_rows, Parameters<T>& to) {
  for (std::size_t i = 0; i < from.table().size(); ++i) {
    const TensorKind kind = from.table()[i].kind;
    const bool by_token = kind == TensorKind::wte || kind == TensorKind::lm_head;
    const ConstView<T> source = from.tensor(i);
    View<T> target = to.tensor(i);
    const Index rows = std::min(source.rows(), kind == TensorKind::wpe ? target.rows() : source.rows());
    for (Index r = 0; r < rows; ++r) {
      const Index row = by_token ? token_rows[static_cast<std::size_t>(r)] : r;
      for (Index c = 0; c < source.cols(); ++c) target(row, c) = source(r, c);
    }
  }
}

}  // namespace

template <class T>
void take_over(const Checkpoint& base, const Tokenizer& tokenizer, bool moments, TrainState<T>& state) {
  const std::vector<Index> rows = new_rows(base.tokenizer(), tokenizer);
  const TrainState<T> from = base.train_state<T>();
  copy_rows(from.parameters, rows, state.parameters);
  if (!moments) return;
  copy_rows(from.m, rows, state.m);
  copy_rows(from.v, rows, state.v);
  state.earlier_steps = origin_of(base, true).earlier_steps;
}

template void take_over<float>(const Checkpoint&, const Tokenizer&, bool, TrainState<float>&);
template void take_over<double>(const Checkpoint&, const Tokenizer&, bool, TrainState<double>&);

}  // namespace microgpt
