// The config.json of a run that is resumed, which somebody may have edited.
#pragma once

#include <filesystem>
#include <string>

#include "microgpt/config/run_config.hpp"

namespace microgpt {

/// The path of the text as the file `config_json` has it, for a text may be moved. A run goes on with the config that
/// its checkpoint has: if the file has another value for any other key, throws Error (data) that names the keys with
/// both values. A run that is extended by the very command may have its new number of steps and schedule there already,
/// if it was killed in between. A file that is not there or is no JSON tells nothing, and the path is the checkpoint's.
std::string path_of_text(const std::filesystem::path& config_json, const RunConfig& of_checkpoint,
                         bool is_extended);

}  // namespace microgpt
