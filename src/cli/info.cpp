// microgpt info: what a model file holds.
#include <memory>

#include "cli/commands.hpp"
#include "cli/model.hpp"
#include "cli/page.hpp"
#include "microgpt/view/report/info_report.hpp"

namespace microgpt::cli {

CLI::App& add_info(CLI::App& program) {
  struct InfoOptions {
    std::string model;
    bool all = false;
    PageOptions page;
  };
  auto options = std::make_shared<InfoOptions>();
  CLI::App& command = *program.add_subcommand("info", "Show what a model holds: config, vocabulary, tensors");
  add_model_option(command, options->model);
  command.add_flag("--all", options->all,
                   "Show every key of the config, every tensor and the whole vocabulary");
  add_page_options(command, options->page);
  command.footer("Example:\n  microgpt info runs/names-1");
  command.callback([options] {
    const Checkpoint checkpoint = load_model(options->model);
    show(view::info_report(view::model_info(checkpoint, options->model), options->all), options->page,
         options->all);
  });
  return command;
}

}  // namespace microgpt::cli
