// What there is: views and topics with their options, from which the page makes its forms.
#include "microgpt/nn/fast/forms.hpp"
#include "microgpt/render/json.hpp"
#include "microgpt/view/view.hpp"
#include "web/engine/lab.hpp"
#include "web/engine/lab_engine.hpp"

namespace {

using namespace microgpt;
using lab::Json;
using view::Needs;
using view::OptionSpec;

Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

const char* kind_of(OptionSpec::Kind kind) {
  switch (kind) {
    case OptionSpec::Kind::flag:
      return "flag";
    case OptionSpec::Kind::whole:
      return "whole";
    case OptionSpec::Kind::number:
      return "number";
    case OptionSpec::Kind::text:
      return "text";
    case OptionSpec::Kind::texts:
      return "texts";
  }
  return "text";
}

Json words_of(std::string_view list) {
  Json words = Json::array();
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (end > 0) words.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

Json option_json(const OptionSpec& option) {
  Json json = {{"name", option.name},
               {"kind", kind_of(option.kind)},
               {"about", option.about},
               {"value_name", text_or_null(option.value_name)},
               {"default", text_or_null(option.otherwise)}};
  if (option.kind == OptionSpec::Kind::whole) {
    json["low"] = option.low;
    json["high"] = option.high;
  }
  json["excludes"] = words_of(option.excludes);
  json["group"] = text_or_null(option.group);
  json["required"] = option.required;
  json["is_amount"] = option.is_amount;
  return json;
}

Json spec_json(const view::ViewSpec& spec, const char* kind) {
  Json options = Json::array();
  for (const OptionSpec& option : spec.options) options.push_back(option_json(option));
  return {{"name", spec.name},
          {"kind", kind},
          {"about", spec.about},
          {"example", spec.example},
          {"needs", spec.needs == Needs::nothing ? "nothing"
                    : spec.needs == Needs::model ? "model"
                                                 : "model_or_example"},
          {"options", options}};
}

}  // namespace

const char* lab_about() {
  return lab::answer([]() -> Json {
    Json specs = Json::array();
    for (const view::ViewSpec& spec : view::study_views()) specs.push_back(spec_json(spec, "study"));
    for (const view::ViewSpec& spec : view::explain_topics()) specs.push_back(spec_json(spec, "explain"));
    const fast::Form& form = fast::form();
    return {{"version", MICROGPT_VERSION},
            {"kernels", std::string(form.name) + " (" + form.instructions + ")"},
            {"page_format_version", render::kPageFormatVersion},
            {"specs", specs}};
  });
}
