// microgpt explain backprop, adam: one weight, from the loss to its next value.
#include <algorithm>
#include <cmath>

#include "cli/explain/topics.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/train/adam.hpp"
#include "microgpt/train/schedule.hpp"

namespace microgpt::cli::explain {

namespace {

/// Where a weight stands: its layer, and the sites it leads from and to. Of wte and wpe `to` is embed, and
/// nothing is before them.
struct WeightPlace {
  std::string kind;  ///< the tensor's name without its layer
  int layer = 0;
  Site from = Site::embed, to = Site::embed;

  [[nodiscard]] bool is_embedding() const { return kind == "wte" || kind == "wpe"; }
};

WeightPlace place_of(const Subject& s, const WeightAddress& weight) {
  const std::string& name = s.model.parameters.table()[weight.tensor].name;
  if (weight.tensor < 2) return {.kind = name};
  const study::Address end = end_of_stream(s.config());
  if (weight.tensor == 2) return {.kind = name, .layer = end.layer, .from = end.site, .to = Site::logits};
  constexpr std::pair<Site, Site> kWay[] = {{Site::attn_norm, Site::q},      {Site::attn_norm, Site::k},
                                            {Site::attn_norm, Site::v},      {Site::z, Site::attn_out},
                                            {Site::mlp_norm, Site::mlp_pre}, {Site::mlp_post, Site::mlp_out}};
  const auto& way = kWay[(weight.tensor - 3) % 6];
  return {.kind = name.substr(name.find('.') + 1),
          .layer = static_cast<int>((weight.tensor - 3) / 6),
          .from = way.first,
          .to = way.second};
}

double gradient_of(const Subject& s, const WeightAddress& weight) {
  return s.trace.weight_gradient().tensor(weight.tensor)(weight.row, weight.column);
}

double value_of(const Subject& s, const WeightAddress& weight) {
  return s.model.parameters.tensor(weight.tensor)(weight.row, weight.column);
}

/// The loss with the weight moved by so much.
double loss_at(const Subject& s, const WeightAddress& weight, double move) {
  study::Model moved = s.model;
  moved.parameters.tensor(weight.tensor)(weight.row, weight.column) += move;
  return study::run(moved, s.batch()).loss();
}

/// Why a gradient is exactly 0.
std::string why_zero(const Subject& s, const WeightAddress& weight) {
  const WeightPlace place = place_of(s, weight);
  const auto& tokens = s.batch().token;
  const auto all_zero = [](const auto& numbers) { return (numbers.array() == 0).all(); };
  const std::string row = std::to_string(weight.row);
  const std::string column = std::to_string(weight.column);
  const std::string layer = "layer" + std::to_string(place.layer) + ".";
  if (place.kind == "wte" && std::find(tokens.begin(), tokens.end(), weight.row) == tokens.end()) {
    return "token absent: the model never reads token " + row + " ("
           + token_text(s.model.tokenizer, static_cast<Token>(weight.row)) + ") in this text.";
  }
  if (place.kind == "wpe" && weight.row >= s.positions()) {
    return "position unused: this text has positions 0 to " + std::to_string(s.positions() - 1) + ".";
  }
  const bool in_attention = place.kind == "attn_wq" || place.kind == "attn_wk" || place.kind == "attn_wv";
  if (in_attention && all_zero(s.model.parameters.attn_wo(place.layer))) {
    return "zero projection: all of " + layer + "attn_wo is 0 (as it is initialised in the course revision), so "
           "nothing that attention computes reaches the loss.";
  }
  if (place.kind == "mlp_fc1") {
    const bool dead = all_zero(s.trace.values(Site::mlp_post, place.layer).col(weight.row));
    if (dead) {
      return "dead relu: neuron " + row + " of layer " + std::to_string(place.layer)
             + " is not above 0 at any position of this text, and there relu's slope is 0.";
    }
    if (all_zero(s.model.parameters.mlp_fc2(place.layer).col(weight.row))) {
      return "zero projection: column " + row + " of " + layer
             + "mlp_fc2 is 0 (as it is initialised in the course revision), so nothing that the neuron computes "
               "reaches the loss.";
    }
  }
  if (place.kind == "mlp_fc2" && all_zero(s.trace.values(Site::mlp_post, place.layer).col(weight.column))) {
    return "dead relu: neuron " + column + " of layer " + std::to_string(place.layer)
           + " is not above 0 at any position of this text, so its output, which this weight multiplies, is 0.";
  }
  if ((place.kind == "attn_wq" || place.kind == "attn_wk") && s.positions() == 1) {
    return "one position: softmax over a single score is 1 whatever the score is.";
  }
  return "every term below is 0, or they cancel to the last digit.";
}

/// What the gradient is a sum of: one term a position.
Step chain_step(const Subject& s, const WeightAddress& weight, const Digits& n) {
  const WeightPlace place = place_of(s, weight);
  const std::string r = std::to_string(weight.row);
  const std::string c = std::to_string(weight.column);
  const Matrix<double> dy = s.trace.gradient(place.to, place.layer);
  Step step{.name = "backprop, position by position", .lines = {172, 172}};
  step.address = study::site_name(place.to, place.layer);
  std::vector<std::string> terms;
  if (place.is_embedding()) {
    const bool by_token = place.kind == "wte";
    step.says = std::string("The weight is added to the vector of every position that ")
                + (by_token ? "reads its token" : "is its own") + ", so their gradients are its own.";
    step.formula = "d" + place.kind + "[" + r + "," + c + "] = sum over positions p "
                   + (by_token ? "that read token " : "= ") + r + " of dembed[p," + c + "]";
    step.table = {{"position", "reads", "dembed[p," + c + "]", "counts"}, 2, {2}};
    for (int p = 0; p < s.positions(); ++p) {
      const Token token = s.batch().token[static_cast<std::size_t>(p)];
      const bool counts = (by_token ? token : p) == weight.row;
      if (counts) terms.push_back(n.factor(dy(p, weight.column)));
      step.table.rows.push_back({static_cast<long>(p), token_text(s.model.tokenizer, token),
                                 dy(p, weight.column), std::string(counts ? "yes" : "no")});
    }
  } else {
    const Matrix<double> x = s.trace.values(place.from, place.layer);
    step.says = "The weight multiplies x_" + c + " into y_" + r + " at every position; x is "
                + study::site_name(place.from, place.layer) + ", y is "
                + study::site_name(place.to, place.layer)
                + ", and dy has come back through all that follows.";
    step.formula = "dW[" + r + "," + c + "] = sum_p dy[p," + r + "] x[p," + c + "]";
    step.table = {{"position", "reads", "dy[p," + r + "]", "x[p," + c + "]", "product"}, 2, {4}};
    for (int p = 0; p < s.positions(); ++p) {
      const double d = dy(p, weight.row);
      const double v = x(p, weight.column);
      terms.push_back(n.factor(d) + " * " + n.factor(v));
      step.table.rows.push_back({static_cast<long>(p),
                                 token_text(s.model.tokenizer, s.batch().token[static_cast<std::size_t>(p)]),
                                 d, v, d * v});
    }
  }
  step.numbers = "gradient = " + (terms.empty() ? "(no terms)" : sum_of(terms));
  step.result = gradient_of(s, weight);
  return step;
}

}  // namespace

Page explain_backprop(const Subject& s, const WeightAddress& weight, const Digits& n) {
  const std::string name = to_string(weight, s.model.parameters);
  const double gradient = gradient_of(s, weight);
  Page page{
      .topic = "backprop",
      .about =
          "The gradient of a weight says how the loss answers when the weight is moved a little. The chain "
          "rule gives it for all weights in one pass from the loss back; here it is for "
          + name + ".",
      .lines = {172, 172}};
  page.steps.push_back(chain_step(s, weight, n));
  page.steps.back().says +=
      " The result is the sum in full precision; the loss is " + n(s.trace.loss()) + ".";
  Step nudge{.name = "the same by nudging", .address = name};
  nudge.says =
      "Move the weight, run the model twice, see what the loss does. Small h is closer to the slope until "
      "rounding takes over.";
  nudge.formula = "gradient ~ (loss(w + h) - loss(w - h)) / 2h   with   w = " + n(value_of(s, weight));
  nudge.table = {{"h", "loss(w + h)", "loss(w - h)", "slope", "slope - gradient"}};
  constexpr double kBest = 1e-5;
  for (const double h : {1e-2, 1e-3, 1e-4, kBest, 1e-6}) {
    const double up = loss_at(s, weight, h);
    const double down = loss_at(s, weight, -h);
    const double slope = (up - down) / (2 * h);
    nudge.table.rows.push_back(
        {number_text(h, 1), number_text(up, 9), number_text(down, 9), slope, slope - gradient});
    if (h == kBest) {
      nudge.numbers = "h = 1e-05: (" + number_text(up, 9) + " - " + number_text(down, 9) + ") / 2e-05";
      nudge.result = slope;
    }
  }
  page.steps.push_back(std::move(nudge));
  if (gradient == 0) {
    Step why{.name = "why it is exactly 0", .address = name};
    why.says = why_zero(s, weight);
    page.steps.push_back(std::move(why));
  }
  Step tensor{.name = "the whole tensor"};
  const auto all = s.trace.weight_gradient().tensor(weight.tensor);
  const auto zeros = (all.array() == 0).count();
  tensor.says = "Of the " + counted(static_cast<std::size_t>(all.size()), "weight") + " of "
                + s.model.parameters.table()[weight.tensor].name + " " + std::to_string(zeros)
                + (zeros == 1 ? " has" : " have") + " a gradient of exactly 0.";
  tensor.table = {{"norm of the gradient", "largest", "exactly 0", "of"}, 0};
  tensor.table.rows = {
      {all.norm(), all.cwiseAbs().maxCoeff(), static_cast<long>(zeros), static_cast<long>(all.size())}};
  page.steps.push_back(std::move(tensor));
  return page;
}

Page explain_adam(const Subject& s, const WeightAddress& weight, const Digits& n) {
  const TrainConfig& t = s.train;
  const std::string name = to_string(weight, s.model.parameters);
  const double w = value_of(s, weight);
  const double raw = gradient_of(s, weight);
  double squares = 0;
  for (const double one : s.trace.weight_gradient().values()) squares += one * one;
  const double norm = std::sqrt(squares);
  const double scale = t.grad_clip > 0 && norm > t.grad_clip ? t.grad_clip / norm : 1;
  const double g = scale * raw;
  const double m0 = s.first_moment.tensor(weight.tensor)(weight.row, weight.column);
  const double v0 = s.second_moment.tensor(weight.tensor)(weight.row, weight.column);
  const double m = t.beta1 * m0 + (1 - t.beta1) * g;
  const double v = t.beta2 * v0 + (1 - t.beta2) * g * g;
  const double m_correction = 1 - std::pow(t.beta1, s.step + 1);
  const double v_correction = 1 - std::pow(t.beta2, s.step + 1);
  const double m_hat = m / m_correction;
  const double v_hat = v / v_correction;
  const double lr = learning_rate(t, s.step);
  const double move = -lr * (m_hat / (std::sqrt(v_hat) + t.epsilon) + t.weight_decay * w);
  const std::string power = std::to_string(s.step + 1);
  // Settings of the run are shown as they were given.
  const auto setting = [](double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return std::string(text);
  };
  const Lines lines{175, 182, true};

  Page page{.topic = "adam",
            .about = "One update of " + name + ", with this text as the document of step " + std::to_string(s.step)
                     + " (counted from 0). Adam keeps two moving averages for every weight, of its gradient and of "
                       "its square, and goes by their ratio: about lr a step, whatever the gradient's size.",
            .lines = lines};
  Step gradient{.name = "gradient", .address = name, .lines = {172, 172}};
  gradient.says = "'explain backprop --weight " + name + "' shows where it comes from.";
  if (raw == 0) gradient.says = "It is exactly 0: " + why_zero(s, weight);
  gradient.formula =
      t.grad_clip > 0 ? "g = dloss/dw * min(1, grad_clip / norm of all gradients)" : "g = dloss/dw";
  gradient.numbers =
      t.grad_clip > 0 ? "g = " + n(raw) + " * min(1, " + setting(t.grad_clip) + " / " + n(norm) + ")" : "g";
  gradient.result = g;
  Step first{.name = "first moment", .address = name, .lines = lines};
  first.says = "The gradient's moving average: which way it has been pointing.";
  first.formula = "m = beta1 m + (1 - beta1) g";
  first.numbers =
      "m = " + setting(t.beta1) + " * " + n.factor(m0) + " + " + setting(1 - t.beta1) + " * " + n.factor(g);
  first.result = m;
  Step second{.name = "second moment", .address = name, .lines = lines};
  second.says = "That of its square: how large it has been.";
  second.formula = "v = beta2 v + (1 - beta2) g^2";
  second.numbers =
      "v = " + setting(t.beta2) + " * " + n(v0) + " + " + setting(1 - t.beta2) + " * " + n.factor(g) + "^2";
  second.result = v;
  Step m_step{.name = "first bias correction", .lines = lines};
  m_step.says = "The averages began at 0 and are too small at first; the factor becomes 1 in time.";
  m_step.formula = "m_hat = m / (1 - beta1^(step + 1))";
  m_step.numbers = "m_hat = " + n(m) + " / (1 - " + setting(t.beta1) + "^" + power + ") = " + n(m) + " / "
                   + number_text(m_correction, 6);
  m_step.result = m_hat;
  Step v_step{.name = "second bias correction", .lines = lines};
  v_step.formula = "v_hat = v / (1 - beta2^(step + 1))";
  v_step.numbers = "v_hat = " + n(v) + " / (1 - " + setting(t.beta2) + "^" + power + ") = " + n(v) + " / "
                   + number_text(v_correction, 6);
  v_step.result = v_hat;
  Step rate{.name = "learning rate", .lines = lines};
  rate.says = lr == 0 ? "The schedule has come to its end: the update is 0." : "";
  rate.formula = s.step < t.warmup_steps            ? "lr = learning_rate (step + 1) / warmup_steps"
                 : t.schedule == Schedule::constant ? "lr = learning_rate"
                 : t.schedule == Schedule::linear
                     ? "lr = learning_rate (1 - (step - warmup) / (steps - warmup))"
                     : "lr = learning_rate / 2 (1 + cos(pi (step - warmup) / (steps - warmup)))";
  const std::string progress = "(" + std::to_string(s.step) + " - " + std::to_string(t.warmup_steps) + ") / ("
                               + std::to_string(t.steps) + " - " + std::to_string(t.warmup_steps) + ")";
  rate.numbers = "lr = " + setting(t.learning_rate);
  if (s.step < t.warmup_steps) {
    rate.numbers += " * " + power + " / " + std::to_string(t.warmup_steps);
  } else if (t.schedule == Schedule::linear) {
    rate.numbers += " * (1 - " + progress + ")";
  } else if (t.schedule == Schedule::cosine) {
    rate.numbers += " / 2 * (1 + cos(pi " + progress + "))";
  }
  rate.result = lr;
  Step update{.name = "update", .address = name, .lines = lines};
  const bool decays = t.weight_decay > 0;
  update.formula = decays ? "w = w - lr (m_hat / (sqrt(v_hat) + epsilon) + weight_decay w)"
                          : "w = w - lr m_hat / (sqrt(v_hat) + epsilon)";
  update.numbers = "w = " + n(w) + " - " + n(lr) + " * " + (decays ? "(" : "") + n.factor(m_hat) + " / ("
                   + n(std::sqrt(v_hat)) + " + " + setting(t.epsilon) + ")"
                   + (decays ? " + " + setting(t.weight_decay) + " * " + n.factor(w) + ")" : "");
  update.result = w + move;
  update.table = {{"w before", "change", "change / lr", "w after"}, 0};
  update.table.rows = {{w, move, lr > 0 ? move / lr : 0.0, w + move}};
  page.steps = {gradient, first, second, m_step, v_step, rate, update};
  return page;
}

}  // namespace microgpt::cli::explain
