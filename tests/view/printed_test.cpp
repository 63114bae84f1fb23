// What is printed can be typed back: every address, token and text of a page is taken by the commands that it fits.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "microgpt/view/views.hpp"
#include "support/errors.hpp"
#include "support/every_page.hpp"
#include "support/made_page.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  /// "layer0.attn.z[head 1]" is an address of the model, "layer0.attn_wq[0,0]" a weight, "layer0.attn_wq" a tensor.
  enum class Printed : std::uint8_t { other, address, weight, tensor };

  Printed kind_of(const std::string& text, const study::Model& model) {
    for (const TensorSpec& tensor : model.parameters.table()) {
      if (text == tensor.name) return Printed::tensor;
      if (text.starts_with(tensor.name + "[")) return Printed::weight;
    }
    const std::string name = text.substr(0, text.find('['));
    for (const SiteInfo& site : kSites) {
      for (int layer = 0; layer < model.config.n_layer; ++layer) {
        if (name == study::site_name(site.site, layer)) return Printed::address;
      }
    }
    return Printed::other;
  }

  /// Everything a page prints that is not a sentence: addresses of sections, and texts of cells and facts.
  std::set<std::string> printed_by(const view::Page& page) {
    std::set<std::string> all;
    const auto add = [&](const view::Value& value) {
      if (const auto* text = std::get_if<std::string>(&value)) all.insert(*text);
    };
    for (const view::Fact& fact : page.facts) add(fact.value);
    for (const view::Section& section : page.sections) {
      all.insert(section.address);
      for (const auto& row : section.table.rows) std::for_each(row.begin(), row.end(), add);
    }
    return all;
  }

  bool has_option(const view::ViewSpec& spec, const std::string& name) {
    return std::any_of(spec.options.begin(), spec.options.end(),
                       [&](const view::OptionSpec& option) { return option.name == name; });
  }

  /// How many topics take an option.
  int topics_that_take(const std::string& option, const std::string& value, const view::Subject& subject) {
    int count = 0;
    for (const view::ViewSpec& topic : view::explain_topics()) {
      if (!has_option(topic, option)) continue;
      const Failure failure = failure_of([&] {
        (void)MadePage(topic, subject, {{"--text", "emma"}, {option, value}});
      });
      CHECK_MESSAGE((failure.fault == 0 || failure.fault == 2), value, ": ", failure.message);
      count += failure.fault == 0 ? 1 : 0;
    }
    return count;
  }

  }  // namespace

  TEST_CASE("view: every address, weight and tensor that a page prints is taken back") {
    const EveryPage every;
    const view::Subject& names = every.names();
    std::set<std::string> printed;
    for (const auto views : {view::study_views(), view::explain_topics()}) {
      for (const view::ViewSpec& spec : views) {
        if (spec.needs == view::Needs::nothing) continue;
        const auto texts = printed_by(every.view(spec).page);
        printed.insert(texts.begin(), texts.end());
      }
    }
    const std::string run = repository_file("data/models/names.safetensors").string();
    std::map<Printed, int> counts;
    for (const std::string& text : printed) {
      const Printed kind = kind_of(text, names.model());
      ++counts[kind];
      if (kind == Printed::other) continue;
      CAPTURE(text);
      const auto scalar = [&](const std::string& name) {
        return MadePage(view::history_view(), {{"RUN", run}, {"--text", "emma"}, {"--scalar", name}})
            .table("values")
            .rows.size();
      };
      if (kind == Printed::tensor) {
        CHECK(scalar("norm(" + text + ")") == 1);
        continue;
      }
      CHECK(scalar(text) >= 1);
      if (kind == Printed::weight) {
        CHECK(topics_that_take("--weight", text, names) == 2);  // backprop and adam
        continue;
      }
      CHECK(topics_that_take("--at", text, names) >= 1);
      if (text.starts_with("probs")) continue;  // to put them out would change no loss
      CHECK(MadePage(view::ablate_view(), names, {{"--data", every.text()}, {"--limit", "2"}, {"--at", text}})
                .rows()
            >= 1);
    }
    CHECK(counts[Printed::address] >= 40);
    CHECK(counts[Printed::weight] >= 5);
    CHECK(counts[Printed::tensor] >= 5);
  }

  TEST_CASE("view: every token and text that a page prints is taken back, whatever its characters are") {
    // A space, quotes, a backslash, control characters, marks of direction, a combining mark, wide characters.
    const std::vector<char32_t> characters = {U'\t',     U'\n',     U'\r',     U'\x1b',      U' ', U'"',
                                              U'\'',     U'0',      U'B',      U'\\',        U'n', U'\u0301',
                                              U'\u202e', U'\u6f22', U'\uff5e', U'\U0001f600'};
    Noise noise(1301);
    ModelConfig config{.n_layer = 1, .n_embd = 8, .n_head = 2, .block_size = 24, .vocab_size = 17};
    const view::Subject subject(
        study::Model{config, random_parameters<double>(config, noise), Tokenizer(characters)}, "odd");
    // All of them in one text, typed as a page writes them.
    std::string text;
    for (int token = 0; token < 16; ++token) {
      const std::string label = subject.label(token);
      text += label.substr(1, label.size() - 2);
    }
    const auto tokens = [&](const std::string& given) { return subject.text(given).token; };
    std::vector<int> expected(16);
    for (int token = 0; token < 16; ++token) expected[static_cast<std::size_t>(token)] = token;
    const auto read = tokens(text);
    CHECK(std::vector<int>(read.begin() + 1, read.end()) == expected);

    std::set<std::string> labels;
    for (const view::ViewSpec& spec : view::study_views()) {
      if (spec.needs == view::Needs::nothing || spec.name == "patch") continue;
      Given given;
      for (const view::OptionSpec& option : spec.options) {
        if (option.name == "--text") given = {{"--text", text}};
      }
      if (given.empty()) continue;
      const MadePage page(spec, subject, given);
      for (const std::string& one : printed_by(page.page)) {
        const bool is_token = one == "BOS" || (one.size() > 2 && one.front() == '\'' && one.back() == '\'');
        if (is_token && one != "'" + text + "'") labels.insert(one);
      }
      // A fact that repeats the text is the text again.
      if (page.find_fact("text") != nullptr) CHECK(tokens(text_in(page.fact("text"))) == tokens(text));
    }
    CHECK(labels.size() >= 17);
    for (const std::string& label : labels) {
      CAPTURE(label);
      const Token token = subject.token(label, "--target");
      CHECK(subject.label(token) == label);
      const MadePage page(view::ledger_view(), subject, {{"--text", text}, {"--target", label}});
      CHECK(text_in(page.fact("target")) == label);
    }
  }
}
