// What train says of a run: before it, and at its end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "microgpt/run/session.hpp"
#include "microgpt/text/gather.hpp"

namespace microgpt::cli {

/// What a text was put together from, if it is not one file, and what was left out.
void describe_text(const GatheredText& text);

/// What was chosen for the text and the time, a line each.
void describe_choice(const std::vector<std::string>& reasons);

/// Data, model and folder, in words on standard output.
void describe(const Session& session, int threads);

/// One line on standard error if the model has memorised its text, or if the loss ended far above that of guessing
/// blindly: numbers that stay finite need not mean anything.
void warn_of_loss(const Session& session);

/// The outcome, in words or as one JSON document on standard output.
void report(const Session& session, const Samples& samples);
void report_json(const Session& session, const Samples& samples);

}  // namespace microgpt::cli
