#include "microgpt/study/address.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "microgpt/base/error.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::study {

namespace {

/// The indices an address may have, in the order they are written, and where each stands in it.
struct Key {
  std::string_view name;
  std::optional<int> Address::*value;
};
constexpr Key kKeys[] = {{"head", &Address::head},     {"position", &Address::position},
                         {"source", &Address::source}, {"channel", &Address::channel},
                         {"neuron", &Address::neuron}, {"token", &Address::token}};

/// How many of a key a site has; 0 if it has no such index.
int count_of(std::string_view key, const Address& address, const ModelConfig& config) {
  const SiteKind kind = info(address.site).kind;
  const bool has_heads = kind == SiteKind::heads || kind == SiteKind::keys;
  if (key == "position") return config.block_size;
  if (key == "head") return has_heads ? config.n_head : 0;
  if (key == "source") return kind == SiteKind::keys ? config.block_size : 0;
  if (key == "neuron") return kind == SiteKind::neurons ? 4 * config.n_embd : 0;
  if (key == "token") return kind == SiteKind::tokens ? config.vocab_size : 0;
  if (kind == SiteKind::heads) return address.head ? config.head_size() : config.n_embd;
  return kind == SiteKind::residual ? config.n_embd : 0;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<int> to_number(std::string_view text) {
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// What is refused: a text, and what errors call it.
struct AddressText {
  std::string_view text, what;
};

[[noreturn]] void refuse(const AddressText& whole, const std::string& why) {
  throw Error(Fault::usage,
              {.what = "bad " + std::string(whole.what), .value = in_quotes(whole.text), .hint = why});
}

std::string all_names() {
  std::string names;
  for (const SiteInfo& site : kSites) {
    names +=
        (names.empty() ? "" : ", ") + std::string(site.in_layer ? "layer0." : "") + std::string(site.name);
  }
  return names;
}

/// The site part: "layer0.attn.q".
Address parse_site(std::string_view text, const AddressText& whole, const ModelConfig& config) {
  std::string_view name = text;
  std::optional<int> layer;
  if (name.starts_with("layer")) {
    const auto dot = name.find('.');
    if (dot == std::string_view::npos) refuse(whole, "a layer needs a site: there are " + all_names());
    layer = to_number(name.substr(5, dot - 5));
    if (!layer) refuse(whole, "'" + std::string(name.substr(0, dot)) + "' is no layer: write layer0");
    name = name.substr(dot + 1);
  }
  for (const SiteInfo& site : kSites) {
    if (site.name != name || site.in_layer != layer.has_value()) continue;
    if (layer && *layer >= config.n_layer) {
      refuse(whole, "there is no layer " + std::to_string(*layer) + ": the model has "
                        + index_range(config.n_layer));
    }
    return {.site = site.site, .layer = layer.value_or(0)};
  }
  refuse(whole, "no such site: there are " + all_names());
}

}  // namespace

void require_index(const std::string& what, int index, int count) {
  if (index >= 0 && index < count) return;
  throw Error(
      Fault::usage,
      {.what = "bad " + what, .value = std::to_string(index), .hint = "there are " + index_range(count)});
}

Address parse_address(std::string_view text, const ModelConfig& config, std::string_view what) {
  const AddressText whole{text, what};
  text = trimmed(text);
  const auto open = text.find('[');
  Address address = parse_site(trimmed(text.substr(0, open)), whole, config);
  if (open == std::string_view::npos) return address;
  if (!text.ends_with(']')) refuse(whole, "the bracket does not close");

  // Heads come first: what a channel may be depends on them.
  std::vector<std::pair<const Key*, int>> given;
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  while (true) {
    const auto comma = rest.find(',');
    const std::string_view part = trimmed(rest.substr(0, comma));
    const auto space = part.find(' ');
    const std::string_view name = part.substr(0, space);
    const auto* key =
        std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& k) { return k.name == name; });
    if (key == std::end(kKeys) || space == std::string_view::npos) {
      refuse(whole, "'" + std::string(part) + "' is no index: write it as in [head 0, position 2]");
    }
    const auto number = to_number(trimmed(part.substr(space)));
    if (!number)
      refuse(whole, "'" + std::string(part) + "': " + std::string(name) + " takes a number from 0");
    if (address.*(key->value)) refuse(whole, std::string(name) + " is given twice");
    address.*(key->value) = *number;
    given.emplace_back(key, *number);
    if (comma == std::string_view::npos) break;
    rest = rest.substr(comma + 1);
  }
  for (const auto& [key, number] : given) {
    const int count = count_of(key->name, address, config);
    if (count == 0) {
      refuse(whole, site_name(address.site, address.layer) + " has no " + std::string(key->name) + "s");
    }
    if (number >= count) {
      refuse(whole, "there is no " + std::string(key->name) + " " + std::to_string(number) + ": there are "
                        + index_range(count));
    }
  }
  if (address.position && address.source && *address.source > *address.position) {
    refuse(whole, "position " + std::to_string(*address.position) + " cannot see position "
                      + std::to_string(*address.source) + ", which comes later");
  }
  return address;
}

std::string to_string(const Address& address) {
  std::string indices;
  for (const Key& key : kKeys) {
    if (const auto& value = address.*(key.value)) {
      indices += (indices.empty() ? "" : ", ") + std::string(key.name) + " " + std::to_string(*value);
    }
  }
  return site_name(address.site, address.layer) + (indices.empty() ? "" : "[" + indices + "]");
}

WeightAddress parse_weight(std::string_view text, const std::vector<TensorSpec>& table,
                           std::string_view what) {
  const AddressText whole{text, what};
  text = trimmed(text);
  const auto open = std::min(text.find('['), text.size());
  const std::string_view name = trimmed(text.substr(0, open));
  const auto tensor =
      std::find_if(table.begin(), table.end(), [&](const TensorSpec& t) { return t.name == name; });
  if (tensor == table.end()) {
    std::string names;
    for (const TensorSpec& one : table) names += (names.empty() ? "" : ", ") + one.name;
    refuse(whole, "no such tensor: there are " + names);
  }
  const std::string_view indices = text.substr(open);
  const auto comma = indices.find(',');
  if (!indices.ends_with(']') || comma == std::string_view::npos) {
    refuse(whole, "write row and column as in " + tensor->name + "[0,0]; it is "
                      + std::to_string(tensor->rows) + " x " + std::to_string(tensor->cols));
  }
  const auto index = [&](std::string_view part, const std::string& key, Index count) -> Index {
    const auto number = to_number(trimmed(part));
    if (!number) refuse(whole, key + " takes a number from 0");
    if (*number >= count) {
      refuse(whole,
             "there is no " + key + " " + std::to_string(*number) + ": there are " + index_range(count));
    }
    return *number;
  };
  return {.tensor = static_cast<std::size_t>(tensor - table.begin()),
          .row = index(indices.substr(1, comma - 1), "row", tensor->rows),
          .column = index(indices.substr(comma + 1, indices.size() - comma - 2), "column", tensor->cols)};
}

std::string to_string(const WeightAddress& weight, const std::vector<TensorSpec>& table) {
  return table[weight.tensor].name + "[" + std::to_string(weight.row) + "," + std::to_string(weight.column)
         + "]";
}

}  // namespace microgpt::study
