#include "microgpt/view/explain/weights.hpp"

namespace microgpt::view::explain {

Weighted weighted(const Explained& e, const Options& options) {
  const std::string usual = e.config().n_layer > 0 ? "layer0.attn_wq[0,0]" : "lm_head[0,0]";
  const auto& table = e.weights().table();
  Weighted w{.e = e,
             .weight = study::parse_weight(options.text("--weight").value_or(usual), table, "--weight"),
             .place = {},
             .name = {}};
  w.place = study::place_of(e.subject.model(), w.weight);
  w.name = study::to_string(w.weight, table);
  w.value = study::weight_value(e.subject.model(), w.weight);
  w.gradient = study::weight_gradient(e.trace, w.weight);
  return w;
}

std::string why_zero_words(const Weighted& w) {
  const std::string row = std::to_string(w.weight.row);
  const bool reads = w.place.kind == TensorKind::mlp_fc1;  // else the weight is of what a neuron writes
  const std::string neuron = "neuron " + (reads ? row : std::to_string(w.weight.column)) + " of layer "
                             + std::to_string(w.place.layer);
  const std::string layer = "layer" + std::to_string(w.place.layer) + ".";
  const std::string course = " (the course revision initialises it so)";
  switch (study::why_zero(w.e.subject.model(), w.e.trace, w.weight)) {
    case study::ZeroGradient::token_absent:
      return "The token is absent: this text never reads token " + row + " ("
             + w.e.subject.label(static_cast<Token>(w.weight.row)) + ").";
    case study::ZeroGradient::position_unused:
      return "The position is unused: this text has the positions 0 to " + std::to_string(w.e.positions() - 1)
             + ".";
    case study::ZeroGradient::zero_projection:
      return reads ? "The projection is zero: column " + row + " of " + layer + "mlp_fc2 is 0" + course
                         + ", so nothing that the neuron computes reaches the loss."
                   : "The projection is zero: all of " + layer + "attn_wo is 0" + course
                         + ", so nothing that attention computes reaches the loss.";
    case study::ZeroGradient::dead_neuron:
      return "The neuron is silent: " + neuron + " is not above 0 at any position of this text, "
             + (reads ? "and there the slope of its activation is 0."
                      : "so its output, which this weight multiplies, is 0.");
    case study::ZeroGradient::one_position:
      return "There is one position only: the softmax of a single score is 1 whatever the score is.";
    case study::ZeroGradient::cancels:
      return "Every term of the sum is 0, or they cancel to the last digit.";
    case study::ZeroGradient::no:
      break;
  }
  return "";
}

}  // namespace microgpt::view::explain
