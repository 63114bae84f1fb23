#include "microgpt/text/dataset.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/base/meanwhile.hpp"
#include "microgpt/base/sha256.hpp"
#include "microgpt/text/check_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt {

namespace {

/// "\r\n" and "\r" become "\n", in place. Returns how many did.
std::size_t translate_newlines(std::string& text) {
  const std::size_t first_at = std::min(text.find('\r'), text.size());
  const auto first = text.begin() + static_cast<std::ptrdiff_t>(first_at);
  std::size_t translated = 0;
  auto to = first;
  for (auto from = first; from != text.end(); ++from) {
    char c = *from;
    if (c == '\r') {
      ++translated;
      c = '\n';
      if (from + 1 != text.end() && from[1] == '\n') ++from;
    }
    *to++ = c;
  }
  text.erase(to, text.end());
  return translated;
}

/// Calls found(line) for every line, without its "\n".
template <class Found>
void each_line(std::string_view text, Found&& found) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    found(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

/// Calls found(document) for every document of the text, stripped, in order.
template <class Found>
void each_document(std::string_view text, DataMode mode, Found&& found) {
  if (mode == DataMode::lines) {
    each_line(text, [&](std::string_view line) {
      const auto document = strip(line);
      if (!document.empty()) found(document);
    });
    return;
  }
  const char* begin = nullptr;  // of the paragraph that is open
  const char* end = nullptr;
  const auto close = [&] {
    if (begin != nullptr) found(strip({begin, static_cast<std::size_t>(end - begin)}));
    begin = nullptr;
  };
  each_line(text, [&](std::string_view line) {
    if (strip(line).empty()) return close();
    if (begin == nullptr) begin = line.data();
    end = line.data() + line.size();
  });
  close();
}

/// Leaves nothing of the text but its documents, with a kDocumentEnd between any two, in place. Returns
/// how many there are.
std::size_t keep_documents(std::string& text, DataMode mode) {
  std::size_t count = 0;
  char* to = text.data();  // never beyond the document at hand: at least a newline has gone by between two
  each_document(text, mode, [&](std::string_view document) {
    if (count++ > 0) *to++ = kDocumentEnd;
    if (to != document.data()) std::memmove(to, document.data(), document.size());
    to += document.size();
  });
  text.resize(static_cast<std::size_t>(to - text.data()));
  return count;
}

}  // namespace

Dataset Dataset::load(const std::filesystem::path& path, DataMode mode, ByteOrderMark mark) {
  return from_text(read_file(path, Fault::data, kLargestText), mode, mark, path.string());
}

Dataset Dataset::from_text(std::string text, DataMode mode, ByteOrderMark mark, const std::string& name) {
  if (text.size() > kLargestText) throw text_too_large(name);
  // The digest takes as long as everything that only looks at the text: meanwhile.
  auto digest = meanwhile([&] { return sha256(text); });
  check_text(text, name);
  const auto controls = count_bytes(text, [](unsigned char byte) {
    return byte < 0x09 || (byte > 0x0d && byte < 0x1c) || byte == 0x7f;  // white space is none
  });
  Dataset dataset;
  dataset.mode_ = mode;
  dataset.digest_ = digest.get();
  if (text.starts_with(kUtf8Mark) && mark == ByteOrderMark::drop) {
    text.erase(0, kUtf8Mark.size());
    dataset.notices_.emplace_back("a byte order mark at the start was dropped");
  }
  if (const auto count = translate_newlines(text); count > 0) {
    dataset.notices_.push_back(counted(count, "line end") + " of the form \\r\\n or \\r "
                               + (count == 1 ? "was" : "were") + " read as \\n");
  }
  if (controls > 0) {
    dataset.notices_.push_back(counted(controls, "control character")
                               + (controls == 1 ? " is kept as a character" : " are kept as characters"));
  }
  if (mode != DataMode::stream) dataset.size_ = keep_documents(text, mode);
  if (mode == DataMode::stream ? strip(text).empty() : dataset.size_ == 0) {
    throw Error(
        Fault::data,
        {.what = "no documents", .where = name, .hint = "the file is empty or holds only white space"});
  }
  dataset.text_ = std::make_unique<const std::string>(std::move(text));
  return dataset;
}

std::vector<std::string_view> Dataset::documents() const {
  std::vector<std::string_view> documents;
  documents.reserve(size_);
  for (std::string_view rest = text(); documents.size() < size_;) {
    documents.push_back(rest.substr(0, rest.find(kDocumentEnd)));
    rest.remove_prefix(std::min(documents.back().size() + 1, rest.size()));
  }
  return documents;
}

}  // namespace microgpt
