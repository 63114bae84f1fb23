#include "microgpt/text/dataset.hpp"

#include <algorithm>

#include "microgpt/base/error.hpp"
#include "microgpt/base/file.hpp"
#include "microgpt/base/sha256.hpp"
#include "microgpt/text/utf8.hpp"

namespace microgpt {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// A guess at what the bytes are, when they are not UTF-8.
std::string guess(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
    return "it looks like UTF-16: save it as UTF-8";
  }
  if (bytes.starts_with("\x1f\x8b")) return "it looks like a gzip archive: unpack it first";
  if (bytes.starts_with("PK\x03\x04")) return "it looks like a zip archive: unpack it first";
  if (bytes.starts_with("\x89PNG")) return "it looks like a picture";
  if (bytes.substr(0, 4096).find('\0') != std::string_view::npos) return "it looks like a binary file";
  return "it may be Latin-1: save it as UTF-8";
}

void check_utf8(std::string_view bytes, const std::string& name) {
  const std::size_t bad = find_invalid_utf8(bytes);
  if (bad == std::string_view::npos) return;
  const auto line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
  throw Error(Fault::data, "not valid UTF-8: " + name + ", line " + std::to_string(line) + ", byte "
                               + std::to_string(bad) + ": " + guess(bytes));
}

/// "\r\n" and "\r" become "\n", in place. Returns how many did.
std::size_t translate_newlines(std::string& text) {
  const auto first = std::find(text.begin(), text.end(), '\r');
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

std::vector<std::string_view> find_documents(std::string_view text, DocumentKind kind) {
  std::vector<std::string_view> documents;
  if (kind == DocumentKind::lines) {
    each_line(text, [&](std::string_view line) {
      const auto document = strip(line);
      if (!document.empty()) documents.push_back(document);
    });
    return documents;
  }
  const char* begin = nullptr;  // of the paragraph that is open
  const char* end = nullptr;
  const auto close = [&] {
    if (begin != nullptr) {
      documents.push_back(strip(std::string_view(begin, static_cast<std::size_t>(end - begin))));
    }
    begin = nullptr;
  };
  each_line(text, [&](std::string_view line) {
    if (strip(line).empty()) return close();
    if (begin == nullptr) begin = line.data();
    end = line.data() + line.size();
  });
  close();
  return documents;
}

/// FNV-1a with a final mix (the last two rounds of MurmurHash3's finaliser), as a number in [0, 1).
double hash_unit(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdU;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53U;
  h ^= h >> 33;
  return static_cast<double>(h >> 11) / 9007199254740992.0;
}

/// The part of the text from character `begin` on, at most `count` characters; `at` is the byte
/// where it starts and is moved to where it ends.
std::string_view take_characters(std::string_view text, std::size_t& at, std::size_t count) {
  const std::size_t begin = at;
  for (std::size_t i = 0; i < count && at < text.size(); ++i) next_code_point(text, at);
  return text.substr(begin, at - begin);
}

}  // namespace

Dataset Dataset::load(const std::filesystem::path& path, DocumentKind kind, ByteOrderMark mark) {
  return from_text(read_file(path, Fault::data), kind, mark, path.string());
}

Dataset Dataset::from_text(std::string text, DocumentKind kind, ByteOrderMark mark, const std::string& name) {
  check_utf8(text, name);
  Dataset dataset;
  dataset.digest_ = sha256(text);
  if (text.starts_with(kByteOrderMark) && mark == ByteOrderMark::drop) {
    text.erase(0, kByteOrderMark.size());
    dataset.notices_.emplace_back("a byte order mark at the start was dropped");
  }
  if (const auto count = translate_newlines(text); count > 0) {
    dataset.notices_.push_back(std::to_string(count)
                               + " line ends of the form \\r\\n or \\r were read as \\n");
  }
  const auto controls = std::count_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && !is_space(byte)) || byte == 0x7f;
  });
  if (controls > 0) {
    dataset.notices_.push_back(std::to_string(controls) + " control characters are kept as characters");
  }
  dataset.text_ = std::make_unique<const std::string>(std::move(text));
  dataset.documents_ = find_documents(*dataset.text_, kind);
  if (dataset.documents_.empty()) {
    throw Error(Fault::data, "no documents: " + name + ": the file is empty or holds only white space");
  }
  return dataset;
}

Split split_by_hash(const std::vector<std::string_view>& documents, double held_out, double test) {
  Split split;
  for (const std::string_view document : documents) {
    const double place = hash_unit(document);
    auto& side = place < held_out ? split.held_out : place >= 1 - test ? split.test : split.training;
    side.push_back(document);
  }
  return split;
}

std::size_t Example::positions() const {
  return count_code_points(text) + (opens ? 1U : 0U) + (closes ? 1U : 0U) - 1U;
}

std::vector<Example> make_examples(const std::vector<std::string_view>& documents, std::size_t block_size,
                                   LongDocuments long_documents) {
  std::vector<Example> examples;
  examples.reserve(documents.size());
  for (const std::string_view document : documents) {
    // Tokens: BOS, the characters, BOS. The first example holds BOS and block_size characters, or
    // all.
    std::size_t at = 0;
    const auto opening = take_characters(document, at, block_size);
    const bool fits = at == document.size() && count_code_points(opening) < block_size;
    examples.push_back({opening, true, fits});
    if (fits || long_documents == LongDocuments::cut) continue;
    // Each further one starts with the character the one before it predicted last.
    std::size_t last = examples.back().text.size();
    for (;;) {
      do --last;
      while ((static_cast<unsigned char>(document[last]) & 0xc0U) == 0x80);
      std::size_t end = last;
      const auto piece = take_characters(document, end, block_size + 1);
      const bool closes = end == document.size() && count_code_points(piece) <= block_size;
      examples.push_back({piece, false, closes});
      if (closes) break;
      last = end;
    }
  }
  return examples;
}

}  // namespace microgpt
