#include "cli/options.hpp"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <sstream>
#include <thread>

#include "cli/terminal.hpp"
#include "microgpt/base/number.hpp"
#include "microgpt/base/thread_team.hpp"
#include "microgpt/text/nearest.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/options.hpp"

namespace microgpt::cli {

std::string check_path(const std::string& path) {
  return path.empty() ? "the name of a file or folder must not be empty" : "";
}

std::string check_seed(const std::string& text) {
  return whole_between(0, std::numeric_limits<std::uint64_t>::max())(text);
}

Check whole_between(std::uint64_t low, std::uint64_t high) {
  return [low, high](const std::string& text) { return view::problem_of_whole(text, low, high); };
}

Check number_between(double low, double high) {
  return [low, high](const std::string& text) {
    const auto number = parse_double(text);
    std::ostringstream words;
    if (!number || !(*number >= low && *number <= high)) {
      words << one_line(text) << " is not a number from " << low << " to " << high;
    }
    return words.str();
  };
}

Check one_of(std::vector<std::string> words) {
  return [words = std::move(words)](const std::string& text) -> std::string {
    if (std::find(words.begin(), words.end(), text) != words.end()) return "";
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
    const auto near = near_name(text, words);
    return "'" + one_line(text) + "' is none of " + list + (near ? "; did you mean '" + *near + "'?" : "");
  };
}

int all_cores() {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

int startable_threads(int threads) {
  const int started = ThreadTeam(threads).size();
  if (started < threads) {
    std::cerr << "warning: the system does not start " << counted(static_cast<std::size_t>(threads), "thread")
              << ": " << started << " used\n";
  }
  return started;
}

}  // namespace microgpt::cli
