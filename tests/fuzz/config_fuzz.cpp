// Whatever the text, a config is read or refused in one line; and what was read is written and read
// again to the same.
#include <nlohmann/json.hpp>

#include "fuzz/fuzz.hpp"
#include "microgpt/config/run_config.hpp"
#include "microgpt/config/strict_json.hpp"

using namespace microgpt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  fuzz::read_or_refuse(Fault::data, [&] {
    const auto config = read_run_config(parse_strict_json(text, Fault::data, "x"), Fault::data, "x");
    const std::string written = to_json(config).dump();
    const auto again = read_run_config(parse_strict_json(written, Fault::data, "x"), Fault::data, "x");
    fuzz::require(to_json(again).dump() == written);
    fuzz::require(config.model.n_head > 0 && config.model.n_embd % config.model.n_head == 0);
  });
  return 0;
}
