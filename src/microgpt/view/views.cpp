#include "microgpt/view/views.hpp"

#include <algorithm>
#include <array>

namespace microgpt::view {

std::span<const ViewSpec> study_views() {
  static const std::array views = {
      attention_view(), lens_view(),       residual_view(), ledger_view(),  heads_view(),
      neurons_view(),   embeddings_view(), circuits_view(), ablate_view(),  patch_view(),
      gradients_view(), trace_view(),      diff_view(),     history_view(),
  };
  return views;
}

std::span<const ViewSpec> explain_topics() {
  static const std::array topics = {
      softmax_topic(),   tokens_topic(),   embedding_topic(), rmsnorm_topic(),  linear_topic(),
      attention_topic(), heads_topic(),    residual_topic(),  mlp_topic(),      logits_topic(),
      loss_topic(),      backprop_topic(), adam_topic(),      sampling_topic(),
  };
  return topics;
}

const ViewSpec* find_view(std::span<const ViewSpec> views, std::string_view name) {
  const auto found =
      std::find_if(views.begin(), views.end(), [&](const ViewSpec& v) { return v.name == name; });
  return found == views.end() ? nullptr : &*found;
}

}  // namespace microgpt::view
