#include "microgpt/view/report/loss_facts.hpp"

#include "microgpt/evaluate/loss.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::view {

std::string of_a_sample(std::optional<std::uint64_t> characters) {
  return characters ? ", on a sample of " + counted(static_cast<std::size_t>(*characters), "character") : "";
}

Value perplexity_cell(double nats) {
  const auto value = perplexity(nats);
  return value ? Value(*value) : Value();
}

void add_loss_facts(std::vector<Fact>& facts, const std::string& prefix, const std::string& title,
                    double nats) {
  facts.push_back({prefix + "nats", title + ", nats per character", nats, number(4)});
  facts.push_back({prefix + "bits", "in bits per character", in_bits(nats), number(3)});
  facts.push_back({prefix + "perplexity", "as perplexity", perplexity_cell(nats), number(2)});
}

}  // namespace microgpt::view
