// The lab as a file: the program's own page, and the same with a run in it.
#include <doctest/doctest.h>

#include "cli/small_run.hpp"
#include "support/data.hpp"

TEST_SUITE("cli") {
  using namespace microgpt::test;

  TEST_CASE("lab: the program writes the page of the repository, byte for byte") {
    const TempFolder folder;
    const std::string out = (folder / "lab.html").string();
    const auto result = run_microgpt({"lab", "-o", out});
    CHECK(result.exit_code == 0);
    CHECK(result.out == "");
    CHECK(result.err.find(out) != std::string::npos);
    const std::string page = read_bytes(repository_file("src/web/lab.html"));
    CHECK(read_bytes(out) == page);
    CHECK(run_microgpt({"lab", "-o", "-"}).out == page);
    CHECK(run_microgpt({"lab", "-o", (folder / "no/folder/lab.html").string()}).exit_code == 5);
  }

  TEST_CASE("lab: the page asks for nothing from a network, and scripts run by a strict policy alone") {
    const std::string page = read_bytes(repository_file("src/web/lab.html"));
    CHECK(page.find("default-src 'none'") != std::string::npos);
    const std::size_t policy = page.find("script-src ");
    REQUIRE(policy != std::string::npos);
    const std::string scripts = page.substr(policy, page.find(';', policy) - policy);
    CHECK(scripts.find("'sha256-") != std::string::npos);
    for (const char* loose : {"'unsafe-inline'", "'unsafe-eval'", "http:", "https:", "*"})
      CHECK_MESSAGE(scripts.find(loose) == std::string::npos, scripts);
    for (const char* request : {"<link", "<script src", "<img src=\"http", "@import"})
      CHECK_MESSAGE(page.find(request) == std::string::npos, request);
  }

  TEST_CASE("report: the page carries the run, and says what it leaves out") {
    const SmallRun small;
    REQUIRE(run_microgpt(small.train({"--quiet"})).exit_code == 0);
    const TempFolder folder;
    const std::string out = (folder / "report.html").string();
    const auto result = run_microgpt({"report", small.out.string(), "-o", out});
    CHECK(result.exit_code == 0);
    CHECK(result.err.find("note:") == std::string::npos);
    const std::string page = read_bytes(out);
    CHECK(page.find("\"metrics.jsonl\"") == std::string::npos);
    CHECK(page.find("/metrics.jsonl\"") != std::string::npos);
    CHECK(page.size() > read_bytes(repository_file("src/web/lab.html")).size());

    std::filesystem::remove(small.text);
    const auto without = run_microgpt({"report", small.out.string(), "-o", out});
    CHECK(without.exit_code == 0);
    CHECK(without.err.find("note: the page has no training text") != std::string::npos);
    CHECK(run_microgpt({"report", (folder / "nothing").string(), "-o", out}).exit_code == 4);
    CHECK(run_microgpt({"report"}).exit_code == 2);
  }
}
