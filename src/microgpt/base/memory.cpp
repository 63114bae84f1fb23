#include "microgpt/base/memory.hpp"

#include <unistd.h>

#include <cstdio>
#include <limits>

#include "microgpt/base/error.hpp"

namespace microgpt {

double physical_memory() {
#ifdef _SC_PHYS_PAGES
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0) return static_cast<double>(pages) * static_cast<double>(page);
#endif
  return std::numeric_limits<double>::infinity();
}

void require_memory(double bytes, const std::string& where, const std::string& hint) {
  const double there = physical_memory();
  if (bytes <= there) return;
  char text[80];
  std::snprintf(text, sizeof text, "about %.0f GiB of memory, this machine has %.0f", bytes / (1 << 30),
                there / (1 << 30));
  throw Error(
      Fault::data,
      {.what = "too large", .where = where, .hint = std::string("this run needs ") + text + ": " + hint});
}

}  // namespace microgpt
