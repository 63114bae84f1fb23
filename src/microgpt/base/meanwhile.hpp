// Work that another thread can do while the caller goes on.
#pragma once

#include <future>
#include <utility>

namespace microgpt {

/// The result of work(), which runs meanwhile or, where there are no threads, when it is asked for. Whatever work() refers
/// to must stay as it is until then.
template <class Work>
auto meanwhile(Work&& work) {
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
  return std::async(std::launch::deferred, std::forward<Work>(work));
#else
  return std::async(std::forward<Work>(work));
#endif
}

}  // namespace microgpt
