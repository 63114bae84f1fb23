#include "microgpt/view/study/neurons_on_text.hpp"

#include <algorithm>
#include <limits>

#include "microgpt/study/neurons.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::view {

namespace {

/// A longer text has its activations in one cell, as a line, instead of a column for each position.
constexpr std::size_t kMostPositionColumns = 32;

constexpr const char* kNeuronsTitle = "The activations of the neurons that fire most";

/// A column for each position.
void add_position_columns(Section& section, const Subject& subject, const Batch& batch,
                          const study::TextNeurons& neurons) {
  Figure figure{.kind = Figure::Kind::heatmap,
                .title = kNeuronsTitle,
                .y = {},
                .x_title = "position",
                .y_title = "neuron"};
  for (std::size_t p = 0; p < batch.positions(); ++p) {
    figure.y.push_back(section.table.columns.size());
    section.table.columns.push_back({"position_" + std::to_string(p),
                                     subject.position_label(batch, static_cast<int>(p)), fixed(3),
                                     Heat::table});
  }
  for (std::size_t i = 0; i < neurons.strongest.size(); ++i) {
    const std::vector<double>& values = neurons.strongest[i].values;
    section.table.rows[i].insert(section.table.rows[i].end(), values.begin(), values.end());
  }
  section.figure = std::move(figure);
}

/// Where each fires most, and all of its activations as a list.
void add_list_of_activations(Section& section, const Subject& subject, const Batch& batch,
                             const study::TextNeurons& neurons) {
  section.table.columns.push_back({"largest", "largest", fixed(3), Heat::column});
  section.table.columns.push_back({"largest_at", "at"});
  section.figure = Figure{.kind = Figure::Kind::heatmap,
                          .title = kNeuronsTitle,
                          .y = {section.table.columns.size()},
                          .x_title = "position",
                          .y_title = "neuron"};
  section.table.columns.push_back(
      {"activations", "activations, position by position", fixed(3), Heat::table});
  for (std::size_t i = 0; i < neurons.strongest.size(); ++i) {
    const study::TextNeuron& neuron = neurons.strongest[i];
    const auto at =
        std::find(neuron.values.begin(), neuron.values.end(), neuron.largest) - neuron.values.begin();
    std::vector<Value>& row = section.table.rows[i];
    row.emplace_back(neuron.largest);
    row.emplace_back(subject.position_label(batch, static_cast<int>(at)));
    row.emplace_back(neuron.values);
  }
}

}  // namespace

Page neurons_on_text_page(const Subject& subject, const std::string& text, std::optional<int> layer,
                          std::size_t most) {
  const study::Trace trace = study::run(subject.model(), subject.text(text));
  const Batch& batch = trace.batch();
  const study::TextNeurons neurons =
      study::neurons_on_text(trace, most == 0 ? std::numeric_limits<std::size_t>::max() : most, layer);
  Page page{.view = "neurons",
            .about = "The activations of neurons on one text.",
            .facts = {{"text", "text", text},
                      {"positions", "positions", static_cast<std::int64_t>(batch.positions()), whole()},
                      {"neurons", "neurons", static_cast<std::int64_t>(neurons.neurons), whole()},
                      {"silent", "neurons that are silent on this text",
                       static_cast<std::int64_t>(neurons.neurons - neurons.firing), whole()}}};
  Section section{.key = "neurons", .title = "The neurons that fire most"};
  section.table.columns = {{"neuron", "neuron"}};
  for (const study::TextNeuron& neuron : neurons.strongest) {
    section.table.rows.push_back(
        {study::to_string({.site = Site::mlp_post, .layer = neuron.layer, .neuron = neuron.neuron})});
  }
  if (batch.positions() <= kMostPositionColumns) {
    add_position_columns(section, subject, batch, neurons);
  } else {
    add_list_of_activations(section, subject, batch, neurons);
  }
  if (neurons.strongest.size() < neurons.firing) {
    section.table.total_rows = neurons.firing;
    section.table.more = "--neurons 0 shows all";
  }
  section.note = "Sorted by the largest activation; neurons that are silent on the whole text are left out.";
  page.sections = {std::move(section)};
  return page;
}

}  // namespace microgpt::view
