// Texts that a model writes, and how fast training is here.
#include "microgpt/bench/bench.hpp"
#include "microgpt/evaluate/score.hpp"
#include "microgpt/render/json.hpp"
#include "microgpt/run/writer.hpp"
#include "microgpt/text/token_text.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/view/report/bench_report.hpp"
#include "web/engine/lab.hpp"
#include "web/engine/lab_engine.hpp"

namespace microgpt::lab {

namespace {

struct Wanted {
  int count = 20;
  std::uint64_t seed = 42;
  std::string prompt{};
  std::vector<std::string> stop{};
  SampleConfig sample{};
};

/// A number of the options, in its limits; `otherwise` if it is not there.
double number_in(const Json& options, const char* key, double otherwise, double low, double high) {
  const auto found = options.find(key);
  if (found == options.end() || found->is_null()) return otherwise;
  if (found->is_number() && found->get<double>() >= low && found->get<double>() <= high)
    return found->get<double>();
  throw bad_option(std::string("--") + key, printable(found->dump()),
                   "it is not a number from " + Json(low).dump() + " to " + Json(high).dump());
}
int whole_in(const Json& options, const char* key, int otherwise, int low, int high) {
  return static_cast<int>(number_in(options, key, otherwise, low, high));
}

Wanted wanted_of(const Json& options, const Checkpoint& checkpoint) {
  const RunConfig& config = checkpoint.config();
  Wanted wanted{.sample = config.sample};
  SamplerOptions& sampler = wanted.sample.sampler;
  wanted.count = whole_in(options, "count", 20, 0, 10'000);
  wanted.seed = static_cast<std::uint64_t>(number_in(options, "seed", 42, 0, 0x1p53));
  sampler.temperature = number_in(options, "temperature", sampler.temperature, 0, 100);
  sampler.top_k = whole_in(options, "top_k", sampler.top_k, 0, 1'114'112);
  sampler.top_p = number_in(options, "top_p", sampler.top_p, 0, 1);
  sampler.min_p = number_in(options, "min_p", sampler.min_p, 0, 1);
  wanted.sample.max_chars = whole_in(options, "max_chars", wanted.sample.max_chars, 0, 1'000'000);
  if (wanted.sample.max_chars == 0) wanted.sample.max_chars = config.model.block_size;
  const auto read = [&](const std::string& text, const std::string& option) {
    if (find_invalid_utf8(text) != std::string::npos) throw bad_option(option, "", "it is not valid UTF-8");
    std::string plain = unescaped(text, option);
    require_known_characters(checkpoint.tokenizer(), plain, option);
    return plain;
  };
  const Json prompt = options.value("prompt", Json(""));
  if (prompt.is_string()) wanted.prompt = read(prompt.get<std::string>(), "--prompt");
  if (count_code_points(wanted.prompt) >= static_cast<std::size_t>(wanted.sample.max_chars)) {
    throw bad_option("--prompt", "",
                     "it leaves nothing to write of the " + std::to_string(wanted.sample.max_chars)
                         + " characters a text may have");
  }
  for (const std::string& text : texts_of(options, "stop")) {
    if (text.empty()) throw bad_option("--stop", "", "it is empty, and every text contains an empty one");
    wanted.stop.push_back(read(text, "--stop"));
  }
  return wanted;
}

template <class T>
Json sampled(const Wanted& wanted, Model& model) {
  const Checkpoint& checkpoint = *model.checkpoint;
  const RunConfig& config = checkpoint.config();
  const Tokenizer& tokenizer = checkpoint.tokenizer();
  const Parameters<T> parameters = checkpoint.parameters<T>();
  const int masked = is_stream(config) ? tokenizer.bos() : -1;
  const auto text_known = text_of(model);
  std::vector<std::vector<Token>> stop;
  for (const std::string& text : wanted.stop) stop.push_back(tokenizer.encode(text));
  Writer<T> writer(config, parameters, tokenizer, wanted.sample, tokenizer.encode(wanted.prompt),
                   StopStrings(std::move(stop)));
  Rng rng(wanted.seed);
  Json samples = Json::array();
  int fresh = 0;
  for (int n = 0; n < wanted.count; ++n) {
    Json characters = Json::array(), end = nullptr, is_new = nullptr, stopped_by = nullptr;
    const auto tokens = writer.write(rng, [&](Token token, std::span<const T> logits) {
      const auto p = probability<T>(logits, token, masked);
      (token == tokenizer.bos() ? end : characters.emplace_back()) = p ? Json(*p) : Json(nullptr);
    });
    const std::string text = tokenizer.decode(tokens);
    if (text_known) {
      is_new = text_known->known.is_new(text, writer.end() != TextEnd::own);
      fresh += is_new.get<bool>() ? 1 : 0;
    }
    if (const auto number_of_stop = writer.stopped_by()) stopped_by = wanted.stop[*number_of_stop];
    samples.push_back({{"text", text},
                       {"probabilities", characters},
                       {"end", end},
                       {"stopped_by", stopped_by},
                       {"new", is_new}});
  }
  const SamplerOptions& sampler = wanted.sample.sampler;
  return {{"seed", wanted.seed},           {"temperature", sampler.temperature},
          {"top_k", sampler.top_k},        {"top_p", sampler.top_p},
          {"min_p", sampler.min_p},        {"max_chars", wanted.sample.max_chars},
          {"prompt", wanted.prompt},       {"stop", wanted.stop},
          {"samples", std::move(samples)}, {"fresh", text_known ? Json(fresh) : Json(nullptr)}};
}

}  // namespace

}  // namespace microgpt::lab

using namespace microgpt;
using lab::answer;
using lab::Json;

const char* lab_sample(int model, const char* options) {
  return answer([&] {
    lab::Model& one = lab::model_of(model);
    const lab::Wanted wanted = lab::wanted_of(lab::options_of(options), *one.checkpoint);
    return one.checkpoint->config().precision == Precision::float32 ? lab::sampled<float>(wanted, one)
                                                                    : lab::sampled<double>(wanted, one);
  });
}

const char* lab_bench(const char* setting, int rounds) {
  return answer([&]() -> Json {
    std::vector<BenchSetting> settings = bench_settings();
    std::erase_if(settings, [](const BenchSetting& one) { return one.threads > 1; });
    if (*setting == '\0') {
      Json names = Json::array();
      for (const BenchSetting& one : settings) names.push_back(one.name);
      return {{"settings", names}};
    }
    std::erase_if(settings, [&](const BenchSetting& one) { return one.name != setting; });
    if (settings.empty()) throw Error(Fault::usage, {.what = "no such setting", .value = printable(setting)});
    const BenchOptions how{.rounds = std::max(rounds, 1), .seconds = 0.05};
    return render::to_json(view::bench_report(run_bench(settings, how, [](int, int) {})));
  });
}
