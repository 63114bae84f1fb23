// study ablate: the loss of a text without a part of the model.
#include <algorithm>
#include <cmath>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/study/sweeps.hpp"
#include "microgpt/study/work.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kAblateOptions[] = {
    kDataOption,
    whole_option("--limit", "Number of documents read from the text", "1000, fewer if the model is large", 1,
                 1'000'000),
    {.name = "--at",
     .kind = OptionSpec::Kind::texts,
     .about = "Take away only what has this address (may be repeated)",
     .value_name = "ADDRESS",
     .excludes = "--all"},
    flag_option("--all", "Take away every head and neuron as well, however long that takes")
        .excluding("--at"),
    flag_option("--mean", "Replace each part by its mean over all positions instead of by 0"),
    amount_option("--top", "Number of parts shown; 0 shows all", "20"),
};

constexpr double kAblationWork =
    4 * study::kFewSeconds;                   // shared by all threads: over little text it says little
constexpr std::size_t kFewestPositions = 16;  // less of a text says nothing
constexpr double kMostNumbers = 2e7;          // of a trace: about 160 MB for each thread

/// The addresses that --at gives. Throws Error (usage) if one cannot be taken away.
std::vector<study::Address> named_parts(const Options& options, const ModelConfig& config) {
  std::vector<study::Address> parts;
  for (const std::string& text : options.texts("--at")) {
    const study::Address at = study::parse_address(text, config, "--at");
    if (at.site == Site::probs) {
      throw bad_option("--at", study::to_string(at),
                       "the loss is computed from the logits, not from probs: give logits");
    }
    if (options.flag("--mean") && info(at.site).kind == SiteKind::keys) {
      throw bad_option("--at", study::to_string(at),
                       "a head's matrix has no mean over positions: leave --mean out");
    }
    parts.push_back(at);
  }
  return parts;
}

/// What is taken away if no --at says so: position embeddings, layers and, where a few seconds are enough for them,
/// heads.
std::vector<study::Address> usual_parts(const ModelConfig& config) {
  std::vector<study::Address> parts = study::ablatable(config, false);
  if (static_cast<double>(parts.size()) * study::run_work(config, kFewestPositions) > kAblationWork) {
    std::erase_if(parts, [](const study::Address& at) { return at.head.has_value(); });
  }
  return parts;
}

struct AblatedDocuments {
  Batch batch;
  bool shortened = false;  ///< whether some were left out to save time or memory
};

/// The documents that --limit asks for; without it, those of a thousand that a few seconds and some memory are enough
/// for. If they are not even enough for the first one, its beginning.
AblatedDocuments affordable_documents(const Subject& subject, const Options& options, std::size_t parts) {
  Batch all = documents(subject, options);
  if (options.given("--limit")) return {std::move(all)};
  const ModelConfig& config = subject.config();
  std::size_t longest = 0;
  for (std::size_t d = 0; d < all.documents(); ++d) {
    longest = std::max(longest, static_cast<std::size_t>(all.offsets[d + 1] - all.offsets[d]));
  }
  const double by_work = kAblationWork / (static_cast<double>(parts) * study::run_work(config, 1));
  const double by_size = kMostNumbers / study::trace_size(config, 1, longest);
  const auto positions = static_cast<std::size_t>(
      std::clamp(std::min(by_work, by_size), static_cast<double>(kFewestPositions), 1e9));
  if (all.positions() <= positions) return {std::move(all)};
  std::size_t documents = 0;
  while (static_cast<std::size_t>(all.offsets[documents + 1]) <= positions) ++documents;
  Batch some;
  if (documents > 0) {
    some.assign(all, 0, documents);
  } else {
    std::vector<Token> tokens(all.token.begin(), all.token.begin() + static_cast<std::ptrdiff_t>(positions));
    tokens.push_back(all.target[positions - 1]);
    some.add(tokens);
  }
  return {std::move(some), true};
}

Page make_ablate(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  const ModelConfig& config = subject.config();
  std::vector<study::Address> parts = named_parts(options, config);
  const std::vector<study::Address> usual = usual_parts(config);
  const bool by_name = !parts.empty();
  if (options.flag("--all")) parts = study::ablatable(config);
  if (parts.empty()) parts = usual;
  // How much text is read follows from the usual parts, so that the numbers with and without --all are the same.
  const AblatedDocuments text = affordable_documents(subject, options, usual.size());
  const Batch& batch = text.batch;
  const bool mean = options.flag("--mean");
  const study::AblationSweep sweep = study::ablation_sweep(
      subject.model(), batch, parts, mean ? study::Ablation::mean : study::Ablation::zero, request.threads,
      request.progress);

  Page page{.view = "ablate",
            .about = std::string("Each part of the model is taken away in turn: what it computes becomes ")
                     + (mean ? "its mean over all positions" : "0")
                     + ". The more the loss rises, the more the model relies on that part."};
  page.facts = {{"ablation", "in place of a part", mean ? "mean" : "zero"},
                {"documents", "documents", static_cast<std::int64_t>(batch.documents()), whole()},
                {"characters", "characters", static_cast<std::int64_t>(batch.positions()), whole()},
                {"loss", "loss in nats per character, whole model", sweep.whole, number(4)}};
  const auto top = static_cast<std::size_t>(options.whole("--top", 20));
  Section section{.key = "parts", .title = "The loss without a part"};
  section.table.columns = {{"address", "without"},
                           {"loss", "loss", number(4)},
                           {"change", "change", fixed(4), Heat::column},
                           {"standard_error", "+-", fixed(4)}};
  for (const study::AblationRow& row : sweep.rows) {
    if (top > 0 && section.table.rows.size() == top) break;
    section.table.rows.push_back({study::to_string(row.at), row.loss, row.change,
                                  std::isnan(row.standard_error) ? Value() : Value(row.standard_error)});
  }
  if (section.table.rows.size() < sweep.rows.size()) {
    section.table.total_rows = sweep.rows.size();
    section.table.more = "--top 0 shows all, largest change first";
  }
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "The change of the loss without each part", .y = {2}};
  section.note = batch.documents() > 1
                     ? "+- is the standard error of the change, with documents as independent draws."
                     : "A single document has no standard error.";
  if (text.shortened) section.note += " --limit N reads more documents, which takes longer.";
  if (!by_name && !options.flag("--all") && config.n_layer > 0) {
    const bool heads = usual.size() > 1 + 2 * static_cast<std::size_t>(config.n_layer);
    section.note += heads ? " --all takes away every neuron as well."
                          : " --all takes away every head and neuron as well.";
  }
  page.sections = {section};
  return page;
}

}  // namespace

ViewSpec ablate_view() {
  return {.name = "ablate",
          .about = "The loss without each head, layer or neuron, and without positions",
          .example = "ablate --at 'layer0.attn.z[head 1]'",
          .options = kAblateOptions,
          .make = make_ablate};
}

}  // namespace microgpt::view
