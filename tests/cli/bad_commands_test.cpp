// Bad command lines, one a line, with the exit code and what the one line must name: the option, the value, what is
// allowed. Of each flag: of a wrong type, out
// of range, beyond 2^63 or 1e308, NaN, twice, unknown, missing; and files that are not there or not what they
// should be.
#include <doctest/doctest.h>

#include <iterator>
#include <set>
#include <sstream>

#include "cli/small_run.hpp"

TEST_SUITE("cli") {
  namespace {

  using namespace microgpt::test;

  struct BadCommand {
    const char* arguments;  // with spaces between them
    int exit_code;
    const char* named;  // parts of the message, with | between them
  };

  // clang-format off
const BadCommand kBadCommands[] = {
    {"", 2, "command|microgpt --help"},
    {"tarin", 2, "'tarin'|did you mean 'train'"},
    {"--bogus", 2, "'--bogus'|microgpt --help"},
    {"train", 2, "--config|--resume|microgpt train --help"},
    {"train --config", 2, "--config|microgpt train --help"},
    {"train --config small.json --bogus", 2, "'--bogus'|microgpt train --help"},
    {"train --config small.json leftover", 3, "leftover"},
    {"train --config small.json --resume run", 2, "--config|--resume|microgpt train --help"},
    {"train --config small.json --config small.json", 2, "--config|microgpt train --help"},
    {"train --config nothere.json", 3, "nothere.json"},
    {"train --config .", 3, "folder"},
    {"train --config broken.json", 3, "broken.json"},
    {"train --config none.json", 3, "none.json|--data"},
    {"train --config small.json --data nothere.txt", 3, "nothere.txt"},
    {"train --config small.json --data bad.txt", 3, "bad.txt|UTF-8"},
    {"train --config small.json --data empty.txt", 3, "empty.txt"},
    {"train --config small.json --data .", 3, "bad.txt|UTF-8|--encoding"},
    {"train --config small.json --data", 2, "--data|microgpt train --help"},
    {"train --config small.json --out run", 5, "run|--out"},
    {"train --config small.json --out stones.txt", 5, "stones.txt"},
    {"train --config small.json --out /proc/run", 5, "/proc/run"},
    {"train --config small.json --seed", 2, "--seed|microgpt train --help"},
    {"train --config small.json --seed -1", 2, "--seed|-1|18446744073709551615|microgpt train --help"},
    {"train --config small.json --seed 18446744073709551616", 2, "--seed|18446744073709551616|18446744073709551615|microgpt train --help"},
    {"train --config small.json --seed 1.5", 2, "--seed|1.5|18446744073709551615|microgpt train --help"},
    {"train --config small.json --seed 0x10", 2, "--seed|0x10|18446744073709551615|microgpt train --help"},
    {"train --config small.json --seed NaN", 2, "--seed|NaN|18446744073709551615|microgpt train --help"},
    {"train --config small.json --steps 0", 2, "--steps|1000000000|microgpt train --help"},
    {"train --config small.json --steps -5", 2, "--steps|-5|1000000000|microgpt train --help"},
    {"train --config small.json --steps 1e3", 2, "--steps|1e3|1000000000|microgpt train --help"},
    {"train --config small.json --steps 5x", 2, "--steps|5x|1000000000|microgpt train --help"},
    {"train --config small.json --steps NaN", 2, "--steps|NaN|1000000000|microgpt train --help"},
    {"train --config small.json --steps 2147483648", 2, "--steps|2147483648|1000000000|microgpt train --help"},
    {"train --config small.json --steps 9223372036854775808", 2, "--steps|9223372036854775808|1000000000|microgpt train --help"},
    {"train --config small.json --steps 1000000001", 2, "--steps|1000000001|1000000000|microgpt train --help"},
    {"train --config small.json --time 0", 2, "--time|30s|5m|1.5h|1e8"},
    {"train --config small.json --time -5s", 2, "--time|-5s|30s|5m|1.5h|1e8"},
    {"train --config small.json --time 5d", 2, "--time|5d|30s|5m|1.5h|1e8"},
    {"train --config small.json --time NaN", 2, "--time|NaN|30s|5m|1.5h|1e8"},
    {"train --config small.json --time inf", 2, "--time|inf|30s|5m|1.5h|1e8"},
    {"train --config small.json --time 1e400", 2, "--time|1e400|30s|5m|1.5h|1e8"},
    {"train --config small.json --time 5m --steps 5", 2, "--steps|--time|microgpt train --help"},
    {"train --config small.json --stop-after 0", 2, "--stop-after|1000000000|microgpt train --help"},
    {"train --config small.json --stop-after 1e400", 2, "--stop-after|1e400|1000000000|microgpt train --help"},
    {"train --config small.json --stop-after 25 --out over", 2, "--stop-after|25|24"},
    {"train --config small.json --stop-after x", 2, "--stop-after|x|1000000000|microgpt train --help"},
    {"train --config small.json --threads 0", 2, "--threads|1024|microgpt train --help"},
    {"train --config small.json --threads 1025", 2, "--threads|1025|1024|microgpt train --help"},
    {"train --config small.json --threads -1", 2, "--threads|-1|1024|microgpt train --help"},
    {"train --config small.json --threads two", 2, "--threads|two|1024|microgpt train --help"},
    {"train --config small.json --threads 9223372036854775808", 2, "--threads|9223372036854775808|1024|microgpt train --help"},
    {"train --config small.json --set", 2, "--set|microgpt train --help"},
    {"train --config small.json --set train.steps", 2, "--set|train.steps|key=value|train.steps=500"},
    {"train --config small.json --set =5", 2, "--set|=5|key=value|train.steps=500"},
    {"train --config small.json --set train.step=5", 2, "--set train.step|did you mean train.steps"},
    {"train --config small.json --set train.steps=1e400", 2, "--set train.steps=1e400|1000000000"},
    {"train --config small.json --set train.steps=NaN", 2, "--set train.steps=NaN|1000000000"},
    {"train --config small.json --set model.n_head=3", 2, "--set model.n_head=3|model.n_embd"},
    {"train --config small.json --set model.n_embd=65536 --set model.n_layer=200 --set model.n_head=1", 3, "small.json"},
    {"train --config small.json --set train.patience=2 --set train.eval_every=0", 2, "--set train.patience=2|train.eval_every|data.held_out"},
    {"train --config patient.json", 3, "patient.json|train.patience|train.eval_every|data.held_out"},
    {"train --config evaluating.json --set train.eval_every=0", 2, "--set train.eval_every=0|train.patience"},
    {"train --config evaluating.json --set data.held_out=0", 2, "--set data.held_out=0|train.patience"},
    {"train --config small.json --set train.time_budget=1", 2, "--set train.time_budget|microgpt train --time 30s"},
    {"train --config clock.json", 3, "clock.json|train.time_budget|microgpt train --time 30s"},
    {"train --config small.json --data-changed-ok", 2, "--data-changed-ok|--resume|microgpt train --help"},
    {"train --config small.json --quiet=maybe", 2, "'maybe'|--quiet|microgpt train --help"},
    {"train --resume nothere", 4, "nothere|.safetensors"},
    {"train --resume stones.txt", 2, "--resume|stones.txt|--out"},
    {"train --resume run --seed 5", 2, "--resume|--seed|--set"},
    {"train --resume run --steps 5", 2, "--steps|5|24 steps"},
    {"train --resume run --steps 24", 2, "--steps|24 steps"},
    {"train --resume run --schedule none", 2, "--schedule|none|constant, linear"},
    {"train --schedule linear stones.txt", 2, "--schedule|--resume"},
    {"train stones.txt --resume run", 2, "--resume|TEXT"},
    {"train stones.txt --data stones.txt", 2, "--data|stones.txt"},
    {"train small.json", 2, "small.json|--config"},
    {"train run", 2, "run|--resume"},
    {"train nothere.txt", 3, "nothere.txt"},
    {"train stones.txt --encoding klingon", 2, "klingon"},
    {"train --resume run --time 0s", 2, "--time|0s|30s"},
    {"train --resume run --set train.steps=5", 2, "--resume|--seed|--set"},
    {"train --resume run", 2, "run|24 steps"},
    {"train --resume run --out run", 2, "run|24 steps"},
    {"train --resume .", 4, "checkpoints/step-*.safetensors"},
    {"sample", 2, "--model|microgpt sample --help"},
    {"sample --model", 2, "--model|microgpt sample --help"},
    {"sample --model nothere", 4, "nothere|.safetensors"},
    {"sample --model stones.txt", 4, "stones.txt|7017182655840152929|277"},
    {"sample --model .", 4, "checkpoints/step-*.safetensors"},
    {"sample --model run -n", 2, "-n|microgpt sample --help"},
    {"sample --model run -n -1", 2, "-1|-n|1000000000|microgpt sample --help"},
    {"sample --model run -n 1.5", 2, "-n|1.5|1000000000|microgpt sample --help"},
    {"sample --model run -n 1000000001", 2, "-n|1000000001|1000000000|microgpt sample --help"},
    {"sample --model run -n 9223372036854775808", 2, "-n|9223372036854775808|1000000000|microgpt sample --help"},
    {"sample --model run -n 1 -n 2", 2, "-n|microgpt sample --help"},
    {"sample --model run --temperature -1", 2, "--temperature|-1|100|microgpt sample --help"},
    {"sample --model run --temperature NaN", 2, "--temperature|NaN|100|microgpt sample --help"},
    {"sample --model run --temperature 1e400", 2, "--temperature|1e400|100|microgpt sample --help"},
    {"sample --model run --temperature 101", 2, "--temperature|101|100|microgpt sample --help"},
    {"sample --model run --temperature hot", 2, "--temperature|hot|100|microgpt sample --help"},
    {"sample --model run --top-k -1", 2, "--top-k|-1|1114112|microgpt sample --help"},
    {"sample --model run --top-k 1114113", 2, "--top-k|1114113|1114112|microgpt sample --help"},
    {"sample --model run --top-k 2.5", 2, "--top-k|2.5|1114112|microgpt sample --help"},
    {"sample --model run --top-p 1.5", 2, "--top-p|1.5|microgpt sample --help"},
    {"sample --model run --top-p NaN", 2, "--top-p|NaN|microgpt sample --help"},
    {"sample --model run --top-p -0.1", 2, "--top-p|-0.1|microgpt sample --help"},
    {"sample --model run --min-p 2", 2, "--min-p|2|microgpt sample --help"},
    {"sample --model run --min-p x", 2, "--min-p|x|microgpt sample --help"},
    {"sample --model run --prompt", 2, "--prompt|microgpt sample --help"},
    {"sample --model run --prompt Q", 3, "--prompt|'Q'"},
    {"sample --model run --prompt \xff", 2, "--prompt|UTF-8"},
    {"sample --model run --prompt stonestonestone --max-chars 3", 2, "--prompt|3|15|--max-chars"},
    {"sample --model run --stop", 2, "--stop|microgpt sample --help"},
    {"sample --model run --stop Q", 3, "--stop|'Q'|'q'"},
    {"sample --model run --stop \xff", 2, "--stop|UTF-8"},
    {"sample --model run --stop \\xZZ", 2, "--stop|hexadecimal"},
    {"sample --model run --prompt-file nothere.txt", 3, "nothere.txt"},
    {"sample --model run --prompt-file bad.txt", 3, "bad.txt|UTF-8"},
    {"sample --model run --prompt-file empty.txt", 2, "--prompt-file|empty.txt|it is empty"},
    {"sample --model run --prompt-file small.json", 3, "--prompt-file|small.json, line 1, column 1|'{'"},
    {"sample --model run --prompt-file stones.txt --prompt a", 2, "--prompt-file|--prompt|microgpt sample --help"},
    {"sample --model run --null --json", 2, "--null|--json|microgpt sample --help"},
    {"sample --model run --null --report", 2, "--null|--report|microgpt sample --help"},
    {"sample --model run --max-chars 0", 2, "--max-chars|1000000000|microgpt sample --help"},
    {"sample --model run --max-chars 1000000001", 2, "--max-chars|1000000001|1000000000|microgpt sample --help"},
    {"sample --model run --max-length 5", 2, "'--max-length'|microgpt sample --help"},
    {"sample --model run --seed -1", 2, "--seed|-1|18446744073709551615|microgpt sample --help"},
    {"sample --model run --seed 18446744073709551616", 2, "--seed|18446744073709551616|18446744073709551615|microgpt sample --help"},
    {"sample --model run --stream --json", 2, "--stream|--json|microgpt sample --help"},
    {"sample --model run --stream --novel", 2, "--novel|--stream|microgpt sample --help"},
    {"sample --model run --data stones.txt", 2, "--data|--report|--novel"},
    {"sample --model run --report --data nothere.txt", 3, "nothere.txt"},
    {"sample --model run --report --data small.json", 3, "small.json|SHA-256"},
    {"sample --model run --novel --data bad.txt", 3, "bad.txt|UTF-8"},
    {"eval", 2, "--model|microgpt eval --help"},
    {"eval --model nothere", 4, "nothere|.safetensors"},
    {"eval --model run --split tset", 2, "--split|'tset'|did you mean 'test'"},
    {"eval --model run --split test", 2, "--split|test|train, val and all|data.test=0.1"},
    {"eval --model run --threads 0", 2, "--threads|1024|microgpt eval --help"},
    {"eval --model run --threads 2e3", 2, "--threads|2e3|1024|microgpt eval --help"},
    {"eval --model run --data nothere.txt", 3, "nothere.txt"},
    {"eval --model run --data empty.txt", 3, "empty.txt"},
    {"eval --model run --data bad.txt", 3, "bad.txt|UTF-8"},
    {"score", 2, "--model|microgpt score --help"},
    {"score --model run", 2, "microgpt score --help"},
    {"score --model nothere x", 4, ".safetensors"},
    {"score --model run \xff", 2, "'\\xff'|UTF-8"},
    {"score --model run Q", 3, "'Q'|'q'"},
    {"score --model run --file nothere.txt", 3, "nothere.txt"},
    {"score --model run --file bad.txt", 3, "bad.txt|UTF-8"},
    {"score --model run --file empty.txt", 3, "empty.txt"},
    {"score --model run --file small.json", 3, "small.json, line 1|'{'"},
    {"score --model run --file stones.txt emma", 2, "--file|TEXT|microgpt score --help"},
    {"info", 2, "--model|microgpt info --help"},
    {"info nothere", 4, "nothere|.safetensors"},
    {"info run run", 2, "'run'|microgpt info --help"},
    {"info stones.txt", 4, "stones.txt|7017182655840152929|277"},
    {"info --jsno run", 2, "'--jsno'|did you mean '--json'"},
    {"reference", 2, "--data|microgpt reference --help"},
    {"reference --data nothere.txt", 3, "nothere.txt"},
    {"reference --data stones.txt --revision newest", 2, "--revision|'newest'|did you mean 'latest'"},
    {"reference --data stones.txt --seed x", 2, "--seed|x|64"},
    {"reference --data stones.txt --n-layer -1", 2, "--n-layer|-1|1000000000|microgpt reference --help"},
    {"reference --data stones.txt --n-embd 0", 2, "--n-embd|1000000000|microgpt reference --help"},
    {"reference --data stones.txt --n-head 0", 2, "--n-head|1000000000|microgpt reference --help"},
    {"reference --data stones.txt --block-size 0", 2, "--block-size|1000000000|microgpt reference --help"},
    {"reference --data stones.txt --block-size 9223372036854775808", 2, "--block-size|9223372036854775808|1000000000|microgpt reference --help"},
    {"reference --data stones.txt --num-steps -1", 2, "--num-steps|-1|1000000000|microgpt reference --help"},
    {"reference --data stones.txt --num-steps x", 2, "--num-steps|x|1000000000|microgpt reference --help"},
    {"reference --data stones.txt --samples -1", 2, "--samples|-1|1000000000|microgpt reference --help"},
    {"reference --data stones.txt --samples NaN", 2, "--samples|NaN|1000000000|microgpt reference --help"},
    {"reference --data stones.txt --num-steps 1 --samples 0 --losses .", 5, "losses"},
    {"reference --data stones.txt --n-embd 1000000000 --num-steps 1", 3, "reference"},
    {"reference --data empty.txt", 3, "empty.txt"},
    {"reference --data bad.txt", 3, "bad.txt|UTF-8"},
    {"bench --filter nosuch", 2, "--filter|nosuch|--list"},
    {"bench --filter", 2, "--filter|microgpt bench --help"},
    {"bench --bogus", 2, "'--bogus'|microgpt bench --help"},
    {"train --config small.json --data stones.txt --data stones.txt", 2, "--data|microgpt train --help"},
    {"train --config small.json --time 1e9s", 2, "--time|1e9s|30s|5m|1.5h|1e8"},
    {"sampel --model run", 2, "'sampel'|did you mean 'sample'"},
    {"sample model run", 2, "'run'|microgpt sample --help"},
    {"help", 2, "'help'|did you mean '--help'"},
    {"--model run sample", 2, "'--model'|microgpt sample --help"},
    {"sample --temprature 0.8", 2, "'--temprature'|did you mean '--temperature'"},
    {"sample --temprature=0.8 --model run", 2, "'--temprature'|did you mean '--temperature'"},
    {"sample --model run -x", 2, "'-x'|microgpt sample --help"},
    {"sample -m run", 2, "'-m'|did you mean '--model'"},
    {"score --modle run emma", 2, "'--modle'|did you mean '--model'"},
    {"study", 2, "attention|lens"},
    {"study foo", 2, "'foo'|attention|lens"},
    {"study text", 2, "'text'|attention|lens"},
    {"study ledgr --model run", 2, "'ledgr'|did you mean 'ledger'"},
    {"study --model run ledger", 2, "'--model'|microgpt study ledger --help"},
    {"study ledger --txt x", 2, "'--txt'|did you mean '--text'"},
    {"study ledger --model run --text ab --top 1e3", 2, "--top|1e3|1000000|microgpt study ledger --help"},
    {"study embeddings --model run --postions", 2, "'--postions'|did you mean '--positions'"},
    {"eval --model run --splt val", 2, "'--splt'|did you mean '--split'"},
    {"train --config small.json --steps 010", 2, "--steps|010|1000000000|microgpt train --help"},
    {"train --config small.json --steps 5.0", 2, "--steps|5.0|1000000000|microgpt train --help"},
    {"train --config small.json --data pdf.txt", 3, "pdf.txt|PDF"},
    {"train --config small.json --data half.txt", 3, "half.txt|surrogate"},
    {"train --config small.json --data archive.txt", 3, "archive.txt|xz"},
    {"train --config small.json --data tinyshakespeare.txt", 3, "tinyshakespeare.txt|scripts/get-data.sh"},
    {"train --config small.json --data names-ssa.txt", 3, "names-ssa.txt|scripts/get-data.sh"},
    {"reference --data stones.txt --num-step 5", 2, "'--num-step'|did you mean '--num-steps'"},
    {"bench --qiuck", 2, "'--qiuck'|did you mean '--quick'"},
    {"explain sofmax", 2, "'sofmax'|did you mean 'softmax'"},
    {"explain weather", 2, "'weather'|softmax|tokens|sampling"},
    {"explain softmax 1 2 --digts 3", 2, "'--digts'|did you mean '--digits'"},
    {"explain attention --modle run", 2, "'--modle'|did you mean '--model'"},
};
  // clang-format on

  std::vector<std::string> words(const std::string& line) {
    std::vector<std::string> list;
    std::istringstream stream(line);
    for (std::string word; stream >> word;) list.push_back(word);
    return list;
  }

  std::set<std::string> everything_in(const std::filesystem::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      names.insert(entry.path().string());
    }
    return names;
  }

  /// A folder with a small run and files of every kind.
  struct Desk : SmallRun {
    Desk() {
      write_bytes(folder / "bad.txt", "\xff\n");
      write_bytes(folder / "empty.txt", "");
      write_bytes(folder / "none.json", "{}\n");
      write_bytes(folder / "broken.json", "[\n");
      write_bytes(folder / "patient.json", R"({"train": {"patience": 2}})");
      write_bytes(folder / "evaluating.json",
                  R"({"data": {"held_out": 0.2}, "train": {"patience": 2, "eval_every": 4}})");
      write_bytes(folder / "clock.json", R"({"train": {"time_budget": 60}})");
      write_bytes(folder / "pdf.txt", "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n");
      write_bytes(folder / "half.txt", "ab\n\xed\xa0\xbd\n");
      write_bytes(folder / "archive.txt",
                  "\xfd"
                  "7zXZ\xff\n");
      REQUIRE(run_microgpt({"train", "--config", "small.json", "--out", "run", "--quiet"}, here()).exit_code
              == 0);
    }
    [[nodiscard]] ProcessOptions here() const { return {.folder = folder.path()}; }
  };

  }  // namespace

  TEST_CASE("bad commands: each is refused with its exit code and message and leaves nothing behind") {
    CHECK(std::size(kBadCommands) >= 60);
    const Desk desk;
    const auto before = everything_in(desk.folder.path());
    for (const BadCommand& bad : kBadCommands) {
      CAPTURE(bad.arguments);
      const auto result = run_microgpt(words(bad.arguments), desk.here());
      CAPTURE(result.err);
      CHECK(result.exit_code == bad.exit_code);
      CHECK(refused_in_one_line(result));
      std::istringstream parts(bad.named);
      for (std::string part; std::getline(parts, part, '|');) {
        CHECK_MESSAGE(result.err.find(part) != std::string::npos, part);
      }
    }
    CHECK(everything_in(desk.folder.path()) == before);
  }
}
