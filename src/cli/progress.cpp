#include "cli/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "cli/page.hpp"
#include "cli/terminal.hpp"
#include "microgpt/render/width.hpp"

namespace microgpt::cli {

namespace {

std::string rate(double per_second) {
  if (per_second >= 1e6) return format("%.1fM", per_second / 1e6);
  if (per_second >= 1e3) return format("%.0fk", per_second / 1e3);
  return format("%.0f", per_second);
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return format("%lds", whole);
  if (whole < 3600) return format("%ldm%02lds", whole / 60, whole % 60);
  return format("%ldh%02ldm", whole / 3600, whole / 60 % 60);
}

}  // namespace

Progress::Progress(const Session& session, bool quiet)
    : session_(session), first_step_(session.step()), quiet_(quiet), live_(!quiet && stdout_is_terminal()) {}

void Progress::operator()(const StepDone& done) {
  if (done.held_out_loss) held_out_ = done.held_out_loss;
  if (quiet_) return;
  tell_of_memorising(done);
  const int step = done.step.step;
  if (live_) {
    const auto now = Clock::now();
    if (now - shown_ < std::chrono::milliseconds(100) && step != session_.config().train.steps) return;
    shown_ = now;
    renew(line(step));
  } else if (due(step)) {
    print(line(step));
    held_out_.reset();
  }
}

/// Whether a step has a line in a log: about every twentieth of the run, and by the clock.
bool Progress::due(int step) {
  const double now = session_.tally().seconds();
  const int steps = session_.config().train.steps;
  const bool by_share = step % std::max(1, steps / 20) == 0 || step == steps;
  if (!by_share) return log_.due(now);
  log_.written(now);
  return true;
}

/// A line that stays.
void Progress::print(const std::string& words) {
  std::cout << (live_ ? "\r\x1b[K" : "") << words << '\n' << std::flush;
}

void Progress::tell_of_memorising(const StepDone& done) {
  if (!done.memorises || told_ || !done.held_out_loss) return;
  told_ = true;
  const RunSummary summary = session_.summary();
  std::string above;
  if (summary.best && summary.best->step < done.step.step) {
    above = ", above its best of " + nats_text(summary.best->loss) + " at step "
            + std::to_string(summary.best->step);
  } else {
    above = ", above guessing (" + nats_text(summary.guessing) + ")";
  }
  print("the model begins to memorise its text: the held-out loss is " + nats_text(*done.held_out_loss)
        + " after step " + std::to_string(done.step.step) + above + ", while the training loss falls");
}

/// A line that went on in the next row of the screen could not be taken back.
void Progress::renew(const std::string& line) {
  const int columns = terminal_columns() > 0 ? terminal_columns() : screen().width;
  std::cout << "\r\x1b[K" << render::cut_to_width(line, static_cast<std::size_t>(std::max(1, columns - 1)))
            << std::flush;
}

void Progress::finish() {
  if (live_) std::cout << "\r\x1b[K" << std::flush;
  live_ = false;
}

std::string Progress::line(int step) const {
  const Tally& tally = session_.tally();
  const int steps = session_.config().train.steps;
  const int done = step - first_step_;
  const double left = done > 0 ? tally.seconds() / done * (steps - step) : 0;
  std::string text = format("step %*d/%d", static_cast<int>(std::to_string(steps).size()), step, steps);
  if (tally.mean_steps() > 0) text += "  loss " + nats_text(tally.mean_loss());
  if (held_out_) text += "  held-out " + nats_text(*held_out_);
  return text + "  " + rate(tally.characters_per_second()) + " chars/s  " + duration(left) + " left";
}

}  // namespace microgpt::cli
