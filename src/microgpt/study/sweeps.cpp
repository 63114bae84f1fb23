#include "microgpt/study/sweeps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "microgpt/base/error.hpp"
#include "microgpt/base/thread_team.hpp"
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

}  // namespace

std::vector<Address> ablatable(const ModelConfig& config) {
  std::vector<Address> parts = {{.site = Site::embed_position}};
  for (int i = 0; i < config.n_layer; ++i) {
    parts.push_back({.site = Site::attn_out, .layer = i});
    parts.push_back({.site = Site::mlp_out, .layer = i});
    for (int h = 0; h < config.n_head; ++h) parts.push_back({.site = Site::z, .layer = i, .head = h});
    for (int n = 0; n < 4 * config.n_embd; ++n)
      parts.push_back({.site = Site::mlp_post, .layer = i, .neuron = n});
  }
  return parts;
}

std::vector<AblationRow> ablate(const Model& model, const Batch& batch, const std::vector<Address>& parts,
                                Ablation how, int threads) {
  const Trace whole = run(model, batch);
  const std::vector<double> before = whole.nll();
  std::vector<AblationRow> rows(parts.size());
  ThreadTeam team(std::clamp(threads, 1, std::max(1, static_cast<int>(parts.size()))));
  std::vector<std::optional<Trace>> rooms(static_cast<std::size_t>(team.size()));
  team.run(static_cast<int>(parts.size()), [&](int part, int worker) {
    const Address& at = parts[static_cast<std::size_t>(part)];
    Intervention without = zero(at);
    if (how == Ablation::mean) {
      const Eigen::RowVectorXd means = column_means(whole, at);
      without = {at, [means](const Element& e) { return means(e.column); }};
    }
    std::optional<Trace>& room = rooms[static_cast<std::size_t>(worker)];
    if (room) {
      run_again(model, *room, {&without, 1});
    } else {
      room.emplace(run(model, batch, {&without, 1}));
    }
    rows[static_cast<std::size_t>(part)] = compare(at, batch, before, room->nll());
  });
  std::stable_sort(rows.begin(), rows.end(),
                   [](const AblationRow& a, const AblationRow& b) { return a.change > b.change; });
  return rows;
}

std::vector<Address> patchable(const ModelConfig& config) {
  std::vector<Address> parts;
  for (const SiteInfo& site : kSites) {
    if (!site.in_layer && site.kind == SiteKind::residual) parts.push_back({.site = site.site});
  }
  for (int layer = 0; layer < config.n_layer; ++layer) {
    for (const SiteInfo& site : kSites) {
      if (site.in_layer) parts.push_back({.site = site.site, .layer = layer});
    }
  }
  return parts;
}

PatchSweep patch_sweep(const Model& model, const Batch& clean, const Batch& corrupted,
                       const std::vector<Address>& parts, int target, int contrast) {
  if (clean.positions() != corrupted.positions()) {
    throw Error(Fault::usage, "bad texts: the clean one has " + counted(clean.positions(), "position")
                                  + ", the corrupted one " + std::to_string(corrupted.positions())
                                  + ": they must be equally long");
  }
  const auto last = static_cast<Index>(clean.positions()) - 1;
  const auto metric = [&](const Trace& trace) {
    if (contrast < 0) return -std::log(trace.values(Site::probs)(last, target));
    const Matrix<double> logits = trace.values(Site::logits);
    return logits(last, target) - logits(last, contrast);
  };
  const Trace clean_run = run(model, clean);
  PatchSweep sweep{.clean = metric(clean_run), .corrupted = metric(run(model, corrupted)), .rows = {}};
  if (sweep.clean == sweep.corrupted) {
    throw Error(Fault::usage,
                "bad texts: the clean and the corrupted one give the same metric: nothing can be recovered");
  }
  for (Address at : parts) {
    const std::optional<int> only = at.position;
    for (int position = only.value_or(0); position <= only.value_or(static_cast<int>(last)); ++position) {
      at.position = position;
      const Intervention one[] = {patch(at, clean_run)};
      const double value = metric(run(model, corrupted, one));
      sweep.rows.push_back({at, value, (value - sweep.corrupted) / (sweep.clean - sweep.corrupted)});
    }
  }
  return sweep;
}

}  // namespace microgpt::study
