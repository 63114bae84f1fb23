// explain softmax: any numbers as probabilities.
#include <cmath>

#include "microgpt/base/error.hpp"
#include "microgpt/base/number.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/view/explain/softmax_lesson.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kSoftmaxOptions[] = {
    {.name = "NUMBER",
     .kind = OptionSpec::Kind::texts,
     .about = "Numbers to take the softmax of",
     .value_name = "NUMBER ...",
     .otherwise = "2.0 1.0 0.1",
     .excludes = "--text --position --layer --head --at"},
    kReadOption,
    kPositionOption,
    index_option("--layer", "Take the attention scores of this layer, counted from 0, instead of the logits"),
    index_option("--head", "Take the attention scores of this head, counted from 0, instead of the logits"),
    kAtOption,
    {.name = "--temperature",
     .kind = OptionSpec::Kind::number,
     .about = "Divide the numbers by this first; must be above 0",
     .value_name = "T",
     .otherwise = "1"},
    {.name = "--dtype",
     .about = "Type of the arithmetic: float32 or float64",
     .value_name = "TYPE",
     .otherwise = "float64"},
    amount_option("--top", kTopOption.about, "10", 0, kTopOption.high),
    whole_option("--digits", kDigitsOption.about, "3", 0, 15)};
constexpr Site kSoftmaxSites[] = {Site::scores, Site::pattern, Site::logits, Site::probs};

double softmax_number(const std::string& text, study::FloatType type) {
  const bool has_plus = text.starts_with('+') && !text.starts_with("+-");
  const auto number = parse_double(std::string_view(text).substr(has_plus ? 1 : 0));
  if (!number) {
    throw bad_option("NUMBER", printable(text), "softmax takes finite numbers, such as 2.0 1.0 0.1");
  }
  if (type == study::FloatType::float32 && !std::isfinite(static_cast<float>(*number))) {
    throw bad_option("NUMBER", printable(text), "it is beyond float32");
  }
  return *number;
}

/// The scores of a head, or the logits of a position.
void take_from_model(const Explained& e, bool scores, SoftmaxInput& input) {
  if (scores) {
    const Matrix<double> all = e.trace.head(Site::scores, e.layer, e.head);
    input.address = e.address(Site::scores);
    input.index = "source";
    for (int t = 0; t <= e.position; ++t) {
      input.logits.push_back(all(e.position, t));
      input.labels.push_back(e.reads(t));
    }
    if (e.at && e.at->source) input.asked = static_cast<std::size_t>(*e.at->source);
  } else {
    input.address = e.address(Site::logits);
    input.index = "token";
    input.logits = e.row(Site::logits);
    for (Token t = 0; t < e.config().vocab_size; ++t) input.labels.push_back(e.subject.label(t));
    input.asked = e.asked();
    input.by_size = true;
  }
}

void check_range(const SoftmaxLesson& lesson) {
  for (std::size_t i = 0; i < lesson.s.z.size(); ++i) {
    if (std::isfinite(lesson.s.z[i])) continue;
    throw bad_option("--temperature", number_text(lesson.in.temperature, 3),
                     number_text(lesson.in.logits[i], 3) + " divided by it is beyond "
                         + (lesson.in.type == study::FloatType::float32 ? "float32" : "float64"));
  }
}

Page make_softmax(const Request& request) {
  const Options& options = request.options;
  const Scope scope{.topic = "softmax", .sites = kSoftmaxSites};
  const std::string dtype = options.text("--dtype").value_or("float64");
  if (dtype != "float32" && dtype != "float64") {
    throw bad_option("--dtype", printable(dtype), "there are float32 and float64");
  }
  SoftmaxInput input{.temperature = options.number("--temperature").value_or(1),
                     .type = dtype == "float32" ? study::FloatType::float32 : study::FloatType::float64,
                     .top = static_cast<std::size_t>(options.whole("--top", 10))};
  if (!(input.temperature > 0)) {
    throw bad_option("--temperature", *options.text("--temperature"), "it must be above 0");
  }
  if (request.subject != nullptr && options.given("NUMBER")) {
    throw bad_option("NUMBER", printable(options.texts("NUMBER")[0]),
                     "give numbers or --model, whose numbers are taken otherwise; not both");
  }
  Page page =
      page_of(scope.topic, "From any numbers to probabilities, computed in " + dtype + ".", {97, 101});
  const bool scores_asked = options.given("--layer") || options.given("--head");
  if (request.subject != nullptr || scores_asked || options.given("--text") || options.given("--at")
      || options.given("--position")) {
    const Explained e = explained(request, scope);
    const bool scores = e.at ? info(e.at->site).kind == SiteKind::keys : scores_asked;
    take_from_model(e, scores, input);
    add_facts(page, e, {.topic = scope.topic, .layer = scores, .head = scores});
  } else {
    for (const std::string& text : options.texts("NUMBER"))
      input.logits.push_back(softmax_number(text, input.type));
    if (input.logits.empty()) input.logits = {2.0, 1.0, 0.1};
  }
  if (input.temperature != 1)
    page.facts.push_back({"temperature", "temperature", input.temperature, number(3)});
  ByHand hand(digits_of(options, 3));
  const SoftmaxLesson lesson = softmax_lesson(std::move(input));
  check_range(lesson);
  page.sections = {numbers_section(lesson, hand), formula_section(lesson, hand),
                   maximum_section(lesson, hand), overflow_section(lesson)};
  if (auto outcome = outcome_section(lesson)) page.sections.push_back(*std::move(outcome));
  page.sections.push_back(properties_section(lesson));
  page.sections.push_back(temperature_section(lesson, hand));
  page.sections.push_back(derivative_section(lesson, hand));
  page.sections.push_back(logarithm_section(lesson, hand));
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec softmax_topic() {
  return {.name = "softmax",
          .about = "From any numbers to probabilities",
          .example = "softmax 2.0 1.0 0.1",
          .needs = Needs::model_or_example,
          .options = explain::kSoftmaxOptions,
          .make = explain::make_softmax};
}

}  // namespace microgpt::view
