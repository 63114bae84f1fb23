#include "microgpt/study/address.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "microgpt/base/error.hpp"

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

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(Fault::usage, "bad address: '" + std::string(text) + "': " + why);
}

std::string range(int count) {
  return count == 1 ? "only 0" : "0 to " + std::to_string(count - 1);
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
Address parse_site(std::string_view text, std::string_view whole, const ModelConfig& config) {
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
                        + (config.n_layer == 0 ? "none" : range(config.n_layer)));
    }
    return {.site = site.site, .layer = layer.value_or(0)};
  }
  refuse(whole, "no such site: there are " + all_names());
}

}  // namespace

std::string site_name(Site site, int layer) {
  const SiteInfo& i = info(site);
  return (i.in_layer ? "layer" + std::to_string(layer) + "." : "") + std::string(i.name);
}

Address parse_address(std::string_view text, const ModelConfig& config) {
  const std::string_view whole = text;
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
                        + range(count));
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

}  // namespace microgpt::study
