// Ledger, lens and residual stream, recomputed from the numbers of the plain model.
#include "microgpt/study/attribution.hpp"

#include <doctest/doctest.h>

#include <set>

#include "support/errors.hpp"
#include "support/odd_models.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  namespace {

  /// lm_head[token] (minus lm_head[contrast]) times a vector of the residual stream.
  double read_off(const OddModel& odd, const Numbers& x, int token, int contrast = -1) {
    const Rows<double>& head = odd.plain.weights.at("lm_head");
    double sum = 0;
    for (std::size_t c = 0; c < x.size(); ++c) {
      sum += x[c] * head[static_cast<std::size_t>(token)][c];
      if (contrast >= 0) sum -= x[c] * head[static_cast<std::size_t>(contrast)][c];
    }
    return sum;
  }

  double length(const Numbers& x) {
    double squares = 0;
    for (const double one : x) squares += one * one;
    return std::sqrt(squares);
  }

  double cosine(const Numbers& x, const Numbers& y) {
    double product = 0;
    for (std::size_t c = 0; c < x.size(); ++c) product += x[c] * y[c];
    return product / length(x) / length(y);
  }

  /// The residual stream after the embedding, each attention and each MLP.
  std::vector<std::string> stages(const ModelConfig& config) {
    std::vector<std::string> names = {"embed.norm"};
    for (int i = 0; i < config.n_layer; ++i) {
      names.push_back("layer" + std::to_string(i) + ".resid_mid");
      names.push_back("layer" + std::to_string(i) + ".resid_post");
    }
    return names;
  }

  }  // namespace

  TEST_CASE("ledger: every part by hand, and their sum is the logit") {
    Noise noise(371);
    for (const OddModel& odd : odd_models(noise)) {
      const ModelConfig& config = odd.model.config;
      const Trace trace = run(odd.model, odd.batch);
      const auto values = odd.run()[0].at;  // the ledger is of the first document
      const auto D = static_cast<std::size_t>(config.head_size());
      for (int position = 0; position < config.block_size; ++position) {
        const int target = noise.whole(0, config.vocab_size - 1);
        const int contrast = position % 2 == 0 ? -1 : (target + 1) % config.vocab_size;
        const auto p = static_cast<std::size_t>(position);
        const Ledger got = ledger(odd.model, trace, position, target, contrast);
        INFO(odd.name(), ", position ", position);
        double sum = 0;
        double embedding = 0;
        double sizes = 0;
        std::set<std::string> heads, neurons;
        for (const LedgerPart& part : got.parts) {
          sum += part.value;
          sizes += std::abs(part.value);
          const std::string layer = "layer" + std::to_string(part.at.layer) + ".";
          double expected = 0;
          if (part.at.site == Site::pattern) {
            CHECK(heads.insert(to_string(part.at)).second);
            const auto h = static_cast<std::size_t>(*part.at.head);
            const auto j = static_cast<std::size_t>(*part.at.source);
            const double weight = values.at(layer + "attn.pattern[head " + std::to_string(h) + "]")[p][j];
            const Rows<double>& wo = odd.plain.weights.at(layer + "attn_wo");
            Numbers written;
            for (const Numbers& row : wo) {
              double one = 0;
              for (std::size_t d = h * D; d < (h + 1) * D; ++d) {
                one += row[d] * weight * values.at(layer + "attn.v")[j][d];
              }
              written.push_back(one);
            }
            expected = read_off(odd, written, target, contrast);
          } else if (part.at.site == Site::mlp_post) {
            CHECK(neurons.insert(to_string(part.at)).second);
            const auto n = static_cast<std::size_t>(*part.at.neuron);
            Numbers written;
            for (const Numbers& row : odd.plain.weights.at(layer + "mlp_fc2")) {
              written.push_back(row[n] * values.at(layer + "mlp.post")[p][n]);
            }
            expected = read_off(odd, written, target, contrast);
          } else {
            embedding += part.value;  // however it is divided
            continue;
          }
          CHECK_MESSAGE(is_near(part.value, expected), to_string(part.at), ": got ", part.value,
                        ", expected ", expected);
        }
        const double logit = read_off(odd, values.at(stages(config).back())[p], target, contrast);
        CHECK(is_near(embedding, read_off(odd, values.at("embed.norm")[p], target, contrast)));
        CHECK(heads.size() == static_cast<std::size_t>(config.n_layer * config.n_head * (position + 1)));
        CHECK(neurons.size() == static_cast<std::size_t>(config.n_layer * 4 * config.n_embd));
        CHECK_MESSAGE(is_near(got.logit, logit), "logit ", got.logit, ", expected ", logit);
        CHECK_MESSAGE(std::abs(sum - logit) <= 1e-12 * (std::abs(logit) + sizes), "sum ", sum, ", logit ",
                      logit);
        CHECK(is_near(got.sum, sum));
        for (std::size_t i = 1; i < got.parts.size(); ++i) {
          CHECK(std::abs(got.parts[i - 1].value) >= std::abs(got.parts[i].value));
        }
        // By stages it is the same sum; what a layer's attention or MLP adds is what it wrote.
        CHECK(got.stages.size() == 2 + 2 * static_cast<std::size_t>(config.n_layer));
        double by_stage = 0;
        for (const LedgerPart& stage : got.stages) {
          by_stage += stage.value;
          if (!info(stage.at.site).in_layer) continue;
          const Numbers& wrote = values.at(site_name(stage.at.site, stage.at.layer))[p];
          CHECK_MESSAGE(is_near(stage.value, read_off(odd, wrote, target, contrast)), to_string(stage.at));
        }
        CHECK(std::abs(by_stage - logit) <= 1e-12 * (std::abs(logit) + sizes));
      }
    }
  }

  TEST_CASE("lens: every stage read through lm_head") {
    Noise noise(372);
    for (const OddModel& odd : odd_models(noise)) {
      const Trace trace = run(odd.model, odd.batch);
      const auto values = odd.run()[0].at;
      const auto names = stages(odd.model.config);
      for (int position = 0; position < odd.model.config.block_size; ++position) {
        const auto rows = logit_lens(odd.model, trace, position);
        REQUIRE(rows.size() == names.size());
        for (std::size_t s = 0; s < rows.size(); ++s) {
          INFO(odd.name(), ", ", names[s], ", position ", position);
          CHECK(to_string(rows[s].at) == names[s]);
          double total = 0;
          Numbers powers;
          for (int t = 0; t < odd.model.config.vocab_size; ++t) {
            const Numbers& x = values.at(names[s])[static_cast<std::size_t>(position)];
            total += powers.emplace_back(std::exp(read_off(odd, x, t)));
          }
          REQUIRE(rows[s].probs.size() == powers.size());
          for (std::size_t t = 0; t < powers.size(); ++t) {
            CHECK(is_near(rows[s].probs[t], powers[t] / total));
          }
          const int next = odd.documents[0][static_cast<std::size_t>(position) + 1];
          CHECK(is_near(rows[s].nll, -std::log(powers[static_cast<std::size_t>(next)] / total)));
        }
      }
    }
  }

  TEST_CASE("residual stream: lengths, and cosines to the stage before and to the last") {
    Noise noise(373);
    for (const OddModel& odd : odd_models(noise)) {
      const Trace trace = run(odd.model, odd.batch);
      const auto values = odd.run()[0].at;
      const auto names = stages(odd.model.config);
      for (int position = 0; position < odd.model.config.block_size; ++position) {
        const auto p = static_cast<std::size_t>(position);
        const auto rows = residual_stream(trace, position);
        REQUIRE(rows.size() == names.size());
        for (std::size_t s = 0; s < rows.size(); ++s) {
          INFO(odd.name(), ", ", names[s], ", position ", position);
          const Numbers& x = values.at(names[s])[p];
          CHECK(to_string(rows[s].at) == names[s]);
          CHECK(is_near(rows[s].norm, length(x)));
          CHECK(is_near(rows[s].cosine_before, cosine(x, values.at(names[s == 0 ? 0 : s - 1])[p])));
          CHECK(is_near(rows[s].cosine_last, cosine(x, values.at(names.back())[p])));
        }
      }
    }
  }

  TEST_CASE("residual stream: a vector of zeros has the cosine 0 with all others") {
    Noise noise(374);
    OddModel odd = odd_models(noise)[0];
    odd.model.parameters.set_zero();
    for (const StreamRow& row : residual_stream(run(odd.model, odd.batch), 0)) {
      CHECK(row.norm == 0);
      CHECK(row.cosine_last == 0);
    }
  }

  TEST_CASE("attribution: positions and tokens that are not there are refused") {
    Noise noise(316);
    const Model model = random_model(noise, 1, Activation::relu);
    Batch batch;
    batch.add(random_document(model.config, noise, 3));
    const Trace trace = run(model, batch);
    const auto refused = [&](int position, Token token, int contrast = -1) {
      return failure_of([&] { (void)ledger(model, trace, position, token, contrast); });
    };
    CHECK(refused(3, 0).is(Fault::usage, {.what = "bad position", .value = "3", .hint = "0 to 2"}));
    CHECK(refused(-1, 0).is(Fault::usage, {.what = "bad position", .value = "-1"}));
    CHECK(refused(0, 5).is(Fault::usage, {.what = "bad token", .value = "5", .hint = "0 to 4"}));
    CHECK(refused(0, 1, 9).is(Fault::usage, {.what = "bad token", .value = "9"}));
    const Failure lens = failure_of([&] { (void)logit_lens(model, trace, 7); });
    CHECK(lens.is(Fault::usage, {.what = "bad position", .value = "7"}));
  }
}
