// One training text from several places: files, folders, standard input, pipes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "microgpt/text/dataset.hpp"
#include "microgpt/text/folder_texts.hpp"

namespace microgpt {

struct TextSource {
  std::filesystem::path path;  ///< "-" is standard input
  std::uint64_t bytes = 0;     ///< as they stood there, before any conversion
};

struct GatherOptions {
  DataMode mode = DataMode::lines;
  std::string encoding = {};  ///< of every text; empty: UTF-8
};

struct GatheredText {
  /// The text is one file in UTF-8, which can be read again at any time: nothing was read, nothing needs to be kept.
  bool is_one_plain_file = false;
  std::string name{};                  ///< for messages: the path, or "a.txt and 2 more"
  std::string bytes{};                 ///< UTF-8, checked; empty if it is one plain file
  std::vector<TextSource> sources{};   ///< in the order of the text
  std::vector<LeftOut> left_out{};     ///< empty texts, and what in folders is no text
  std::vector<std::string> notices{};  ///< what a person should know of, each a plain sentence; mostly none
};

/// Reads standard input to its end; throws Error if it cannot. read_to_end() of base/file.hpp does for a descriptor.
using ReadInput = std::function<std::string()>;

/// Joins the texts that the arguments name, in their order: a file; a folder, which stands for the texts in it
/// (folder_texts.hpp); "-", standard input; a pipe, as a shell's <(command) makes one, which is read until it is closed.
///
/// Every text is checked, and converted if an encoding is given, by itself, and its byte order mark is dropped. A newline
/// is put between two texts if the first does not end with one; in paragraphs and streams as many newlines as an empty
/// line takes. Apart from that the bytes stay as they are. Texts that hold only white space are left out.
///
/// Throws Error: usage for no argument, a file, folder or "-" that is given twice, and an unknown encoding; data as
/// check_text() and to_utf8() do with the name of the text, for what cannot be read, for a folder without a text, if
/// nothing but white space is left, and for more than 4 GiB in all.
GatheredText gather_texts(const std::vector<std::string>& arguments, const GatherOptions& options,
                          const ReadInput& read_input);

}  // namespace microgpt
