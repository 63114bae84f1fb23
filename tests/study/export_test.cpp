#include "microgpt/study/export.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "support/data.hpp"
#include "support/errors.hpp"
#include "support/process.hpp"
#include "support/study.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  TEST_CASE("export: every site by its name, in its shape") {
    Noise noise(341);
    const Model model = random_model(noise, 2, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 5));
    const Trace trace = run(model, batch, {}, true);
    std::map<std::string, NamedArray> arrays;
    for (const NamedArray& array : named_arrays(trace)) {
      CHECK_MESSAGE(arrays.emplace(array.name, array).second, array.name, " is there twice");
      std::size_t count = 1;
      for (const std::size_t n : array.shape) count *= n;
      CHECK_MESSAGE(count == array.values.size(), array.name);
    }
    // Four sites outside layers and fifteen in each; gradients of all but probs; 15 tensors of weights.
    CHECK(arrays.size() == (6 + 2 * 15) * 2 - 1 + 15);
    using Shape = std::vector<std::size_t>;
    CHECK(arrays.at("layer0.attn.q").shape == Shape{5, 12});
    CHECK(arrays.at("layer1.attn.pattern").shape == Shape{3, 5, 5});
    CHECK(arrays.at("layer1.attn.scores.grad").shape == Shape{3, 5, 5});
    CHECK(arrays.at("layer1.mlp.post").shape == Shape{5, 48});
    CHECK(arrays.at("logits").shape == Shape{5, 5});
    CHECK(arrays.at("layer1.mlp_fc2.grad").shape == Shape{12, 48});
    CHECK(arrays.at("layer0.attn.q").values[2 * 12 + 7] == trace.values(Site::q)(2, 7));
    CHECK(arrays.at("layer1.attn.pattern").values[(2 * 5 + 4) * 5 + 1]
          == trace.head(Site::pattern, 1, 2)(4, 1));
    CHECK(arrays.at("layer1.attn.scores").values[1] == -INFINITY);
    CHECK(arrays.at("layer1.attn.scores").values[0] == trace.head(Site::scores, 1, 0)(0, 0));
  }

  TEST_CASE("export: another program reads the .npz: names, shapes and numbers") {
    Noise noise(342);
    const Model model = random_model(noise, 1, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 4));
    const auto arrays = named_arrays(run(model, batch, {}, true));
    const TempFolder folder;
    write_bytes(folder.path() / "run.npz", to_npz(arrays));
    const auto result =
        Process({"/usr/bin/env", "python3", repository_file("tests/study/read_npz.py").string(),
                 (folder / "run.npz").string()})
            .finish();
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    std::istringstream lines(result.out);
    for (const NamedArray& array : arrays) {
      std::string name, shape;
      double sum = 0;
      lines >> name >> shape >> sum;
      REQUIRE(lines.good());
      CHECK(name == array.name);
      std::string expected_shape;
      for (const std::size_t n : array.shape)
        expected_shape += (expected_shape.empty() ? "" : "x") + std::to_string(n);
      CHECK_MESSAGE(shape == expected_shape, name);
      double expected = 0;
      for (const double value : array.values) expected += std::isfinite(value) ? value : 0;
      CHECK_MESSAGE(std::abs(sum - expected) <= 1e-12 * (1 + std::abs(expected)), name);
    }
    CHECK(to_npz(arrays) == to_npz(arrays));
  }

  TEST_CASE("export: what a zip archive cannot hold is refused, not cut") {
    const std::vector<NamedArray> one = {{.name = "x", .shape = {1000}, .values = std::vector<double>(1000)}};
    CHECK(to_npz(one, 9000).size() < 9000);
    const Failure bytes = failure_of([&] { (void)to_npz(one, 8000); });
    CHECK(bytes.fault == 2);
    CHECK_MESSAGE(bytes.is_one_line(), bytes.message);

    std::vector<NamedArray> many(65'535, {.name = "x", .shape = {0}, .values = {}});
    CHECK_NOTHROW((void)to_npz(many));
    many.push_back(many.back());
    CHECK(failure_of([&] { (void)to_npz(many); }).fault == 2);
  }
}
