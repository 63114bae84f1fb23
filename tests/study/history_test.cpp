// Scalars: what their names mean, and that each is what the view it comes from says.
#include "microgpt/study/history.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

#include "microgpt/study/numbers.hpp"
#include "microgpt/study/sweeps.hpp"
#include "support/errors.hpp"
#include "support/study.hpp"

TEST_SUITE("study") {
  namespace {

  using namespace microgpt;
  using namespace microgpt::study;
  using namespace microgpt::test;

  constexpr int kPositions = 4;  // of BOS a b d

  struct Studied {
    Noise noise{711};
    Model model = random_model(noise, 2, Activation::relu);
    Batch text = batch_of_text(model, "abd");
    Batch documents = batch_of({{4, 0, 1, 0, 1, 4}, {4, 2, 4}, {4, 3, 3, 0, 4}});

    [[nodiscard]] std::vector<std::string> names(const std::string& scalar) const {
      std::vector<std::string> all;
      for (const Scalar& s : parse_scalars(scalar, model, kPositions)) all.push_back(s.name);
      return all;
    }
    [[nodiscard]] std::vector<ScalarValue> measured(const std::string& scalar) const {
      return measure(model, parse_scalars(scalar, model, kPositions), text, documents);
    }
    /// Of a scalar that is one number.
    [[nodiscard]] double value(const std::string& scalar) const {
      const auto all = measured(scalar);
      CAPTURE(scalar);
      REQUIRE(all.size() == 1);
      return all[0].value;
    }
  };

  }  // namespace

  TEST_CASE("numbers: every element of every site, once, with what the trace has there") {
    const Studied s;
    const Trace trace = run(s.model, s.text);
    const auto sites = sites_of(s.model.config);
    CHECK(sites.size() == 4 + 2 * 15 + 2);
    for (const Address& site : sites) {
      CAPTURE(to_string(site));
      const SiteKind kind = info(site.site).kind;
      const std::size_t columns = kind == SiteKind::neurons ? 48 : kind == SiteKind::tokens ? 5 : 12;
      const auto numbers = numbers_at(trace, site);
      CHECK(numbers.size() == (kind == SiteKind::keys ? 3U * 10 : 4 * columns));
      std::set<std::string> seen;
      for (const NumberAt& number : numbers) {
        const Address& at = number.at;
        CHECK(seen.insert(to_string(at)).second);
        CHECK(parse_address(to_string(at), s.model.config) == at);
        // An intervention there acts on the same number.
        double met = std::nan("");
        const Intervention look[] = {{at, [&](const Element& e) { return met = e.value; }}};
        if (seen.size() % 7 == 1) {
          (void)run(s.model, s.text, look);
          CHECK(met == number.value);
        }
        // One index less, and the others as they are.
        Address less = at;
        less.position.reset();
        CHECK(elements(less, s.model.config, kPositions).size() <= kPositions);
        CHECK(elements(at, s.model.config, kPositions) == std::vector<Address>{at});
      }
    }
    Address channel = {.site = Site::q, .layer = 1};
    channel.channel = 6;  // of head 1: channel 2
    const auto through = numbers_at(trace, channel);
    REQUIRE(through.size() == 4);
    CHECK(to_string(through[3].at) == "layer1.attn.q[head 1, position 3, channel 2]");
    CHECK(through[3].value == trace.values(Site::q, 1)(3, 6));
    Address unseen = {.site = Site::scores};
    unseen.position = 1;
    unseen.source = 2;
    CHECK(elements(unseen, s.model.config, kPositions).empty());
    CHECK(sites_of({.n_layer = 0, .vocab_size = 5}).size() == 6);

    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(norm(Numbers{}) == 0);
    CHECK(norm(Numbers{0, 0}) == 0);
    CHECK(norm(Numbers{3e-200, -4e-200}) == doctest::Approx(5e-200));
    CHECK(norm(Numbers{1, -infinity, infinity}) == infinity);
    CHECK(std::isnan(norm(Numbers{0, std::nan(""), 0})));
  }

  TEST_CASE("scalars: what is left out means all, and every name means itself") {
    const Studied s;
    CHECK(s.names("loss") == std::vector<std::string>{"loss"});
    CHECK(s.names("nll")
          == std::vector<std::string>{"nll[position 0]", "nll[position 1]", "nll[position 2]",
                                      "nll[position 3]"});
    CHECK(s.names(" nll[ position 2 ] ") == std::vector<std::string>{"nll[position 2]"});
    CHECK(s.names("prob[token BOS, position 3]") == std::vector<std::string>{"prob[position 3, token BOS]"});
    CHECK(s.names("logit[position 1]").size() == 5);
    CHECK(s.names("prob").size() == 20);
    CHECK(s.names("head.induction").size() == 6);
    CHECK(s.names("head.self[layer 1]").front() == "head.self[layer 1, head 0]");
    CHECK(s.names("head.self[head 2]")
          == std::vector<std::string>{"head.self[layer 0, head 2]", "head.self[layer 1, head 2]"});
    CHECK(s.names("layer1.attn.pattern[head 1, position 2]").size() == 3);
    CHECK(s.names("layer0.attn_wq").size() == 144);
    CHECK(s.names("cosine(a,b)") == std::vector<std::string>{"cosine(a, b)"});
    for (const char* scalar : {"loss",
                               "nll",
                               "prob",
                               "logit",
                               "head.previous",
                               "head.first",
                               "head.self",
                               "head.duplicate",
                               "head.induction",
                               "head.entropy",
                               "embed.norm",
                               "layer1.mlp.post[neuron 3]",
                               "logits",
                               "wpe",
                               "norm(wte)",
                               "norm(layer0.attn.z[head 1])",
                               "norm(layer1.attn_wv)",
                               "cosine(a, BOS)",
                               "nearest(c)",
                               "ablation(layer0.attn.z[head 2])",
                               "ablation(logits)"}) {
      for (const std::string& name : s.names(scalar)) {
        CHECK_MESSAGE(s.names(name) == std::vector<std::string>{name}, scalar);
      }
    }
  }

  TEST_CASE("scalars: a token may be any character") {
    Noise noise(712);
    Model model = random_model(noise, 1, Activation::relu);
    model.tokenizer = Tokenizer({U' ', U'\'', U',', U'é'});
    for (const auto& written : std::vector<std::pair<std::string, Token>>{
             {"' '", 0}, {"'''", 1}, {"'", 1}, {",", 2}, {"','", 2}, {"é", 3}, {"'é'", 3}, {"BOS", 4}}) {
      CAPTURE(written.first);
      CHECK(parse_scalars("nearest(" + written.first + ")", model, 0).at(0).token == written.second);
    }
    for (Token t = 0; t < 5; ++t) {
      const std::string name = "cosine(" + token_name(model, t) + ", " + token_name(model, 4 - t) + ")";
      const Scalar scalar = parse_scalars(name, model, 0).at(0);
      CHECK(scalar.name == name);
      CHECK(scalar.token == t);
      CHECK(scalar.other == 4 - t);
      const std::string there = "prob[position 1, token " + token_name(model, t) + "]";
      CHECK(parse_scalars(there, model, 2).at(0).name == there);
      CHECK(parse_scalars(there, model, 2).at(0).at.token == t);
    }
  }

  TEST_CASE("history: each scalar is what its own view says") {
    const Studied s;
    const Trace text = run(s.model, s.text);
    const Trace documents = run(s.model, s.documents);
    CHECK(s.value("loss") == documents.loss());
    const Matrix<double> probs = text.values(Site::probs);
    for (int p = 0; p < kPositions; ++p) {
      const std::string at = "[position " + std::to_string(p);
      CHECK(s.value("nll" + at + "]") == text.nll()[static_cast<std::size_t>(p)]);
      CHECK(s.value("prob" + at + ", token c]") == probs(p, 2));
      CHECK(s.value("logit" + at + ", token BOS]") == text.values(Site::logits)(p, 4));
      CHECK(s.value("probs" + at + ", token 2]") == probs(p, 2));  // an address: the token's number
    }
    for (const HeadScores& h : head_scores(documents)) {
      const std::string at = "[layer " + std::to_string(h.layer) + ", head " + std::to_string(h.head) + "]";
      CHECK(s.value("head.previous" + at) == h.previous);
      CHECK(s.value("head.first" + at) == h.first);
      CHECK(s.value("head.self" + at) == h.self);
      CHECK(s.value("head.duplicate" + at) == h.duplicate);
      CHECK(s.value("head.induction" + at) == h.induction);
      CHECK(s.value("head.entropy" + at) == h.entropy);
    }
    CHECK(s.value("layer1.mlp.post[neuron 30, position 2]") == text.values(Site::mlp_post, 1)(2, 30));
    CHECK(s.value("layer0.attn.scores[head 2, position 3, source 1]") == text.head(Site::scores, 0, 2)(3, 1));
    CHECK(s.value("layer1.attn_wo[3, 7]") == s.model.parameters.attn_wo(1)(3, 7));
    CHECK(s.value("norm(layer1.mlp_fc1)")
          == doctest::Approx(s.model.parameters.mlp_fc1(1).norm()).epsilon(1e-12));
    CHECK(s.value("norm(layer0.attn.z[head 1])")
          == doctest::Approx(text.values(Site::z, 0).middleCols(4, 4).norm()).epsilon(1e-12));
    CHECK(s.value("norm(layer0.resid_post[position 2])")
          == doctest::Approx(text.values(Site::resid_post, 0).row(2).norm()).epsilon(1e-12));

    const auto near = [&](Token a, Token b) { return plain_cosine(s.model.parameters.wte(), a, b); };
    CHECK(s.value("cosine(a, c)") == doctest::Approx(near(0, 2)).epsilon(1e-12));
    const ScalarValue neighbours = s.measured("nearest(b)").at(0);
    REQUIRE(neighbours.neighbours.size() == 3);
    double before = 2;
    std::set<Token> named = {1};
    for (const Neighbour& n : neighbours.neighbours) {
      CHECK(n.cosine == doctest::Approx(near(1, n.token)).epsilon(1e-12));
      CHECK(n.cosine <= before);
      CHECK(named.insert(n.token).second);
      before = n.cosine;
    }
    for (Token t = 0; t < 5; ++t) {  // who is left out is no nearer
      if (!named.contains(t)) CHECK(near(1, t) <= before);
    }

    Studied zeros = s;
    zeros.model.parameters.wte().row(2).setZero();
    CHECK(zeros.value("cosine(a, c)") == 0);

    // Two at once, the larger change last: each keeps its own.
    const Address head = {.site = Site::z, .layer = 0, .head = 2};
    const Address neuron = {.site = Site::mlp_post, .layer = 1, .neuron = 3};
    auto both = parse_scalars("ablation(layer0.attn.z[head 2])", s.model, 0);
    both.push_back(parse_scalars("ablation(layer1.mlp.post[neuron 3])", s.model, 0).at(0));
    for (int turn = 0; turn < 2; ++turn) {
      const auto changes = measure(s.model, both, {}, s.documents);
      for (std::size_t i = 0; i < 2; ++i) {
        const Intervention without[] = {zero(both[i].at == head ? head : neuron)};
        const double expected = run(s.model, s.documents, without).loss() - documents.loss();
        CHECK(std::abs(changes[i].value - expected) < 1e-12);
      }
      std::swap(both[0], both[1]);
    }
  }

  TEST_CASE("scalars: what is not there is refused in one line that says what is") {
    const Studied s;
    const auto check = [&](const std::string& scalar, const std::string& hint, int positions = kPositions,
                           Fault fault = Fault::usage) {
      CAPTURE(scalar);
      const Failure failure = failure_of([&] { (void)parse_scalars(scalar, s.model, positions); });
      CAPTURE(failure.message);
      CHECK(failure.is(fault, {.hint = hint}));
      CHECK(failure.is_one_line());
    };
    check("", "loss, nll, prob, logit, head.previous");
    check("los", "loss, nll");
    check("head.inductions", "head.induction, head.entropy, norm(…)");
    check("loss[position 1]", "loss");
    check("nll[position 4]", "0 to 3");
    check("nll[position 4294967297]", "position");
    check("nll[position -1]", "position");
    check("nll[position]", "[position 0]");
    check("nll[token a]", "[position 0]");
    check("nll[position 1", "bracket");
    check("nll[position 1, position 2]", "position");
    check("nll[position 1 2]", "'2'");
    check("prob[position 1, layer 0]", "[position 0, token a]");
    check("prob[position 1, token x]", "vocabulary", kPositions, Fault::data);
    check("prob[position 1, token ab]", "'b'");
    check("head.self[layer 2]", "0 to 1");
    check("head.self[head 3]", "0 to 2");
    check("head.self[position 3]", "[layer 0, head 0]");
    check("layer0.attn.q[head 5]", "0 to 2");
    check("layer2.attn.q", "0 to 1");
    check("layer0.attn.w", "embed.token");
    check("layer0.mlp.post[position 5]", "0 to 3");
    check("layer0.attn.pattern[head 0, source 4]", "source 4");
    check("layer0.attn.pattern[position 1, source 2]", "position 2");
    check("layer0.attn_wq[12,0]", "row 12");
    check("layer0.attn_wq[0,12]", "column 12");
    check("layer0.attn_wq[3]", "layer0.attn_wq[0,0]");
    check("sqrt(wte)", "norm, cosine, nearest, ablation");
    check("norm(wt)", "'wt'");
    check("norm(wte", "bracket");
    check("norm(layer0.attn.q[position 4])", "0 to 3");
    check("cosine(a)", "cosine(a, e)");
    check("cosine(a, b, c)", "', c'");
    check("nearest()", "BOS");
    check("ablation(wte)", "'wte'");
    check("ablation(layer0.attn.z[head 3])", "head 3");
    check("\xff", "UTF-8");
    for (const char* of_text : {"nll", "nll[position 1]", "prob", "logit[token a]", "embed", "norm(embed)"}) {
      check(of_text, "--text", 0);
    }
    CHECK(parse_scalars("norm(wte)", s.model, 0).size() == 1);

    const ModelConfig wide = {.n_layer = 0, .n_embd = 128, .n_head = 4, .block_size = 6, .vocab_size = 100};
    std::vector<char32_t> characters;
    for (char32_t c = 0; c < 99; ++c) characters.push_back(U'一' + c);
    const Model large{wide, Parameters<double>(wide), Tokenizer(characters)};
    CHECK(failure_of([&] {
            (void)parse_scalars("wte", large, 0);
          }).is(Fault::usage, {.value = "'wte'", .hint = "norm(wte)"}));
    CHECK(failure_of([&] {
            (void)parse_scalars("head.self", large, 0);
          }).is(Fault::usage, {.hint = "no layers"}));
  }
}
