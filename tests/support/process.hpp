// Runs a program as a person or a script would: arguments in; standard output, standard error and
// exit code out. With a time limit, so that a program that hangs fails a test instead of stopping
// all of them; and if asked in a terminal of its own.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace microgpt::test {

struct ProcessOptions {
  std::filesystem::path folder = {};  ///< to start in; else the test's own
  /// Variables of the environment; an empty value takes one away.
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string stdout_to = {};       ///< a file for standard output, such as /dev/full; else it is caught
  bool terminal = false;            ///< standard output is a pseudo-terminal
  bool errors_to_terminal = false;  ///< and standard error is the same one
  unsigned short columns = 0;       ///< its width, if it tells one
  int seconds = 120;                ///< then it is killed
  std::uint64_t memory = 0;  ///< most bytes it may have beside its code and stack; 0: as many as there are
};

struct ProcessResult {
  int exit_code = -1;  ///< 128 + number if a signal ended it
  bool timed_out = false;
  std::string out, err;
};

class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments, ProcessOptions options = {})
      : options_(std::move(options)) {
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    if (options_.terminal) {
      open_terminal(out, options_.columns);
    } else if (options_.stdout_to.empty()) {
      open_pipe(out);
    }
    open_pipe(err);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) become(arguments, out[1], err[1]);
    if (out[1] >= 0) ::close(out[1]);
    ::close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    close_both();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const { ::kill(pid_, signal); }
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Waits until ready() holds. False if the program ended or its time ran out before.
  template <class Ready>
  bool wait_until(Ready&& ready) {
    while (!ready()) {
      if (seconds_left() <= 0 || !drain(2)) return false;
    }
    return true;
  }

  /// Reads all it writes and waits for its end.
  ProcessResult finish() {
    while (out_ >= 0 || err_ >= 0) {
      if (seconds_left() <= 0) {
        result_.timed_out = true;
        ::kill(pid_, SIGKILL);
        break;
      }
      drain(50);
    }
    int status = 0;
    for (;;) {
      const pid_t done = ::waitpid(pid_, &status, result_.timed_out ? 0 : WNOHANG);
      if (done == pid_) break;
      if (done < 0 && errno != EINTR) throw std::runtime_error("waitpid");
      if (seconds_left() <= 0) {
        result_.timed_out = true;
        ::kill(pid_, SIGKILL);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    pid_ = -1;
    close_both();
    result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// No other program that is started meanwhile may hold an end open. (pipe2 is Linux's and BSD's alone.)
  static void close_on_exec(int end) {
    if (::fcntl(end, F_SETFD, FD_CLOEXEC) != 0) throw std::runtime_error("FD_CLOEXEC");
  }

  static void open_pipe(int (&ends)[2]) {
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    close_on_exec(ends[0]);
    close_on_exec(ends[1]);
  }

  static void open_terminal(int (&ends)[2], unsigned short columns) {
    ends[0] = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (ends[0] < 0 || ::grantpt(ends[0]) != 0 || ::unlockpt(ends[0]) != 0) {
      throw std::runtime_error("posix_openpt");
    }
    ends[1] = ::open(::ptsname(ends[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[1] < 0) throw std::runtime_error("cannot open a pseudo-terminal");
    close_on_exec(ends[0]);
    const winsize size = {24, columns, 0, 0};
    if (columns > 0 && ::ioctl(ends[1], TIOCSWINSZ, &size) != 0) throw std::runtime_error("TIOCSWINSZ");
  }

  [[noreturn]] void become(const std::vector<std::string>& arguments, int out, int err) const {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    if (!options_.stdout_to.empty()) out = ::open(options_.stdout_to.c_str(), O_WRONLY);
    if (options_.errors_to_terminal) err = out;
    const int in = ::open("/dev/null", O_RDONLY);
    const bool ready = ::dup2(in, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0
                       && ::dup2(err, STDERR_FILENO) >= 0
                       && (options_.folder.empty() || ::chdir(options_.folder.c_str()) == 0);
    if (options_.memory > 0) {
      const rlimit limit = {options_.memory, options_.memory};
      ::setrlimit(RLIMIT_DATA, &limit);
    }
    for (const auto& [name, value] : options_.environment) {
      value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
    }
    if (ready) ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  /// Reads what is there, waiting for at most so long. False when the program has closed both ends.
  bool drain(int milliseconds) {
    pollfd ends[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};  // a negative one is passed over
    if (::poll(ends, 2, milliseconds) > 0) {
      if (ends[0].revents != 0) take(out_, result_.out);
      if (ends[1].revents != 0) take(err_, result_.err);
    }
    return out_ >= 0 || err_ >= 0;
  }

  static void take(int& end, std::string& text) {
    char bytes[4096];
    const auto got = ::read(end, bytes, sizeof bytes);
    if (got > 0) {
      text.append(bytes, static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {  // a terminal whose program is gone gives EIO
      ::close(end);
      end = -1;
    }
  }

  void close_both() {
    if (out_ >= 0) ::close(out_);
    if (err_ >= 0) ::close(err_);
    out_ = err_ = -1;
  }

  [[nodiscard]] double seconds_left() const {
    return options_.seconds - std::chrono::duration<double>(Clock::now() - start_).count();
  }

  ProcessOptions options_;
  Clock::time_point start_ = Clock::now();
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  ProcessResult result_;
};

#ifdef MICROGPT_PROGRAM  // it may be built without
/// The program `microgpt` of this build, or the one that MICROGPT_TEST_PROGRAM names (tests/proofs).
inline std::string microgpt_program() {
  const char* other = std::getenv("MICROGPT_TEST_PROGRAM");
  return other != nullptr ? other : MICROGPT_PROGRAM;
}

inline ProcessResult run_microgpt(std::vector<std::string> arguments, ProcessOptions options = {}) {
  arguments.insert(arguments.begin(), microgpt_program());
  return Process(arguments, std::move(options)).finish();
}
#endif

}  // namespace microgpt::test
