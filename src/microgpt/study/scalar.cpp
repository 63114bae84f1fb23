#include "microgpt/study/scalar.hpp"

#include <algorithm>
#include <charconv>

#include "microgpt/base/error.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::study {

namespace {

using Kind = Scalar::Kind;

struct Score {
  std::string_view name;
  double HeadScores::*value;
};
constexpr Score kScores[] = {{"previous", &HeadScores::previous},   {"first", &HeadScores::first},
                             {"self", &HeadScores::self},           {"duplicate", &HeadScores::duplicate},
                             {"induction", &HeadScores::induction}, {"entropy", &HeadScores::entropy}};

/// Reads one scalar from the left to the right.
class ScalarParser {
 public:
  ScalarParser(std::string_view text, const Model& model, int positions)
      : whole_(text), rest_(text), model_(model), positions_(positions) {}

  std::vector<Scalar> read() {
    if (find_invalid_utf8(whole_) != std::string::npos) refuse("it is not valid UTF-8");
    rest_ = strip(rest_);
    const std::string_view name = strip(rest_.substr(0, rest_.find_first_of("[(")));
    const bool is_function = name.size() < rest_.size() && rest_[rest_.find_first_of("[(")] == '(';
    if (is_function) return function(name);
    if (name == "loss") {
      if (name != rest_) refuse("loss takes no index");
      return {{.name = "loss", .kind = Kind::loss}};
    }
    if (name == "nll") return nll();
    if (name == "prob") return predictions(Site::probs, "prob");
    if (name == "logit") return predictions(Site::logits, "logit");
    for (const Score& score : kScores) {
      if (name == "head." + std::string(score.name)) return head_scores_of(score);
    }
    if (const int tensor = find_tensor(name); tensor >= 0) return weights(static_cast<std::size_t>(tensor));
    if (!is_site(name)) refuse("no such scalar: there are " + all_names());
    return numbers(parse_address(rest_, model_.config, "scalar"));
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(Fault::usage, {.what = "bad scalar", .value = in_quotes(whole_), .hint = why});
  }

  static std::string all_names() {
    std::string names = "loss, nll, prob, logit";
    for (const Score& score : kScores) names += ", head." + std::string(score.name);
    return names
           + ", norm(…), cosine(…), nearest(…), ablation(…), the addresses of sites and the names of tensors";
  }

  [[nodiscard]] int find_tensor(std::string_view name) const {
    const auto& table = model_.parameters.table();
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const TensorSpec& t) { return t.name == name; });
    return found == table.end() ? -1 : static_cast<int>(found - table.begin());
  }

  /// Whether this was meant to be a site of some layer; what is wrong with it parse_address says.
  static bool is_site(std::string_view name) {
    if (name.starts_with("layer")) return true;
    return std::any_of(kSites.begin(), kSites.end(), [&](const SiteInfo& site) { return site.name == name; });
  }

  // --- pieces ---

  void spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  bool take(std::string_view piece) {
    spaces();
    if (!rest_.starts_with(piece)) return false;
    rest_.remove_prefix(piece.size());
    return true;
  }

  /// Only what stands in the brackets is left.
  void open(std::string_view name, char closing) {
    rest_.remove_prefix(name.size());
    spaces();
    rest_.remove_prefix(1);
    if (!rest_.ends_with(closing)) refuse("the bracket does not close");
    rest_.remove_suffix(1);
  }

  int number(const std::string& what, int count) {
    spaces();
    int value = -1;
    const auto [end, failed] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (failed != std::errc() || value < 0) refuse(what + " takes a number from 0");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (count == 0) refuse("the model has no " + what + "s");
    if (value >= count) {
      refuse("there is no " + what + " " + std::to_string(value) + ": there are " + index_range(count));
    }
    return value;
  }

  /// A character as text/token_text writes it or alone, or BOS.
  Token token() {
    spaces();
    if (take("BOS")) return model_.tokenizer.bos();
    if (rest_.empty()) refuse("a token is missing: give one character, or BOS");
    const auto [begin, end, length] = character();
    const std::string_view written = rest_.substr(begin, end - begin);
    rest_.remove_prefix(length);
    const bool escape = written.size() > 1 && written[0] == '\\';
    const auto tokens = model_.tokenizer.encode(escape ? unescaped(written, "scalar") : std::string(written));
    if (tokens.size() != 1) refuse("'" + std::string(written) + "' is not one character");
    return tokens[0];
  }

  /// Where the next character begins and ends, which may be an escape, and how far it reaches with its quotes.
  struct Character {
    std::size_t begin, end, length;
  };
  [[nodiscard]] Character character() const {
    const auto after = [&](std::size_t at) {
      // (The character behind a backslash may be a quote.)
      if (rest_[at] == '\\' && at + 1 < rest_.size())
        return std::min(rest_.find_first_of("',])", at + 2), rest_.size());
      next_code_point(rest_, at);
      return at;
    };
    if (rest_.size() > 2 && rest_[0] == '\'') {
      const std::size_t end = after(1);
      if (end < rest_.size() && rest_[end] == '\'') return {1, end, end + 1};
    }
    const std::size_t end =
        rest_[0] == '\\' && rest_.size() > 1 && std::string_view(",])").find(rest_[1]) != rest_.npos
            ? 1
            : after(0);
    return {0, end, end};
  }

  /// What may stand in brackets; of what is left out there are all.
  struct Indices {
    std::optional<int> layer, head, position, token;
  };
  Indices indices(std::string_view name, bool of_head, bool of_token) {
    Indices given;
    if (name == rest_) return given;
    open(name, ']');
    const auto set = [&](std::optional<int>& index, const char* what, auto&& value) {
      if (index) refuse(std::string(what) + " is given twice");
      index = value();
    };
    do {
      if (of_head && take("layer ")) {
        set(given.layer, "layer", [&] { return number("layer", model_.config.n_layer); });
      } else if (of_head && take("head ")) {
        set(given.head, "head", [&] { return number("head", model_.config.n_head); });
      } else if (!of_head && take("position ")) {
        set(given.position, "position", [&] { return position(); });
      } else if (of_token && take("token ")) {
        set(given.token, "token", [&] { return token(); });
      } else {
        refuse("'" + std::string(strip(rest_)) + "': its indices are "
               + (of_head    ? "[layer 0, head 0]"
                  : of_token ? "[position 0, token a]"
                             : "[position 0]"));
      }
    } while (take(","));
    end();
    return given;
  }

  int position() {
    if (positions_ == 0) refuse("it needs a text: give --text");
    spaces();
    const std::string_view before = rest_;
    const int value = number("position", 1'000'000'000);
    if (value < positions_) return value;
    rest_ = before;
    no_position("position", value);
  }
  [[noreturn]] void no_position(const char* key, int value) const {
    refuse("there is no " + std::string(key) + " " + std::to_string(value) + ": the text has "
           + index_range(positions_));
  }

  void end() {
    spaces();
    if (!rest_.empty()) refuse("'" + std::string(rest_) + "' is too much");
  }

  // --- kinds ---

  std::vector<Scalar> nll() {
    if (positions_ == 0) refuse("it needs a text: give --text");
    const Indices given = indices("nll", false, false);
    std::vector<Scalar> all;
    for (int p = given.position.value_or(0); p < (given.position ? *given.position + 1 : positions_); ++p) {
      Scalar scalar{.name = "nll[position " + std::to_string(p) + "]", .kind = Kind::nll};
      scalar.at.position = p;
      all.push_back(scalar);
    }
    return all;
  }

  std::vector<Scalar> predictions(Site site, const std::string& name) {
    if (positions_ == 0) refuse("it needs a text: give --text");
    const Indices given = indices(name, false, true);
    Address at = {.site = site};
    at.position = given.position;
    at.token = given.token;
    std::vector<Scalar> all;
    for (const Address& here : elements(at, model_.config, positions_)) {
      all.push_back({.name = name + "[position " + std::to_string(*here.position) + ", token "
                             + token_name(model_, *here.token) + "]",
                     .kind = Kind::site,
                     .at = here});
    }
    return checked(std::move(all));
  }

  std::vector<Scalar> head_scores_of(const Score& score) {
    if (model_.config.n_layer == 0) refuse("the model has no layers");
    const std::string name = "head." + std::string(score.name);
    const Indices given = indices(name, true, false);
    std::vector<Scalar> all;
    for (int layer = 0; layer < model_.config.n_layer; ++layer) {
      for (int head = 0; head < model_.config.n_head; ++head) {
        if (given.layer.value_or(layer) != layer || given.head.value_or(head) != head) continue;
        all.push_back(
            {.name = name + "[layer " + std::to_string(layer) + ", head " + std::to_string(head) + "]",
             .kind = Kind::head_score,
             .at = {.site = Site::z, .layer = layer, .head = head},
             .score = score.value});
      }
    }
    return all;
  }

  std::vector<Scalar> weights(std::size_t tensor) {
    const TensorSpec& spec = model_.parameters.table()[tensor];
    const auto one = [&](Index row, Index column) {
      return Scalar{.name = to_string(WeightAddress{tensor, row, column}, model_.parameters.table()),
                    .kind = Kind::weight,
                    .tensor = tensor,
                    .row = row,
                    .column = column};
    };
    if (rest_ != spec.name) {
      const WeightAddress weight = parse_weight(rest_, model_.parameters.table(), "scalar");
      return {one(weight.row, weight.column)};
    }
    check_count(static_cast<std::size_t>(spec.rows * spec.cols), spec.name);
    std::vector<Scalar> all;
    for (Index row = 0; row < spec.rows; ++row) {
      for (Index column = 0; column < spec.cols; ++column) all.push_back(one(row, column));
    }
    return all;
  }

  /// An address on the text, with its position there.
  [[nodiscard]] std::vector<Address> on_text(const Address& at) const {
    if (positions_ == 0) refuse("it needs a text: give --text");
    if (at.position && *at.position >= positions_) no_position("position", *at.position);
    if (at.source && *at.source >= positions_) no_position("source", *at.source);
    return elements(at, model_.config, positions_);
  }

  [[nodiscard]] std::vector<Scalar> numbers(const Address& at) const {
    std::vector<Scalar> all;
    for (const Address& here : on_text(at)) {
      all.push_back({.name = to_string(here), .kind = Kind::site, .at = here});
    }
    return checked(std::move(all));
  }

  std::vector<Scalar> function(std::string_view name) {
    const bool of_tokens = name == "cosine" || name == "nearest";
    if (!of_tokens && name != "norm" && name != "ablation") {
      refuse("no such function: there are norm, cosine, nearest, ablation");
    }
    open(name, ')');
    Scalar scalar;
    if (of_tokens) {
      scalar.kind = name == "cosine" ? Kind::cosine : Kind::nearest;
      scalar.token = token();
      scalar.name = std::string(name) + "(" + token_name(model_, scalar.token);
      if (scalar.kind == Kind::cosine) {
        if (!take(",")) refuse("cosine takes two tokens, as cosine(a, e)");
        scalar.other = token();
        scalar.name += ", " + token_name(model_, scalar.other);
      }
      scalar.name += ")";
      end();
      return {scalar};
    }
    const std::string_view what = strip(rest_);
    if (const int tensor = find_tensor(what); tensor >= 0 && name == "norm") {
      return {{.name = "norm(" + std::string(what) + ")",
               .kind = Kind::tensor_norm,
               .tensor = static_cast<std::size_t>(tensor)}};
    }
    if (!is_site(what.substr(0, what.find('[')))) {
      refuse("'" + std::string(what) + "' is no " + (name == "norm" ? "tensor and no " : "") + "address");
    }
    scalar.at = parse_address(what, model_.config, "scalar");
    scalar.kind = name == "norm" ? Kind::site_norm : Kind::ablation;
    if (scalar.kind == Kind::site_norm) (void)on_text(scalar.at);
    scalar.name = std::string(name) + "(" + to_string(scalar.at) + ")";
    return {scalar};
  }

  void check_count(std::size_t count, const std::string& what) const {
    if (count <= kMostScalars) return;
    refuse("these are " + std::to_string(count) + " numbers: give more indices, or norm(" + what + ")");
  }
  [[nodiscard]] std::vector<Scalar> checked(std::vector<Scalar> all) const {
    check_count(all.size(), std::string(strip(whole_)));
    return all;
  }

  std::string_view whole_;
  std::string_view rest_;
  const Model& model_;
  int positions_;
};

}  // namespace

std::vector<Scalar> parse_scalars(std::string_view text, const Model& model, int positions) {
  return ScalarParser(text, model, positions).read();
}

std::vector<std::string> head_score_names() {
  std::vector<std::string> names;
  for (const Score& score : kScores) names.emplace_back(score.name);
  return names;
}

std::string token_name(const Model& model, Token token) {
  const std::string quoted = token_text(model.tokenizer, token);  // 'a'
  const std::string_view inside = std::string_view(quoted).substr(1, quoted.size() - 2);
  const bool plain = !strip(inside).empty() && inside.find_first_of("',])\\") == std::string::npos;
  return quoted == "BOS" || !plain ? quoted : std::string(inside);
}

}  // namespace microgpt::study
