// Sessions: choosing, beginning and training runs.
#include <algorithm>
#include <filesystem>

#include "microgpt/base/time_taken.hpp"
#include "microgpt/evaluate/texts.hpp"
#include "microgpt/run/recipe.hpp"
#include "microgpt/run/run_folder.hpp"
#include "web/engine/lab.hpp"
#include "web/engine/lab_engine.hpp"

namespace microgpt::lab {

namespace {

/// Where runs lie; in memory it is /runs.
constexpr const char* kRuns = "runs";

Json optional_number(const std::optional<double>& value) {
  return value ? number(*value) : Json(nullptr);
}

/// What lab_start says.
Json session_json(int number_of_run) {
  const Run& run = run_of(number_of_run);
  const Session& session = run.session;
  const Corpus& corpus = session.corpus();
  const RunConfig& config = session.config();
  return {{"session", number_of_run},
          {"folder", session.folder()->path.string()},
          {"step", session.step()},
          {"config", to_json(config)},
          {"vocabulary", vocabulary_of(corpus.tokenizer)},
          {"n_parameters", parameter_count(config.model)},
          {"steps", config.train.steps},
          {"documents", corpus.summary.documents},
          {"characters", corpus.summary.characters},
          {"held_out", corpus.summary.held_out},
          {"notices", corpus.dataset.notices()}};
}

/// A name as a folder may have it.
std::string folder_name(const std::string& name) {
  std::string safe;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (safe.size() < 40) safe += plain ? c : '-';
  }
  return safe.empty() ? "lab" : safe;
}

Session begin_session(const RunConfig& config, const std::string& text, const std::string& name) {
  Session::Start start{.where = "the config",
                       .make_folder = [&] { return RunFolder::create_next(kRuns, folder_name(name)); }};
  start.text = text;
  return Session::begin(config, start);
}

Json summary_json(const Session& session) {
  const RunSummary summary = session.summary();
  Json json = {{"step", summary.step},
               {"mean_loss", number(summary.mean_loss)},
               {"mean_steps", summary.mean_steps},
               {"held_out_loss", optional_number(summary.held_out_loss)},
               {"best", nullptr},
               {"stopped_early", summary.stopped_early},
               {"memorised", summary.memorised},
               {"says", nullptr},
               {"guessing", number(summary.guessing)},
               {"characters_per_second", number(session.tally().characters_per_second())}};
  if (summary.best) json["best"] = {{"step", summary.best->step}, {"loss", number(summary.best->loss)}};
  if (summary.memorised) {
    json["says"] = memorised_text(summary);
  } else if (summary.stopped_early) {
    json["says"] = stopped_early_text(session.config());
  }
  return json;
}

/// What lab_train tells of some steps.
struct StepsTold {
  Json losses = Json::array(), held_out = Json::array();
  std::size_t characters = 0;
  StepReport last{};
  bool memorises = false;

  void add(const StepDone& done, bool clips) {
    losses.push_back(number(done.step.loss));
    characters += done.step.positions;
    last = done.step;
    if (!clips) last.grad_norm = 0;
    memorises = memorises || done.memorises;
    if (done.held_out_loss) {
      held_out.push_back(
          {{"step", done.step.step}, {"loss", number(*done.held_out_loss)}, {"is_best", done.is_best}});
    }
  }
};

RunConfig config_of(const Json& options) {
  // Plain JSON, in which the order of keys means nothing.
  const auto document = nlohmann::json::parse(options.value("config", Json::object()).dump());
  return with_overrides(read_run_config(document, Fault::data, "the config"), texts_of(options, "set"));
}

}  // namespace

}  // namespace microgpt::lab

using namespace microgpt;
using lab::answer;
using lab::Json;

const char* lab_choose(const char* text, const char* options) {
  return answer([&]() -> Json {
    const Json given = lab::options_of(options);
    const Wish wish{.seconds = given.value("seconds", 5.0), .overrides = lab::texts_of(given, "set")};
    const Recipe recipe = choose_recipe(text, "text.txt", wish);
    return {{"config", to_json(recipe.config)},
            {"reasons", recipe.reasons},
            {"n_parameters", parameter_count(recipe.config.model)}};
  });
}

const char* lab_start(const char* text, const char* options) {
  return answer([&] {
    const Json given = lab::options_of(options);
    RunConfig config = lab::config_of(given);
    config.data.path = "text.txt";
    Session session = lab::begin_session(config, text, given.value("name", "lab"));
    const int number = lab::next_number(lab::lab().runs);
    lab::lab().runs.emplace(number, lab::Run{std::move(session), text, config});
    return lab::session_json(number);
  });
}

const char* lab_resume(const char* folder, int steps) {
  return answer([&] {
    Session session =
        Session::resume({.from = folder, .steps = steps > 0 ? std::optional(steps) : std::nullopt});
    const RunConfig config = session.config();
    const int number = lab::next_number(lab::lab().runs);
    lab::lab().runs.emplace(number, lab::Run{std::move(session), std::nullopt, config});
    return lab::session_json(number);
  });
}

const char* lab_restart(int session) {
  return answer([&] {
    lab::Run& run = lab::run_of(session);
    if (!run.text) {
      throw Error(Fault::usage,
                  {.what = "cannot begin anew", .hint = "this run was taken up, not begun here"});
    }
    const std::filesystem::path before = run.session.folder()->path;
    run.session = lab::begin_session(run.config, *run.text, before.filename().string());
    return lab::session_json(session);
  });
}

const char* lab_close(int session) {
  return answer([&] {
    lab::run_of(session);
    lab::lab().runs.erase(session);
    return Json::object();
  });
}

const char* lab_train(int session, int steps, double milliseconds) {
  return answer([&]() -> Json {
    Session& run = lab::run_of(session).session;
    if (run.done()) {
      throw Error(Fault::usage, {.what = "nothing to train", .hint = "all steps of the run are done"});
    }
    const TimeTaken time;
    const int first = run.step() + 1;
    const bool clips = run.config().train.grad_clip > 0;
    lab::StepsTold told;
    try {
      for (int n = 0; n == 0 || (n < steps && !run.done() && 1e3 * time.seconds() < milliseconds); ++n)
        told.add(run.step_once(), clips);
    } catch (const Error& error) {
      if (error.fault() != Fault::numeric) throw;
      return {{"error", error.what()}, {"fault", "numeric"}, {"step", run.step()}};
    }
    return {{"step", run.step()},
            {"first", first},
            {"losses", told.losses},
            {"learning_rate", lab::number(told.last.learning_rate)},
            {"grad_norm", clips ? lab::number(told.last.grad_norm) : Json(nullptr)},
            {"characters", told.characters},
            {"seconds", time.seconds()},
            {"held_out", told.held_out},
            {"done", run.done()},
            {"memorises", told.memorises},
            {"summary", run.done() ? lab::summary_json(run) : Json(nullptr)}};
  });
}

const char* lab_summary(int session) {
  return answer([&] { return lab::summary_json(lab::run_of(session).session); });
}

const char* lab_evaluate(int session) {
  return answer([&]() -> Json {
    Session& run = lab::run_of(session).session;
    return {{"held_out", lab::optional_number(run.held_out_loss())},
            {"train", lab::number(run.tally().mean_loss())}};
  });
}

const char* lab_baselines(int session) {
  return answer([&]() -> Json {
    const Session& run = lab::run_of(session).session;
    const RunConfig& config = run.config();
    const Sides sides = split_texts(run.corpus().dataset, config.data);
    const bool held_out = !sides.held_out.empty();
    Json list = Json::array();
    for (const Baseline& one : ngram_baselines(config.model, config.data, run.corpus().tokenizer,
                                               sides.training, held_out ? sides.held_out : sides.training)) {
      list.push_back({{"name", one.name}, {"nats", lab::number(one.nats)}});
    }
    return {{"of", held_out ? "val" : "train"}, {"baselines", list}};
  });
}

const char* lab_snapshot(int session) {
  return answer([&] {
    const std::filesystem::path path = lab::run_of(session).session.keep();
    return lab::add_model(std::make_shared<const Checkpoint>(Checkpoint::load(path)), path.string());
  });
}
