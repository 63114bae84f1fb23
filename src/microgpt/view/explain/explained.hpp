// What the topics share: a model that has read a text, and the place in it that is looked at.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/study/trace.hpp"
#include "microgpt/view/explain/by_hand.hpp"
#include "microgpt/view/view.hpp"

namespace microgpt::view::explain {

using Numbers = std::vector<double>;

/// What a topic needs of a model, and which addresses it takes.
struct Scope {
  std::string_view topic;
  std::span<const Site> sites{};     ///< that --at may name
  bool layer = false, head = false;  ///< whether it is about one
  bool gradient = false;
};

/// A model that has read a text, and the place in it that the options name.
struct Explained {
  const Subject& subject;
  bool is_example = false;
  std::string text;
  study::Trace trace;
  std::optional<study::Address> at{};  ///< as --at gives it
  int position = 0, layer = 0, head = 0;
  std::size_t top = 20;  ///< rows of a table; 0: all

  [[nodiscard]] const ModelConfig& config() const { return subject.config(); }
  [[nodiscard]] const Parameters<double>& weights() const { return subject.model().parameters; }
  [[nodiscard]] const Batch& batch() const { return trace.batch(); }
  [[nodiscard]] int positions() const { return static_cast<int>(batch().positions()); }
  [[nodiscard]] Token token(int p) const { return batch().token[static_cast<std::size_t>(p)]; }
  [[nodiscard]] Token target(int p) const { return batch().target[static_cast<std::size_t>(p)]; }
  /// How the token that stands at a position is written.
  [[nodiscard]] std::string reads(int p) const { return subject.label(token(p)); }
  [[nodiscard]] Numbers row(Site site) const {
    return trace.row(site, info(site).in_layer ? layer : 0, position);
  }
  /// The address of a site here.
  [[nodiscard]] study::Address here(Site site) const;
  [[nodiscard]] std::string address(Site site) const { return study::to_string(here(site)); }
  /// The channel, neuron or token that --at names, counted through all heads.
  [[nodiscard]] std::optional<std::size_t> asked() const;
};

/// Without a model the built-in example: four channels, two heads, the letters of emma, untrained weights of a fixed
/// seed. Throws Error (usage), saying what there is, where options name what is not there, or contradict each other.
Explained explained(const Request& request, const Scope& scope);
const Subject& example_subject();

int digits_of(const Options& options, int otherwise = 4);

/// A page about it, with the facts that say what it is about.
Page page_of(std::string_view topic, std::string about, Lines lines);
void add_facts(Page& page, const Explained& e, const Scope& scope, bool of_position = true);

/// Lines of microgpt.py where a site is computed.
Lines lines_of(Site site);

/// |x| of each.
Numbers sizes_of(std::span<const double> numbers);
/// Which rows of `sizes` a table shows: all in their order, or if there are more than `top` the largest in size first,
/// `asked` among them.
std::vector<std::size_t> shown_rows(std::span<const double> sizes, std::size_t top,
                                    std::optional<std::size_t> asked = {});
/// The same, largest first even where all are shown; by value, not by size.
std::vector<std::size_t> ranked_rows(std::span<const double> values, std::size_t top,
                                     std::optional<std::size_t> asked = {});
/// The `top` positions around this one, in order.
std::vector<std::size_t> nearby_rows(std::size_t count, std::size_t top, std::size_t around);
/// The sum of the values that these rows leave out.
double rest_of(std::span<const double> values, std::span<const std::size_t> rows);
/// Says how many rows there would be, where not all are shown.
void set_bound(Table& table, std::size_t all);

/// One output of a product of a matrix and a vector, term by term: y = sum_i w_i x_i.
struct Product {
  std::string y, w, x, i;  ///< "y_3", "W[3,i]", "x_i", "i"
  Numbers weights, inputs;
  double result = 0;
};
void fill_product(Section& section, const Product& product, ByHand& hand, std::size_t top);

/// Options that several topics have.
inline constexpr OptionSpec kReadOption = {.name = "--text",
                                           .about = "Text that the model reads; needed with --model",
                                           .value_name = "TEXT",
                                           .otherwise = "emma, for the built-in example"};
inline constexpr OptionSpec kPositionOption =
    index_option("--position", "Position in the text, counted from 0", "the last");
inline constexpr OptionSpec kLayerOption = index_option("--layer", "Layer, counted from 0", "0");
inline constexpr OptionSpec kHeadOption = index_option("--head", "Attention head, counted from 0", "0");
inline constexpr OptionSpec kAtOption = {
    .name = "--at",
    .about = "Address of what to explain, as the pages of this topic print it",
    .value_name = "ADDRESS"};
inline constexpr OptionSpec kWeightOption = {.name = "--weight",
                                             .about = "Weight to explain: its tensor with row and column",
                                             .value_name = "WEIGHT",
                                             .otherwise = "layer0.attn_wq[0,0]"};
inline constexpr OptionSpec kTopOption =
    amount_option("--top", "Number of rows that a table shows; 0 shows all", "20");
inline constexpr OptionSpec kDigitsOption =
    whole_option("--digits", "Digits after the point of every result", "4", 0, 15);

}  // namespace microgpt::view::explain
