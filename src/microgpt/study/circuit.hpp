// A head of the first layer as a finite table: who asks for whom, and what it writes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "microgpt/study/model.hpp"

namespace microgpt::study {

/// A head of the first layer as a table. There q and k depend on a token and its position alone, so a table over tokens
/// is all that a head can do. With neither `query` nor `key` it is the mean over all pairs of positions of which the
/// one may see the other, or of OV over all positions; with one of them, over the pairs that have it.
struct CircuitPart {
  enum class Table : std::uint8_t {
    qk,  ///< the score that a token that asks (row) gives to a token that is asked (column)
    ov,  ///< what attending wholly to a token (row) adds to a logit (column): lm_head · wo_h · v
  };
  Table table = Table::qk;
  int head = 0;
  std::optional<int> query{};  ///< position that asks; of QK alone
  std::optional<int> key{};    ///< position that is asked, or attended to
};

/// The table over some tokens, as the product that it is: entry (a, b) = left.row(a) · right.row(b). Of QK averaged
/// over all pairs the rows hold D numbers for each position, else D numbers.
struct Circuit {
  std::vector<Token> tokens;  ///< of its rows and of its columns
  Matrix<double> left, right;
  std::size_t averaged = 0;  ///< number of positions, or pairs of them, that it is the mean over

  [[nodiscard]] Matrix<double> values() const;
};

/// Throws Error (usage) if there is no layer, head or position like that, or `key` comes after `query`.
Circuit circuit(const Model& model, const CircuitPart& part, std::span<const Token> tokens);

/// Multiply-adds of circuit() and of strongest() for so many tokens.
double circuit_work(const ModelConfig& config, const CircuitPart& part, std::size_t tokens);

struct CircuitEntry {
  std::size_t row = 0, column = 0;  ///< in Circuit::tokens
  double value = 0;
};

/// The `count` entries that are largest in size, largest first, equal ones in their order. Works in memory that does
/// not grow with the size of the table; `progress` is told the share of the work that is done.
std::vector<CircuitEntry> strongest(const Circuit& circuit, std::size_t count,
                                    const std::function<void(double)>& progress = {});

/// The whole table of QK for one pair of positions, (V, V).
Matrix<double> qk_table(const Model& model, int head, int query, int key);

/// The whole table of OV at one position, (V, V).
Matrix<double> ov_table(const Model& model, int head, int position);

}  // namespace microgpt::study
