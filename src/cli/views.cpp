// microgpt study and microgpt explain: the views and topics of the library as commands. What they show, which options
// they have and what is wrong with a value is all theirs (microgpt/view).
#include <chrono>
#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/options.hpp"
#include "cli/page.hpp"
#include "cli/terminal.hpp"
#include "microgpt/view/view.hpp"

namespace microgpt::cli {

namespace {

using view::Needs;
using view::OptionSpec;
using view::ViewSpec;

/// "12 %" on standard error, from the third second of a computation on.
class SweepProgress {
 public:
  ~SweepProgress() {
    if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  }
  void operator()(double share) {
    if (!stderr_is_terminal() || Clock::now() < next_) return;
    next_ = Clock::now() + std::chrono::milliseconds(200);
    shown_ = true;
    std::cerr << "\r\x1b[K" << static_cast<int>(100 * share) << " % done" << std::flush;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point next_ = Clock::now() + std::chrono::seconds(2);
  bool shown_ = false;
};

/// What a command was given.
struct Given {
  std::string model;
  std::vector<std::pair<const OptionSpec*, CLI::Option*>> options;
  int threads = all_cores();
  PageOptions page;
};

CLI::Option* add_option(CLI::App& command, const OptionSpec& spec) {
  const std::string name(spec.name);
  const std::string about(spec.about);
  CLI::Option* option = nullptr;
  if (spec.kind == OptionSpec::Kind::flag) {
    option = command.add_flag(name, about);
  } else {
    option = command.add_option(
        name, [](const CLI::results_t&) { return true; }, about);
    option->check([&spec](const std::string& text) { return view::problem_of(spec, text); });
    if (spec.value_name == "FILE") option->check(check_path);
    const bool many = spec.kind == OptionSpec::Kind::texts;
    option->multi_option_policy(many ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
    if (many && name.starts_with("--")) option->allow_extra_args(false);
    if (many) option->expected(name.starts_with("--") ? 1 : -1);
    option->option_text(!spec.value_name.empty()                ? std::string(spec.value_name)
                        : spec.kind == OptionSpec::Kind::whole  ? "N"
                        : spec.kind == OptionSpec::Kind::number ? "X"
                                                                : "TEXT");
    if (!spec.otherwise.empty()) option->default_str(std::string(spec.otherwise));
  }
  option->required(spec.required);
  if (!spec.group.empty()) option->group(std::string(spec.group));
  return option;
}

void run(const ViewSpec& spec, const Given& given) {
  view::Options options(spec.options);
  for (const auto& [option, parsed] : given.options) {
    if (option->kind == OptionSpec::Kind::flag) {
      if (parsed->as<bool>()) options.set(option->name);
    } else {
      for (const std::string& text : parsed->results()) options.set(option->name, text);
    }
  }
  options.check();
  std::optional<view::Subject> subject;
  if (!given.model.empty()) {
    subject.emplace(std::make_shared<const Checkpoint>(load_model(given.model)), given.model);
  }
  SweepProgress progress;
  view::Page page = spec.make(
      {.options = options,
       .subject = subject ? &*subject : nullptr,
       .threads = given.threads,
       .progress = std::ref(progress),
       .warn = [](const std::string& words) { std::cerr << "warning: " << one_line(words) << '\n'; }});
  show(std::move(page), given.page, options.amount_given());
}

void add_view(CLI::App& parent, const ViewSpec& spec) {
  auto given = std::make_shared<Given>();
  CLI::App& command = *parent.add_subcommand(std::string(spec.name), std::string(spec.about));
  bool has_arguments = false;
  for (const OptionSpec& option : spec.options)
    has_arguments = has_arguments || !option.name.starts_with("--");
  if (spec.needs != Needs::nothing) {
    command
        .add_option(has_arguments ? "--model" : "--model,MODEL", given->model,
                    spec.needs == Needs::model
                        ? "Run folder or checkpoint file; the word --model may be left out"
                        : "Run folder or checkpoint file (default: a small built-in example)")
        ->required(spec.needs == Needs::model)
        ->option_text("PATH");
    add_last_option(command);
  }
  for (const OptionSpec& option : spec.options)
    given->options.emplace_back(&option, add_option(command, option));
  add_page_options(command, given->page);
  const std::string name = "microgpt " + parent.get_name() + " ";
  const std::string model = spec.needs == Needs::model ? " --model runs/names-1" : "";
  command.footer("Example:\n  " + name + std::string(spec.example) + model);
  command.callback([&spec, given] { run(spec, *given); });
}

}  // namespace

CLI::App& add_study(CLI::App& program) {
  CLI::App& study =
      *program.add_subcommand("study", "Open a model up: attention, logits in parts, ablation, ...");
  study.require_subcommand(1);
  study.footer(
      "Every number has an address, such as layer0.attn.pattern[head 2, position 3];\n"
      "position 0 is the BOS token. 'microgpt study VIEW --help' describes a view, and\n"
      "docs/study.md explains them all.\n\n"
      "Example:\n  microgpt study ledger --model runs/names-1 --text emm --target a");
  for (const ViewSpec& spec : view::study_views()) add_view(study, spec);
  for (CLI::App* command : study.get_subcommands({})) command->group("Views");
  return study;
}

CLI::App& add_explain(CLI::App& program) {
  CLI::App& explain = *program.add_subcommand(
      "explain", "Explain one step of a model with its numbers: softmax, attention, ...");
  explain.require_subcommand(1);
  explain.footer(
      "Without --model, a small built-in model that has read 'emma' is explained.\n"
      "'microgpt explain TOPIC --help' describes a topic.\n\n"
      "Example:\n"
      "  microgpt explain softmax 2.0 1.0 0.1\n"
      "  microgpt explain attention --model runs/names-1 --text emma --head 2");
  for (const ViewSpec& spec : view::explain_topics()) add_view(explain, spec);
  for (CLI::App* command : explain.get_subcommands({})) command->group("Topics");
  return explain;
}

}  // namespace microgpt::cli
