// A text file, checked and taken apart into documents. A document is what the model learns to write from
// its beginning to its end: a line (a name, a verse) or a paragraph. A stream is one long text instead.
// The text is held once, and a document is no more than the place where it starts.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt {

enum class DataMode {
  lines,       ///< a document is a line that is not blank, stripped: microgpt.py's documents
  paragraphs,  ///< ... a run of lines that are not blank, stripped; newlines inside are characters
  stream,      ///< the text as it stands, white space and all, without documents
};

/// What to do with a byte order mark at the start of a file: Python keeps it as a character.
enum class ByteOrderMark { keep, drop };

/// Stands between two documents. UTF-8 never has this byte.
inline constexpr char kDocumentEnd = '\xff';

class Dataset {
 public:
  /// Reads and checks a text file as Python's text mode does: UTF-8, "\r\n" and "\r" become "\n".
  /// Throws Error (data) if it cannot be read, is not valid UTF-8 (with line and byte), holds no
  /// document, or more than 4 GiB.
  static Dataset load(const std::filesystem::path& path, DataMode mode, ByteOrderMark mark);

  /// The same for a text in memory; `name` stands for the path in messages.
  static Dataset from_text(std::string text, DataMode mode, ByteOrderMark mark,
                           const std::string& name = "text");

  [[nodiscard]] DataMode mode() const { return mode_; }

  /// The documents in file order with a kDocumentEnd between any two; or the stream. Views into it
  /// stay valid when the Dataset is moved.
  [[nodiscard]] std::string_view text() const { return *text_; }

  /// Number of documents; 0 of a stream.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Views of the documents in file order, for texts that are not large: it takes several times the
  /// memory of short ones.
  [[nodiscard]] std::vector<std::string_view> documents() const;

  /// SHA-256 of the file's bytes as they were on disk.
  [[nodiscard]] const std::string& digest() const { return digest_; }

  /// Things in the file that a person should know of, each a plain sentence; mostly none.
  [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }

 private:
  Dataset() = default;

  std::unique_ptr<const std::string> text_;  // behind a pointer: moving it leaves the views valid
  DataMode mode_ = DataMode::lines;
  std::size_t size_ = 0;
  std::string digest_;
  std::vector<std::string> notices_;
};

}  // namespace microgpt
