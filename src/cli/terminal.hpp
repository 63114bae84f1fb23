// What the program shows on a terminal, and what it says in a pipe instead.
#pragma once

#include <cstdio>
#include <string>

#include "microgpt/text/words.hpp"

namespace microgpt::cli {

/// As printf writes it.
std::string format(const char* pattern, auto... values) {
  char text[400];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

/// Text of any origin made safe to print in one line.
std::string one_line(const std::string& text);

/// A word of a command line that a person may copy: as it is, or in quotes if a shell would not take it so.
std::string shell_quoted(const std::string& word);

/// A loss in nats: four digits after the point; in scientific form from a million on.
std::string nats_text(double nats);
/// The same in bits, with three digits.
std::string bits_text(double nats);
/// exp(nats); "above 1e308" where no double holds it.
std::string perplexity_text(double nats);

/// How the program was called, quoted likewise: "build/release/microgpt".
void set_program_name(const std::string& name);
const std::string& program_name();

bool stdout_is_terminal();
/// Columns of the terminal that standard output is, 0 if it is none or does not say.
int terminal_columns();
bool stderr_is_terminal();

/// Whether standard output is a terminal that may have colours: NO_COLOR unset, TERM not dumb.
bool stdout_has_colours();

/// Bold, if standard output has colours.
std::string bold(const std::string& text);

}  // namespace microgpt::cli
