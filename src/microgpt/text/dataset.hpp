// A text file as documents. A document is what the model learns to write from its beginning to its
// end: a line (a name, a verse) or a paragraph. The text is held once; documents are views into it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace microgpt {

enum class DocumentKind {
  lines,       ///< every line that is not blank, stripped: microgpt.py's documents
  paragraphs,  ///< every run of lines that are not blank, stripped; newlines inside are characters
};

/// What to do with a byte order mark at the start of a file: Python keeps it as a character.
enum class ByteOrderMark { keep, drop };

class Dataset {
 public:
  /// Reads and checks a text file as Python's text mode does: UTF-8, "\r\n" and "\r" become "\n".
  /// Throws Error (data) if it cannot be read, is not valid UTF-8 (with line and byte) or holds no
  /// document.
  static Dataset load(const std::filesystem::path& path, DocumentKind kind, ByteOrderMark mark);

  /// The same for a text in memory; `name` stands for the path in messages.
  static Dataset from_text(std::string text, DocumentKind kind, ByteOrderMark mark,
                           const std::string& name = "text");

  /// The documents in file order.
  [[nodiscard]] const std::vector<std::string_view>& documents() const { return documents_; }
  /// For the shuffle: the order of the documents is the caller's.
  [[nodiscard]] std::vector<std::string_view>& documents() { return documents_; }

  /// SHA-256 of the file's bytes as they were on disk.
  [[nodiscard]] const std::string& digest() const { return digest_; }

  /// Things in the file that a person should know of, each a plain sentence; mostly none.
  [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }

 private:
  Dataset() = default;

  std::unique_ptr<const std::string> text_;  // behind a pointer: moving it leaves the views valid
  std::vector<std::string_view> documents_;
  std::string digest_;
  std::vector<std::string> notices_;
};

/// Documents to train on, documents kept from training to judge it by while it is tuned, and documents for
/// the one judgement at the end.
struct Split {
  std::vector<std::string_view> training;
  std::vector<std::string_view> held_out;
  std::vector<std::string_view> test;
};

/// Keeps about these fractions of the distinct documents from training, chosen by a hash of their text. So
/// equal lines never stand on two sides, and neither order, seed nor the other documents change the choice;
/// and the two fractions do not move each other.
Split split_by_hash(const std::vector<std::string_view>& documents, double held_out, double test = 0);

/// A piece of a document that fits the model's context.
struct Example {
  std::string_view text;
  bool opens = true;   ///< BOS stands before the text
  bool closes = true;  ///< BOS stands after it

  /// Number of predictions: one less than its tokens.
  [[nodiscard]] std::size_t positions() const;
};

enum class LongDocuments {
  cut,    ///< keep the first block_size predictions, as microgpt.py does
  split,  ///< go on in further examples, so that every character is predicted once
};

/// The documents as examples of at most `block_size` predictions each.
std::vector<Example> make_examples(const std::vector<std::string_view>& documents, std::size_t block_size,
                                   LongDocuments long_documents);

}  // namespace microgpt
