#include "microgpt/study/sweeps.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>

#include "microgpt/base/error.hpp"
#include "microgpt/base/thread_team.hpp"
#include "microgpt/study/numbers.hpp"
#include "microgpt/text/words.hpp"

namespace microgpt::study {

namespace {

/// Change of the mean nll and its standard error, taking documents as independent draws.
AblationRow compare(const Address& at, const Batch& batch, const std::vector<double>& before,
                    const std::vector<double>& after) {
  AblationRow row{.at = at};
  const auto P = static_cast<double>(batch.positions());
  for (std::size_t p = 0; p < before.size(); ++p) {
    row.loss += after[p] / P;
    row.change += (after[p] - before[p]) / P;
  }
  // The mean over positions is a ratio of sums over documents: its variance is that of the residuals.
  const auto documents = static_cast<double>(batch.documents());
  double squares = 0;
  for (std::size_t d = 0; d < batch.documents(); ++d) {
    double residual = 0;
    for (auto p = static_cast<std::size_t>(batch.offsets[d]);
         p < static_cast<std::size_t>(batch.offsets[d + 1]); ++p) {
      residual += after[p] - before[p] - row.change;
    }
    squares += residual * residual;
  }
  row.standard_error = documents > 1 ? std::sqrt(squares * documents / (documents - 1)) / P
                                     : std::numeric_limits<double>::quiet_NaN();
  return row;
}

/// Mean of each column of a site over all positions.
Eigen::RowVectorXd column_means(const Trace& trace, const Address& at) {
  return trace.values(at.site, at.layer).colwise().mean();
}

/// Runs the model on a batch again and again, each time with one intervention, on several threads.
/// `intervention(i)` makes the i-th, `done(i, trace)` reads off what came of it.
template <class Make, class Done>
void sweep_over(const Model& model, const Batch& batch, std::size_t runs, int threads,
                const std::function<void(double)>& progress, const Make& intervention, const Done& done) {
  ThreadTeam team(std::clamp(threads, 1, std::max(1, static_cast<int>(runs))));
  std::vector<std::optional<Trace>> rooms(static_cast<std::size_t>(team.size()));
  std::atomic<std::size_t> finished = 0;
  team.run(static_cast<int>(runs), [&](int index, int worker) {
    const auto i = static_cast<std::size_t>(index);
    const Intervention one[] = {intervention(i)};
    std::optional<Trace>& room = rooms[static_cast<std::size_t>(worker)];
    if (room) {
      run_again(model, *room, one);
    } else {
      room.emplace(run(model, batch, one));
    }
    done(i, *room);
    const std::size_t so_far = ++finished;
    if (worker == 0 && progress && so_far < runs) {
      progress(static_cast<double>(so_far) / static_cast<double>(runs));
    }
  });
  if (progress) progress(1);
}

/// Whether two runs have the same numbers at one position of a site: then patching changes nothing.
bool same_at(const Trace& a, const Trace& b, const Address& at) {
  const Index p = *at.position;
  if (info(at.site).kind != SiteKind::keys) {
    return a.values(at.site, at.layer).row(p) == b.values(at.site, at.layer).row(p);
  }
  for (int h = 0; h < a.config().n_head; ++h) {
    // A query sees what comes before it, and itself.
    if (a.head(at.site, at.layer, h).row(p).head(p + 1) != b.head(at.site, at.layer, h).row(p).head(p + 1)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<Address> ablatable(const ModelConfig& config, bool neurons) {
  std::vector<Address> parts = {{.site = Site::embed_position}};
  for (int i = 0; i < config.n_layer; ++i) {
    parts.push_back({.site = Site::attn_out, .layer = i});
    parts.push_back({.site = Site::mlp_out, .layer = i});
    for (int h = 0; h < config.n_head; ++h) parts.push_back({.site = Site::z, .layer = i, .head = h});
    for (int n = 0; neurons && n < 4 * config.n_embd; ++n) {
      parts.push_back({.site = Site::mlp_post, .layer = i, .neuron = n});
    }
  }
  return parts;
}

AblationSweep ablation_sweep(const Model& model, const Batch& batch, const std::vector<Address>& parts,
                             Ablation how, int threads, const std::function<void(double)>& progress) {
  const Trace whole = run(model, batch);
  const std::vector<double> before = whole.nll();
  AblationSweep sweep{.whole = whole.loss(), .rows = std::vector<AblationRow>(parts.size())};
  const auto without = [&](std::size_t part) {
    const Address& at = parts[part];
    if (how == Ablation::zero) return zero(at);
    const Eigen::RowVectorXd means = column_means(whole, at);
    return Intervention{at, [means](const Element& e) { return means(e.column); }};
  };
  sweep_over(model, batch, parts.size(), threads, progress, without,
             [&](std::size_t part, const Trace& trace) {
               sweep.rows[part] = compare(parts[part], batch, before, trace.nll());
             });
  std::stable_sort(sweep.rows.begin(), sweep.rows.end(),
                   [](const AblationRow& a, const AblationRow& b) { return a.change > b.change; });
  return sweep;
}

std::vector<Address> patchable(const ModelConfig& config) {
  std::vector<Address> parts = sites_of(config);
  std::erase_if(parts, [](const Address& at) { return info(at.site).kind == SiteKind::tokens; });
  return parts;
}

PatchSweep patch_sweep(const Model& model, const Batch& clean, const Batch& corrupted,
                       const std::vector<Address>& parts, int target, int contrast, int threads,
                       const std::function<void(double)>& progress) {
  if (clean.positions() != corrupted.positions()) {
    throw Error(Fault::usage, {.what = "bad texts",
                               .hint = "the clean one has " + counted(clean.positions(), "position")
                                       + ", the corrupted one " + std::to_string(corrupted.positions())
                                       + ": they must be equally long"});
  }
  const auto last = static_cast<Index>(clean.positions()) - 1;
  const auto metric = [&](const Trace& trace) {
    if (contrast < 0) return -std::log(trace.values(Site::probs)(last, target));
    const Matrix<double> logits = trace.values(Site::logits);
    return logits(last, target) - logits(last, contrast);
  };
  const Trace clean_run = run(model, clean);
  const Trace corrupted_run = run(model, corrupted);
  PatchSweep sweep{.clean = metric(clean_run), .corrupted = metric(corrupted_run), .rows = {}};
  if (sweep.clean == sweep.corrupted) {
    throw Error(
        Fault::usage,
        {.what = "bad texts",
         .hint = "the clean and the corrupted one give the same metric, so nothing can be recovered"});
  }
  std::vector<std::size_t> to_run;  // rows; of the others the metric is known
  for (Address at : parts) {
    const std::optional<int> only = at.position;
    for (int position = only.value_or(0); position <= only.value_or(static_cast<int>(last)); ++position) {
      at.position = position;
      if (!same_at(clean_run, corrupted_run, at)) to_run.push_back(sweep.rows.size());
      sweep.rows.push_back({at, sweep.corrupted, 0});
    }
  }
  const auto from_clean = [&](std::size_t i) { return patch(sweep.rows[to_run[i]].at, clean_run); };
  sweep_over(model, corrupted, to_run.size(), threads, progress, from_clean,
             [&](std::size_t i, const Trace& trace) {
               PatchRow& row = sweep.rows[to_run[i]];
               row.metric = metric(trace);
               if (row.metric == sweep.corrupted) return;  // 0, and not -0
               row.recovered = (row.metric - sweep.corrupted) / (sweep.clean - sweep.corrupted);
             });
  return sweep;
}

}  // namespace microgpt::study
