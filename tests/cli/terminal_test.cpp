#include <doctest/doctest.h>

#include "cli/small_run.hpp"

TEST_SUITE("cli") {
  using namespace microgpt::test;

  TEST_CASE("terminal: progress is one line that renews itself") {
    const SmallRun small;
    const auto result =
        run_microgpt(small.train(), {.environment = {{"TERM", "xterm"}, {"NO_COLOR", ""}}, .terminal = true});
    CHECK(result.exit_code == 0);
    CHECK(result.out.find("\r\x1b[Kstep 24/24  loss ") != std::string::npos);
    CHECK(result.out.find("step 24/24") == result.out.rfind("step 24/24"));
    CHECK(result.out.find("\nstep ") == std::string::npos);
    CHECK(result.out.find("\x1b[1mtrained\x1b[0m 24 steps in ") != std::string::npos);
  }

  TEST_CASE("terminal: progress stays within the line, however narrow the terminal is") {
    for (const int columns : {12, 30, 200}) {
      CAPTURE(columns);
      const SmallRun small;
      const auto result = run_microgpt(small.train(), {.environment = {{"TERM", "xterm"}, {"COLUMNS", ""}},
                                                       .terminal = true,
                                                       .columns = static_cast<unsigned short>(columns)});
      CHECK(result.exit_code == 0);
      const std::string clear = "\r\x1b[K";
      int shown = 0;
      for (std::size_t at = result.out.find(clear); at != std::string::npos;
           at = result.out.find(clear, at + 1)) {
        const std::size_t begin = at + clear.size();
        const std::string line = result.out.substr(begin, result.out.find_first_of("\r\n", begin) - begin);
        if (!line.starts_with("step ")) continue;
        ++shown;
        CHECK_MESSAGE(line.size() < static_cast<std::size_t>(columns), line);
        CHECK(line.ends_with(" left") == (columns == 200));
      }
      CHECK(shown > 0);
    }
  }

  TEST_CASE("terminal: NO_COLOR and a dumb terminal take the bold away") {
    const std::pair<std::string, std::string> plain[] = {{"NO_COLOR", "1"}, {"TERM", "dumb"}, {"TERM", ""}};
    for (const auto& variable : plain) {
      CAPTURE(variable.first);
      CAPTURE(variable.second);
      const SmallRun small;
      const auto result = run_microgpt(
          small.train(), {.environment = {{"TERM", "xterm"}, {"NO_COLOR", ""}, variable}, .terminal = true});
      CHECK(result.exit_code == 0);
      CHECK(result.out.find("\x1b[1m") == std::string::npos);
      CHECK(result.out.find("trained 24 steps in ") != std::string::npos);
    }
  }

  TEST_CASE("terminal: a pipe gets plain lines without any escape") {
    const SmallRun small;
    const auto result =
        run_microgpt(small.train({"--steps", "240"}),
                     {.environment = {{"TERM", "xterm"}, {"NO_COLOR", ""}, {"CLICOLOR_FORCE", "1"}}});
    CHECK(result.exit_code == 0);
    CHECK(result.out.find('\x1b') == std::string::npos);
    CHECK(result.out.find('\r') == std::string::npos);
    int shown = 0;
    for (const std::string& line : lines_of(result.out)) shown += line.starts_with("step ") ? 1 : 0;
    CHECK(shown == 20);
  }

  TEST_CASE("terminal: control characters of a text are escaped there and raw in a pipe") {
    const SmallRun small;
    write_bytes(small.text, "\x1b\n\x1b\x1b\n");  // the one character there is
    REQUIRE(run_microgpt(small.train({"--quiet", "--set", "data.held_out=0"})).exit_code == 0);
    const auto arguments = small.sample({"-n", "2", "--prompt", "\x1b"});
    const auto piped = run_microgpt(arguments);
    CHECK(piped.exit_code == 0);
    CHECK(piped.out.starts_with('\x1b'));
    const auto shown = run_microgpt(arguments, {.terminal = true});
    CHECK(shown.exit_code == 0);
    CHECK(shown.out.starts_with("\\x1b"));
    CHECK(shown.out.find('\x1b') == std::string::npos);
  }

  TEST_CASE("terminal: --quiet and --json know no live line") {
    for (const std::string flag : {"--quiet", "--json"}) {
      const SmallRun small;
      const auto result = run_microgpt(small.train({flag}), {.terminal = true});
      CHECK(result.exit_code == 0);
      CHECK(result.out.find('\x1b') == std::string::npos);
      CHECK(result.out.empty() == (flag == "--quiet"));
    }
  }
}
