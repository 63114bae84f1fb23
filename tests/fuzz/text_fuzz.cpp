// Whatever the bytes, a text is taken apart into documents and tokens or refused in one line; and tokens
// give back the characters they came from.
#include "fuzz/fuzz.hpp"
#include "microgpt/text/corpus.hpp"
#include "microgpt/text/utf8.hpp"

using namespace microgpt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte chooses how.
  constexpr DataMode kModes[] = {DataMode::lines, DataMode::paragraphs, DataMode::stream, DataMode::lines};
  const DataMode mode = kModes[data[0] & 3];
  const LongDocuments long_documents = (data[0] & 4) != 0 ? LongDocuments::cut : LongDocuments::split;
  const std::size_t block_size = 1 + (data[0] >> 3);
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  fuzz::read_or_refuse(Fault::data, [&] {
    auto dataset = Dataset::from_text(text, mode, ByteOrderMark::drop);
    fuzz::require((mode == DataMode::stream) == (dataset.size() == 0));
    for (const auto document : dataset.documents()) fuzz::require(!document.empty());
    Rng rng(1);
    const DataConfig config = {.mode = mode, .long_documents = long_documents};
    const Corpus corpus = Corpus::make(std::move(dataset), config, block_size, rng);
    for (std::size_t n = 0; n < std::min<std::size_t>(corpus.training.size(), 1000); ++n) {
      const Example example = corpus.training[n];
      fuzz::require(example.positions() > 0 && example.positions() <= block_size);
      fuzz::require(corpus.tokenizer.decode(corpus.tokenizer.encode(example.text)) == example.text);
    }
  });
  const std::string shown = printable(text);
  fuzz::require(find_invalid_utf8(shown) == std::string::npos);
  fuzz::require(shown.find_first_of("\r\n\x1b") == std::string::npos);
  return 0;
}
