#include "microgpt/view/explain/explained.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "microgpt/base/error.hpp"
#include "microgpt/base/rng.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/text/utf8.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::view::explain {

namespace {

[[noreturn]] void refuse_option(std::string_view name, const std::string& value, const std::string& why) {
  throw bad_option(name, printable(value), why);
}

/// The address of --at, which must be of a site that the topic takes.
std::optional<study::Address> address_option(const Options& options, const Scope& scope,
                                             const ModelConfig& config) {
  const auto text = options.text("--at");
  if (!text) return std::nullopt;
  study::Address at = study::parse_address(*text, config, "--at");
  if (std::find(scope.sites.begin(), scope.sites.end(), at.site) == scope.sites.end()) {
    std::string names;
    for (const Site site : scope.sites) names += (names.empty() ? "" : ", ") + study::site_name(site, 0);
    refuse_option("--at", study::to_string(at),
                  "the topic " + std::string(scope.topic) + " takes addresses in " + names);
  }
  // A channel that counts through all heads is one of some head's.
  if (info(at.site).kind == SiteKind::heads && at.channel && !at.head) {
    at.head = *at.channel / config.head_size();
    at.channel = *at.channel % config.head_size();
  }
  return at;
}

/// A part of a place: what an address says of it.
struct Part {
  std::string_view option;
  bool in_site = true;              ///< whether such a site has it
  std::optional<int> in_address{};  ///< which one it names
  int count = 0;                    ///< how many there are
  std::string owner;                ///< that has them: "the text"
  int otherwise = 0;
};

/// The index that an option or the address names. They must not name two.
int index_of(const Options& options, const std::optional<study::Address>& at, const Part& part) {
  const auto given = checked_index(options, part.option, part.count, part.owner);
  if (at && given && (!part.in_site || part.in_address.value_or(*given) != *given)) {
    refuse_option(part.option, std::to_string(*given),
                  part.in_site ? "--at names another: " + study::to_string(*at)
                               : "--at names " + study::to_string(*at) + ", which has no such part");
  }
  if (part.in_address && *part.in_address >= part.count) {
    refuse_option("--at", study::to_string(*at), part.owner + " has " + index_range(part.count));
  }
  return given.value_or(part.in_address.value_or(part.otherwise));
}

std::size_t limit(std::size_t count, std::size_t top) {
  return top == 0 ? count : std::min(top, count);
}

/// Puts what was asked for in the place of the last, if it is not there yet.
void include(std::vector<std::size_t>& rows, std::optional<std::size_t> asked) {
  if (asked && !rows.empty() && std::find(rows.begin(), rows.end(), *asked) == rows.end())
    rows.back() = *asked;
}

}  // namespace

Numbers sizes_of(std::span<const double> numbers) {
  Numbers sizes;
  for (const double number : numbers) sizes.push_back(std::abs(number));
  return sizes;
}

study::Address Explained::here(Site site) const {
  study::Address address{.site = site, .layer = info(site).in_layer ? layer : 0, .position = position};
  if (info(site).kind == SiteKind::keys) address.head = head;
  return address;
}

std::optional<std::size_t> Explained::asked() const {
  if (!at) return std::nullopt;
  if (at->channel)
    return static_cast<std::size_t>(*at->channel + at->head.value_or(0) * config().head_size());
  if (at->neuron) return static_cast<std::size_t>(*at->neuron);
  if (at->token) return static_cast<std::size_t>(*at->token);
  return std::nullopt;
}

const Subject& example_subject() {
  static const Subject example = [] {
    ModelConfig config{.n_layer = 1, .n_embd = 4, .n_head = 2, .block_size = 8};
    Tokenizer tokenizer(std::vector<char32_t>{U'a', U'e', U'm'});
    config.vocab_size = tokenizer.vocab_size();
    study::Model model{config, Parameters<double>(config), std::move(tokenizer)};
    Rng rng(42);
    initialize(model.parameters, {.std = 0.5}, rng);
    return Subject(std::move(model), "the built-in example");
  }();
  return example;
}

Explained explained(const Request& request, const Scope& scope) {
  const Options& options = request.options;
  const auto text = options.text("--text");
  if (request.subject != nullptr && !text) {
    throw Error(Fault::usage,
                {.what = "--text is required with --model", .hint = "it is what the model reads"});
  }
  const Subject& subject = request.subject != nullptr ? *request.subject : example_subject();
  const ModelConfig& config = subject.config();
  if (scope.layer && config.n_layer == 0) {
    throw Error(Fault::usage,
                {.what = "the topic " + std::string(scope.topic) + " needs a layer, and the model has none"});
  }
  const std::string read = text.value_or("emma");
  const auto at = address_option(options, scope, config);
  Explained e{.subject = subject,
              .is_example = request.subject == nullptr,
              .text = read,
              .trace = study::run(subject.model(), subject.text(read), {}, scope.gradient),
              .at = at};
  const SiteInfo* site = at ? &info(at->site) : nullptr;
  const bool in_layer = at && site->in_layer;
  const bool has_heads = at && (site->kind == SiteKind::heads || site->kind == SiteKind::keys);
  e.position = index_of(options, at,
                        {.option = "--position",
                         .in_address = at ? at->position : std::nullopt,
                         .count = e.positions(),
                         .owner = "the text",
                         .otherwise = e.positions() - 1});
  e.layer = index_of(options, at,
                     {.option = "--layer",
                      .in_site = in_layer,
                      .in_address = in_layer ? std::optional(at->layer) : std::nullopt,
                      .count = config.n_layer,
                      .owner = "the model"});
  e.head = index_of(options, at,
                    {.option = "--head",
                     .in_site = has_heads,
                     .in_address = at ? at->head : std::nullopt,
                     .count = config.n_head,
                     .owner = "the model"});
  if (at && at->source && *at->source > e.position) {
    refuse_option("--at", study::to_string(*at),
                  "position " + std::to_string(e.position) + " cannot see position "
                      + std::to_string(*at->source) + ", which comes later");
  }
  e.top = static_cast<std::size_t>(options.whole("--top", 20));
  return e;
}

int digits_of(const Options& options, int otherwise) {
  return options.whole("--digits", otherwise);
}

Page page_of(std::string_view topic, std::string about, Lines lines) {
  return {.view = std::string(topic), .about = std::move(about), .lines = lines, .steps = true};
}

void add_facts(Page& page, const Explained& e, const Scope& scope, bool of_position) {
  page.facts.push_back({"model", "model", e.subject.name()});
  page.facts.push_back({"text", "text", e.text});
  if (of_position)
    page.facts.push_back({"position", "position", e.subject.position_label(e.batch(), e.position)});
  if (scope.layer) page.facts.push_back({"layer", "layer", std::int64_t{e.layer}, whole()});
  if (scope.head) page.facts.push_back({"head", "head", std::int64_t{e.head}, whole()});
}

Lines lines_of(Site site) {
  return {info(site).line, info(site).line};
}

std::vector<std::size_t> shown_rows(std::span<const double> sizes, std::size_t top,
                                    std::optional<std::size_t> asked) {
  const std::size_t count = limit(sizes.size(), top);
  if (count < sizes.size()) return ranked_rows(sizes_of(sizes), top, asked);
  std::vector<std::size_t> rows(count);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

std::vector<std::size_t> ranked_rows(std::span<const double> values, std::size_t top,
                                     std::optional<std::size_t> asked) {
  auto rows = study::ranked(values, limit(values.size(), top));
  include(rows, asked);
  return rows;
}

std::vector<std::size_t> nearby_rows(std::size_t count, std::size_t top, std::size_t around) {
  std::vector<std::size_t> rows(limit(count, top));
  const std::size_t before = std::min(around, rows.size() / 2);
  const std::size_t first = std::min(around - before, count - rows.size());
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

double rest_of(std::span<const double> values, std::span<const std::size_t> rows) {
  std::vector<bool> shown(values.size());
  for (const std::size_t i : rows) shown[i] = true;
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += shown[i] ? 0 : values[i];
  return sum;
}

void set_bound(Table& table, std::size_t all) {
  if (table.rows.size() - table.totals >= all) return;
  table.total_rows = all;
  table.more = "--top 0 shows all";
}

void fill_product(Section& section, const Product& p, ByHand& hand, std::size_t top) {
  Numbers products;
  for (std::size_t i = 0; i < p.inputs.size(); ++i) products.push_back(p.weights[i] * p.inputs[i]);
  const auto rows = shown_rows(products, top);
  std::vector<Term> terms;
  for (const std::size_t i :
       products.size() > 16 ? study::ranked(sizes_of(products)) : shown_rows(products, 0)) {
    terms.push_back({p.weights[i], p.inputs[i]});
  }
  section.numbers = p.y + " = " + hand.line(p.result, [&](const Digits& n) { return written_sum(terms, n); });
  section.result = p.result;
  section.digits = hand.n.digits;
  const int digits = hand.digits_for([&](const Digits& n) {
    return std::all_of(rows.begin(), rows.end(), [&](std::size_t i) {
      return hand.same(n.printed(p.weights[i]) * n.printed(p.inputs[i]), products[i]);
    });
  });
  section.table.columns = {{"index", p.i, whole()},
                           {"weight", p.w, number(digits)},
                           {"input", p.x, number(digits)},
                           hot("product", "product", hand.n.digits)};
  for (const std::size_t i : rows) {
    section.table.rows.push_back({static_cast<std::int64_t>(i), p.weights[i], p.inputs[i], products[i]});
  }
  set_bound(section.table, products.size());
  section.figure = Figure{.kind = Figure::Kind::bars, .title = "What each term adds to " + p.y, .y = {3}};
}

}  // namespace microgpt::view::explain
