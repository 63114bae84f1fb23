// A loss as pages give it: in nats per character, with bits and perplexity beside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/view/page.hpp"

namespace microgpt::view {

/// Adds the facts PREFIXnats, PREFIXbits and PREFIXperplexity; `title` names the loss. A perplexity that no double
/// holds is no value.
void add_loss_facts(std::vector<Fact>& facts, const std::string& prefix, const std::string& title,
                    double nats);

/// ", on a sample of 200,000 characters", if it is one.
std::string of_a_sample(std::optional<std::uint64_t> characters);

/// The perplexity as a cell.
Value perplexity_cell(double nats);

}  // namespace microgpt::view
