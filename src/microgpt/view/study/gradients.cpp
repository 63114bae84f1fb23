// study gradients: the gradient of the loss of a text, tensor by tensor, with a witness.
#include "microgpt/study/gradients.hpp"

#include <algorithm>

#include "microgpt/study/numbers.hpp"
#include "microgpt/study/work.hpp"
#include "microgpt/text/words.hpp"
#include "microgpt/view/views.hpp"

namespace microgpt::view {

namespace {

constexpr OptionSpec kGradientsOptions[] = {
    kTextOption,
    amount_option("--top", "Number of tensors shown, those with the largest gradients; 0 shows all", "40"),
    whole_option("--differences",
                 "Number of tensors whose largest entry is compared with a central difference",
                 "all that are shown, fewer if the model is large", 0, 1'000'000),
};

constexpr double kStep = 1e-5;  // of the central differences

/// The `count` tensors with the largest norms, in the model's order.
std::vector<std::size_t> largest_tensors(const std::vector<study::TensorGradient>& all, std::size_t count) {
  std::vector<double> norms;
  for (const study::TensorGradient& one : all) norms.push_back(one.norm);
  std::vector<std::size_t> chosen = study::ranked(norms, count);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

/// `slopes` are the central differences of those rows that were `compared`.
Section tensors_section(const std::vector<study::TensorGradient>& rows, std::size_t all,
                        const std::vector<std::size_t>& compared, const std::vector<double>& slopes,
                        double rounding) {
  Section section{.key = "tensors", .title = "The gradient of each tensor"};
  section.table.columns = {{"tensor", "tensor"},
                           {"norm", "norm", number(4), Heat::column},
                           {"zeros", "zeros", percent(1), Heat::unit},
                           {"largest", "largest", number(5)},
                           {"largest_at", "at"},
                           {"by_differences", "by differences", number(5)}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const study::TensorGradient& g = rows[i];
    const std::string at = g.tensor + "[" + std::to_string(g.row) + "," + std::to_string(g.column) + "]";
    section.table.rows.push_back({g.tensor, g.norm, g.share_of_zeros(), g.largest, at, std::monostate()});
  }
  for (std::size_t n = 0; n < compared.size(); ++n) {
    const Agreement small{.difference = slopes[n], .rounding = rounding, .with = "0"};
    section.table.rows[compared[n]].back() = small.only_rounding() ? Value(small) : Value(slopes[n]);
  }
  if (rows.size() < all) {
    section.table.total_rows = all;
    section.table.more = "--top 0 shows all";
  }
  section.figure =
      Figure{.kind = Figure::Kind::bars, .title = "The norm of the gradient of each tensor", .y = {1}};
  section.note =
      "zeros is the share of entries that are exactly 0. The entry that is largest in size is computed once "
      "more without the backward pass, as (loss(w + h) - loss(w - h)) / 2h with h = 1e-5.";
  if (compared.size() < rows.size()) section.note += " --differences N does so for more tensors.";
  return section;
}

Page make_gradients(const Request& request) {
  const Subject& subject = *request.subject;
  const Options& options = request.options;
  const Batch batch = subject.text(*options.text("--text"));
  std::vector<study::TensorGradient> all;
  double loss = 0;
  double rounding = 0;
  {  // the trace and its gradients go before the model is copied
    const study::Trace trace = study::run(subject.model(), batch, {}, true);
    all = study::tensor_gradients(trace);
    loss = trace.loss();
    rounding = slope_rounding(trace.loss_size(), kStep);
  }
  const auto top = static_cast<std::size_t>(options.whole("--top", 40));
  const std::vector<std::size_t> shown = largest_tensors(all, top == 0 ? all.size() : top);
  const double affordable = study::kFewSeconds / (2 * study::run_work(subject.config(), batch.positions()));
  const int otherwise = static_cast<int>(std::clamp(affordable, 1.0, static_cast<double>(shown.size())));
  const auto differences = static_cast<std::size_t>(options.whole("--differences", otherwise));

  std::vector<study::TensorGradient> rows;
  for (const std::size_t i : shown) rows.push_back(all[i]);
  const std::vector<std::size_t> compared = largest_tensors(rows, differences);
  std::vector<std::size_t> weights;
  for (const std::size_t i : compared) weights.push_back(rows[i].weight);
  const std::vector<double> slopes =
      study::central_differences(subject.model(), batch, weights, kStep, request.progress);

  Page page{.view = "gradients",
            .about =
                "The gradient of the mean loss of a text says in which direction, and how fast, the loss "
                "changes with each weight."};
  page.facts = {{"text", "text", *options.text("--text")},
                {"loss", "loss in nats per character", loss, number(4)},
                {"differences", "tensors checked by central differences",
                 static_cast<std::int64_t>(slopes.size()), whole()}};
  page.sections = {tensors_section(rows, all.size(), compared, slopes, rounding)};
  return page;
}

}  // namespace

ViewSpec gradients_view() {
  return {.name = "gradients",
          .about = "The gradient of every tensor on a text, checked by central differences",
          .example = "gradients --text emma",
          .options = kGradientsOptions,
          .make = make_gradients};
}

}  // namespace microgpt::view
