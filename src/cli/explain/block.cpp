// microgpt explain residual, mlp, logits, loss: through a block and out at the other end.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "cli/explain/topics.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::cli::explain {

namespace {

double norm_of(const Numbers& x) {
  return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
}

double cosine_of(const Numbers& x, const Numbers& y) {
  const double norms = norm_of(x) * norm_of(y);
  return norms > 0 ? std::inner_product(x.begin(), x.end(), y.begin(), 0.0) / norms : 0;
}

std::string address_of(const Subject& s, Site site) {
  return study::to_string({.site = site, .layer = info(site).in_layer ? s.layer : 0, .position = s.position});
}

/// One addition into the stream.
Step addition_step(const Subject& s, const Digits& n, Site before, Site added, Site after) {
  const Numbers x = row_of(s.trace, before, s.layer, s.position);
  const Numbers f = row_of(s.trace, added, s.layer, s.position);
  const Numbers y = row_of(s.trace, after, s.layer, s.position);
  const std::string in(info(before).name), plus(info(added).name), out(info(after).name);
  Step step{.name = out, .address = address_of(s, after), .lines = lines_of_site(after)};
  step.formula = out + "_c = " + in + "_c + " + plus + "_c";
  step.numbers = out + "_0 = " + n(x[0]) + " + " + n.factor(f[0]);
  step.result = y[0];
  step.table = {{"channel", in, plus, out}, 1, {1, 2, 3}};
  for (std::size_t c = 0; c < x.size(); ++c)
    step.table.rows.push_back({static_cast<long>(c), x[c], f[c], y[c]});
  return step;
}

}  // namespace

Page explain_residual(const Subject& s, const Digits& n) {
  Page page{
      .topic = "residual",
      .about =
          "Attention and MLP do not replace a vector, they add to it: what they have nothing to say about "
          "passes unchanged, and gradients come back by the same way.",
      .lines = {116, 141}};
  page.steps.push_back(addition_step(s, n, Site::resid_pre, Site::attn_out, Site::resid_mid));
  page.steps.push_back(addition_step(s, n, Site::resid_mid, Site::mlp_out, Site::resid_post));
  Step stream{.name = "the whole stream", .address = address_of(s, Site::resid_post)};
  stream.says =
      "How long each vector of this layer is, and how much it points where the layer's stream ends.";
  stream.formula = "norm = sqrt(sum_c x_c^2);   cosine = x . y / (|x| |y|)";
  stream.table = {{"vector", "norm", "cosine with resid_post"}, 1, {2}};
  const Numbers end = row_of(s.trace, Site::resid_post, s.layer, s.position);
  for (const Site site :
       {Site::resid_pre, Site::attn_out, Site::resid_mid, Site::mlp_out, Site::resid_post}) {
    const Numbers x = row_of(s.trace, site, s.layer, s.position);
    stream.table.rows.push_back({std::string(info(site).name), norm_of(x), cosine_of(x, end)});
  }
  page.steps.push_back(std::move(stream));
  return page;
}

Page explain_mlp(const Subject& s, const Digits& n) {
  const Numbers x = row_of(s.trace, Site::mlp_norm, s.layer, s.position);
  const Numbers pre = row_of(s.trace, Site::mlp_pre, s.layer, s.position);
  const Numbers post = row_of(s.trace, Site::mlp_post, s.layer, s.position);
  const Numbers out = row_of(s.trace, Site::mlp_out, s.layer, s.position);
  const auto fc1 = s.model.parameters.mlp_fc1(s.layer);
  const auto fc2 = s.model.parameters.mlp_fc2(s.layer);
  const bool squared = s.config().activation == Activation::relu2;
  const auto top = static_cast<std::size_t>(std::max_element(post.begin(), post.end()) - post.begin());
  const std::string neuron = std::to_string(top);

  Page page{.topic = "mlp",
            .about = "4C = " + std::to_string(pre.size())
                     + " neurons: each looks for one direction (its row of mlp_fc1)"
                     + " and, if it finds it, writes another (its column of mlp_fc2) into the stream.",
            .lines = {135, 141}};
  Step expand{.name = "pre: what each neuron sees",
              .address = address_of(s, Site::mlp_pre),
              .lines = lines_of_site(Site::mlp_pre)};
  expand.says = "Neuron " + neuron + ", the most active one here:";
  expand.formula = "pre_j = sum_i mlp_fc1[j,i] x_i   of   x = mlp.norm";
  std::vector<std::string> terms;
  for (std::size_t i = 0; i < x.size(); ++i) {
    terms.push_back(n.factor(fc1(static_cast<Index>(top), static_cast<Index>(i))) + " * " + n.factor(x[i]));
  }
  expand.numbers = "pre_" + neuron + " = " + sum_of(terms);
  expand.result = pre[top];
  Step act{.name = "post: the activation",
           .address = address_of(s, Site::mlp_post),
           .lines = lines_of_site(Site::mlp_post)};
  const auto active = std::count_if(post.begin(), post.end(), [](double p) { return p > 0; });
  act.says = std::to_string(active) + " of " + counted(post.size(), "neuron")
             + " are above 0 here. 'writes' is the length of what a neuron adds to the stream.";
  act.formula = squared ? "post_j = max(pre_j, 0)^2" : "post_j = max(pre_j, 0)";
  act.numbers = "post_" + neuron + " = max(" + n(pre[top]) + ", 0)" + (squared ? "^2" : "");
  act.result = post[top];
  act.table = {{"neuron", "pre", "post", "writes"}, 1, {1, 2, 3}};
  for (std::size_t j = 0; j < pre.size(); ++j) {
    act.table.rows.push_back(
        {static_cast<long>(j), pre[j], post[j], post[j] * fc2.col(static_cast<Index>(j)).norm()});
  }
  Step project{.name = "out: back into the stream",
               .address = address_of(s, Site::mlp_out),
               .lines = lines_of_site(Site::mlp_out)};
  project.says = "Only the neurons above 0 have a term.";
  project.formula = "out_c = sum_j mlp_fc2[c,j] post_j";
  terms.clear();
  for (std::size_t j = 0; j < post.size(); ++j) {
    if (post[j] > 0) terms.push_back(n.factor(fc2(0, static_cast<Index>(j))) + " * " + n(post[j]));
  }
  project.numbers = "out_0 = " + (terms.empty() ? "0" : sum_of(terms));
  project.result = out[0];
  project.table = {{"channel", "out"}, 1, {1}};
  for (std::size_t c = 0; c < out.size(); ++c) project.table.rows.push_back({static_cast<long>(c), out[c]});
  page.steps = {expand, act, project};
  return page;
}

Page explain_logits(const Subject& s, const Digits& n) {
  const study::Address end = end_of_stream(s.config());
  const Numbers x = row_of(s.trace, end.site, end.layer, s.position);
  const Numbers logits = row_of(s.trace, Site::logits, 0, s.position);
  const Numbers probs = row_of(s.trace, Site::probs, 0, s.position);
  const auto lm_head = s.model.parameters.lm_head();
  const Token target = s.batch().target[static_cast<std::size_t>(s.position)];
  const std::string t = std::to_string(target);
  Page page{
      .topic = "logits",
      .about =
          "One number for every token of the vocabulary: how well its row of lm_head fits the vector at "
          "the end of the stream. No norm and no bias stand between, so a logit is an exact sum of what "
          "was added to the stream.",
      .lines = {143, 143}};
  Step one{.name = "the logit of what comes next",
           .address = study::to_string({.site = Site::logits, .position = s.position, .token = target}),
           .lines = lines_of_site(Site::logits)};
  one.says = "Token " + t + " is " + token_text(s.model.tokenizer, target) + ".";
  one.formula = "logit_t = sum_c lm_head[t,c] x_c   of   x = " + to_string(end);
  one.table = {{"channel", "lm_head[" + t + ",c]", "x_c", "product"}, 1, {3}};
  std::vector<std::string> terms;
  for (std::size_t c = 0; c < x.size(); ++c) {
    const double w = lm_head(target, static_cast<Index>(c));
    terms.push_back(n.factor(w) + " * " + n.factor(x[c]));
    one.table.rows.push_back({static_cast<long>(c), w, x[c], w * x[c]});
  }
  one.numbers = "logit_" + t + " = " + sum_of(terms);
  one.result = logits[static_cast<std::size_t>(target)];
  Step all{
      .name = "all logits", .address = address_of(s, Site::logits), .lines = lines_of_site(Site::logits)};
  all.says = "And what softmax makes of them ('explain softmax' shows how).";
  all.table = {{"token", "character", "logit", "probability"}, 2, {2, 3}};
  for (std::size_t i = 0; i < logits.size(); ++i) {
    all.table.rows.push_back(
        {static_cast<long>(i), token_text(s.model.tokenizer, static_cast<Token>(i)), logits[i], probs[i]});
  }
  page.steps = {one, all};
  return page;
}

Page explain_loss(const Subject& s, const Digits& n) {
  const Matrix<double> probs = s.trace.values(Site::probs);
  const std::vector<double> nll = s.trace.nll();
  const auto V = static_cast<double>(s.config().vocab_size);
  const auto here = static_cast<std::size_t>(s.position);
  const Token target = s.batch().target[here];
  Page page{
      .topic = "loss",
      .about =
          "How surprised the model is by what really comes next, in nats: -ln of the probability it gave "
          "to it. 0 is certainty; one who knows nothing has ln V.",
      .lines = {166, 169}};
  Step one{.name = "at one position",
           .address = study::to_string({.site = Site::probs, .position = s.position, .token = target}),
           .lines = {167, 167}};
  one.formula = "loss_p = -ln p(next token)";
  one.numbers = "loss_" + std::to_string(s.position) + " = -ln p(" + token_text(s.model.tokenizer, target)
                + ") = -ln " + n(probs(s.position, target));
  one.result = nll[here];
  Step mean{.name = "the text's loss", .lines = {169, 169}};
  mean.says = "The mean over positions. Knowing nothing, every token as probable as the next, it is ln "
              + std::to_string(s.config().vocab_size) + " = " + n(std::log(V)) + ".";
  mean.formula = "loss = (sum_p loss_p) / n";
  mean.table = {{"position", "reads", "next", "probability", "loss"}, 1, {4}};
  std::vector<std::string> terms;
  for (int p = 0; p < s.positions(); ++p) {
    const auto at = static_cast<std::size_t>(p);
    terms.push_back(n(nll[at]));
    mean.table.rows.push_back({static_cast<long>(p), token_text(s.model.tokenizer, s.batch().token[at]),
                               token_text(s.model.tokenizer, s.batch().target[at]),
                               probs(p, s.batch().target[at]), nll[at]});
  }
  mean.numbers = "loss = (" + sum_of(terms) + ") / " + std::to_string(s.positions());
  mean.result = s.trace.loss();
  Step slope{.name = "where learning begins", .address = address_of(s, Site::logits)};
  slope.says =
      "The loss by each logit of this position: probability minus 1 for what came, probability for all "
      "others, by n. Everything that backprop does starts from these.";
  slope.formula = "dloss/dlogit_t = (p_t - [t is the next token]) / n";
  slope.numbers = "dloss/dlogit_" + std::to_string(target) + " = (" + n(probs(s.position, target))
                  + " - 1) / " + std::to_string(s.positions());
  const Numbers gradient = [&] {
    const Matrix<double> all = s.trace.gradient(Site::logits);
    return Numbers(all.row(s.position).begin(), all.row(s.position).end());
  }();
  slope.result = gradient[static_cast<std::size_t>(target)];
  slope.table = {{"token", "character", "probability", "dloss/dlogit"}, 2, {3}};
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    slope.table.rows.push_back({static_cast<long>(i), token_text(s.model.tokenizer, static_cast<Token>(i)),
                                probs(s.position, static_cast<Index>(i)), gradient[i]});
  }
  page.steps = {one, mean, slope};
  return page;
}

}  // namespace microgpt::cli::explain
