// Bad command lines, one a line, with the exit code and all that is said. Of each flag: of a wrong type, out
// of range, beyond 2^63 or 1e308, NaN, twice, unknown, missing; and files that are not there or not what they
// should be.
#include <doctest/doctest.h>

#include <iterator>
#include <set>
#include <sstream>

#include "cli/small_run.hpp"

namespace {

using namespace microgpt::test;

struct BadCommand {
  const char* arguments;  // with spaces between them
  int exit_code;
  const char* message;  // after "error: "; if it ends in *, up to there
};

// clang-format off
const BadCommand kBadCommands[] = {
    {"", 2, "A command is required: see microgpt --help"},
    {"tarin", 2, "unknown command 'tarin'; did you mean 'train'?"},
    {"--bogus", 2, "unknown option '--bogus': see microgpt --help"},
    {"train", 2, "--config or --resume is required: see microgpt train --help"},
    {"train --config", 2, "--config needs a value: see microgpt train --help"},
    {"train --config small.json --bogus", 2, "unknown option '--bogus': see microgpt train --help"},
    {"train --config small.json leftover", 2, "unexpected argument 'leftover': see microgpt train --help"},
    {"train --config small.json --resume run", 2, "--config and --resume do not go together: see microgpt train --help"},
    {"train --config small.json --config small.json", 2, "--config is given more than once: see microgpt train --help"},
    {"train --config nothere.json", 3, "cannot read file: nothere.json: No such file or directory"},
    {"train --config .", 3, "cannot read file: .: it is a folder"},
    {"train --config broken.json", 3, "bad JSON: broken.json, line 2, column 1: *"},
    {"train --config none.json", 3, "no text to train on: none.json names none: give --data FILE"},
    {"train --config small.json --data nothere.txt", 3, "cannot read file: nothere.txt: No such file or directory"},
    {"train --config small.json --data bad.txt", 3, "not valid UTF-8: bad.txt, line 1, byte 0: it may be Latin-1: save it as UTF-8"},
    {"train --config small.json --data empty.txt", 3, "no documents: empty.txt: the file is empty or holds only white space"},
    {"train --config small.json --data .", 3, "cannot read file: .: it is a folder"},
    {"train --config small.json --data", 2, "--data needs a value: see microgpt train --help"},
    {"train --config small.json --out run", 5, "cannot make run folder: run: it is not empty, and no run is written over: choose another --out"},
    {"train --config small.json --out stones.txt", 5, "cannot make run folder: stones.txt: there is a file of that name"},
    {"train --config small.json --out /proc/run", 5, "cannot make run folder: /proc/run: No such file or directory"},
    {"train --config small.json --seed", 2, "--seed needs a value: see microgpt train --help"},
    {"train --config small.json --seed -1", 2, "--seed: -1 is not a whole number from 0 to 18446744073709551615: see microgpt train --help"},
    {"train --config small.json --seed 18446744073709551616", 2, "--seed: 18446744073709551616 is not a whole number from 0 to 18446744073709551615: see microgpt train --help"},
    {"train --config small.json --seed 1.5", 2, "--seed: 1.5 is not a whole number from 0 to 18446744073709551615: see microgpt train --help"},
    {"train --config small.json --seed 0x10", 2, "--seed: 0x10 is not a whole number from 0 to 18446744073709551615: see microgpt train --help"},
    {"train --config small.json --seed NaN", 2, "--seed: NaN is not a whole number from 0 to 18446744073709551615: see microgpt train --help"},
    {"train --config small.json --steps 0", 2, "--steps: 0 is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --steps -5", 2, "--steps: -5 is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --steps 1e3", 2, "--steps: 1e3 is not a whole number from 1 to 1000000000: write 1000: see microgpt train --help"},
    {"train --config small.json --steps 5x", 2, "--steps: 5x is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --steps NaN", 2, "--steps: NaN is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --steps 2147483648", 2, "--steps: 2147483648 is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --steps 9223372036854775808", 2, "--steps: 9223372036854775808 is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --steps 1000000001", 2, "--steps: 1000000001 is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --time 0", 2, "bad --time: 0: must be a time above 0 as in 30s, 5m or 1.5h, at most 1e8 seconds"},
    {"train --config small.json --time -5s", 2, "bad --time: -5s: must be a time above 0 as in 30s, 5m or 1.5h, at most 1e8 seconds"},
    {"train --config small.json --time 5d", 2, "bad --time: 5d: must be a time above 0 as in 30s, 5m or 1.5h, at most 1e8 seconds"},
    {"train --config small.json --time NaN", 2, "bad --time: NaN: must be a time above 0 as in 30s, 5m or 1.5h, at most 1e8 seconds"},
    {"train --config small.json --time inf", 2, "bad --time: inf: must be a time above 0 as in 30s, 5m or 1.5h, at most 1e8 seconds"},
    {"train --config small.json --time 1e400", 2, "bad --time: 1e400: must be a time above 0 as in 30s, 5m or 1.5h, at most 1e8 seconds"},
    {"train --config small.json --time 5m --steps 5", 2, "--steps and --time do not go together: see microgpt train --help"},
    {"train --config small.json --stop-after 0", 2, "--stop-after: 0 is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --stop-after 1e400", 2, "--stop-after: 1e400 is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --stop-after 25 --out over", 2, "bad --stop-after: 25: the run has done 0 of 24 steps"},
    {"train --config small.json --stop-after x", 2, "--stop-after: x is not a whole number from 1 to 1000000000: see microgpt train --help"},
    {"train --config small.json --threads 0", 2, "--threads: 0 is not a whole number from 1 to 1024: see microgpt train --help"},
    {"train --config small.json --threads 1025", 2, "--threads: 1025 is not a whole number from 1 to 1024: see microgpt train --help"},
    {"train --config small.json --threads -1", 2, "--threads: -1 is not a whole number from 1 to 1024: see microgpt train --help"},
    {"train --config small.json --threads two", 2, "--threads: two is not a whole number from 1 to 1024: see microgpt train --help"},
    {"train --config small.json --threads 9223372036854775808", 2, "--threads: 9223372036854775808 is not a whole number from 1 to 1024: see microgpt train --help"},
    {"train --config small.json --set", 2, "--set needs a value: see microgpt train --help"},
    {"train --config small.json --set train.steps", 2, "bad --set: train.steps: it must have the form key=value, as in train.steps=500"},
    {"train --config small.json --set =5", 2, "bad --set: =5: it must have the form key=value, as in train.steps=500"},
    {"train --config small.json --set train.step=5", 2, "bad --set train.step: no such key: did you mean train.steps?"},
    {"train --config small.json --set train.steps=1e400", 2, "bad --set train.steps=1e400: must be a whole number from 1 to 1000000000"},
    {"train --config small.json --set train.steps=NaN", 2, "bad --set train.steps=NaN: must be a whole number from 1 to 1000000000"},
    {"train --config small.json --set model.n_head=3", 2, "bad --set model.n_head=3: must be a divisor of model.n_embd (8)"},
    {"train --config small.json --set model.n_embd=65536 --set model.n_layer=200 --set model.n_head=1", 3, "too large: small.json: this run needs *"},
    {"train --config small.json --set train.patience=2 --set train.eval_every=0", 2, "bad --set train.patience=2: must be 0 where train.eval_every or data.held_out is 0: there is no loss to wait for"},
    {"train --config patient.json", 3, "bad config: patient.json, train.patience (2): must be 0 where train.eval_every or data.held_out is 0: there is no loss to wait for"},
    {"train --config evaluating.json --set train.eval_every=0", 2, "bad --set train.eval_every=0: must be above 0 where train.patience (2) is: there is no loss to wait for"},
    {"train --config evaluating.json --set data.held_out=0", 2, "bad --set data.held_out=0: must be above 0 where train.patience (2) is: there is no loss to wait for"},
    {"train --config small.json --set train.time_budget=1 --steps 5", 2, "bad --steps: 5: the run trains by the clock, as train.time_budget is above 0: leave --steps out, or add --set train.time_budget=0"},
    {"train --config clock.json --steps 5", 2, "bad --steps: 5: the run trains by the clock, as train.time_budget is above 0: leave --steps out, or add --set train.time_budget=0"},
    {"train --config small.json --data-changed-ok", 2, "--data-changed-ok goes only with --resume: see microgpt train --help"},
    {"train --config small.json --quiet=maybe", 2, "cannot read 'maybe' as the value of --quiet: see microgpt train --help"},
    {"train --resume nothere", 4, "no such model: nothere: give a .safetensors file or a run folder"},
    {"train --resume stones.txt", 2, "bad --resume: stones.txt: it is no run folder: to go on from a file, say with --out where to"},
    {"train --resume run --seed 5", 2, "bad options: --resume goes on with the run as it was: --seed, --steps, --time and --set do not go with it"},
    {"train --resume run --steps 5", 2, "bad options: --resume goes on with the run as it was: --seed, --steps, --time and --set do not go with it"},
    {"train --resume run --time 5s", 2, "bad options: --resume goes on with the run as it was: --seed, --steps, --time and --set do not go with it"},
    {"train --resume run --set train.steps=5", 2, "bad options: --resume goes on with the run as it was: --seed, --steps, --time and --set do not go with it"},
    {"train --resume run", 2, "nothing to resume: run: the run has done all its 24 steps"},
    {"train --resume run --out run", 2, "nothing to resume: run: the run has done all its 24 steps"},
    {"train --resume .", 4, "no model in run folder: .: it has no checkpoints/step-*.safetensors: if the run was killed at its very start, start it again"},
    {"sample", 2, "--model is required: see microgpt sample --help"},
    {"sample --model", 2, "--model needs a value: see microgpt sample --help"},
    {"sample --model nothere", 4, "no such model: nothere: give a .safetensors file or a run folder"},
    {"sample --model stones.txt", 4, "not a valid safetensors file: stones.txt: its header should have 7017182655840152929 bytes, the file has 277"},
    {"sample --model .", 4, "no model in run folder: .: it has no checkpoints/step-*.safetensors: if the run was killed at its very start, start it again"},
    {"sample --model run -n", 2, "-n needs a value: see microgpt sample --help"},
    {"sample --model run -n -1", 2, "-n: -1 is not a whole number from 0 to 1000000000: see microgpt sample --help"},
    {"sample --model run -n 1.5", 2, "-n: 1.5 is not a whole number from 0 to 1000000000: see microgpt sample --help"},
    {"sample --model run -n 1000000001", 2, "-n: 1000000001 is not a whole number from 0 to 1000000000: see microgpt sample --help"},
    {"sample --model run -n 9223372036854775808", 2, "-n: 9223372036854775808 is not a whole number from 0 to 1000000000: see microgpt sample --help"},
    {"sample --model run -n 1 -n 2", 2, "-n is given more than once: see microgpt sample --help"},
    {"sample --model run --temperature -1", 2, "--temperature: -1 is not a number from 0 to 100: see microgpt sample --help"},
    {"sample --model run --temperature NaN", 2, "--temperature: NaN is not a number from 0 to 100: see microgpt sample --help"},
    {"sample --model run --temperature 1e400", 2, "--temperature: 1e400 is not a number from 0 to 100: see microgpt sample --help"},
    {"sample --model run --temperature 101", 2, "--temperature: 101 is not a number from 0 to 100: see microgpt sample --help"},
    {"sample --model run --temperature hot", 2, "--temperature: hot is not a number from 0 to 100: see microgpt sample --help"},
    {"sample --model run --top-k -1", 2, "--top-k: -1 is not a whole number from 0 to 1114112: see microgpt sample --help"},
    {"sample --model run --top-k 1114113", 2, "--top-k: 1114113 is not a whole number from 0 to 1114112: see microgpt sample --help"},
    {"sample --model run --top-k 2.5", 2, "--top-k: 2.5 is not a whole number from 0 to 1114112: see microgpt sample --help"},
    {"sample --model run --top-p 1.5", 2, "--top-p: 1.5 is not a number from 0 to 1: see microgpt sample --help"},
    {"sample --model run --top-p NaN", 2, "--top-p: NaN is not a number from 0 to 1: see microgpt sample --help"},
    {"sample --model run --top-p -0.1", 2, "--top-p: -0.1 is not a number from 0 to 1: see microgpt sample --help"},
    {"sample --model run --min-p 2", 2, "--min-p: 2 is not a number from 0 to 1: see microgpt sample --help"},
    {"sample --model run --min-p x", 2, "--min-p: x is not a number from 0 to 1: see microgpt sample --help"},
    {"sample --model run --prompt", 2, "--prompt needs a value: see microgpt sample --help"},
    {"sample --model run --prompt Q", 3, "unknown character: 'Q' (U+0051): the model's vocabulary does not have it; it knows only the 27 characters of its training text"},
    {"sample --model run --prompt \xff", 2, "bad --prompt: it is not valid UTF-8"},
    {"sample --model run --prompt stonestonestone --max-chars 3", 2, "bad --prompt: its 15 characters leave nothing to write of the 3 a text may have: raise --max-chars"},
    {"sample --model run --max-chars 0", 2, "--max-chars: 0 is not a whole number from 1 to 1000000000: see microgpt sample --help"},
    {"sample --model run --max-chars 1000000001", 2, "--max-chars: 1000000001 is not a whole number from 1 to 1000000000: see microgpt sample --help"},
    {"sample --model run --max-length 5", 2, "unknown option '--max-length': see microgpt sample --help"},
    {"sample --model run --seed -1", 2, "--seed: -1 is not a whole number from 0 to 18446744073709551615: see microgpt sample --help"},
    {"sample --model run --seed 18446744073709551616", 2, "--seed: 18446744073709551616 is not a whole number from 0 to 18446744073709551615: see microgpt sample --help"},
    {"sample --model run --stream --json", 2, "--stream and --json do not go together: see microgpt sample --help"},
    {"sample --model run --stream --novel", 2, "--novel and --stream do not go together: see microgpt sample --help"},
    {"sample --model run --data stones.txt", 2, "bad options: --data is where --report and --novel find the training text"},
    {"sample --model run --report --data nothere.txt", 3, "cannot read file: nothere.txt: No such file or directory"},
    {"sample --model run --report --data small.json", 3, "not the model's own text: small.json: its SHA-256 is not that of the text the run was trained on"},
    {"sample --model run --novel --data bad.txt", 3, "not valid UTF-8: bad.txt, line 1, byte 0: it may be Latin-1: save it as UTF-8"},
    {"eval", 2, "--model is required: see microgpt eval --help"},
    {"eval --model nothere", 4, "no such model: nothere: give a .safetensors file or a run folder"},
    {"eval --model run --split tset", 2, "--split: 'tset' is none of train, val, test, all; did you mean 'test'?"},
    {"eval --model run --split test", 2, "bad --split: test: the run kept no such documents from training: it has train, val and all; a run trained with --set data.test=0.1 has it"},
    {"eval --model run --threads 0", 2, "--threads: 0 is not a whole number from 1 to 1024: see microgpt eval --help"},
    {"eval --model run --threads 2e3", 2, "--threads: 2e3 is not a whole number from 1 to 1024: see microgpt eval --help"},
    {"eval --model run --data nothere.txt", 3, "cannot read file: nothere.txt: No such file or directory"},
    {"eval --model run --data empty.txt", 3, "no documents: empty.txt: the file is empty or holds only white space"},
    {"eval --model run --data bad.txt", 3, "not valid UTF-8: bad.txt, line 1, byte 0: it may be Latin-1: save it as UTF-8"},
    {"score", 2, "--model is required: see microgpt score --help"},
    {"score --model run", 2, "TEXT is required: see microgpt score --help"},
    {"score --model nothere x", 4, "no such model: nothere: give a .safetensors file or a run folder"},
    {"score --model run \xff", 2, "bad TEXT: \\xff: it is not valid UTF-8"},
    {"score --model run Q", 3, "unknown character: 'Q' (U+0051): the model's vocabulary does not have it; it knows only the 27 characters of its training text"},
    {"info", 2, "PATH is required: see microgpt info --help"},
    {"info nothere", 4, "no such model: nothere: give a .safetensors file or a run folder"},
    {"info run run", 2, "unexpected argument 'run': see microgpt info --help"},
    {"info stones.txt", 4, "not a valid safetensors file: stones.txt: its header should have 7017182655840152929 bytes, the file has 277"},
    {"info --jsno run", 2, "unknown option '--jsno'; did you mean '--json'?"},
    {"reference", 2, "--data is required: see microgpt reference --help"},
    {"reference --data nothere.txt", 3, "cannot read file: nothere.txt: No such file or directory"},
    {"reference --data stones.txt --revision newest", 2, "--revision: 'newest' is none of latest, course; did you mean 'latest'?"},
    {"reference --data stones.txt --seed x", 2, "bad --seed: x: must be a whole number of at most 64 bits"},
    {"reference --data stones.txt --n-layer -1", 2, "--n-layer: -1 is not a whole number from 0 to 1000000000: see microgpt reference --help"},
    {"reference --data stones.txt --n-embd 0", 2, "--n-embd: 0 is not a whole number from 1 to 1000000000: see microgpt reference --help"},
    {"reference --data stones.txt --n-head 0", 2, "--n-head: 0 is not a whole number from 1 to 1000000000: see microgpt reference --help"},
    {"reference --data stones.txt --block-size 0", 2, "--block-size: 0 is not a whole number from 1 to 1000000000: see microgpt reference --help"},
    {"reference --data stones.txt --block-size 9223372036854775808", 2, "--block-size: 9223372036854775808 is not a whole number from 1 to 1000000000: see microgpt reference --help"},
    {"reference --data stones.txt --num-steps -1", 2, "--num-steps: -1 is not a whole number from 0 to 1000000000: see microgpt reference --help"},
    {"reference --data stones.txt --num-steps x", 2, "--num-steps: x is not a whole number from 0 to 1000000000: see microgpt reference --help"},
    {"reference --data stones.txt --samples -1", 2, "--samples: -1 is not a whole number from 0 to 1000000000: see microgpt reference --help"},
    {"reference --data stones.txt --samples NaN", 2, "--samples: NaN is not a whole number from 0 to 1000000000: see microgpt reference --help"},
    {"reference --data stones.txt --num-steps 1 --samples 0 --losses .", 5, "cannot write losses: ."},
    {"reference --data stones.txt --n-embd 1000000000 --num-steps 1", 3, "too large: microgpt reference: this run needs *"},
    {"reference --data empty.txt", 3, "no documents: empty.txt: the file is empty or holds only white space"},
    {"reference --data bad.txt", 3, "not valid UTF-8: bad.txt, line 1, byte 0: it may be Latin-1: save it as UTF-8"},
    {"bench --filter nosuch", 2, "bad --filter: no setting has 'nosuch' in its name: microgpt bench --list shows them"},
    {"bench --filter", 2, "--filter needs a value: see microgpt bench --help"},
    {"bench --bogus", 2, "unknown option '--bogus': see microgpt bench --help"},
    {"train --config small.json --data stones.txt --data stones.txt", 2, "--data is given more than once: see microgpt train --help"},
    {"train --config small.json --time 1e9s", 2, "bad --time: 1e9s: must be a time above 0 as in 30s, 5m or 1.5h, at most 1e8 seconds"},
    {"sampel --model run", 2, "unknown command 'sampel'; did you mean 'sample'?"},
    {"sample model run", 2, "unexpected argument 'model'; did you mean '--model'?"},
    {"help", 2, "unknown command 'help'; did you mean '--help'?"},
    {"--model run sample", 2, "unknown option '--model' here; it goes after the command: see microgpt sample --help"},
    {"sample --temprature 0.8", 2, "unknown option '--temprature'; did you mean '--temperature'?"},
    {"sample --temprature=0.8 --model run", 2, "unknown option '--temprature'; did you mean '--temperature'?"},
    {"sample --model run -x", 2, "unknown option '-x': see microgpt sample --help"},
    {"sample -m run", 2, "unknown option '-m'; did you mean '--model'?"},
    {"score --modle run emma", 2, "unknown option '--modle'; did you mean '--model'?"},
    {"study", 2, "study needs a view: attention, lens, *"},
    {"study foo", 2, "unknown view 'foo': there are attention, lens, *"},
    {"study text", 2, "unknown view 'text': there are attention, lens, *"},
    {"study ledgr --model run", 2, "unknown view 'ledgr'; did you mean 'ledger'?"},
    {"study --model run ledger", 2, "unknown option '--model' here; it goes after the view: see microgpt study ledger --help"},
    {"study ledger --txt x", 2, "unknown option '--txt'; did you mean '--text'?"},
    {"study ledger --model run --text ab --top 1e3", 2, "--top: 1e3 is not a whole number from 0 to 1000000: write 1000: see microgpt study ledger --help"},
    {"study embeddings --model run --postions", 2, "unknown option '--postions'; did you mean '--positions'?"},
    {"eval --model run --splt val", 2, "unknown option '--splt'; did you mean '--split'?"},
    {"train --config small.json --steps 010", 2, "--steps: 010 is not a whole number from 1 to 1000000000: write 10: see microgpt train --help"},
    {"train --config small.json --steps 5.0", 2, "--steps: 5.0 is not a whole number from 1 to 1000000000: write 5: see microgpt train --help"},
    {"train --config small.json --data pdf.txt", 3, "not valid UTF-8: pdf.txt, line 2, byte 10: it is a PDF: save its text as a plain text file"},
    {"train --config small.json --data half.txt", 3, "not valid UTF-8: half.txt, line 2, byte 3: half of a surrogate pair stands there, which is no character: write the text as UTF-8 anew"},
    {"train --config small.json --data archive.txt", 3, "not valid UTF-8: archive.txt, line 1, byte 0: it looks like an xz archive: unpack it first"},
    {"train --config small.json --data tinyshakespeare.txt", 3, "no such text: tinyshakespeare.txt: scripts/get-data.sh shakespeare downloads it"},
    {"train --config small.json --data names-ssa.txt", 3, "no such text: names-ssa.txt: scripts/get-data.sh names downloads it"},
    {"reference --data stones.txt --num-step 5", 2, "unknown option '--num-step'; did you mean '--num-steps'?"},
    {"bench --qiuck", 2, "unknown option '--qiuck'; did you mean '--quick'?"},
    {"explain sofmax", 2, "unknown topic 'sofmax'; did you mean 'softmax'?"},
    {"explain weather", 2, "unknown topic 'weather': there are tokens, embedding, rmsnorm, linear, softmax, attention, heads, residual, mlp, logits, loss, backprop, adam, sampling"},
    {"explain softmax 1 2 --digts 3", 2, "unknown option '--digts'; did you mean '--digits'?"},
    {"explain attention --modle run", 2, "unknown option '--modle'; did you mean '--model'?"},
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

TEST_SUITE("cli") {
  TEST_CASE("bad commands: each is refused with its exit code and message and leaves nothing behind") {
    CHECK(std::size(kBadCommands) >= 60);
    const Desk desk;
    const auto before = everything_in(desk.folder.path());
    for (const BadCommand& bad : kBadCommands) {
      CAPTURE(bad.arguments);
      const auto result = run_microgpt(words(bad.arguments), desk.here());
      std::string expected = std::string("error: ") + bad.message;
      const bool whole = expected.back() != '*';
      if (whole)
        expected += '\n';
      else
        expected.pop_back();
      CHECK(result.exit_code == bad.exit_code);
      CHECK(refused_in_one_line(result));
      CHECK((whole ? result.err : result.err.substr(0, expected.size())) == expected);
    }
    CHECK(everything_in(desk.folder.path()) == before);
  }
}
