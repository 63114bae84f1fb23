// What holds for the pages of all topics: their form, their bounds, that they come out by hand, what is refused.
#include "view/explain_pages.hpp"

#include <doctest/doctest.h>

#include <set>

#include "microgpt/base/number.hpp"
#include "support/errors.hpp"
#include "support/model.hpp"
#include "view/hand_calculator.hpp"

TEST_SUITE("view") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::test;

  view::Subject made_subject(int layers, int channels, int heads, int block, int characters,
                             double scale = 0.5) {
    const ModelConfig config = {.n_layer = layers,
                                .n_embd = channels,
                                .n_head = heads,
                                .block_size = block,
                                .vocab_size = characters + 1};
    std::vector<char32_t> alphabet;
    for (int i = 0; i < characters; ++i)
      alphabet.push_back((characters > 26 ? U'一' : U'a') + static_cast<char32_t>(i));
    Noise noise(5);
    return {study::Model{config, random_parameters<double>(config, noise, scale), Tokenizer(alphabet)},
            "made"};
  }

  std::string beginning_of_alphabet(const view::Subject& subject, int length) {
    std::vector<Token> tokens;
    for (int i = 0; i < length; ++i) tokens.push_back((7 * i) % subject.tokenizer().bos());
    return subject.tokenizer().decode(tokens);
  }

  void check_form(const view::Page& page, std::size_t most_rows) {
    CAPTURE(page.view);
    CHECK(page.steps);
    CHECK(page.lines.first > 0);
    REQUIRE(!page.sections.empty());
    std::set<std::string> keys;
    for (const view::Section& section : page.sections) {
      CAPTURE(section.key);
      CHECK(keys.insert(section.key).second);
      CHECK(!section.title.empty());
      CHECK((!section.result || !section.formula.empty()));
      const view::Table& table = section.table;
      std::set<std::string> columns;
      for (const view::Column& column : table.columns) CHECK(columns.insert(column.key).second);
      CHECK(table.columns.size() <= 20);
      CHECK(table.rows.size() - table.totals <= most_rows);
      CHECK((table.empty() || table.labels <= table.columns.size()));
      CHECK(table.totals <= table.rows.size());
      for (const auto& row : table.rows) CHECK(row.size() == table.columns.size());
      if (table.total_rows > 0) {
        CHECK(table.rows.size() - table.totals < table.total_rows);
        CHECK(table.more.find("--top") != std::string::npos);
      }
      if (!section.figure) continue;
      CHECK(section.figure->x < table.columns.size());
      CHECK(!section.figure->y.empty());
      for (const std::size_t y : section.figure->y) {
        REQUIRE(y < table.columns.size());
        for (std::size_t r = 0; r < table.rows.size() - table.totals; ++r) {
          CHECK(!std::holds_alternative<std::string>(table.rows[r][y]));
        }
      }
    }
  }

  /// The parts of "p_0 = a = b", without the name in front.
  std::vector<std::string> parts_of(const std::string& line) {
    std::vector<std::string> parts;
    std::size_t begin = line.find("; ") == std::string::npos ? 0 : line.find("; ") + 2;
    for (std::size_t end; (end = line.find(" = ", begin)) != std::string::npos; begin = end + 3) {
      parts.push_back(line.substr(begin, end - begin));
    }
    parts.push_back(line.substr(begin));
    return parts;
  }

  /// Computes every line of a page as a reader would, and compares as it is printed.
  std::size_t check_by_hand(const view::Page& page) {
    std::size_t computed = 0;
    for (const view::Section& section : page.sections) {
      if (!section.result || !std::holds_alternative<double>(*section.result)) continue;
      const double result = std::get<double>(*section.result);
      const auto parts = parts_of(section.numbers);
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto value = HandCalculator::compute(parts[i]);
        if (!value || !std::isfinite(result)) continue;
        CAPTURE(page.view);
        CAPTURE(section.numbers);
        CAPTURE(parts[i]);
        CAPTURE(result);
        const bool last = i + 1 == parts.size();
        if (last) {
          CHECK(number_text(*value, section.digits) == number_text(result, section.digits));
        } else {
          CHECK(std::abs(*value - result) <= 2 * std::pow(10.0, -section.digits));
        }
        computed += last ? 1 : 0;
      }
    }
    return computed;
  }

  /// Adds up the columns above a total as they are printed.
  std::size_t check_totals(const view::Page& page) {
    std::size_t added = 0;
    for (const view::Section& section : page.sections) {
      const view::Table& table = section.table;
      if (table.totals == 0 || std::get<std::string>(table.rows.back()[0]) != "total") continue;
      for (std::size_t c = table.labels; c < table.columns.size(); ++c) {
        if (!std::holds_alternative<double>(table.rows.back()[c])) continue;
        const int digits = table.columns[c].format.digits;
        double sum = 0;
        for (std::size_t r = 0; r + 1 < table.rows.size(); ++r) {
          sum += std::strtod(number_text(std::get<double>(table.rows[r][c]), digits).c_str(), nullptr);
        }
        CAPTURE(section.key);
        CAPTURE(table.columns[c].key);
        const double total = std::get<double>(table.rows.back()[c]);
        if (table.columns[c].key == "exponential")
          CHECK(number_text(sum, digits) == number_text(total, digits));
        // Rounded shares may miss their total by a unit or two: then nothing hangs on it.
        CHECK(std::abs(sum - total) < 3 * std::pow(10.0, -digits));
        ++added;
      }
    }
    return added;
  }

  std::string fault_of(const std::string& topic, const Given& given, const view::Subject* subject = nullptr,
                       Fault fault = Fault::usage) {
    const Failure failure = failure_of([&] { (void)explain_page(topic, given, subject); });
    CAPTURE(topic);
    CAPTURE(failure.message);
    CHECK(failure.fault == static_cast<int>(fault));
    CHECK(failure.is_one_line());
    return failure.message;
  }

  }  // namespace

  TEST_CASE("view: every topic explains the built-in example, a trained model and a larger one") {
    const view::Subject names = kept_model("names");
    const view::Subject larger = made_subject(2, 32, 16, 40, 26);
    const std::string text = beginning_of_alphabet(larger, 30);
    for (const view::ViewSpec& topic : view::explain_topics()) {
      const std::string name(topic.name);
      check_form(explain_page(name, {}), 21);
      check_form(explain_page(name, {{"--text", "emma"}}, &names), 21);
      check_form(explain_page(name, {{"--text", text}}, &larger), 21);
    }
  }

  TEST_CASE("view: what a page prints comes out by hand") {
    const view::Subject names = kept_model("names");
    const view::Subject made = made_subject(2, 8, 2, 12, 9);
    std::size_t computed = 0;
    for (const view::ViewSpec& topic : view::explain_topics()) {
      const std::string name(topic.name);
      for (const char* digits : {"2", "4"}) {
        if (name == "tokens") continue;
        computed += check_by_hand(explain_page(name, {{"--digits", digits}}));
        computed += check_by_hand(explain_page(name, {{"--digits", digits}, {"--text", "emma"}}, &names));
        computed += check_by_hand(explain_page(name, {{"--digits", digits}, {"--text", "abcdefg"}}, &made));
      }
    }
    for (const char* weight :
         {"wte[13,2]", "wpe[1,3]", "lm_head[2,0]", "layer0.attn_wk[3,5]", "layer0.attn_wv[3,5]",
          "layer0.attn_wo[3,5]", "layer0.mlp_fc1[6,5]", "layer0.mlp_fc2[3,6]"}) {
      computed += check_by_hand(explain_page("backprop", {{"--text", "anna"}, {"--weight", weight}}, &names));
      computed += check_by_hand(explain_page("adam", {{"--text", "anna"}, {"--weight", weight}}, &names));
    }
    computed +=
        check_by_hand(explain_page("softmax", {{"NUMBER", "2"}, {"NUMBER", "-1"}, {"NUMBER", "0.25"}}));
    CHECK(computed > 150);
    CHECK(check_totals(explain_page("softmax", {})) == 4);
    CHECK(check_totals(explain_page("softmax", {{"--text", "emma"}}, &names)) == 4);
    CHECK(check_totals(explain_page("attention", {{"--text", "emma"}}, &names)) == 2);
  }

  TEST_CASE("view: pages stay short for 3,000 characters and a long text") {
    const view::Subject large = made_subject(1, 8, 2, 60, 3000);
    const std::string text = beginning_of_alphabet(large, 50);
    for (const view::ViewSpec& topic : view::explain_topics()) {
      const bool of_position = topic.name != "backprop" && topic.name != "adam";
      Given given = {{"--text", text}};
      if (of_position) given.push_back({"--position", "45"});
      const view::Page page = explain_page(std::string(topic.name), given, &large);
      CAPTURE(page.view);
      check_form(page, 21);
      std::size_t rows = 0;
      for (const view::Section& section : page.sections) rows += section.table.rows.size();
      CHECK(rows <= 110);
    }
    const view::Page all = explain_page("logits", {{"--text", text}, {"--top", "0"}}, &large);
    CHECK(section_of(all, "all_logits").table.rows.size() == 3001);
    CHECK(section_of(all, "all_logits").table.total_rows == 0);
    const view::Page few = explain_page("logits", {{"--text", text}, {"--top", "5"}}, &large);
    CHECK(section_of(few, "all_logits").table.rows.size() == 5);
    CHECK(section_of(few, "all_logits").table.total_rows == 3001);
  }

  TEST_CASE("view: a model without layers has the topics that need none") {
    const view::Subject flat = made_subject(0, 6, 2, 8, 5);
    const std::set<std::string> in_layer = {"attention", "heads", "residual", "mlp"};
    for (const view::ViewSpec& topic : view::explain_topics()) {
      const std::string name(topic.name);
      if (in_layer.contains(name)) {
        CHECK(fault_of(name, {{"--text", "abc"}}, &flat).find("needs a layer") != std::string::npos);
      } else {
        check_form(explain_page(name, {{"--text", "abc"}}, &flat), 21);
      }
    }
    for (const char* name : {"softmax", "rmsnorm", "linear"}) {
      CHECK(fault_of(name, {{"--text", "abc"}, {"--layer", "0"}}, &flat).find("the model has no layers")
            != std::string::npos);
    }
  }

  TEST_CASE("view: a topic is asked only for what it has, and for what there is") {
    const view::Subject made = made_subject(2, 8, 2, 8, 5);
    const auto refused = [&](const std::string& topic, Given given, const std::string& part) {
      if (topic != "softmax" || given[0].first != "NUMBER") given.insert(given.begin(), {"--text", "abcd"});
      const std::string message = fault_of(topic, given, &made);
      CHECK_MESSAGE(message.find(part) != std::string::npos, message, "\nlacks: ", part);
    };
    CHECK(fault_of("loss", {}, &made).find("--text") != std::string::npos);
    CHECK(fault_of("softmax", {}, &made).find("--text") != std::string::npos);
    CHECK(fault_of("loss", {{"--text", "emil"}}, nullptr, Fault::data).find("aem") != std::string::npos);
    CHECK(fault_of("loss", {{"--text", "emmaemmae"}}).find("at most 8") != std::string::npos);
    refused("loss", {{"--weight", "wte[0,0]"}}, "unknown option: --weight");
    refused("tokens", {{"--head", "1"}}, "unknown option: --head");
    refused("loss", {{"--layer", "0"}}, "unknown option: --layer");
    refused("adam", {{"--position", "0"}}, "unknown option: --position");
    refused("linear", {{"NUMBER", "1"}}, "unknown option: NUMBER");
    refused("attention", {{"--layer", "2"}}, "0 to 1");
    refused("attention", {{"--head", "2"}}, "0 to 1");
    refused("attention", {{"--position", "5"}}, "0 to 4");
    refused("attention", {{"--position", "-1"}}, "--position: -1");
    refused("softmax", {{"--at", "layer0.attn.score"}}, "layer0.attn.scores");
    refused("softmax", {{"--at", "layer0.attn.q"}}, "logits");
    refused("softmax", {{"--at", "logits"}, {"--head", "1"}}, "which has no such part");
    refused("rmsnorm", {{"--at", "layer0.attn.q"}}, "embed.norm");
    refused("linear", {{"--at", "layer0.resid_mid"}}, "layer0.mlp.pre");
    refused("linear", {{"--at", "layer0.mlp.pre"}, {"--head", "1"}}, "no such part");
    refused("attention", {{"--at", "logits[position 2]"}},
            "the topic attention takes addresses in layer0.attn.q");
    refused("attention", {{"--at", "layer0.attn.q[position 6]"}}, "the text has 0 to 4");
    refused("attention", {{"--at", "layer0.attn.pattern[source 3]"}, {"--position", "2"}}, "comes later");
    refused("attention", {{"--at", "layer0.attn.q[position 3]"}, {"--position", "2"}}, "--at names another");
    refused("attention", {{"--at", "layer1.attn.q"}, {"--layer", "0"}}, "--at names another");
    refused("backprop", {{"--weight", "layer2.attn_wq[0,0]"}}, "layer1.attn_wq");
    refused("backprop", {{"--weight", "layer1.attn_wq[8,0]"}}, "there is no row 8: there are 0 to 7");
    refused("backprop", {{"--weight", "layer1.attn_wq"}},
            "write row and column as in layer1.attn_wq[0,0]; it is 8 x 8");
    refused("sampling", {{"--temperature", "0"}}, "above 0");
    refused("softmax", {{"NUMBER", "1"}}, "not both");
  }

  TEST_CASE("view: an address leads to the same number in every topic that takes it") {
    const view::Subject names = kept_model("names");
    const auto page = [&](const std::string& topic, const std::string& at) {
      return explain_page(topic, {{"--text", "emma"}, {"--at", at}}, &names);
    };
    // A neuron by its output: its own row of mlp_fc1, and itself.
    const view::Page linear = page("linear", "layer0.mlp.post[position 3, neuron 49]");
    CHECK(section_of(linear, "one_output").address == "layer0.mlp.pre[position 3, neuron 49]");
    const view::Page mlp = page("mlp", "layer0.mlp.post[position 3, neuron 49]");
    CHECK(section_of(mlp, "pre").address == "layer0.mlp.pre[position 3, neuron 49]");
    CHECK(result_of(mlp, "pre") == result_of(linear, "one_output"));
    CHECK(by_index(section_of(mlp, "post"), "neuron", "post", 64)[49] == result_of(mlp, "post"));
    CHECK(result_of(mlp, "post") == std::max(result_of(mlp, "pre"), 0.0));
    // A neuron that is not among the first rows is there too.
    CHECK(by_index(section_of(page("mlp", "layer0.mlp.pre[neuron 63]"), "post"), "neuron", "pre", 64)[63]
          == result_of(page("linear", "layer0.mlp.pre[neuron 63]"), "one_output"));

    const study::Trace trace = study::run(names.model(), names.text("emma"));
    const auto value = [&](Site site, int position, Index column) {
      return trace.value(site, 0, position, column);
    };
    CHECK(result_of(page("embedding", "embed[position 2, channel 5]"), "sum") == value(Site::embed, 2, 5));
    CHECK(result_of(page("rmsnorm", "layer0.mlp.norm[position 2, channel 5]"), "output")
          == value(Site::mlp_norm, 2, 5));
    CHECK(result_of(page("rmsnorm", "layer0.resid_mid[position 2, channel 5]"), "output")
          == value(Site::mlp_norm, 2, 5));
    CHECK(result_of(page("linear", "layer0.attn.v[head 2, position 1, channel 3]"), "one_output")
          == value(Site::v, 1, 11));
    CHECK(result_of(page("linear", "layer0.attn.v[position 1, channel 11]"), "one_output")
          == value(Site::v, 1, 11));
    CHECK(result_of(page("linear", "probs[position 1, token 4]"), "one_output") == value(Site::logits, 1, 4));
    CHECK(result_of(page("logits", "probs[position 1, token 4]"), "one_logit") == value(Site::logits, 1, 4));
    CHECK(result_of(page("softmax", "logits[position 1, token 4]"), "maximum")
          == doctest::Approx(value(Site::probs, 1, 4)).epsilon(1e-13));
    CHECK(result_of(page("sampling", "logits[position 1, token 4]"), "probabilities") > 0);
    CHECK(result_of(page("attention", "layer0.attn.z[position 3, channel 9]"), "sum")
          == value(Site::z, 3, 9));
    const Matrix<double> pattern = trace.head(Site::pattern, 0, 2);
    CHECK(result_of(page("attention", "layer0.attn.pattern[head 2, position 3, source 1]"), "weights")
          == pattern(3, 1));
    CHECK(result_of(page("softmax", "layer0.attn.pattern[head 2, position 3, source 1]"), "maximum")
          == doctest::Approx(pattern(3, 1)).epsilon(1e-13));
    CHECK(result_of(page("heads", "layer0.attn.out[position 3, channel 7]"), "writes")
          == value(Site::attn_out, 3, 7));
    CHECK(result_of(page("residual", "layer0.resid_mid[position 3, channel 7]"), "resid_mid")
          == value(Site::resid_mid, 3, 7));
    CHECK(result_of(page("mlp", "layer0.mlp.out[position 3, channel 7]"), "out")
          == value(Site::mlp_out, 3, 7));

    // Every address that a page prints is taken by the topic it stands on.
    for (const view::ViewSpec& topic : view::explain_topics()) {
      const std::string name(topic.name);
      if (name == "backprop" || name == "adam") continue;
      for (const view::Section& section : explain_page(name, {{"--text", "emma"}}, &names).sections) {
        if (section.address.empty()) continue;
        CAPTURE(name);
        CAPTURE(section.address);
        CHECK(has_section(page(name, section.address), section.key));
      }
    }
  }
}
