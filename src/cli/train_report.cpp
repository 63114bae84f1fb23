#include "cli/train_report.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/model.hpp"
#include "cli/page.hpp"
#include "cli/terminal.hpp"
#include "microgpt/evaluate/texts.hpp"
#include "microgpt/model/parameters.hpp"
#include "microgpt/render/text.hpp"
#include "microgpt/run/history.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/train/schedule.hpp"

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

void describe_text(const GatheredText& text) {
  if (text.is_one_plain_file) return;
  std::cout << bold("text ") << "   " << one_line(text.name) << ": " << counted(text.bytes.size(), "byte")
            << " from " << counted(text.sources.size(), "text") << '\n';
  for (const std::string& notice : text.notices) std::cout << kIndent << notice << '\n';
}

void describe_choice(const std::vector<std::string>& reasons) {
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    std::cout << (i == 0 ? bold("chosen") + "  " : kIndent) << reasons[i] << '\n';
  }
  std::cout << std::flush;
}

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
            << bold("run  ") << "   " << one_line(from_here(session.folder()->path)) << '\n';
  if (const auto& origin = session.origin()) {
    std::cout << bold("from ") << "   " << one_line(from_here(config.from)) << ", step "
              << with_commas(static_cast<std::size_t>(origin->step))
              << (config.keep_moments ? ", with its optimizer's moments" : "") << '\n';
  }
  if (const auto& fresh = session.fresh_characters(); !fresh.empty()) {
    std::string characters;
    for (const char32_t character : fresh) append_utf8(characters, character);
    std::cout << kIndent << counted(fresh.size(), "character")
              << " that it lacked: " << shortened(printable(characters), 60) << '\n';
  }
  if (const auto step = session.resumed_after())
    std::cout << bold("resumed") << " after step " << *step << '\n';
  if (const auto before = session.steps_before()) {
    const int steps = config.train.steps;
    const std::string change = steps == *before
                                   ? "with another schedule, laid out over all steps"
                                   : (steps > *before ? "extended from " : "shortened from ")
                                         + with_commas(static_cast<std::size_t>(*before)) + " to "
                                         + count(steps, "step") + ", over which the schedule is laid out";
    std::cout << kIndent << change << ": the learning rate goes on at "
              << format("%.3g", learning_rate(config.train, session.step())) << '\n';
  }
  std::cout << std::flush;
}

void warn_of_loss(const Session& session) {
  // A fresh model is a little worse than guessing: one nat more is no bad start but weights that were driven off.
  const double guessing = uniform_nats(session.config().model.vocab_size, session.config().data.mode);
  const RunSummary summary = session.summary();
  if (summary.memorised) {
    // Best weights that were memorised already were measured too late.
    const bool late = summary.best && summary.best->loss > summary.guessing;
    std::cerr << "warning: " << memorised_text(summary) << ": "
              << (late ? "to keep weights from before, add --set train.eval_every="
                             + std::to_string(std::max(1, summary.best->step / 10))
                       : "more text, fewer steps or a smaller model help")
              << '\n';
    return;
  }
  if (summary.mean_steps == 0 || summary.mean_loss < guessing + 1) return;
  std::cerr << "warning: the loss ended at " << nats_text(summary.mean_loss) << ", worse than guessing ("
            << format("%.2f", guessing) << "): try a lower train.learning_rate\n";
}

namespace {

/// Where the best weights are, if they are not the last.
void report_best(const Session& session, const RunSummary& summary) {
  if (!summary.best || (!summary.stopped_early && summary.best->step == summary.step)) return;
  const auto best = session.folder()->best_checkpoint();
  std::error_code unknown;
  std::cout << kIndent << "the best, " << nats_text(summary.best->loss) << " at step " << summary.best->step
            << (std::filesystem::exists(best, unknown) ? ", is " : ", is missing: ")
            << shell_quoted(from_here(best)) << '\n';
}

std::string novelty_text(std::size_t fresh, std::size_t all) {
  const std::size_t known = all - fresh;
  const std::string these = "these " + std::to_string(all);
  if (all == 1) {
    return fresh == 1 ? "It is new: it does not occur in the training text."
                      : "It is not new: it occurs in the training text.";
  }
  if (fresh == 0) return "None of " + these + " is new: all of them occur in the training text.";
  if (known == 0) return "All of " + these + " are new: none of them occurs in the training text.";
  return std::to_string(fresh) + " of " + these
         + (fresh == 1 ? " is new; the other " : " are new; the other ")
         + (known == 1 ? "one occurs" : std::to_string(known) + " occur") + " in the training text.";
}

void report_samples(const Session& session, const Samples& samples) {
  const RunConfig& config = session.config();
  std::cout << bold("samples");
  if (samples.best_is_missing) {
    std::cout << " of the last weights, as the file of the best is missing or damaged";
  } else if (samples.step != session.step()) {
    std::cout << " of the best weights, of step " << samples.step << " of " << session.step();
  }
  std::cout << '\n';
  for (const std::string& text : samples.texts) std::cout << as_document(text, config.data.mode) << '\n';
  std::cout << novelty_text(samples.fresh, samples.texts.size()) << '\n';
  if (samples.cut > 0) {
    std::cout << samples.cut << (samples.cut == 1 ? " was" : " were") << " cut after " << samples.max_chars
              << " characters (" << (config.sample.max_chars > 0 ? "sample.max_chars" : "model.block_size")
              << ").\n";
  }
  std::cout << "More of them: " << program_name() << " sample --model "
            << shell_quoted(from_here(session.folder()->path)) << '\n';
}

/// The losses of the run as small curves.
void draw_losses(const RunFolder& folder) {
  constexpr std::size_t kPoints = 100;
  std::vector<double> training, held_out;
  std::size_t evaluations = 0;
  for (const CurvePoint& point : loss_curve(read_metrics(folder.metrics()), kPoints)) {
    if (point.training) training.push_back(*point.training);
    // Both curves have the same steps: before the first evaluation and between two this one is flat.
    if (point.held_out && evaluations++ == 0) std::fill(held_out.begin(), held_out.end(), *point.held_out);
    held_out.push_back(point.held_out.value_or(held_out.empty() ? 0 : held_out.back()));
  }
  if (evaluations < 2) held_out.clear();
  view::Table table{.columns = {{"loss", "loss"},
                                {"curve", "by step"},
                                {"first", "first", view::number(4)},
                                {"lowest", "lowest", view::number(4)},
                                {"last", "last", view::number(4)}}};
  const auto add = [&](const char* name, const std::vector<double>& losses) {
    if (losses.size() < 2) return;  // no curve
    table.rows.push_back(
        {name, losses, losses.front(), *std::min_element(losses.begin(), losses.end()), losses.back()});
  };
  add("training", training);
  add("held out", held_out);
  render::Screen out = screen();
  out.width = std::min(out.width, 80);
  if (!table.rows.empty()) std::cout << render::to_text(table, out);
}

}  // namespace

void report(const Session& session, const Samples& samples) {
  const RunSummary summary = session.summary();
  const int steps = session.tally().steps();
  std::cout << bold("trained") << ' ';
  if (steps == 0) {
    std::cout << "before, " << count(summary.step, "step") << "; now only sampled";  // resumed at its end
  } else {
    std::cout << count(steps, "step") << format(" in %.2f s", session.tally().seconds());
  }
  if (summary.mean_steps == 0) {
    std::cout << "; its loss is not recorded";
  } else {
    std::cout << "; loss " << nats_text(summary.mean_loss);
    if (summary.mean_steps > 1)
      std::cout << " (mean of the last " << summary.mean_steps
                << (session.config().record_every > 1 ? " recorded steps)" : " steps)");
  }
  if (summary.held_out_loss) {
    const double loss = *summary.held_out_loss;
    std::cout << ", held out " << nats_text(loss) << " nats per character (" << bits_text(loss)
              << " bits, perplexity " << perplexity_text(loss) << ')';
    if (summary.sample) std::cout << " on a sample of " << counted(*summary.sample, "character");
  }
  std::cout << '\n';
  if (summary.stopped_early) std::cout << kIndent << stopped_early_text(session.config()) << '\n';
  report_best(session, summary);
  if (samples.test_loss) {
    std::cout << kIndent << "on the text kept for the test, which nothing was chosen by: "
              << nats_text(*samples.test_loss) << " nats per character"
              << (samples.step != session.step() ? ", with the best weights" : "") << '\n';
  }
  if (stdout_is_terminal()) draw_losses(*session.folder());
  if (!samples.texts.empty()) report_samples(session, samples);
}

void report_json(const Session& session, const Samples& samples) {
  using nlohmann::ordered_json;
  const RunConfig& config = session.config();
  const TextSummary& data = session.corpus().summary;
  const RunSummary summary = session.summary();
  ordered_json document = {{"run", session.folder()->path.string()},
                           {"step", summary.step},
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
                           {"mean_loss", nullptr},
                           {"mean_loss_steps", summary.mean_steps}};
  if (summary.mean_steps > 0) document["mean_loss"] = summary.mean_loss;  // or it is not recorded
  document["held_out_loss"] =
      summary.held_out_loss ? ordered_json(*summary.held_out_loss) : ordered_json(nullptr);
  document["held_out_sample"] = summary.sample ? ordered_json(*summary.sample) : ordered_json(nullptr);
  document["best"] = nullptr;
  if (summary.best) document["best"] = {{"step", summary.best->step}, {"held_out_loss", summary.best->loss}};
  document["test_loss"] = samples.test_loss ? ordered_json(*samples.test_loss) : ordered_json(nullptr);
  document["stopped_early"] = summary.stopped_early;
  document["memorised"] = summary.memorised;
  document["samples"] = samples.texts;
  document["samples_step"] = samples.step;
  document["best_is_missing"] = samples.best_is_missing;
  document["new_samples"] = samples.fresh;
  document["cut_samples"] = samples.cut;
  // The folder's name may be any bytes; JSON is UTF-8.
  std::cout << document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace microgpt::cli
