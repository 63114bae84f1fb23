#include "microgpt/base/thread_team.hpp"

#include <algorithm>
#include <utility>

namespace microgpt {

ThreadTeam::ThreadTeam(int size) {
  for (int worker = 1; worker < std::max(size, 1); ++worker) {
    threads_.emplace_back([this, worker] {
      std::unique_lock lock(mutex_);
      while (!stop_) {
        if (next_ < tasks_) {
          work(worker, lock);
        } else {
          wake_.wait(lock);
        }
      }
    });
  }
}

ThreadTeam::~ThreadTeam() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::run_erased(int tasks, const void* task, Call call) {
  std::unique_lock lock(mutex_);
  task_ = task;
  call_ = call;
  tasks_ = tasks;
  next_ = 0;
  unfinished_ = tasks;
  if (tasks > 1) wake_.notify_all();
  work(0, lock);
  done_.wait(lock, [this] { return unfinished_ == 0; });
  tasks_ = 0;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadTeam::work(int worker, std::unique_lock<std::mutex>& lock) {
  while (next_ < tasks_) {
    const int index = next_++;
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
