#include "microgpt/base/thread_team.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

namespace microgpt {

template <class Ready>
void ThreadTeam::stay_awake(std::unique_lock<std::mutex>& lock, const Ready& ready) {
  using Clock = std::chrono::steady_clock;
  lock.unlock();
  const auto until = Clock::now() + std::chrono::microseconds(50);
  while (!ready() && Clock::now() < until) std::this_thread::yield();
  lock.lock();
}

ThreadTeam::ThreadTeam(int size) {
  for (int threads = std::max(size, 1) - 1; !start(threads);) {
    // Whatever ran out, processes or memory, the work itself needs some of it too: half of them are given back.
    threads = static_cast<int>(threads_.size()) / 2;
    stop();
  }
}

ThreadTeam::~ThreadTeam() {
  stop();
}

/// False if the system started only some of them.
bool ThreadTeam::start(int threads) {
  try {
    threads_.reserve(static_cast<std::size_t>(threads));
    for (int worker = 1; worker <= threads; ++worker) {
      threads_.emplace_back([this, worker] {
        std::unique_lock lock(mutex_);
        const auto called = [this] { return unclaimed_ > 0 || stop_; };
        while (!stop_) {
          work(worker, lock);
          stay_awake(lock, called);
          ++sleeping_;
          wake_.wait(lock, called);
          --sleeping_;
        }
      });
    }
  } catch (const std::system_error&) {
    return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

void ThreadTeam::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  stop_ = false;
}

void ThreadTeam::run_erased(int tasks, const void* task, Call call) {
  std::unique_lock lock(mutex_);
  task_ = task;
  call_ = call;
  tasks_ = tasks;
  unclaimed_ = tasks;
  unfinished_ = tasks;
  if (tasks > 1 && sleeping_ > 0) wake_.notify_all();
  work(0, lock);
  const auto done = [this] { return unfinished_ == 0; };
  if (!done()) stay_awake(lock, done);
  done_.wait(lock, done);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadTeam::work(int worker, std::unique_lock<std::mutex>& lock) {
  while (unclaimed_ > 0) {
    const int index = tasks_ - unclaimed_--;
    lock.unlock();
    std::exception_ptr failure;
    try {
      call_(task_, index, worker);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure && !failure_) failure_ = failure;
    if (--unfinished_ == 0) done_.notify_one();
  }
}

}  // namespace microgpt
