// Whatever the bytes, a text is taken apart into documents and tokens or refused in one line; and tokens
// give back the characters they came from.
#include "fuzz/fuzz.hpp"
#include "microgpt/text/dataset.hpp"
#include "microgpt/text/tokenizer.hpp"
#include "microgpt/text/utf8.hpp"

using namespace microgpt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte chooses how.
  const DocumentKind kind = (data[0] & 1) != 0 ? DocumentKind::lines : DocumentKind::paragraphs;
  const ByteOrderMark mark = (data[0] & 2) != 0 ? ByteOrderMark::keep : ByteOrderMark::drop;
  const LongDocuments long_documents = (data[0] & 4) != 0 ? LongDocuments::cut : LongDocuments::split;
  const std::size_t block_size = 1 + (data[0] >> 3);
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  fuzz::read_or_refuse(Fault::data, [&] {
    const auto dataset = Dataset::from_text(text, kind, mark);
    const Tokenizer tokenizer(dataset.documents());
    fuzz::require(!dataset.documents().empty());
    for (const auto document : dataset.documents()) {
      fuzz::require(!document.empty() && strip(document) == document);
      fuzz::require(tokenizer.decode(tokenizer.encode(document)) == document);
    }
    for (const Example& example : make_examples(dataset.documents(), block_size, long_documents)) {
      fuzz::require(example.positions() > 0 && example.positions() <= block_size);
    }
  });
  const std::string shown = printable(text);
  fuzz::require(find_invalid_utf8(shown) == std::string::npos);
  fuzz::require(shown.find_first_of("\r\n\x1b") == std::string::npos);
  return 0;
}
