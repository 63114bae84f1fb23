#include "microgpt/view/report/info_report.hpp"

#include <algorithm>
#include <exception>
#include <map>

#include "microgpt/base/sha256.hpp"
#include "microgpt/evaluate/loss.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/run/chosen_model.hpp"
#include "microgpt/run/config_difference.hpp"
#include "microgpt/run/run_folder.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/view/report/loss_facts.hpp"

namespace microgpt::view {

namespace {

std::optional<BestCheckpoint> best_of_run(const std::filesystem::path& run) {
  const auto path = RunFolder{run}.best_checkpoint();
  try {
    if (!std::filesystem::exists(path)) return std::nullopt;
    const Checkpoint best = Checkpoint::load(path);
    if (!best.training().held_out_loss) return std::nullopt;
    return BestCheckpoint{path.string(), best.training().step, *best.training().held_out_loss,
                          best.training().sample};
  } catch (const std::exception&) {  // damaged, or out of reach: the model itself is not
    return std::nullopt;
  }
}

std::string tensor_shape(const TensorSize& tensor) {
  std::string text;
  for (const auto n : tensor.shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

/// The weights, each with the norms of the optimizer's numbers for it: adam.m.NAME, adam.v.NAME and the like.
Section tensors_section(const ModelInfo& info, bool all, const std::string& more) {
  constexpr std::size_t kMost = 20;
  std::map<std::string, const TensorSize*> by_name;
  for (const TensorSize& tensor : info.tensors) by_name[tensor.name] = &tensor;
  const auto specs = parameter_table(info.config.model);
  std::vector<std::string> prefixes;  // of the optimizer's, in the order of the file
  for (const TensorSize& tensor : info.tensors) {
    for (const TensorSpec& spec : specs) {
      const std::string& name = tensor.name;
      if (name.size() <= spec.name.size() + 1 || !name.ends_with("." + spec.name)) continue;
      const std::string prefix = name.substr(0, name.size() - spec.name.size() - 1);
      if (std::find(prefixes.begin(), prefixes.end(), prefix) == prefixes.end()) prefixes.push_back(prefix);
    }
  }
  Section section{.key = "tensors", .title = "Tensors"};
  section.table = {.columns = {{"tensor", "tensor"},
                               {"dtype", "dtype"},
                               {"shape", "shape"},
                               {"norm", "norm", number(4)},
                               {"largest", "largest", number(4)}}};
  for (const std::string& prefix : prefixes) {
    std::string key = prefix + "_norm";
    std::replace(key.begin(), key.end(), '.', '_');
    section.table.columns.push_back({key, prefix + " norm", number(4)});
  }
  const std::size_t shown = all ? specs.size() : std::min(specs.size(), kMost);
  for (std::size_t i = 0; i < shown; ++i) {
    const TensorSize& tensor = *by_name.at(specs[i].name);
    std::vector<Value> row = {tensor.name, tensor.dtype, tensor_shape(tensor), tensor.norm, tensor.largest};
    for (const std::string& prefix : prefixes) {
      const auto moment = by_name.find(prefix + "." + tensor.name);
      row.push_back(moment == by_name.end() ? Value() : Value(moment->second->norm));
    }
    section.table.rows.push_back(std::move(row));
  }
  if (shown < specs.size()) {
    section.table.total_rows = specs.size();
    section.table.more = more;
  }
  return section;
}

/// The keys whose value is not the default, or all.
Section config_keys_section(const RunConfig& config, bool all, const std::string& more) {
  Section section{.key = "config", .title = all ? "Config" : "Config, where it is not the default"};
  section.table = {.columns = {{"key", "key"}, {"value", "value"}}};
  const auto keys = flat_keys(config);
  if (all) {
    for (const auto& [key, value] : keys) section.table.rows.push_back({key, value});
    return section;
  }
  for (const KeyDifference& one : differing_keys(config, RunConfig{}))
    section.table.rows.push_back({one.key, one.a});
  section.table.total_rows = keys.size();
  section.table.more = more;
  return section;
}

Section characters_section(const Tokenizer& tokenizer) {
  Section section{.key = "vocabulary", .title = "Vocabulary"};
  section.table = {.columns = {{"id", "id", whole()}, {"token", "token"}}};
  for (Token t = 0; t < tokenizer.vocab_size(); ++t) {
    section.table.rows.push_back({std::int64_t{t}, token_text(tokenizer, t)});
  }
  return section;
}

/// The characters in a line: the first of many.
std::string first_characters(const Tokenizer& tokenizer, const std::string& more) {
  constexpr std::size_t kMost = 120;
  const auto characters = tokenizer.characters();
  std::string text;
  for (const char32_t c : characters.first(std::min(characters.size(), kMost))) append_utf8(text, c);
  text = printable(text);
  return characters.size() <= kMost ? text : text + " ... (" + more + ")";
}

}  // namespace

ModelInfo model_info(const Checkpoint& checkpoint, const std::filesystem::path& path) {
  ModelInfo info{.file = checkpoint.path().string(),
                 .digest = digest_of_file(checkpoint.path(), Fault::checkpoint),
                 .tensors_sha256 = {},
                 .format_version = checkpoint.file().metadata().at("format_version"),
                 .config = checkpoint.config(),
                 .tokenizer = checkpoint.tokenizer(),
                 .training = checkpoint.training(),
                 .tensors = {},
                 .best = best_of_run(path)};
  Sha256 bytes;
  for (const TensorEntry& tensor : checkpoint.file().tensors()) {
    bytes.update(tensor.bytes);
    const std::vector<double> numbers = numbers_of(tensor);
    info.tensors.push_back(
        {tensor.name, tensor.dtype, tensor.shape, study::norm(numbers), study::largest_size(numbers)});
  }
  info.tensors_sha256 = bytes.hex();
  if (checkpoint.path() == RunFolder{path}.best_checkpoint()) info.last_step = step_after_best(path);
  return info;
}

Page info_report(const ModelInfo& info, bool all, const std::string& more) {
  const ModelConfig& model = info.config.model;
  const auto count = [](std::int64_t n) { return Value(n); };
  Page page{.view = "info", .about = "What the model file holds."};
  page.facts = {
      {"file", "file", info.file},
  };
  if (info.last_step) {
    page.facts.push_back({"weights", "weights",
                          "the best of the run by held-out loss (--last takes those of step "
                              + std::to_string(*info.last_step) + ")"});
  }
  const std::vector<Fact> facts = {
      {"bytes", "bytes", count(static_cast<std::int64_t>(info.digest.bytes)), whole()},
      {"format_version", "format version", info.format_version},
      {"sha256", "SHA-256", info.digest.sha256},
      {"tensors_sha256", "SHA-256 of the tensors", info.tensors_sha256},
      {"layers", "layers", count(model.n_layer), whole()},
      {"width", "channels (n_embd)", count(model.n_embd), whole()},
      {"heads", "heads", count(model.n_head), whole()},
      {"context", "context (block_size)", count(model.block_size), whole()},
      {"parameters", "parameters", count(static_cast<std::int64_t>(parameter_count(model))), whole()},
      {"precision", "precision",
       std::string(info.config.precision == Precision::float32 ? "float32" : "float64")},
      {"characters", "characters, without BOS",
       count(static_cast<std::int64_t>(info.tokenizer.characters().size())), whole()},
      {"vocabulary", "vocabulary", first_characters(info.tokenizer, more)},
      {"step", "step", count(info.training.step), whole()},
      {"steps", "steps planned", count(info.config.train.steps), whole()},
      {"data", "training text", info.config.data.path},
      {"data_sha256", "its SHA-256", info.training.data_sha256},
  };
  page.facts.insert(page.facts.end(), facts.begin(), facts.end());
  if (const auto& from = info.training.from) {
    const std::string moments =
        from->earlier_steps > 0 ? "kept, of " + std::to_string(from->earlier_steps) + " updates" : "fresh";
    page.facts.push_back({"from", "fine-tuned from", info.config.from});
    page.facts.push_back({"from_step", "its step", count(from->step), whole()});
    page.facts.push_back({"from_sha256", "its SHA-256 (of the content)", from->sha256});
    page.facts.push_back({"from_moments", "the optimizer's moments", moments});
  }
  if (info.training.held_out_loss) {
    add_loss_facts(page.facts, "held_out_", "held-out loss" + of_a_sample(info.training.sample),
                   *info.training.held_out_loss);
  } else {
    page.facts.push_back({"held_out_nats", "held-out loss", std::string("not measured at this step")});
  }
  if (info.best) {
    page.facts.push_back({"best_file", "best checkpoint of the run", info.best->file});
    page.facts.push_back({"best_step", "at step", count(info.best->step), whole()});
    add_loss_facts(page.facts, "best_", "its held-out loss" + of_a_sample(info.best->sample),
                   info.best->held_out_loss);
  }
  page.sections = {config_keys_section(info.config, all, more), tensors_section(info, all, more)};
  if (all) page.sections.push_back(characters_section(info.tokenizer));
  return page;
}

}  // namespace microgpt::view
