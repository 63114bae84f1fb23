#include "microgpt/text/corpus.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/base/meanwhile.hpp"
#include "microgpt/text/known_texts.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt {

namespace {

/// A document, found by its start.
struct Found {
  std::size_t end;     ///< where its kDocumentEnd stands, or the end of the text
  std::uint64_t hash;  ///< of its characters alone
};

/// Goes to the end of a document and hashes it on the way, 8 bytes at a time.
Found find_end(std::string_view text, std::size_t begin) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  std::uint64_t h = 0xcbf29ce484222325U;
  for (std::size_t at = begin;; at += 8) {
    std::uint64_t word = ~std::uint64_t{0};  // beyond the text all bytes are kDocumentEnd
    if (text.size() - at >= 8) {
      std::memcpy(&word, text.data() + at, 8);
    } else if (at < text.size()) {
      std::memcpy(&word, text.data() + at, text.size() - at);
    }
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    // The high bit of the first byte that is 0xff, and maybe of some after it.
    const std::uint64_t ends = (~word - kOnes) & word & kHighs;
    if (ends != 0) word &= ends ^ (ends - 1);  // what follows the end is another's
    // A step of FNV-1a with a word for a byte, and the last rounds of MurmurHash3's finaliser.
    h = (h ^ word) * 0x9fb21c651e98df25U;
    h ^= h >> 32;
    if (ends == 0) continue;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdU;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53U;
    return {at + static_cast<std::size_t>(std::countr_zero(ends)) / 8, h ^ (h >> 33)};
  }
}

enum Side : std::size_t { kTraining, kHeldOut, kTest };

/// The side of a document, by its hash as a number in [0, 1).
Side side_of(std::uint64_t hash, const DataConfig& config) {
  const double unit = static_cast<double>(hash >> 11) / 9007199254740992.0;
  return unit < config.held_out ? kHeldOut : unit >= 1 - config.test ? kTest : kTraining;
}

/// The parts of a stream, by its bytes, each ending with a whole character.
std::array<std::string_view, 3> cut_stream(std::string_view text, const DataConfig& config) {
  const auto border = [&](double share) {
    auto at = static_cast<std::size_t>(static_cast<double>(text.size()) * share);
    while (at < text.size() && continues_character(text[at])) ++at;
    return at;
  };
  const std::size_t first = border(1 - config.held_out - config.test);
  const std::size_t second = border(1 - config.test);
  return {text.substr(0, first), text.substr(first, second - first), text.substr(second)};
}

Split split_documents(const Dataset& dataset, const DataConfig& config, std::size_t block_size) {
  const std::string_view text = dataset.text();
  TextSummary summary;
  summary.documents = dataset.size();
  // Between any two documents stands a byte that is of none.
  summary.characters = count_code_points(text) - (dataset.size() - 1);
  const bool is_ascii = summary.characters == text.size() - (dataset.size() - 1);
  std::unordered_set<std::uint64_t> distinct;  // hashes, and one more than are counted
  distinct.reserve(std::min(dataset.size(), kMostDistinct + 1));
  std::array<std::vector<Place>, 3> sides;
  sides[kTraining].reserve(dataset.size());  // what is not filled takes no memory
  for (std::size_t begin = 0; begin < text.size();) {
    const Found found = find_end(text, begin);
    const auto document = text.substr(begin, found.end - begin);
    if (distinct.size() <= kMostDistinct) distinct.insert(found.hash);
    const Side side = side_of(found.hash, config);
    summary.held_out += side == kHeldOut ? 1 : 0;
    summary.test += side == kTest ? 1 : 0;
    auto& starts = sides[side];
    starts.push_back(static_cast<Place>(begin));
    if (document.size() > summary.longest || document.size() >= block_size) {
      const std::size_t characters = is_ascii ? document.size() : count_code_points(document);
      summary.longest = std::max(summary.longest, characters);
      summary.too_long += characters >= block_size ? 1 : 0;
      if (config.long_documents == LongDocuments::split) {
        add_further_examples(document, begin, characters, block_size, starts);
      }
    }
    begin = found.end + 1;
  }
  summary.distinct = std::min(distinct.size(), kMostDistinct);
  summary.distinct_is_exact = distinct.size() <= kMostDistinct;
  return {Examples::of_documents(text, block_size, std::move(sides[kTraining])),
          Examples::of_documents(text, block_size, std::move(sides[kHeldOut])), summary};
}

Split split_stream(const Dataset& dataset, const DataConfig& config, std::size_t block_size,
                   std::uint64_t key) {
  const auto [training, held_out, test] = cut_stream(dataset.text(), config);
  const std::size_t characters = count_code_points(training);
  Split split;
  split.summary.held_out = count_code_points(held_out);
  split.summary.test = count_code_points(test);
  split.summary.characters = characters + split.summary.held_out + split.summary.test;
  if (characters > block_size) {
    split.training = Examples::random_windows(training, block_size, key);
  }
  split.held_out = Examples::consecutive_windows(held_out, block_size);
  return split;
}

}  // namespace

Split split_dataset(const Dataset& dataset, const DataConfig& config, std::size_t block_size,
                    std::uint64_t key) {
  return dataset.mode() == DataMode::stream ? split_stream(dataset, config, block_size, key)
                                            : split_documents(dataset, config, block_size);
}

Sides split_texts(const Dataset& dataset, const DataConfig& config) {
  const std::string_view text = dataset.text();
  std::array<std::vector<std::string_view>, 3> sides;
  if (dataset.mode() == DataMode::stream) {
    const auto parts = cut_stream(text, config);
    for (const Side side : {kTraining, kHeldOut, kTest}) {
      if (!parts[side].empty()) sides[side].push_back(parts[side]);
    }
  } else {
    for (std::size_t begin = 0; begin < text.size();) {
      const Found found = find_end(text, begin);
      sides[side_of(found.hash, config)].push_back(text.substr(begin, found.end - begin));
      begin = found.end + 1;
    }
  }
  return {std::move(sides[kTraining]), std::move(sides[kHeldOut]), std::move(sides[kTest])};
}

Corpus Corpus::load(const DataConfig& config, std::size_t block_size, Rng& rng) {
  return make(Dataset::load(config.path, config.mode, ByteOrderMark::drop), config, block_size, rng);
}

Corpus Corpus::make(Dataset dataset, const DataConfig& config, std::size_t block_size, Rng& rng) {
  const bool is_stream = dataset.mode() == DataMode::stream;
  const auto key = is_stream ? static_cast<std::uint64_t>(rng.random() * 9007199254740992.0) : 0;
  const std::string_view text = dataset.text();
  auto tokenizer = meanwhile([&] { return Tokenizer(std::span(&text, 1)); });  // meanwhile
  Split split = split_dataset(dataset, config, block_size, key);
  if (split.training.empty() && is_stream) {
    const std::size_t characters = split.summary.characters - split.summary.held_out - split.summary.test;
    throw Error(
        Fault::data,
        {.what = "too short",
         .where = config.path,
         .hint = counted(characters, "character") + " to train on, and a window takes block_size + 1 = "
                 + std::to_string(block_size + 1) + ": lower model.block_size or data.held_out"});
  }
  if (split.training.empty()) {
    throw Error(Fault::data, {.what = "nothing to train on",
                              .where = config.path,
                              .hint = "every document is held out: lower data.held_out or data.test"});
  }
  if (config.held_out > 0 && split.held_out.empty()) {
    throw Error(Fault::data, {.what = is_stream ? "no held-out text" : "no held-out documents",
                              .where = config.path,
                              .hint = "the text is too short for this data.held_out: set it to 0"});
  }
  split.training.shuffle(rng);
  return {std::move(dataset), tokenizer.get(), std::move(split.training), std::move(split.held_out),
          split.summary};
}

std::size_t Corpus::count_new(std::span<const std::string> texts, int max_chars) const {
  // A text of millions of documents is asked a part at a time: a list of all would take more memory than itself.
  constexpr std::size_t kTogether = 1 << 16;
  const bool stream = dataset.mode() == DataMode::stream;
  std::vector<std::string_view> unknown(texts.begin(), texts.end());
  std::erase_if(unknown, is_blank);
  std::string_view rest = dataset.text();
  while (!rest.empty() && !unknown.empty()) {
    std::vector<std::string_view> part;
    while (!rest.empty() && part.size() < kTogether) {
      part.push_back(stream ? rest : rest.substr(0, rest.find(kDocumentEnd)));
      rest.remove_prefix(std::min(part.back().size() + 1, rest.size()));
    }
    const KnownTexts known(part, dataset.mode());
    std::erase_if(unknown, [&](std::string_view text) {
      return known.has(text, max_chars > 0 && count_code_points(text) >= static_cast<std::size_t>(max_chars));
    });
  }
  return unknown.size();
}

}  // namespace microgpt
