#include "cli/interrupt.hpp"

#include <csignal>

namespace microgpt::cli {

namespace {

volatile std::sig_atomic_t wish_to_stop = 0;

extern "C" void note_wish(int /*signal*/) {
  wish_to_stop = 1;
}

}  // namespace

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = note_wish;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second signal has its usual effect
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

bool interrupted() {
  return wish_to_stop != 0;
}

}  // namespace microgpt::cli
