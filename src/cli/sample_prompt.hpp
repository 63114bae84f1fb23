// What the texts of microgpt sample begin with and end before.
#pragma once

#include <string>
#include <vector>

#include "microgpt/io/checkpoint.hpp"

namespace microgpt::cli {

/// The prompt: the text of --prompt, whose escapes are understood, or if `file` is not empty that of --prompt-file as it
/// stands, of a model of lines without the newline at its end. Throws Error: usage if it is no UTF-8 or an empty file,
/// data if the file cannot be read or the model does not know one of its characters.
std::string read_prompt(const std::string& text, const std::string& file, const Checkpoint& checkpoint);

/// The texts of --stop, whose escapes are understood. Throws Error as read_prompt, and usage if one is empty.
std::vector<std::string> read_stop_strings(const std::vector<std::string>& texts, const Tokenizer& tokenizer);

}  // namespace microgpt::cli
