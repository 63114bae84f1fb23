// Bad configs, one a line, and what is said of each: all of it, but for the JSON library's own words on
// syntax.
#include <doctest/doctest.h>

#include <iterator>

#include "microgpt/io/run_config.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

namespace {

using namespace microgpt;
using namespace microgpt::test;

struct BadConfig {
  const char* text;
  const char* message;  // exactly, where FILE is the file; if it ends in *, up to there
};

// clang-format off
const BadConfig kBadConfigs[] = {
    {R"()", R"(bad JSON: FILE, line 1, column 1: *)"},
    {R"([)", R"(bad JSON: FILE, line 1, column 2: *)"},
    {R"([])", R"(bad config: FILE, the document ([]): must be an object)"},
    {R"(null)", R"(bad config: FILE, the document (null): must be an object)"},
    {R"(5)", R"(bad config: FILE, the document (5): must be an object)"},
    {R"("x")", R"(bad config: FILE, the document ("x"): must be an object)"},
    {R"({"seed": 1,})", R"(bad JSON: FILE, line 1, column 12: *)"},
    {R"({seed: 1})", R"(bad JSON: FILE, line 1, column 2: *)"},
    {R"({'seed': 1})", R"(bad JSON: FILE, line 1, column 2: *)"},
    {R"({"seed": 1} x)", R"(bad JSON: FILE, line 1, column 13: *)"},
    {R"(// why)", R"(bad JSON: FILE, line 1, column 1: *)"},
    {R"({"seed": 1, "seed": 2})", R"(bad JSON: FILE: the key "seed" stands twice in one object)"},
    {R"({"train": {"steps": 1, "steps": 2}})", R"(bad JSON: FILE: the key "steps" stands twice in one object)"},
    {R"({"train": {"steps": 1}, "train": {"steps": 2}})", R"(bad JSON: FILE: the key "train" stands twice in one object)"},
    {R"({"why": "a" "b"})", R"(bad JSON: FILE, line 1, column 15: *)"},
    {R"({"why": "\ud800"})", R"(bad JSON: FILE, line 1, column 16: *)"},
    {R"({"why": "é)", R"(bad JSON: FILE, line 1, column 12: *)"},
    {R"({"seed": NaN})", R"(bad JSON: FILE, line 1, column 10: *)"},
    {R"({"seed": Infinity})", R"(bad JSON: FILE, line 1, column 10: *)"},
    {R"({"seed": -1})", R"(bad config: FILE, seed (-1): must be a whole number from 0 to 18446744073709551615)"},
    {R"({"seed": 1.0})", R"(bad config: FILE, seed (1.0): must be a whole number from 0 to 18446744073709551615)"},
    {R"({"seed": 1e3})", R"(bad config: FILE, seed (1000.0): must be a whole number from 0 to 18446744073709551615)"},
    {R"({"seed": "42"})", R"(bad config: FILE, seed ("42"): must be a whole number from 0 to 18446744073709551615)"},
    {R"({"seed": true})", R"(bad config: FILE, seed (true): must be a whole number from 0 to 18446744073709551615)"},
    {R"({"seed": null})", R"(bad config: FILE, seed (null): must be a whole number from 0 to 18446744073709551615)"},
    {R"({"seed": 18446744073709551616})", R"(bad config: FILE, seed (1.8446744073709552e+19): must be a whole number from 0 to 18446744073709551615)"},
    {R"({"seed": 1e400})", R"(bad JSON: FILE: number overflow parsing '1e400')"},
    {R"({"Seed": 1})", R"(bad config: FILE, Seed: no such key: did you mean seed?)"},
    {R"({"sede": 1})", R"(bad config: FILE, sede: no such key: did you mean seed?)"},
    {R"({"why": 5})", R"(bad config: FILE, why (5): must be a string)"},
    {R"({"why": null})", R"(bad config: FILE, why (null): must be a string)"},
    {R"({"data": "names.txt"})", R"(bad config: FILE, data ("names.txt"): must be an object)"},
    {R"({"data": []})", R"(bad config: FILE, data ([]): must be an object)"},
    {R"({"data": {"path": 5}})", R"(bad config: FILE, data.path (5): must be a string)"},
    {R"({"data": {"paht": "x"}})", R"(bad config: FILE, data.paht: no such key: did you mean data.path?)"},
    {R"({"data": {"mode": "line"}})", R"(bad config: FILE, data.mode ("line"): must be "lines" | "paragraphs" | "stream")"},
    {R"({"data": {"mode": "LINES"}})", R"(bad config: FILE, data.mode ("LINES"): must be "lines" | "paragraphs" | "stream")"},
    {R"({"data": {"mode": 1}})", R"(bad config: FILE, data.mode (1): must be "lines" | "paragraphs" | "stream")"},
    {R"({"data": {"documents": "lines"}})", R"(bad config: FILE, data.documents: no such key: did you mean data.mode?)"},
    {R"({"data": {"long_documents": "drop"}})", R"(bad config: FILE, data.long_documents ("drop"): must be "cut" | "split")"},
    {R"({"data": {"held_out": 0.91}})", R"(bad config: FILE, data.held_out (0.91): must be a number from 0.0 to 0.9)"},
    {R"({"data": {"held_out": -0.1}})", R"(bad config: FILE, data.held_out (-0.1): must be a number from 0.0 to 0.9)"},
    {R"({"data": {"held_out": "0.1"}})", R"(bad config: FILE, data.held_out ("0.1"): must be a number from 0.0 to 0.9)"},
    {R"({"data": {"held_out": 1e400}})", R"(bad JSON: FILE: number overflow parsing '1e400')"},
    {R"({"data": {"held_out": 0.6, "test": 0.6}})", R"(bad config: FILE, data.test (0.6): must be at most 0.9 together with data.held_out)"},
    {R"({"data": {"test": 1}})", R"(bad config: FILE, data.test (1): must be a number from 0.0 to 0.9)"},
    {R"({"model": 5})", R"(bad config: FILE, model (5): must be an object)"},
    {R"({"model": {"n_layer": -1}})", R"(bad config: FILE, model.n_layer (-1): must be a whole number from 0 to 200)"},
    {R"({"model": {"n_layer": 201}})", R"(bad config: FILE, model.n_layer (201): must be a whole number from 0 to 200)"},
    {R"({"model": {"n_layer": 1.5}})", R"(bad config: FILE, model.n_layer (1.5): must be a whole number from 0 to 200)"},
    {R"({"model": {"n_embd": 0}})", R"(bad config: FILE, model.n_embd (0): must be a whole number from 1 to 65536)"},
    {R"({"model": {"n_embd": 65537}})", R"(bad config: FILE, model.n_embd (65537): must be a whole number from 1 to 65536)"},
    {R"({"model": {"n_embd": 4294967296}})", R"(bad config: FILE, model.n_embd (4294967296): must be a whole number from 1 to 65536)"},
    {R"({"model": {"n_embd": 9223372036854775808}})", R"(bad config: FILE, model.n_embd (9223372036854775808): must be a whole number from 1 to 65536)"},
    {R"({"model": {"n_embd": 16, "n_head": 3}})", R"(bad config: FILE, model.n_head (3): must be a divisor of model.n_embd (16))"},
    {R"({"model": {"n_embd": 15}})", R"(bad config: FILE, model.n_head (4): must be a divisor of model.n_embd (15))"},
    {R"({"model": {"n_head": 0}})", R"(bad config: FILE, model.n_head (0): must be a whole number from 1 to 65536)"},
    {R"({"model": {"n_heads": 4}})", R"(bad config: FILE, model.n_heads: no such key: did you mean model.n_head?)"},
    {R"({"model": {"n_head": [4]}})", R"(bad config: FILE, model.n_head ([4]): must be a whole number from 1 to 65536)"},
    {R"({"model": {"block_size": 0}})", R"(bad config: FILE, model.block_size (0): must be a whole number from 1 to 65536)"},
    {R"({"model": {"block_size": 65537}})", R"(bad config: FILE, model.block_size (65537): must be a whole number from 1 to 65536)"},
    {R"({"model": {"blocksize": 8}})", R"(bad config: FILE, model.blocksize: no such key: did you mean model.block_size?)"},
    {R"({"model": {"activation": "gelu"}})", R"(bad config: FILE, model.activation ("gelu"): must be "relu" | "relu2")"},
    {R"({"model": {"activation": null}})", R"(bad config: FILE, model.activation (null): must be "relu" | "relu2")"},
    {R"({"model": {"init_std": -0.1}})", R"(bad config: FILE, model.init_std (-0.1): must be a number from 0.0 to 10.0)"},
    {R"({"model": {"init_std": 11}})", R"(bad config: FILE, model.init_std (11): must be a number from 0.0 to 10.0)"},
    {R"({"model": {"init_std": NaN}})", R"(bad JSON: FILE, line 1, column 24: *)"},
    {R"({"model": {"zero_projections": 1}})", R"(bad config: FILE, model.zero_projections (1): must be true or false)"},
    {R"({"model": {"zero_projections": "true"}})", R"(bad config: FILE, model.zero_projections ("true"): must be true or false)"},
    {R"({"train": []})", R"(bad config: FILE, train ([]): must be an object)"},
    {R"({"train": {"precision": "float16"}})", R"(bad config: FILE, train.precision ("float16"): must be "float32" | "float64")"},
    {R"({"train": {"precision": 32}})", R"(bad config: FILE, train.precision (32): must be "float32" | "float64")"},
    {R"({"train": {"steps": 0}})", R"(bad config: FILE, train.steps (0): must be a whole number from 1 to 1000000000)"},
    {R"({"train": {"steps": -5}})", R"(bad config: FILE, train.steps (-5): must be a whole number from 1 to 1000000000)"},
    {R"({"train": {"steps": 1000000001}})", R"(bad config: FILE, train.steps (1000000001): must be a whole number from 1 to 1000000000)"},
    {R"({"train": {"steps": 9223372036854775808}})", R"(bad config: FILE, train.steps (9223372036854775808): must be a whole number from 1 to 1000000000)"},
    {R"({"train": {"steps": 1e3}})", R"(bad config: FILE, train.steps (1000.0): must be a whole number from 1 to 1000000000)"},
    {R"({"train": {"stpes": 5}})", R"(bad config: FILE, train.stpes: no such key: did you mean train.steps?)"},
    {R"({"train.steps": 5})", R"(bad config: FILE, train.steps: write it in its group: "train": {"steps": ...})"},
    {R"({"train": {"batch_size": 0}})", R"(bad config: FILE, train.batch_size (0): must be a whole number from 1 to 1000000)"},
    {R"({"train": {"batch_size": 1000001}})", R"(bad config: FILE, train.batch_size (1000001): must be a whole number from 1 to 1000000)"},
    {R"({"train": {"loss": "mean"}})", R"(bad config: FILE, train.loss ("mean"): must be "document_mean" | "token_mean")"},
    {R"({"train": {"learning_rate": -0.01}})", R"(bad config: FILE, train.learning_rate (-0.01): must be a number from 0.0 to 10000000000.0)"},
    {R"({"train": {"learning_rate": 1e11}})", R"(bad config: FILE, train.learning_rate (100000000000.0): must be a number from 0.0 to 10000000000.0)"},
    {R"({"train": {"learning_rate": 1e400}})", R"(bad JSON: FILE: number overflow parsing '1e400')"},
    {R"({"train": {"learning_rate": NaN}})", R"(bad JSON: FILE, line 1, column 29: *)"},
    {R"({"train": {"learning_rate": "0.01"}})", R"(bad config: FILE, train.learning_rate ("0.01"): must be a number from 0.0 to 10000000000.0)"},
    {R"({"train": {"learning-rate": 0.01}})", R"(bad config: FILE, train.learning-rate: no such key: did you mean train.learning_rate?)"},
    {R"({"train": {"schedule": "cos"}})", R"(bad config: FILE, train.schedule ("cos"): must be "constant" | "linear" | "cosine")"},
    {R"({"train": {"warmup_steps": -1}})", R"(bad config: FILE, train.warmup_steps (-1): must be a whole number from 0 to 1000000000)"},
    {R"({"train": {"beta1": 1}})", R"(bad config: FILE, train.beta1 (1): must be a number from 0.0 to 0.999999)"},
    {R"({"train": {"beta2": -0.1}})", R"(bad config: FILE, train.beta2 (-0.1): must be a number from 0.0 to 0.999999)"},
    {R"({"train": {"epsilon": 0}})", R"(bad config: FILE, train.epsilon (0): must be a number from 1e-16 to 1.0)"},
    {R"({"train": {"weight_decay": 11}})", R"(bad config: FILE, train.weight_decay (11): must be a number from 0.0 to 10.0)"},
    {R"({"train": {"grad_clip": -1}})", R"(bad config: FILE, train.grad_clip (-1): must be a number from 0.0 to 1000000.0)"},
    {R"({"train": {"grad_clip": 1e7}})", R"(bad config: FILE, train.grad_clip (10000000.0): must be a number from 0.0 to 1000000.0)"},
    {R"({"train": {"eval_every": -1}})", R"(bad config: FILE, train.eval_every (-1): must be a whole number from 0 to 1000000000)"},
    {R"({"train": {"patience": 0.5}})", R"(bad config: FILE, train.patience (0.5): must be a whole number from 0 to 1000000)"},
    {R"({"train": {"time_budget": -1}})", R"(bad config: FILE, train.time_budget (-1): must be a number from 0.0 to 100000000.0)"},
    {R"({"train": {"time_budget": "5m"}})", R"(bad config: FILE, train.time_budget ("5m"): must be a number from 0.0 to 100000000.0)"},
    {R"({"train": {"checkpoint_every": 1000000001}})", R"(bad config: FILE, train.checkpoint_every (1000000001): must be a whole number from 0 to 1000000000)"},
    {R"({"train": {"keep": -1}})", R"(bad config: FILE, train.keep (-1): must be a whole number from 0 to 1000000000)"},
    {R"({"sample": 5})", R"(bad config: FILE, sample (5): must be an object)"},
    {R"({"sample": {"count": -1}})", R"(bad config: FILE, sample.count (-1): must be a whole number from 0 to 1000000)"},
    {R"({"sample": {"count": 1000001}})", R"(bad config: FILE, sample.count (1000001): must be a whole number from 0 to 1000000)"},
    {R"({"sample": {"temperature": -0.1}})", R"(bad config: FILE, sample.temperature (-0.1): must be a number from 0.0 to 100.0)"},
    {R"({"sample": {"temperature": 101}})", R"(bad config: FILE, sample.temperature (101): must be a number from 0.0 to 100.0)"},
    {R"({"sample": {"temperature": 1e999}})", R"(bad JSON: FILE: number overflow parsing '1e999')"},
    {R"({"sample": {"temprature": 0.5}})", R"(bad config: FILE, sample.temprature: no such key: did you mean sample.temperature?)"},
    {R"({"sample": {"top_k": -1}})", R"(bad config: FILE, sample.top_k (-1): must be a whole number from 0 to 1114112)"},
    {R"({"sample": {"top_k": 2.5}})", R"(bad config: FILE, sample.top_k (2.5): must be a whole number from 0 to 1114112)"},
    {R"({"sample": {"top_p": 1.1}})", R"(bad config: FILE, sample.top_p (1.1): must be a number from 0.0 to 1.0)"},
    {R"({"sample": {"min_p": "0"}})", R"(bad config: FILE, sample.min_p ("0"): must be a number from 0.0 to 1.0)"},
    {R"({"sample": {"max_chars": -1}})", R"(bad config: FILE, sample.max_chars (-1): must be a whole number from 0 to 1000000)"},
    {R"({"sample": {"max_length": 9}})", R"(bad config: FILE, sample.max_length: no such key: did you mean sample.max_chars?)"},
    {R"({"sample": {"": 1}})", R"(bad config: FILE, sample.: no such key: did you mean sample.count?)"},
    {R"({"\u001b[31m": 1})", R"(bad config: FILE, \x1b[31m: no such key: did you mean why?)"},
    {R"({"": {}})", R"(bad config: FILE, : no such key: did you mean why?)"},
};
// clang-format on

}  // namespace

TEST_SUITE("io") {
  TEST_CASE("bad configs: each is refused with exit code 3 and its message") {
    CHECK(std::size(kBadConfigs) >= 60);
    const TempFolder folder;
    const auto path = folder / "config.json";
    for (const BadConfig& bad : kBadConfigs) {
      CAPTURE(bad.text);
      write_bytes(path, bad.text);
      const Failure got = failure_of([&] { load_run_config(path, {}); });
      std::string expected = bad.message;
      expected.replace(expected.find("FILE"), 4, path.string());
      const bool whole = expected.back() != '*';
      if (!whole) expected.pop_back();
      CHECK(got.fault == 3);
      CHECK(got.is_one_line());
      CHECK((whole ? got.message : got.message.substr(0, expected.size())) == expected);
      CHECK(got.message.size() < expected.size() + 160);
      CHECK(names_in(folder.path()).size() == 1);
      CHECK(read_bytes(path) == bad.text);
    }
  }
}
