#include "microgpt/model/sites.hpp"

namespace microgpt {

std::string site_name(Site site, int layer) {
  const SiteInfo& i = info(site);
  return (i.in_layer ? "layer" + std::to_string(layer) + "." : "") + std::string(i.name);
}

std::string hook_name(Site site, int layer) {
  const SiteInfo& i = info(site);
  if (i.transformer_lens.empty() || !i.in_layer) return std::string(i.transformer_lens);
  return "blocks." + std::to_string(layer) + "." + std::string(i.transformer_lens);
}

}  // namespace microgpt
