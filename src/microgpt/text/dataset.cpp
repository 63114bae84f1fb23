#include "microgpt/text/dataset.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <future>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/base/sha256.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Bytes: what the places of Examples can tell apart.
constexpr std::uint64_t kLargest = (std::uint64_t{1} << 32) - 1;

/// The place of the first NUL in what is valid UTF-8 and looks like UTF-16 without a byte order mark:
/// of its first kilobytes every second byte is NUL, and no other. Otherwise npos.
std::size_t find_utf16(std::string_view bytes) {
  const auto start = bytes.substr(0, 4096);
  const std::size_t first = start.find('\0');
  if (start.size() < 8) return std::string_view::npos;  // too few to tell
  for (std::size_t i = 0; i < start.size(); ++i) {
    if ((start[i] == '\0') != (i % 2 == first)) return std::string_view::npos;
  }
  return first;
}

/// Whether one half of a surrogate pair of UTF-16 stands at bytes[at], written as if it were a character.
bool is_surrogate(std::string_view bytes, std::size_t at) {
  return bytes.size() - at >= 3 && bytes[at] == '\xed' && static_cast<unsigned char>(bytes[at + 1]) >= 0xa0
         && continues_character(bytes[at + 1]) && continues_character(bytes[at + 2]);
}

/// The place in a tar archive of what names its form.
constexpr std::size_t kTarMagic = 257;

/// What is refused though it may be plain ASCII: a file of another kind. Empty if it is none.
std::string foreign_kind(std::string_view bytes) {
  if (bytes.starts_with("%PDF-")) return "it is a PDF: save its text as a plain text file";
  if (bytes.starts_with("{\\rtf")) return "it is an RTF document: save its text as a plain text file";
  if (bytes.size() > kTarMagic && bytes.substr(kTarMagic).starts_with("ustar")) {
    return "it is a tar archive: unpack it first";
  }
  return "";
}

/// Whether the bytes end within the character that begins at bytes[bad]: with some rest it would be whole.
bool ends_within_character(std::string_view bytes, std::size_t bad) {
  const std::string begun(bytes.substr(bad, 4));  // as long as a character can be
  for (const char* rest : {"\x80", "\x80\x80", "\x80\x80\x80", "\xbf", "\xbf\xbf", "\xbf\xbf\xbf"}) {
    if (find_invalid_utf8(begun + rest) == std::string::npos) return true;
  }
  return false;
}

/// A guess at what the bytes are, when they are not UTF-8 from bytes[bad] on.
std::string guess(std::string_view bytes, std::size_t bad) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xff\xfe\0\0"sv) || bytes.starts_with("\0\0\xfe\xff"sv)) {
    return "it looks like UTF-32: save it as UTF-8";
  }
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")
      || find_utf16(bytes) != std::string_view::npos) {
    return "it looks like UTF-16: save it as UTF-8";
  }
  constexpr std::pair<std::string_view, const char*> kArchives[] = {{"\x1f\x8b", "a gzip"},
                                                                    {"PK\x03\x04", "a zip"},
                                                                    {"\xfd"
                                                                     "7zXZ",
                                                                     "an xz"},
                                                                    {"\x28\xb5\x2f\xfd", "a zstd"},
                                                                    {"BZh", "a bzip2"},
                                                                    {"7z\xbc\xaf", "a 7z"}};
  for (const auto& [start, name] : kArchives) {
    if (bytes.starts_with(start)) return "it looks like " + std::string(name) + " archive: unpack it first";
  }
  if (const std::string kind = foreign_kind(bytes); !kind.empty()) return kind;
  if (bytes.starts_with("\x89PNG")) return "it looks like a picture";
  if (bytes.substr(0, 4096).find('\0') != std::string_view::npos) return "it looks like a binary file";
  if (is_surrogate(bytes, bad)) {
    return "there is half of a surrogate pair, which is not a character: write the text as UTF-8 again";
  }
  if (ends_within_character(bytes, bad)) {
    return "the text ends in the middle of a character: it may be cut short";
  }
  return "it may be Latin-1: save it as UTF-8";
}

void check_utf8(std::string_view bytes, const std::string& name) {
  std::size_t bad = find_invalid_utf8(bytes);
  if (bad == std::string_view::npos) bad = find_utf16(bytes);
  if (bad == std::string_view::npos) {
    if (const std::string kind = foreign_kind(bytes); !kind.empty()) {
      throw Error(Fault::data, {.what = "not a text", .where = name, .hint = kind});
    }
    return;
  }
  const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
  throw Error(Fault::data,
              {.what = "not valid UTF-8",
               .where = name + ", line " + std::to_string(line) + ", byte " + std::to_string(bad),
               .hint = guess(bytes, bad)});
}

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
  return from_text(read_file(path, Fault::data, kLargest), mode, mark, path.string());
}

Dataset Dataset::from_text(std::string text, DataMode mode, ByteOrderMark mark, const std::string& name) {
  if (text.size() > kLargest)
    throw Error(Fault::data, {.what = "too large", .where = name, .hint = "at most 4 GiB are read"});
  // The digest takes as long as everything that only looks at the text: meanwhile.
  auto digest = std::async([&] { return sha256(text); });
  check_utf8(text, name);
  const auto controls = count_bytes(text, [](unsigned char byte) {
    return byte < 0x09 || (byte > 0x0d && byte < 0x1c) || byte == 0x7f;  // white space is none
  });
  Dataset dataset;
  dataset.mode_ = mode;
  dataset.digest_ = digest.get();
  if (text.starts_with(kByteOrderMark) && mark == ByteOrderMark::drop) {
    text.erase(0, kByteOrderMark.size());
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
