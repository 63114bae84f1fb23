// Every view and topic by its function; view/views.cpp has them as the two lists that everybody else reads.
#pragma once

#include "microgpt/view/view.hpp"

namespace microgpt::view {

// What `microgpt study` shows.
ViewSpec attention_view();
ViewSpec lens_view();
ViewSpec residual_view();
ViewSpec ledger_view();
ViewSpec heads_view();
ViewSpec neurons_view();
ViewSpec embeddings_view();
ViewSpec circuits_view();
ViewSpec ablate_view();
ViewSpec patch_view();
ViewSpec gradients_view();
ViewSpec trace_view();
ViewSpec diff_view();
ViewSpec history_view();

// What `microgpt explain` explains.
ViewSpec softmax_topic();
ViewSpec tokens_topic();
ViewSpec embedding_topic();
ViewSpec rmsnorm_topic();
ViewSpec linear_topic();
ViewSpec attention_topic();
ViewSpec heads_topic();
ViewSpec residual_topic();
ViewSpec mlp_topic();
ViewSpec logits_topic();
ViewSpec loss_topic();
ViewSpec backprop_topic();
ViewSpec adam_topic();
ViewSpec sampling_topic();

}  // namespace microgpt::view
