// Looking at models: pages, predictions, losses.
#include <algorithm>
#include <cmath>

#include "microgpt/evaluate/texts.hpp"
#include "microgpt/render/csv.hpp"
#include "microgpt/render/json.hpp"
#include "microgpt/render/svg.hpp"
#include "microgpt/render/text.hpp"
#include "microgpt/run/evaluation.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/view/view.hpp"
#include "web/engine/lab.hpp"
#include "web/engine/lab_engine.hpp"

namespace microgpt::lab {

namespace {

using view::OptionSpec;
using view::ViewSpec;

const ViewSpec& spec_of(const std::string& kind, const std::string& name) {
  const auto views = kind == "explain" ? view::explain_topics() : view::study_views();
  const ViewSpec* spec = view::find_view(views, name);
  if (spec == nullptr || (kind != "explain" && kind != "study")) {
    throw Error(Fault::usage, {.what = "no such view", .value = printable(kind + " " + name)});
  }
  return *spec;
}

/// A value as it would stand on the command line.
std::string text_of_value(const std::string& name, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  throw Error(Fault::usage, {.what = "bad " + name, .hint = "it must be a text or a number"});
}

void set_options(view::Options& options, const ViewSpec& spec, const Json& given) {
  for (const auto& [name, value] : given.items()) {
    const auto option = std::find_if(spec.options.begin(), spec.options.end(),
                                     [&, &key = name](const OptionSpec& one) { return one.name == key; });
    if (value.is_null()) continue;
    if (option != spec.options.end() && option->kind == OptionSpec::Kind::flag) {
      if (!value.is_boolean() || value.get<bool>()) options.set(name);
    } else if (value.is_array()) {
      for (const Json& one : value) options.set(name, text_of_value(name, one));
    } else {
      options.set(name, text_of_value(name, value));
    }
  }
  options.check();
}

/// Models that a view names by their paths must be there as files.
void require_named_files(const Json& given) {
  for (const auto& [name, value] : given.items()) {
    if (!value.is_string()) continue;
    for (auto& [number_of_model, model] : lab().models) {
      if (model.path == value.get<std::string>()) require_file(model);
    }
  }
}

const view::Subject& subject_of(Model& model) {
  if (!model.subject) model.subject.emplace(model.checkpoint, model.path);
  return *model.subject;
}

struct MadePage {
  view::Page page;
  Json warnings = Json::array();
};

MadePage make_page(int model, const char* kind, const char* name, const char* options_text) {
  const ViewSpec& spec = spec_of(kind, name);
  const Json given = options_of(options_text);
  view::Options options(spec.options);
  set_options(options, spec, given);
  require_named_files(given);
  const view::Subject* subject =
      model == 0 || spec.needs == view::Needs::nothing ? nullptr : &subject_of(model_of(model));
  if (subject == nullptr && spec.needs == view::Needs::model)
    throw Error(Fault::usage, {.what = "no model", .hint = "this view is about one"});
  MadePage made;
  made.page = spec.make({.options = options, .subject = subject, .warn = [&](const std::string& words) {
                           made.warnings.push_back(words);
                         }});
  return made;
}

/// Documents that are evenly spread over all of them, of about so many characters; 0: all.
std::vector<std::string_view> some_of(const std::vector<std::string_view>& documents, std::size_t most) {
  std::size_t characters = 0;
  for (const std::string_view one : documents) characters += count_code_points(one) + 1;
  if (most == 0 || characters <= most) return documents;
  if (documents.size() == 1) {  // a stream: its beginning, up to a character's
    std::size_t end = 0;
    for (std::size_t n = 0; n < most; ++n) next_code_point(documents[0], end);
    return {documents[0].substr(0, end)};
  }
  const std::size_t step = (characters + most - 1) / most;
  std::vector<std::string_view> some;
  for (std::size_t n = 0; n < documents.size(); n += step) some.push_back(documents[n]);
  return some;
}

template <class T>
LossSummary losses_of(const Checkpoint& checkpoint, const std::vector<std::string_view>& documents) {
  const RunConfig& config = checkpoint.config();
  const auto losses = text_losses(config.model, config.data, checkpoint.tokenizer(),
                                  checkpoint.parameters<T>(), std::span(documents), 1);
  if (losses.empty()) throw Error(Fault::data, {.what = "nothing to evaluate", .hint = "it is too short"});
  return summarize(losses);
}

}  // namespace

}  // namespace microgpt::lab

using namespace microgpt;
using lab::answer;
using lab::Json;

const char* lab_page(int model, const char* kind, const char* name, const char* options) {
  return answer([&] {
    const lab::MadePage made = lab::make_page(model, kind, name, options);
    Json json = render::to_json(made.page);
    if (!made.warnings.empty()) json["warnings"] = made.warnings;
    return json;
  });
}

const char* lab_export(int model, const char* kind, const char* name, const char* options, const char* format,
                       const char* section) {
  return answer([&]() -> Json {
    const lab::MadePage made = lab::make_page(model, kind, name, options);
    const std::string as = format;
    if (as == "svg") return {{"text", render::to_svg(made.page, section)}};
    if (as == "csv") return {{"text", render::to_csv(render::find_table(made.page, section))}};
    if (as == "text") return {{"text", render::to_text(made.page, render::Screen{.lines = 0})}};
    throw Error(Fault::usage,
                {.what = "bad format", .value = printable(as), .hint = "there are svg, csv and text"});
  });
}

const char* lab_predict(int model, const char* text) {
  return answer([&]() -> Json {
    const view::Subject& subject = lab::subject_of(lab::model_of(model));
    const study::Trace trace = study::run(subject.model(), subject.text(text));
    const Matrix<double> probabilities = trace.values(Site::probs);
    Json labels = Json::array(), rows = Json::array(), nll = Json::array();
    for (const Token token : trace.batch().token) labels.push_back(subject.label(token));
    for (Index p = 0; p < probabilities.rows(); ++p) {
      rows.push_back(std::vector<double>(probabilities.row(p).begin(), probabilities.row(p).end()));
    }
    for (const double one : trace.nll()) nll.push_back(lab::number(one));
    return {{"tokens", trace.batch().token},
            {"labels", labels},
            {"vocabulary", lab::vocabulary_of(subject.tokenizer())},
            {"probabilities", rows},
            {"nll", nll},
            {"loss", lab::number(trace.loss())}};
  });
}

const char* lab_held_out(int model, int characters) {
  return answer([&]() -> Json {
    lab::Model& one = lab::model_of(model);
    const Checkpoint& checkpoint = *one.checkpoint;
    const RunConfig& config = checkpoint.config();
    const auto text = lab::text_of(one);
    const std::string split = config.data.held_out > 0 ? "val" : "all";
    if (!text) {
      load_own_text(checkpoint, "");  // says why it is not there
      throw Error(Fault::data, {.what = "the training text cannot be read"});
    }
    const auto documents = choose_split(split, text->own, config.data);
    const auto some = lab::some_of(documents, static_cast<std::size_t>(std::max(characters, 0)));
    const LossSummary losses = config.precision == Precision::float32
                                   ? lab::losses_of<float>(checkpoint, some)
                                   : lab::losses_of<double>(checkpoint, some);
    return {{"loss", lab::number(losses.token_mean)}, {"characters", losses.characters}, {"split", split}};
  });
}
