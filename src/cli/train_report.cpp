#include "cli/train_report.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/model.hpp"
#include "cli/terminal.hpp"
#include "microgpt/evaluate/texts.hpp"
#include "microgpt/model/parameters.hpp"

namespace microgpt::cli {

namespace {

/// The path as one would type it here.
std::string from_here(const std::filesystem::path& path) {
  std::error_code gone;  // the folder we are in may have been deleted
  const auto relative = path.lexically_relative(std::filesystem::current_path(gone));
  const bool below = !relative.empty() && *relative.begin() != "..";
  return below ? relative.string() : path.string();
}

std::string count(int number, const std::string& thing) {
  return counted(static_cast<std::size_t>(number), thing);
}

std::string by_clock(double seconds) {
  return bold("time")
         + format(
             "    %g s by the clock: the number of steps differs from run to run, so this run is not "
             "reproducible\n",
             seconds);
}

constexpr const char* kIndent = "        ";

std::string summary_line(const RunConfig& config, const TextSummary& data) {
  const std::string text =
      counted(data.characters, "character") + ", " + count(config.model.vocab_size, "token");
  const std::string for_test = data.test > 0 ? ", " + with_commas(data.test) + " for the test" : "";
  if (config.data.mode == DataMode::stream) {
    return "one stream of " + text + "; windows of " + std::to_string(config.model.block_size + 1) + ", "
           + counted(data.held_out, "character") + " held out" + for_test;
  }
  return counted(data.documents, config.data.mode == DataMode::lines ? "line" : "paragraph") + " ("
         + (data.distinct_is_exact ? "" : "more than ") + with_commas(data.distinct) + " distinct), " + text
         + "; longest " + with_commas(data.longest) + ", " + with_commas(data.too_long)
         + (config.data.long_documents == LongDocuments::cut ? " cut" : " split") + " to fit block_size, "
         + with_commas(data.held_out) + " held out" + for_test;
}

}  // namespace

void describe(const Session& session, int threads) {
  const RunConfig& config = session.config();
  std::cout << bold("data ") << "   " << one_line(from_here(config.data.path)) << ": "
            << summary_line(config, session.corpus().summary) << '\n';
  for (const std::string& notice : session.corpus().dataset.notices()) std::cout << kIndent << notice << '\n';
  if (const auto sample = session.summary().sample) {
    std::cout << kIndent << "held-out losses are of a sample of " << counted(*sample, "character")
              << " (train.eval_positions)\n";
  }
  std::cout << bold("model") << "   " << count(config.model.n_layer, "layer") << ", width "
            << config.model.n_embd << ", " << count(config.model.n_head, "head") << ", context "
            << config.model.block_size << ": "
            << counted(static_cast<std::size_t>(parameter_count(config.model)), "parameter")
            << "; batches of " << config.train.batch_size << ", " << count(threads, "thread") << '\n'
            << (config.time_budget > 0 ? by_clock(config.time_budget) : "") << bold("run  ") << "   "
            << one_line(from_here(session.folder()->path)) << '\n';
  if (const auto step = session.resumed_after())
    std::cout << bold("resumed") << " after step " << *step << '\n';
  std::cout << std::flush;
}

void warn_of_loss(const Session& session) {
  // A fresh model is a little worse than guessing: one nat more is no bad start but weights that were driven off.
  const double guessing = uniform_nats(session.config().model.vocab_size, session.config().data.mode);
  const RunSummary summary = session.summary();
  if (session.tally().steps() == 0 || summary.mean_loss < guessing + 1) return;
  std::cerr << "warning: the loss ended at " << nats_text(summary.mean_loss) << ", worse than guessing ("
            << format("%.2f", guessing) << "): try a lower train.learning_rate\n";
}

namespace {

void report_early_stop(const Session& session, const RunSummary& summary) {
  std::cout << kIndent << stopped_early_text(session.config()) << '\n';
  if (!summary.best) return;
  const auto best = session.folder()->best_checkpoint();
  std::error_code unknown;
  std::cout << kIndent << "the best, " << nats_text(summary.best->loss) << " at step " << summary.best->step
            << (std::filesystem::exists(best, unknown) ? ", is " : ", is missing: ")
            << shell_quoted(from_here(best)) << '\n';
}

void report_samples(const Session& session, const Samples& samples) {
  const RunConfig& config = session.config();
  std::cout << bold("samples") << '\n';
  for (const std::string& text : samples.texts) std::cout << as_document(text, config.data.mode) << '\n';
  std::cout << samples.fresh << " of these " << samples.texts.size()
            << (samples.fresh == 1 ? " is new: it does" : " are new: they do")
            << " not occur in the training text.\n";
  if (samples.cut > 0) {
    std::cout << samples.cut << (samples.cut == 1 ? " was" : " were") << " cut after " << samples.max_chars
              << " characters (" << (config.sample.max_chars > 0 ? "sample.max_chars" : "model.block_size")
              << ").\n";
  }
  std::cout << "More of them: " << program_name() << " sample --model "
            << shell_quoted(from_here(session.folder()->path)) << '\n';
}

}  // namespace

void report(const Session& session, const Samples& samples) {
  const RunSummary summary = session.summary();
  const int steps = session.tally().steps();
  std::cout << bold("trained") << ' ';
  if (steps == 0) {
    std::cout << "before; now only sampled";  // resumed at its end
  } else {
    std::cout << count(steps, "step") << format(" in %.2f s; loss ", session.tally().seconds())
              << nats_text(summary.mean_loss);
    if (summary.mean_steps > 1) std::cout << " (mean of the last " << summary.mean_steps << " steps)";
  }
  if (summary.held_out_loss) {
    const double loss = *summary.held_out_loss;
    std::cout << ", held out " << nats_text(loss) << " nats per character (" << bits_text(loss)
              << " bits, perplexity " << perplexity_text(loss) << ')';
    if (summary.sample) std::cout << " on a sample of " << counted(*summary.sample, "character");
  }
  std::cout << '\n';
  if (summary.stopped_early) report_early_stop(session, summary);
  if (!samples.texts.empty()) report_samples(session, samples);
}

void report_json(const Session& session, const Samples& samples) {
  using nlohmann::ordered_json;
  const RunConfig& config = session.config();
  const TextSummary& data = session.corpus().summary;
  const RunSummary summary = session.summary();
  ordered_json document = {{"run", session.folder()->path.string()},
                           {"steps", session.tally().steps()},
                           {"parameters", parameter_count(config.model)},
                           {"data",
                            {{"documents", data.documents},
                             {"distinct_documents", data.distinct},
                             {"distinct_documents_exact", data.distinct_is_exact},
                             {"characters", data.characters},
                             {"vocabulary", config.model.vocab_size},
                             {"longest_document", data.longest},
                             {"too_long_documents", data.too_long},
                             {"held_out", data.held_out},
                             {"test", data.test}}},
                           {"seconds", session.tally().seconds()},
                           {"characters_per_second", session.tally().characters_per_second()},
                           {"mean_loss", summary.mean_loss},
                           {"mean_loss_steps", summary.mean_steps}};
  document["held_out_loss"] =
      summary.held_out_loss ? ordered_json(*summary.held_out_loss) : ordered_json(nullptr);
  document["held_out_sample"] = summary.sample ? ordered_json(*summary.sample) : ordered_json(nullptr);
  document["best"] = nullptr;
  if (summary.best) document["best"] = {{"step", summary.best->step}, {"held_out_loss", summary.best->loss}};
  document["stopped_early"] = summary.stopped_early;
  document["reproducible"] = config.time_budget == 0;
  document["samples"] = samples.texts;
  document["new_samples"] = samples.fresh;
  document["cut_samples"] = samples.cut;
  // The folder's name may be any bytes; JSON is UTF-8.
  std::cout << document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace microgpt::cli
