// Bad configs, one per line, and what is refused: the key or the place in the text, its value, and the facts of the
// hint.
#include <doctest/doctest.h>

#include <iterator>

#include "microgpt/config/run_config.hpp"
#include "support/errors.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("config") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  struct BadConfig {
    const char* text;
    std::string where = {};  // behind the file
    std::string value = {};
    std::string hint = {};  // a piece
  };

  // clang-format off
const BadConfig kBadConfigs[] = {
    {R"()", "line 1, column 1"},
    {R"([)", "line 1, column 2"},
    {R"([])", "the document", "[]", "object"},
    {R"(null)", "the document", "null", "object"},
    {R"(5)", "the document", "5", "object"},
    {R"("x")", "the document", R"("x")", "object"},
    {R"({"seed": 1,})", "line 1, column 12"},
    {R"({seed: 1})", "line 1, column 2"},
    {R"({'seed': 1})", "line 1, column 2"},
    {R"({"seed": 1} x)", "line 1, column 13"},
    {R"(// why)", "line 1, column 1"},
    {R"({"seed": 1, "seed": 2})", "", "", R"("seed")"},
    {R"({"train": {"steps": 1, "steps": 2}})", "", "", R"("steps")"},
    {R"({"train": {"steps": 1}, "train": {"steps": 2}})", "", "", R"("train")"},
    {R"({"why": "a" "b"})", "line 1, column 15"},
    {R"({"why": "\ud800"})", "line 1, column 16"},
    {R"({"why": "é)", "line 1, column 12"},
    {R"({"seed": NaN})", "line 1, column 10"},
    {R"({"seed": Infinity})", "line 1, column 10"},
    {R"({"seed": -1})", "seed", "-1", "0 to 18446744073709551615"},
    {R"({"seed": 1.0})", "seed", "1.0", "0 to 18446744073709551615"},
    {R"({"seed": 1e3})", "seed", "1000.0", "0 to 18446744073709551615"},
    {R"({"seed": "42"})", "seed", R"("42")", "0 to 18446744073709551615"},
    {R"({"seed": true})", "seed", "true", "0 to 18446744073709551615"},
    {R"({"seed": null})", "seed", "null", "0 to 18446744073709551615"},
    {R"({"seed": 18446744073709551616})", "seed", "1.8446744073709552e+19", "0 to 18446744073709551615"},
    {R"({"seed": 1e400})", "line 1, column 14", "", "1e400"},
    {R"({"Seed": 1})", "Seed", "", "seed?"},
    {R"({"sede": 1})", "sede", "", "seed?"},
    {R"({"why": 5})", "why", "5", "string"},
    {R"({"why": null})", "why", "null", "string"},
    {R"({"data": "names.txt"})", "data", R"("names.txt")", "object"},
    {R"({"data": []})", "data", "[]", "object"},
    {R"({"data": {"path": 5}})", "data.path", "5", "string"},
    {R"({"data": {"paht": "x"}})", "data.paht", "", "data.path?"},
    {R"({"data": {"mode": "line"}})", "data.mode", R"("line")", R"("lines" | "paragraphs" | "stream")"},
    {R"({"data": {"mode": "LINES"}})", "data.mode", R"("LINES")", R"("lines" | "paragraphs" | "stream")"},
    {R"({"data": {"mode": 1}})", "data.mode", "1", R"("lines" | "paragraphs" | "stream")"},
    {R"({"data": {"documents": "lines"}})", "data.documents", "", "data.mode?"},
    {R"({"data": {"long_documents": "drop"}})", "data.long_documents", R"("drop")", R"("cut" | "split")"},
    {R"({"data": {"held_out": 0.91}})", "data.held_out", "0.91", "0.0 to 0.9"},
    {R"({"data": {"held_out": -0.1}})", "data.held_out", "-0.1", "0.0 to 0.9"},
    {R"({"data": {"held_out": "0.1"}})", "data.held_out", R"("0.1")", "0.0 to 0.9"},
    {R"({"data": {"held_out": 1e400}})", "line 1, column 27", "", "1e400"},
    {R"({"data": {"held_out": 0.6, "test": 0.6}})", "data.test", "0.6", "data.held_out"},
    {R"({"data": {"test": 1}})", "data.test", "1", "0.0 to 0.9"},
    {R"({"model": 5})", "model", "5", "object"},
    {R"({"model": {"n_layer": -1}})", "model.n_layer", "-1", "0 to 200"},
    {R"({"model": {"n_layer": 201}})", "model.n_layer", "201", "0 to 200"},
    {R"({"model": {"n_layer": 1.5}})", "model.n_layer", "1.5", "0 to 200"},
    {R"({"model": {"n_embd": 0}})", "model.n_embd", "0", "1 to 65536"},
    {R"({"model": {"n_embd": 65537}})", "model.n_embd", "65537", "1 to 65536"},
    {R"({"model": {"n_embd": 4294967296}})", "model.n_embd", "4294967296", "1 to 65536"},
    {R"({"model": {"n_embd": 9223372036854775808}})", "model.n_embd", "9223372036854775808", "1 to 65536"},
    {R"({"model": {"n_embd": 16, "n_head": 3}})", "model.n_head", "3", "model.n_embd (16)"},
    {R"({"model": {"n_embd": 15}})", "model.n_head", "4", "model.n_embd (15)"},
    {R"({"model": {"n_head": 0}})", "model.n_head", "0", "1 to 65536"},
    {R"({"model": {"n_heads": 4}})", "model.n_heads", "", "model.n_head?"},
    {R"({"model": {"n_head": [4]}})", "model.n_head", "[4]", "1 to 65536"},
    {R"({"model": {"block_size": 0}})", "model.block_size", "0", "1 to 65536"},
    {R"({"model": {"block_size": 65537}})", "model.block_size", "65537", "1 to 65536"},
    {R"({"model": {"blocksize": 8}})", "model.blocksize", "", "model.block_size?"},
    {R"({"model": {"activation": "gelu"}})", "model.activation", R"("gelu")", R"("relu" | "relu2")"},
    {R"({"model": {"activation": null}})", "model.activation", "null", R"("relu" | "relu2")"},
    {R"({"model": {"init_std": -0.1}})", "model.init_std", "-0.1", "0.0 to 10.0"},
    {R"({"model": {"init_std": 11}})", "model.init_std", "11", "0.0 to 10.0"},
    {R"({"model": {"init_std": NaN}})", "line 1, column 24"},
    {R"({"model": {"zero_projections": 1}})", "model.zero_projections", "1", "true or false"},
    {R"({"model": {"zero_projections": "true"}})", "model.zero_projections", R"("true")", "true or false"},
    {R"({"train": []})", "train", "[]", "object"},
    {R"({"train": {"precision": "float16"}})", "train.precision", R"("float16")", R"("float32" | "float64")"},
    {R"({"train": {"precision": 32}})", "train.precision", "32", R"("float32" | "float64")"},
    {R"({"train": {"steps": 0}})", "train.steps", "0", "1 to 1000000000"},
    {R"({"train": {"steps": -5}})", "train.steps", "-5", "1 to 1000000000"},
    {R"({"train": {"steps": 1000000001}})", "train.steps", "1000000001", "1 to 1000000000"},
    {R"({"train": {"steps": 9223372036854775808}})", "train.steps", "9223372036854775808", "1 to 1000000000"},
    {R"({"train": {"steps": 1e3}})", "train.steps", "1000.0", "1 to 1000000000"},
    {R"({"train": {"stpes": 5}})", "train.stpes", "", "train.steps?"},
    {R"({"train.steps": 5})", "train.steps", "", R"("train": {"steps": ...})"},
    {R"({"train": {"batch_size": 0}})", "train.batch_size", "0", "1 to 1000000"},
    {R"({"train": {"batch_size": 1000001}})", "train.batch_size", "1000001", "1 to 1000000"},
    {R"({"train": {"loss": "mean"}})", "train.loss", R"("mean")", R"("document_mean" | "token_mean")"},
    {R"({"train": {"learning_rate": -0.01}})", "train.learning_rate", "-0.01", "0.0 to 10000000000.0"},
    {R"({"train": {"learning_rate": 1e11}})", "train.learning_rate", "100000000000.0", "0.0 to 10000000000.0"},
    {R"({"train": {"learning_rate": 1e400}})", "line 1, column 33", "", "1e400"},
    {R"({"train": {"learning_rate": NaN}})", "line 1, column 29"},
    {R"({"train": {"learning_rate": "0.01"}})", "train.learning_rate", R"("0.01")", "0.0 to 10000000000.0"},
    {R"({"train": {"learning-rate": 0.01}})", "train.learning-rate", "", "train.learning_rate?"},
    {R"({"train": {"schedule": "cos"}})", "train.schedule", R"("cos")", R"("constant" | "linear" | "cosine")"},
    {R"({"train": {"warmup_steps": -1}})", "train.warmup_steps", "-1", "0 to 1000000000"},
    {R"({"train": {"beta1": 1}})", "train.beta1", "1", "0.0 to 0.999999"},
    {R"({"train": {"beta2": -0.1}})", "train.beta2", "-0.1", "0.0 to 0.999999"},
    {R"({"train": {"epsilon": 0}})", "train.epsilon", "0", "1e-16 to 1.0"},
    {R"({"train": {"weight_decay": 11}})", "train.weight_decay", "11", "0.0 to 10.0"},
    {R"({"train": {"grad_clip": -1}})", "train.grad_clip", "-1", "0.0 to 1000000.0"},
    {R"({"train": {"grad_clip": 1e7}})", "train.grad_clip", "10000000.0", "0.0 to 1000000.0"},
    {R"({"train": {"eval_every": -1}})", "train.eval_every", "-1", "0 to 1000000000"},
    {R"({"train": {"patience": 0.5}})", "train.patience", "0.5", "0 to 1000000"},
    {R"({"train": {"time_budget": 30}})", "train.time_budget", "", "microgpt train --time 30s"},
    {R"({"train": {"checkpoint_every": 1000000001}})", "train.checkpoint_every", "1000000001", "0 to 1000000000"},
    {R"({"train": {"keep": -1}})", "train.keep", "-1", "0 to 1000000000"},
    {R"({"sample": 5})", "sample", "5", "object"},
    {R"({"sample": {"count": -1}})", "sample.count", "-1", "0 to 1000000"},
    {R"({"sample": {"count": 1000001}})", "sample.count", "1000001", "0 to 1000000"},
    {R"({"sample": {"temperature": -0.1}})", "sample.temperature", "-0.1", "0.0 to 100.0"},
    {R"({"sample": {"temperature": 101}})", "sample.temperature", "101", "0.0 to 100.0"},
    {R"({"sample": {"temperature": 1e999}})", "line 1, column 32", "", "1e999"},
    {R"({"sample": {"temprature": 0.5}})", "sample.temprature", "", "sample.temperature?"},
    {R"({"sample": {"top_k": -1}})", "sample.top_k", "-1", "0 to 1114112"},
    {R"({"sample": {"top_k": 2.5}})", "sample.top_k", "2.5", "0 to 1114112"},
    {R"({"sample": {"top_p": 1.1}})", "sample.top_p", "1.1", "0.0 to 1.0"},
    {R"({"sample": {"min_p": "0"}})", "sample.min_p", R"("0")", "0.0 to 1.0"},
    {R"({"sample": {"max_chars": -1}})", "sample.max_chars", "-1", "0 to 1000000"},
    {R"({"sample": {"max_length": 9}})", "sample.max_length", "", "sample.max_chars?"},
    {R"({"sample": {"": 1}})", "sample.", "", "--keys"},
    {R"({"\u001b[31m": 1})", R"(\x1b[31m)", "", "--keys"},
    {R"({"": {}})", R"("")", "", "--keys"},
};
  // clang-format on

  }  // namespace

  TEST_CASE("bad configs: each is refused with exit code 3, its place, its value and what is allowed") {
    CHECK(std::size(kBadConfigs) >= 60);
    const TempFolder folder;
    const auto path = folder / "config.json";
    for (const BadConfig& bad : kBadConfigs) {
      CAPTURE(bad.text);
      write_bytes(path, bad.text);
      const Failure got = failure_of([&] { load_run_config(path, {}); });
      CAPTURE(got.message);
      const std::string where = path.string() + (bad.where.empty() ? "" : ", " + bad.where);
      CHECK(got.is(Fault::data, {.where = where, .hint = bad.hint}));
      CHECK(got.parts.value == bad.value);
      CHECK(got.is_one_line());
      CHECK(got.message.size() < path.string().size() + 300);
      CHECK(names_in(folder.path()).size() == 1);
      CHECK(read_bytes(path) == bad.text);
    }
  }
}
