// microgpt info: what a model file holds.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/base/sha256.hpp"
#include "microgpt/io/checkpoint.hpp"
#include "microgpt/io/run_folder.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt::cli {

namespace {

/// How large the numbers of a tensor are.
struct Size {
  double norm = 0;     ///< sqrt(Σ x²)
  double largest = 0;  ///< max |x|
};

template <class T>
Size size_of(std::string_view bytes) {
  const auto number = [&](std::size_t byte) {
    T value = 0;
    std::memcpy(&value, bytes.data() + byte, sizeof value);
    return std::abs(static_cast<double>(value));
  };
  Size size;
  for (std::size_t byte = 0; byte < bytes.size(); byte += sizeof(T)) {
    size.largest = std::max(size.largest, number(byte));
  }
  if (size.largest == 0) return size;
  double squares = 0;  // of x / max |x|: no square is too large or too small
  for (std::size_t byte = 0; byte < bytes.size(); byte += sizeof(T)) {
    const double part = number(byte) / size.largest;
    squares += part * part;
  }
  size.norm = size.largest * std::sqrt(squares);
  return size;
}

Size size_of(const TensorEntry& tensor) {
  return tensor.dtype == "F32" ? size_of<float>(tensor.bytes) : size_of<double>(tensor.bytes);
}

/// As sha256sum prints it, in pieces, so that the file needs no memory.
struct FileDigest {
  std::uint64_t bytes = 0;
  std::string sha256;

  explicit FileDigest(const std::filesystem::path& path) {
    InputFile file(path, Fault::checkpoint, std::uint64_t{64} << 30);
    bytes = file.size();
    std::string piece(1 << 16, '\0');
    Sha256 hash;
    for (std::uint64_t left = bytes; left > 0; left -= piece.size()) {
      piece.resize(std::min<std::uint64_t>(piece.size(), left));
      file.read(piece);
      hash.update(piece);
    }
    sha256 = hash.hex();
  }
};

/// The run's checkpoint of the lowest held-out loss, where there is one.
std::optional<Checkpoint> best_of(const std::string& model) {
  const auto path = RunFolder{model}.best_checkpoint();
  try {
    if (std::filesystem::exists(path)) return Checkpoint::load(path);
  } catch (const std::exception&) {  // damaged, or out of reach: the model itself is not
  }
  return std::nullopt;
}

std::string loss_text(double loss) {
  return nats_text(loss) + " nats a character (" + bits_text(loss) + " bits, perplexity "
         + perplexity_text(loss) + ")";
}

std::string vocabulary_text(const Tokenizer& tokenizer) {
  constexpr std::size_t kShown = 120;
  std::string text;
  for (const char32_t character :
       tokenizer.characters().first(std::min(tokenizer.characters().size(), kShown))) {
    append_utf8(text, character);
  }
  return printable(text) + (tokenizer.characters().size() > kShown ? " …" : "");
}

/// One line a tensor: the weights', and beside them how large Adam's moments are.
void print_tensors(const std::vector<TensorEntry>& tensors, const ModelConfig& model) {
  std::map<std::string, const TensorEntry*> by_name;
  for (const TensorEntry& tensor : tensors) by_name[tensor.name] = &tensor;
  const char* row = "  %-16s %-14s %12s %12s %12s %12s\n";
  char line[200];
  std::snprintf(line, sizeof line, row, "tensor", "shape", "norm", "largest", "adam.m norm", "adam.v norm");
  std::cout << bold(line);
  const auto shown = [](double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", number);
    return std::string(text);
  };
  for (const TensorSpec& spec : parameter_table(model)) {
    const Size size = size_of(*by_name.at(spec.name));
    const std::string shape = "[" + std::to_string(spec.rows) + ", " + std::to_string(spec.cols) + "]";
    std::snprintf(line, sizeof line, row, spec.name.c_str(), shape.c_str(), shown(size.norm).c_str(),
                  shown(size.largest).c_str(),
                  shown(size_of(*by_name.at("adam.m." + spec.name)).norm).c_str(),
                  shown(size_of(*by_name.at("adam.v." + spec.name)).norm).c_str());
    std::cout << line;
  }
}

void print_words(const Checkpoint& checkpoint, const FileDigest& digest,
                 const std::optional<Checkpoint>& best) {
  const RunConfig& config = checkpoint.config();
  const ModelConfig& model = config.model;
  const TrainingRecord& training = checkpoint.training();
  const auto field = [](const char* name) -> std::ostream& {
    char text[32];
    std::snprintf(text, sizeof text, "%-12s", name);
    return std::cout << bold(text);
  };
  field("file") << one_line(checkpoint.path().string()) << ": " << with_commas(digest.bytes)
                << " bytes, format version " << checkpoint.file().metadata().at("format_version") << '\n';
  field("sha256") << digest.sha256 << '\n';
  const auto count = [](auto number, const char* thing) {
    return counted(static_cast<std::size_t>(number), thing);
  };
  field("model") << count(model.n_layer, "layer") << ", width " << model.n_embd << ", "
                 << count(model.n_head, "head") << ", context " << model.block_size << ": "
                 << count(parameter_count(model), "parameter") << ", "
                 << (config.precision == Precision::float32 ? "float32" : "float64") << '\n';
  field("vocabulary") << count(checkpoint.tokenizer().characters().size(), "character")
                      << " and BOS: " << vocabulary_text(checkpoint.tokenizer()) << '\n';
  field("training") << "step " << training.step << " of " << config.train.steps << '\n';
  field("text") << one_line(config.data.path) << ", SHA-256 " << training.data_sha256 << '\n';
  field("held-out") << (training.held_out_loss ? loss_text(*training.held_out_loss)
                                               : "not measured at this step")
                    << '\n';
  if (best && best->training().held_out_loss) {
    field("best") << "step " << best->training().step << ": " << loss_text(*best->training().held_out_loss)
                  << '\n';
  }
  field("config") << '\n';
  const nlohmann::ordered_json keys = to_json(config).flatten();
  for (const auto& [key, value] : keys.items()) {
    std::string name = key.substr(1);  // "/train/steps"
    std::replace(name.begin(), name.end(), '/', '.');
    std::cout << "  " << name << " = " << printable(value.dump()) << '\n';
  }
  print_tensors(checkpoint.file().tensors(), model);
}

void print_json(const Checkpoint& checkpoint, const FileDigest& digest,
                const std::optional<Checkpoint>& best) {
  using nlohmann::ordered_json;
  const TrainingRecord& training = checkpoint.training();
  const auto loss = [](const TrainingRecord& record) {
    return record.held_out_loss ? ordered_json(*record.held_out_loss) : ordered_json(nullptr);
  };
  ordered_json document = {{"file", checkpoint.path().string()},
                           {"bytes", digest.bytes},
                           {"sha256", digest.sha256},
                           {"format_version", checkpoint.file().metadata().at("format_version")},
                           {"parameters", parameter_count(checkpoint.config().model)}};
  document["config"] = to_json(checkpoint.config());
  document["vocabulary"] = ordered_json::array();
  for (const char32_t character : checkpoint.tokenizer().characters()) {
    std::string text;
    append_utf8(text, character);
    document["vocabulary"].push_back(text);
  }
  document["training"] = {{"step", training.step},
                          {"steps", checkpoint.config().train.steps},
                          {"data_sha256", training.data_sha256},
                          {"held_out_loss", loss(training)}};
  document["best"] = nullptr;
  if (best) {
    document["best"] = {{"file", best->path().string()},
                        {"step", best->training().step},
                        {"held_out_loss", loss(best->training())}};
  }
  document["tensors"] = ordered_json::array();
  for (const TensorEntry& tensor : checkpoint.file().tensors()) {
    const Size size = size_of(tensor);
    document["tensors"].push_back({{"name", tensor.name},
                                   {"dtype", tensor.dtype},
                                   {"shape", tensor.shape},
                                   {"norm", size.norm},
                                   {"largest", size.largest}});
  }
  // A file's name may be any bytes; JSON is UTF-8.
  std::cout << document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace

CLI::App& add_info(CLI::App& program) {
  struct InfoOptions {
    std::string model;
    bool json = false;
  };
  auto options = std::make_shared<InfoOptions>();
  CLI::App& command = *program.add_subcommand("info", "Show what a model holds: config, vocabulary, tensors");
  command.add_option("PATH", options->model, "Run folder or checkpoint file")
      ->required()
      ->option_text("PATH");
  command.add_flag("--json", options->json, "One JSON document instead of words");
  command.footer("Example:\n  microgpt info runs/names-1");
  command.callback([options] {
    const Checkpoint checkpoint = load_model(options->model);
    const FileDigest digest(checkpoint.path());
    const auto best = best_of(options->model);
    options->json ? print_json(checkpoint, digest, best) : print_words(checkpoint, digest, best);
  });
  return command;
}

}  // namespace microgpt::cli
