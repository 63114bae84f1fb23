// explain linear: a matrix times a vector.
#include <algorithm>

#include "microgpt/base/error.hpp"
#include "microgpt/study/weight.hpp"
#include "microgpt/view/explain/explained.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kLinearOptions[] = {
    kReadOption,
    kPositionOption,
    kLayerOption,
    index_option("--head",
                 "Work out the first channel of this head, counted from 0; for attn.q, attn.k and attn.v",
                 "0"),
    kAtOption,
    kTopOption,
    kDigitsOption};
constexpr Site kLinearSites[] = {Site::q,       Site::k,        Site::v,      Site::attn_out, Site::mlp_pre,
                                 Site::mlp_out, Site::mlp_post, Site::logits, Site::probs};

/// The site whose values are the product that an address means.
Site product_site(const Explained& e) {
  if (!e.at) return e.config().n_layer > 0 ? Site::q : Site::logits;
  if (e.at->site == Site::mlp_post) return Site::mlp_pre;
  if (e.at->site == Site::probs) return Site::logits;
  return e.at->site;
}

/// The tensor whose matrix leads to a site.
std::size_t tensor_of(const Explained& e, Site site) {
  const auto& table = e.weights().table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const study::WeightPlace place = study::place_of(e.subject.model(), {.tensor = i});
    if (!place.is_embedding() && place.to.site == site && (!info(site).in_layer || place.layer == e.layer))
      return i;
  }
  throw Error(Fault::usage,
              {.what = "the model has no matrix that leads to " + study::site_name(site, e.layer)});
}

/// What the input of a matrix went through since the stream.
std::string about_input(const Explained& e, const study::Address& from) {
  if (from.site == Site::attn_norm && e.layer == 0) {
    return " That input is embed.norm, normed a second time ('explain rmsnorm --layer 0' shows how), so it "
           "differs a little from where the embedding ended.";
  }
  if (from.site == Site::attn_norm || from.site == Site::mlp_norm) {
    return " That input is the residual stream after a norm ('explain rmsnorm --at "
           + study::site_name(from.site, e.layer) + "' shows it).";
  }
  return "";
}

/// A product of a matrix and a row of the trace, and the output that is worked out.
struct MatrixProduct {
  Site site;            ///< of the outputs
  std::size_t tensor;   ///< in the table of tensors
  study::Address from;  ///< of the inputs
  Numbers y;
  std::size_t o;  ///< the output that was asked for
};

Section one_output(const Explained& e, const MatrixProduct& product, ByHand& hand) {
  const SiteKind kind = info(product.site).kind;
  const std::string& name = e.weights().table()[product.tensor].name;
  const auto w = e.weights().tensor(product.tensor);
  const std::string out = std::to_string(product.o);
  Section one{.key = "one_output", .title = "one output, term by term", .lines = {94, 95}};
  study::Address element = e.here(product.site);
  const int index = static_cast<int>(product.o);
  (kind == SiteKind::neurons  ? element.neuron
   : kind == SiteKind::tokens ? element.token
                              : element.channel) = index;
  one.address = study::to_string(element);
  one.says = "Row " + out + " of " + name + " (" + std::to_string(w.rows()) + " x " + std::to_string(w.cols())
             + ") times " + study::to_string(product.from) + "." + about_input(e, product.from);
  if (kind == SiteKind::tokens)
    one.says += " Row " + out + " belongs to the token " + e.subject.label(index) + ".";
  one.formula = "y_o = sum_i W[o,i] x_i";
  const auto row = w.row(index);
  fill_product(one,
               {.y = "y_" + out,
                .w = "W[" + out + ",i]",
                .x = "x_i",
                .i = "i",
                .weights = {row.begin(), row.end()},
                .inputs = e.trace.row(product.from.site, product.from.layer, e.position),
                .result = product.y[product.o]},
               hand, e.top);
  return one;
}

Section all_outputs(const Explained& e, const MatrixProduct& product, const ByHand& hand) {
  const auto& [site, tensor, from, y, o] = product;
  Section all{
      .key = "all_outputs", .title = "all outputs", .address = e.address(site), .lines = lines_of(site)};
  all.formula = study::site_name(site, e.layer) + " = " + e.weights().table()[tensor].name + " * "
                + study::to_string(from);
  all.table.columns = {{"output", "o", whole()}, hot("value", "y_o", hand.n.digits)};
  for (const std::size_t i : shown_rows(y, e.top, o))
    all.table.rows.push_back({static_cast<std::int64_t>(i), y[i]});
  set_bound(all.table, y.size());
  all.figure = Figure{.kind = Figure::Kind::bars, .title = "All outputs of the matrix", .y = {1}};
  return all;
}

Page make_linear(const Request& request) {
  const Scope scope{.topic = "linear", .sites = kLinearSites};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  const Site site = product_site(e);
  if (request.options.given("--head") && info(site).kind != SiteKind::heads) {
    throw bad_option("--head", "", study::site_name(site, e.layer) + " has no heads");
  }
  // A head's outputs begin at its first channel.
  const std::size_t first =
      info(site).kind == SiteKind::heads ? static_cast<std::size_t>(e.head * e.config().head_size()) : 0;
  const std::size_t tensor = tensor_of(e, site);
  const MatrixProduct product{.site = site,
                              .tensor = tensor,
                              .from = study::place_of(e.subject.model(), {.tensor = tensor}).from,
                              .y = e.row(site),
                              .o = e.asked().value_or(first)};

  Page page = page_of(scope.topic,
                      "A matrix times a vector: each output is a weighted sum of all inputs, with one row of "
                      "weights for each output. There is no bias.",
                      {94, 95});
  add_facts(page, e, scope);
  if (info(site).in_layer) page.facts.push_back({"layer", "layer", std::int64_t{e.layer}, whole()});

  page.sections = {one_output(e, product, hand), all_outputs(e, product, hand)};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec linear_topic() {
  return {.name = "linear",
          .about = "A matrix times a vector, term by term",
          .example = "linear --text emma --at 'layer0.mlp.pre[position 2, neuron 3]'",
          .needs = Needs::model_or_example,
          .options = explain::kLinearOptions,
          .make = explain::make_linear};
}

}  // namespace microgpt::view
