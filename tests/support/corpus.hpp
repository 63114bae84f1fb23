// A small text for the trainer, made of letters drawn by the tests' own generator.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "microgpt/text/examples.hpp"
#include "microgpt/text/tokenizer.hpp"
#include "support/numbers.hpp"

namespace microgpt::test {

struct SmallText {
  Dataset dataset;
  std::vector<std::string_view> documents;
  Examples examples;  // in the order of the lines
  Tokenizer tokenizer;

  explicit SmallText(const std::vector<std::string>& lines, int block_size)
      : dataset(Dataset::from_text(joined(lines), DataMode::lines, ByteOrderMark::keep)),
        documents(dataset.documents()),
        examples(Examples::of_documents(dataset.text(), static_cast<std::size_t>(block_size), starts())),
        tokenizer(documents) {}
  SmallText(const SmallText&) = delete;
  SmallText& operator=(const SmallText&) = delete;

  /// The tokens of an example, cut to the context as the trainer has to cut them.
  [[nodiscard]] std::vector<int> tokens(std::size_t example, int block_size) const {
    std::vector<int> list = {tokenizer.bos()};
    tokenizer.encode(documents[example], list);
    list.push_back(tokenizer.bos());
    list.resize(std::min(list.size(), static_cast<std::size_t>(block_size) + 1));
    return list;
  }

 private:
  [[nodiscard]] std::vector<Place> starts() const {
    std::vector<Place> starts;
    for (const auto document : documents) {
      starts.push_back(static_cast<Place>(document.data() - dataset.text().data()));
    }
    return starts;
  }
  static std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
  }
};

/// `count` lines of 1 to `longest` letters of an alphabet of `letters`; the first has them all.
inline std::vector<std::string> random_lines(Noise& noise, int count, int longest, int letters) {
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) {
    std::string line;
    const int length = i == 0 ? letters : noise.whole(1, longest);
    for (int j = 0; j < length; ++j) {
      line += static_cast<char>('a' + (i == 0 ? j : noise.whole(0, letters - 1)));
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace microgpt::test
