// Samples on standard output, one after the other, and what stands between them.
#pragma once

#include <string>

#include "microgpt/text/dataset.hpp"
#include "microgpt/text/tokenizer.hpp"

namespace microgpt::cli {

class SampleOutput {
 public:
  /// `null`: a NUL ends each text, and nothing else is added. Otherwise a text is followed by a newline; one that may
  /// have newlines itself also by a blank line or, on a terminal, by a numbered line that no text can hold.
  /// Throws Error (usage) if the texts may have a NUL themselves.
  SampleOutput(const Tokenizer& tokenizer, DataMode mode, bool null);

  /// A text as a whole.
  void write(const std::string& text);

  /// The next character of a text that is shown while it is written; end() ends it.
  void write_character(Token token);
  void end();

 private:
  void begin();
  /// Of a text or a part of it: safe for a terminal, where it is one.
  [[nodiscard]] std::string shown(const std::string& text) const;

  const Tokenizer& tokenizer_;
  DataMode mode_;
  bool null_;
  bool terminal_;
  bool open_ = false;  // a text has begun
  int number_ = 0;     // of texts that have begun
};

}  // namespace microgpt::cli
