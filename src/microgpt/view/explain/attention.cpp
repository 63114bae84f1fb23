// explain attention: what a position takes from those before it.
#include "microgpt/view/explain/attention_steps.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace explain {

namespace {

constexpr OptionSpec kAttentionOptions[] = {kReadOption, kPositionOption, kLayerOption, kHeadOption,
                                            kAtOption,   kTopOption,      kDigitsOption};
constexpr Site kAttentionSites[] = {Site::q, Site::k, Site::v, Site::scores, Site::pattern, Site::z};
Page make_attention(const Request& request) {
  const Scope scope{.topic = "attention", .sites = kAttentionSites, .layer = true, .head = true};
  const Explained e = explained(request, scope);
  ByHand hand(digits_of(request.options));
  const Looking l = looking(e);
  Page page = page_of(scope.topic,
                      "A position looks back: its query is compared with the key of every position so far, "
                      "softmax turns the scores into weights, and the values are added up in these weights. "
                      "Later positions need no mask: when a position is computed, they are not there yet.",
                      {117, 131});
  add_facts(page, e, scope);
  page.sections = {vectors_section(l, hand), scores_section(l, hand), weights_section(l, hand),
                   sum_section(l, hand)};
  page.about += hand.note();
  return page;
}

}  // namespace

}  // namespace explain

ViewSpec attention_topic() {
  return {.name = "attention",
          .about = "What a position takes from those before it: scores, weights, sum",
          .example = "attention --text emma --head 1",
          .needs = Needs::model_or_example,
          .options = explain::kAttentionOptions,
          .make = explain::make_attention};
}

}  // namespace microgpt::view
