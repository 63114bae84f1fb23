// Configs as texts, for the same reason as support/json.hpp.
#pragma once

#include <string>
#include <string_view>

#include "microgpt/config/run_config.hpp"

namespace microgpt::test {

/// to_json() of a config, as one line.
std::string config_text(const RunConfig& config);

/// read_run_config() of a text.
RunConfig config_of(std::string_view text, Fault fault = Fault::data);

}  // namespace microgpt::test
