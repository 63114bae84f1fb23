#include "microgpt/study/heads.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/study/numbers.hpp"

namespace microgpt::study {

namespace {

/// A mean that may have nothing to be taken over; then it is 0.
class RunningMean {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  [[nodiscard]] double value() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

std::vector<HeadScores> head_scores(const Trace& trace) {
  std::vector<HeadScores> all;
  const Batch& batch = trace.batch();
  for (int layer = 0; layer < trace.config().n_layer; ++layer) {
    for (int head = 0; head < trace.config().n_head; ++head) {
      RunningMean previous, first, self, duplicate, induction, entropies;
      for (std::size_t d = 0; d < batch.documents(); ++d) {
        const Matrix<double> pattern = trace.head(Site::pattern, layer, head, d);
        const int* token = &batch.token[static_cast<std::size_t>(batch.offsets[d])];
        for (Index i = 1; i < pattern.rows(); ++i) {
          previous.add(pattern(i, i - 1));
          first.add(pattern(i, 0));
          self.add(pattern(i, i));
          entropies.add(entropy({&pattern(i, 0), static_cast<std::size_t>(i) + 1}));
          bool seen = false;
          double on_same = 0;
          double on_next = 0;
          for (Index j = 0; j < i; ++j) {
            if (token[j] != token[i]) continue;
            seen = true;
            on_same += pattern(i, j);
            on_next += j + 1 < i ? pattern(i, j + 1) : 0;
          }
          if (!seen) continue;
          duplicate.add(on_same);
          induction.add(on_next);
        }
      }
      all.push_back({layer, head, previous.value(), first.value(), self.value(), duplicate.value(),
                     induction.value(), entropies.value(), duplicate.count()});
    }
  }
  return all;
}

std::vector<HeadReport> head_report(const Model& model, const Batch& batch, int threads,
                                    const std::function<void(double)>& progress) {
  const std::vector<HeadScores> scores = head_scores(run(model, batch));
  std::vector<Address> heads;
  for (const HeadScores& s : scores) heads.push_back({.site = Site::z, .layer = s.layer, .head = s.head});
  std::vector<HeadReport> reports;
  for (const AblationRow& row : ablation_sweep(model, batch, heads, Ablation::mean, threads, progress).rows) {
    reports.push_back(
        {scores[static_cast<std::size_t>(row.at.layer * model.config.n_head + *row.at.head)], row});
  }
  return reports;
}

Matrix<double> head_writes(const Model& model, const Trace& trace, int layer, int position) {
  const Index D = model.config.head_size();
  const auto wo = model.parameters.attn_wo(layer);
  const std::vector<double> z = trace.row(Site::z, layer, position);
  Matrix<double> writes(model.config.n_head, model.config.n_embd);
  for (Index h = 0; h < writes.rows(); ++h) {
    const Eigen::Map<const Eigen::RowVectorXd> own(&z[static_cast<std::size_t>(h * D)], D);
    writes.row(h) = own * wo.middleCols(h * D, D).transpose();
  }
  return writes;
}

std::vector<HeadAt> heads_at(const Model& model, const Trace& trace, int position) {
  std::vector<HeadAt> all;
  for (int layer = 0; layer < model.config.n_layer; ++layer) {
    const Matrix<double> writes = head_writes(model, trace, layer, position);
    for (int head = 0; head < model.config.n_head; ++head) {
      all.push_back(
          {layer, head, trace.head_row(Site::pattern, layer, head, position), writes.row(head).norm()});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const HeadAt& a, const HeadAt& b) { return a.writes > b.writes; });
  return all;
}

}  // namespace microgpt::study
