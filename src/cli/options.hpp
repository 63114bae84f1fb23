// What the options of the command line take: each check says in words what is wrong with a text, or nothing.
// (Left alone, the parser of the command line takes -1 and 2^64 for other numbers than they are, 010 for 8,
// and NaN as within any range.)
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace microgpt::cli {

using Check = std::function<std::string(const std::string&)>;

/// The name of a file or folder. ("" would be taken as not given.)
std::string check_path(const std::string& path);

/// A whole number of 64 bits.
std::string check_seed(const std::string& text);

/// A whole number from low to high.
Check whole_between(std::uint64_t low, std::uint64_t high);

/// How many threads the machine runs at once; at least 1.
int all_cores();

/// As many of these threads as the system starts. If that is fewer, a line on standard error says so.
int startable_threads(int threads);

/// A number from low to high, not NaN.
Check number_between(double low, double high);

/// One of these words.
Check one_of(std::vector<std::string> words);

}  // namespace microgpt::cli
