// study neurons: what neurons fire on, and which characters they promote.
#include "microgpt/study/neurons.hpp"

#include <algorithm>
#include <span>

#include "microgpt/study/numbers.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/study/neurons_on_text.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr int kContextCharacters = 40;
constexpr std::size_t kNamedTokens = 3;

constexpr OptionSpec kNeuronsOptions[] = {
    kDataOption,
    kLimitOption,
    text_option("--text", "TEXT", "Show the activations on this text instead of over many documents")
        .excluding("--data --limit --dead --top"),
    index_option("--layer", "Show only the neurons of this layer"),
    amount_option("--neurons", "Number of neurons shown; 0 shows all", "20"),
    amount_option("--top", "Number of contexts shown for each neuron", "3", 0, 1000),
    flag_option("--dead", "Show only the neurons that never fire"),
};

/// The tokens whose logits a neuron adds most to, or takes most from.
std::string named_tokens(const Subject& subject, std::span<const double> writes, study::Order order) {
  std::string names;
  for (const std::size_t token : study::ranked(writes, kNamedTokens, order)) {
    names += (names.empty() ? "" : " ") + subject.label(static_cast<Token>(token));
  }
  return names;
}

std::string contexts_of(const Subject& subject, const Batch& batch, const study::NeuronSummary& neuron) {
  std::string contexts;
  for (const study::Firing& firing : neuron.top) {
    contexts += (contexts.empty() ? "" : "  ")
                + subject.context(batch, firing.document, firing.position, kContextCharacters);
  }
  return contexts;
}

/// `top` contexts of each neuron; only of those that never fire, if so asked.
Section neurons_section(const Subject& subject, const Batch& batch,
                        std::span<const study::NeuronSummary> neurons, std::size_t shown, std::size_t top,
                        bool only_dead) {
  Section section{.key = "neurons",
                  .title = only_dead ? "Neurons that never fire on this text"
                                     : "Neurons by the most that they add to the residual stream"};
  Table& table = section.table;
  table.columns = {{"neuron", "neuron"},        {"active", "active", percent(1), Heat::unit},
                   {"mean", "mean", number(3)}, {"reach", "reach", number(3), Heat::column},
                   {"promotes", "promotes"},    {"suppresses", "suppresses"}};
  if (top > 0) table.columns.push_back({"contexts", "fires most on"});
  for (const study::NeuronSummary& neuron : neurons.first(shown)) {
    const std::vector<double> writes = study::neuron_writes(subject.model(), neuron.layer, neuron.neuron);
    std::vector<Value> row = {
        study::to_string({.site = Site::mlp_post, .layer = neuron.layer, .neuron = neuron.neuron}),
        neuron.active,
        neuron.mean,
        neuron.reach,
        named_tokens(subject, writes, study::Order::largest_first),
        named_tokens(subject, writes, study::Order::smallest_first)};
    if (top > 0) row.emplace_back(contexts_of(subject, batch, neuron));
    table.rows.push_back(std::move(row));
  }
  if (shown < neurons.size()) {
    table.total_rows = neurons.size();
    table.more = "--neurons 0 shows all";
  }
  if (!only_dead) {
    section.figure = Figure{.kind = Figure::Kind::bars,
                            .title = "The most that each neuron adds to the residual stream",
                            .y = {3},
                            .x_title = "neuron",
                            .y_title = "length"};
  }
  section.note =
      "A neuron is active at the positions where it is above 0. Its reach is the length of the longest "
      "vector that it adds to the residual stream: its largest activation times the length of its column of "
      "mlp_fc2. It promotes the tokens whose logits it adds most to, and suppresses those whose logits it "
      "takes most from.";
  if (top > 0) {
    section.note +=
        " In the contexts '>' marks the character at which the neuron fires. Positions with identical text "
        "before them give identical activations, so only the first is listed.";
  }
  return section;
}

Page make_neurons(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  subject.require_layers();
  const auto layer = checked_index(options, "--layer", subject.config().n_layer, "the model");
  const auto most = static_cast<std::size_t>(options.whole("--neurons", 20));
  if (options.given("--text")) return neurons_on_text_page(subject, *options.text("--text"), layer, most);

  const Batch batch = documents(subject, options);
  const bool only_dead = options.flag("--dead");
  const auto top = static_cast<std::size_t>(only_dead ? 0 : options.whole("--top", 3));
  std::vector<study::NeuronSummary> neurons =
      study::summarize_neurons(subject.model(), study::run(subject.model(), batch), top, layer);
  const std::size_t all = neurons.size();
  const auto dead = static_cast<std::size_t>(std::count_if(
      neurons.begin(), neurons.end(), [](const study::NeuronSummary& neuron) { return neuron.dead(); }));
  if (only_dead) {
    std::erase_if(neurons, [](const study::NeuronSummary& neuron) { return !neuron.dead(); });
  }
  std::stable_sort(
      neurons.begin(), neurons.end(),
      [](const study::NeuronSummary& a, const study::NeuronSummary& b) { return a.reach > b.reach; });
  const std::size_t shown = most == 0 ? neurons.size() : std::min(most, neurons.size());

  Page page{.view = "neurons",
            .about = "What neurons fire on, and which characters they make likelier or less likely.",
            .facts = {{"documents", "documents", static_cast<std::int64_t>(batch.documents()), whole()},
                      {"characters", "characters", static_cast<std::int64_t>(batch.positions()), whole()},
                      {"neurons", "neurons", static_cast<std::int64_t>(all), whole()},
                      {"dead", "neurons that never fire", static_cast<std::int64_t>(dead), whole()}}};
  page.sections = {neurons_section(subject, batch, neurons, shown, top, only_dead)};
  return page;
}

}  // namespace

ViewSpec neurons_view() {
  return {.name = "neurons",
          .about = "What neurons fire on and which characters they promote",
          .example = "neurons --top 4",
          .options = kNeuronsOptions,
          .make = make_neurons};
}

}  // namespace microgpt::view
