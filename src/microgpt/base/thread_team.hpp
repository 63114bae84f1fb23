// A few threads that share a list of tasks. Between two lists they stay awake for a moment, because waking up
// takes longer than a small training step; then they sleep.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace microgpt {

class ThreadTeam {
 public:
  /// A team of `size` workers (at least 1), of whom the caller of run() is the first. Where the system does not
  /// start that many threads, the team is smaller; size() says how large it is.
  explicit ThreadTeam(int size);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  [[nodiscard]] int size() const { return static_cast<int>(threads_.size()) + 1; }

  /// task(index of the task, index of the worker), for each of `tasks` indices; which worker takes
  /// which is left open, so no result may depend on it. Returns when all are done; the first
  /// exception is thrown again here. Not to be called from inside a task.
  template <class Task>
  void run(int tasks, const Task& task) {
    run_erased(tasks, &task, [](const void* erased, int index, int worker) {
      (*static_cast<const Task*>(erased))(index, worker);
    });
  }

 private:
  using Call = void (*)(const void* task, int index, int worker);

  bool start(int threads);
  void stop();
  void run_erased(int tasks, const void* task, Call call);
  void work(int worker, std::unique_lock<std::mutex>& lock);
  /// Waits with the lock released until ready(), of atomics only, or until a moment has passed.
  template <class Ready>
  static void stay_awake(std::unique_lock<std::mutex>& lock, const Ready& ready);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const void* task_ = nullptr;
  Call call_ = nullptr;
  int tasks_ = 0;
  int sleeping_ = 0;
  // Changed under the lock only; read without it while staying awake.
  std::atomic<int> unclaimed_ = 0;
  std::atomic<int> unfinished_ = 0;
  std::atomic<bool> stop_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace microgpt
