#include "cli/interrupt.hpp"

#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace microgpt::cli {

namespace {

volatile std::sig_atomic_t wish_to_stop = 0;

extern "C" void note_wish(int /*signal*/) {
  if (wish_to_stop != 0) ::_exit(130);  // files are replaced whole, so there is nothing to tidy up
  wish_to_stop = 1;
}

}  // namespace

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = note_wish;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // nohup, and jobs of scripts
  }
  // Whoever read our words may go; the run goes on, and tells at its end that nobody heard it.
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() {
  return wish_to_stop != 0;
}

}  // namespace microgpt::cli
