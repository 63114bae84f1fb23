// explain adam: how one weight is moved.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>

#include "microgpt/io/checkpoint.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/view/explain/weights.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kAdamOptions[] = {kReadOption, kWeightOption, kDigitsOption};
constexpr Lines kAdamLines{175, 182, true};

/// A setting of the run, as it was given.
std::string setting(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

/// One update with all that its words need.
struct Updated {
  const Weighted& w;
  const TrainConfig& config;
  int step;
  double norm;
  int updates;  ///< that the moments hold, this one included
  study::AdamStep is;
};

/// Results of Adam are small: as many digits of each are shown as of a number near 1.
Section worked_section(const char* key, const char* title, const char* formula, const std::string& name,
                       double result, ByHand& hand, const std::function<Written(const Digits&)>& write) {
  Section section{.key = key, .title = title, .lines = kAdamLines, .formula = formula};
  section.digits = significant_digits(result, hand.n.digits);
  ByHand finer(section.digits);
  section.numbers = name + " = " + finer.line(result, write);
  section.result = result;
  hand.check(finer.note().empty());
  return section;
}

Section gradient_section(const Updated& u, ByHand& hand) {
  const bool clips = u.config.grad_clip > 0;
  Section section = worked_section(
      "gradient", "gradient",
      clips ? "g = dloss/dw * min(1, grad_clip / norm of all gradients)" : "g = dloss/dw", "g", u.is.gradient,
      hand, [&](const Digits& n) {
        if (!clips) return Written{"gradient of " + u.w.name, u.is.gradient};
        return Written{n(u.w.gradient) + " * min(1, " + setting(u.config.grad_clip) + " / " + n(u.norm) + ")",
                       n.printed(u.w.gradient) * std::min(1.0, u.config.grad_clip / n.printed(u.norm))};
      });
  section.address = u.w.name;
  section.lines = {172, 172};
  section.says = u.w.gradient == 0
                     ? "It is exactly 0. " + why_zero_words(u.w)
                     : "'explain backprop --weight " + u.w.name + "' shows where it comes from.";
  return section;
}

Section first_moment_section(const Updated& u, ByHand& hand) {
  const double beta = u.config.beta1;
  Section section = worked_section(
      "first_moment", "first moment", "m = beta1 m + (1 - beta1) g", "m", u.is.m, hand, [&](const Digits& n) {
        return Written{setting(beta) + " * " + n.factor(u.is.m_before) + " + " + setting(1 - beta) + " * "
                           + n.factor(u.is.gradient),
                       beta * n.printed(u.is.m_before) + (1 - beta) * n.printed(u.is.gradient)};
      });
  section.says = "The moving average of the gradient: which way it has been pointing.";
  return section;
}

Section second_moment_section(const Updated& u, ByHand& hand) {
  const double beta = u.config.beta2;
  Section section =
      worked_section("second_moment", "second moment", "v = beta2 v + (1 - beta2) g^2", "v", u.is.v, hand,
                     [&](const Digits& n) {
                       const double g = n.printed(u.is.gradient);
                       return Written{setting(beta) + " * " + n(u.is.v_before) + " + " + setting(1 - beta)
                                          + " * " + n.factor(u.is.gradient) + "^2",
                                      beta * n.printed(u.is.v_before) + (1 - beta) * g * g};
                     });
  section.says = "The moving average of its square: how large it has been.";
  return section;
}

Section correction_section(const Updated& u, ByHand& hand, bool first) {
  const double beta = first ? u.config.beta1 : u.config.beta2;
  const double moment = first ? u.is.m : u.is.v;
  const std::string letter = first ? "m" : "v";
  Section section = worked_section(
      first ? "first_correction" : "second_correction",
      first ? "first bias correction" : "second bias correction",
      u.updates == u.step + 1
          ? (first ? "m_hat = m / (1 - beta1^(step + 1))" : "v_hat = v / (1 - beta2^(step + 1))")
          : (first ? "m_hat = m / (1 - beta1^updates)" : "v_hat = v / (1 - beta2^updates)"),
      letter + "_hat", first ? u.is.m_hat : u.is.v_hat, hand, [&](const Digits& n) {
        return Written{n(moment) + " / (1 - " + setting(beta) + "^" + std::to_string(u.updates) + ")",
                       n.printed(moment) / (1 - std::pow(beta, u.updates))};
      });
  if (first) {
    section.says =
        "The averages began at 0 and are too small at first; the divisor corrects this and approaches 1.";
    if (u.updates != u.step + 1) {
      section.says += " They came with the model that training began with, and hold "
                      + std::to_string(u.updates) + " updates with this one.";
    }
  }
  return section;
}

Section rate_section(const Updated& u, ByHand& hand) {
  const TrainConfig& t = u.config;
  const bool warms_up = u.step < t.warmup_steps;
  const std::string progress = "(" + std::to_string(u.step) + " - " + std::to_string(t.warmup_steps) + ") / ("
                               + std::to_string(t.steps) + " - " + std::to_string(t.warmup_steps) + ")";
  const char* formula = "lr = learning_rate";
  std::string numbers = setting(t.learning_rate);
  if (warms_up) {
    formula = "lr = learning_rate (step + 1) / warmup_steps";
    numbers += " * " + std::to_string(u.step + 1) + " / " + std::to_string(t.warmup_steps);
  } else {
    switch (t.schedule) {
      case Schedule::constant:
        break;
      case Schedule::linear:
        formula = "lr = learning_rate (1 - (step - warmup_steps) / (steps - warmup_steps))";
        numbers += " * (1 - " + progress + ")";
        break;
      case Schedule::cosine:
        formula = "lr = learning_rate / 2 (1 + cos(pi (step - warmup_steps) / (steps - warmup_steps)))";
        numbers += " / 2 * (1 + cos(pi " + progress + "))";
        break;
    }
  }
  Section section = worked_section("learning_rate", "learning rate", formula, "lr", u.is.learning_rate, hand,
                                   [&](const Digits&) {
                                     return Written{numbers, u.is.learning_rate};
                                   });
  if (u.is.learning_rate == 0) section.says = "The schedule has reached its end, so the update is 0.";
  return section;
}

Section update_section(const Updated& u, ByHand& hand) {
  const TrainConfig& t = u.config;
  const bool decays = t.weight_decay > 0;
  Section section = worked_section(
      "update", "update",
      decays ? "w = w - lr (m_hat / (sqrt(v_hat) + epsilon) + weight_decay w)"
             : "w = w - lr m_hat / (sqrt(v_hat) + epsilon)",
      "w", u.is.w, hand, [&](const Digits& n) {
        // Moments are small: as many digits of them as their own steps show.
        const auto fine = [&](double value) { return Digits{significant_digits(value, n.digits), n.extra}; };
        const Digits m = fine(u.is.m_hat);
        const Digits v = fine(u.is.v_hat);
        const double move = m.printed(u.is.m_hat) / (std::sqrt(v.printed(u.is.v_hat)) + t.epsilon)
                            + (decays ? t.weight_decay * n.printed(u.is.w_before) : 0);
        return Written{
            n(u.is.w_before) + " - " + n(u.is.learning_rate) + " * " + (decays ? "(" : "")
                + m.factor(u.is.m_hat) + " / (sqrt(" + v(u.is.v_hat) + ") + " + setting(t.epsilon) + ")"
                + (decays ? " + " + setting(t.weight_decay) + " * " + n.factor(u.is.w_before) + ")" : ""),
            n.printed(u.is.w_before) - n.printed(u.is.learning_rate) * move};
      });
  section.address = u.w.name;
  const double change = u.is.w - u.is.w_before;
  const int digits = hand.digits_for([&](const Digits& n) {
    return adds_up(std::array{u.is.w_before, change}, u.is.w, n);
  });
  section.table.columns = {{"before", "w before", number(digits)},
                           {"change", "change", number(digits)},
                           {"after", "w after", number(digits)},
                           {"change_in_rates", "change / lr", number(hand.n.digits)}};
  section.table.labels = 0;
  section.table.rows = {
      {u.is.w_before, change, u.is.w, u.is.learning_rate > 0 ? change / u.is.learning_rate : 0.0}};
  return section;
}

Page make_adam(const Request& request) {
  const Scope scope{.topic = "adam", .gradient = true};
  const Explained e = explained(request, scope);
  const Weighted w = weighted(e, request.options);
  ByHand hand(digits_of(request.options));
  const Checkpoint* checkpoint = e.subject.checkpoint();
  int step = 0;
  int earlier = 0;
  double m = 0;
  double v = 0;
  if (checkpoint != nullptr) {
    const TrainState<double> state = checkpoint->train_state<double>();
    step = state.step;
    earlier = state.earlier_steps;
    m = state.m.tensor(w.weight.tensor)(w.weight.row, w.weight.column);
    v = state.v.tensor(w.weight.tensor)(w.weight.row, w.weight.column);
  }
  const TrainConfig& config = e.subject.run().train;
  const double norm = study::norm(e.trace.weight_gradient().values());
  const Updated u{.w = w,
                  .config = config,
                  .step = step,
                  .norm = norm,
                  .updates = step + 1 + earlier,
                  .is = study::adam_step(config, step, w.value, m, v, w.gradient, norm, earlier)};
  Page page = page_of(scope.topic,
                      "One update of " + w.name + ", with this text as the document of step "
                          + std::to_string(step)
                          + " (counted from 0). Adam keeps two moving averages for every weight, of its gradient and of the gradient's square, and moves the weight by their ratio: about lr per step, whatever the size of the gradient.",
                      kAdamLines);
  add_facts(page, e, scope, false);
  page.facts.push_back({"weight", "weight", w.name});
  page.facts.push_back({"step", "step", std::int64_t{step}, whole()});
  page.sections = {gradient_section(u, hand),
                   first_moment_section(u, hand),
                   second_moment_section(u, hand),
                   correction_section(u, hand, true),
                   correction_section(u, hand, false),
                   rate_section(u, hand),
                   update_section(u, hand)};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec adam_topic() {
  return {.name = "adam",
          .about = "How Adam updates one weight",
          .example = "adam --text emma --weight 'layer0.attn_wq[0,0]'",
          .needs = Needs::model_or_example,
          .options = explain::kAdamOptions,
          .make = explain::make_adam};
}

}  // namespace microgpt::view
