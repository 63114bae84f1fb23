// The options of a view, as data: the command line registers them, a web page makes its forms from them, Python its
// arguments. What is wrong with a value is said here, once for all three.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt::view {

struct OptionSpec {
  enum class Kind : std::uint8_t { flag, whole, number, text, texts };
  std::string_view name;  ///< "--top"; without dashes ("NUMBER") it is what stands there without an option
  Kind kind = Kind::text;
  std::string_view about;         ///< the sentence of its help
  std::string_view value_name{};  ///< "ADDRESS"; empty: by its kind
  std::string_view otherwise{};   ///< the default, as it is shown
  std::uint64_t low = 0;          ///< of a whole number
  std::uint64_t high = 1'000'000'000;
  std::string_view excludes{};  ///< names of options that cannot go with it, separated by spaces
  std::string_view group{};     ///< the heading it stands under in a help; empty: the first
  bool required = false;
  /// How much a page shows: whoever gives it gets all of that, on however many lines.
  bool is_amount = false;

  [[nodiscard]] constexpr OptionSpec excluding(std::string_view names) const {
    OptionSpec spec = *this;
    spec.excludes = names;
    return spec;
  }
};

constexpr OptionSpec text_option(std::string_view name, std::string_view value_name, std::string_view about) {
  return {.name = name, .about = about, .value_name = value_name};
}
constexpr OptionSpec flag_option(std::string_view name, std::string_view about) {
  return {.name = name, .kind = OptionSpec::Kind::flag, .about = about};
}
constexpr OptionSpec whole_option(std::string_view name, std::string_view about, std::string_view otherwise,
                                  std::uint64_t low, std::uint64_t high) {
  return {.name = name,
          .kind = OptionSpec::Kind::whole,
          .about = about,
          .otherwise = otherwise,
          .low = low,
          .high = high};
}
/// Of a position, layer, head: counted from 0, and the view says which there are.
constexpr OptionSpec index_option(std::string_view name, std::string_view about,
                                  std::string_view otherwise = "") {
  return {.name = name,
          .kind = OptionSpec::Kind::whole,
          .about = about,
          .value_name = "INDEX",
          .otherwise = otherwise};
}
constexpr OptionSpec amount_option(std::string_view name, std::string_view about, std::string_view otherwise,
                                   std::uint64_t low = 0, std::uint64_t high = 1'000'000) {
  OptionSpec spec = whole_option(name, about, otherwise, low, high);
  spec.is_amount = true;
  return spec;
}
constexpr OptionSpec amount_flag(std::string_view name, std::string_view about) {
  OptionSpec spec = flag_option(name, about);
  spec.is_amount = true;
  return spec;
}

/// The values given to a view's options.
class Options {
 public:
  explicit Options(std::span<const OptionSpec> specs) : specs_(specs) {}

  /// Throws Error (usage) if the view has no such option, or the text is no value of it.
  void set(std::string_view name, const std::string& text = "");
  /// Throws Error (usage) if options were given that exclude each other, or a required one was not.
  void check() const;

  [[nodiscard]] bool given(std::string_view name) const { return values_.contains(name); }
  /// Whether one was given that says how much to show, so that the page is not to be cut to the usual length.
  [[nodiscard]] bool amount_given() const;
  [[nodiscard]] bool flag(std::string_view name) const { return given(name); }
  [[nodiscard]] std::optional<int> whole(std::string_view name) const;
  [[nodiscard]] int whole(std::string_view name, int otherwise) const {
    return whole(name).value_or(otherwise);
  }
  [[nodiscard]] std::optional<double> number(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  /// All values, in the order they were given.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;

 private:
  std::span<const OptionSpec> specs_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// What is wrong with a text as a value of an option: "" if nothing, else "x is not a whole number from 0 to 9".
std::string problem_of(const OptionSpec& spec, const std::string& text);
/// The same for a whole number, which is written in decimal digits alone: 010 could be 8, and 1e3 is told to be 1000.
std::string problem_of_whole(const std::string& text, std::uint64_t low, std::uint64_t high);

}  // namespace microgpt::view
