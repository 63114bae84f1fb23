#include "microgpt/study/heads.hpp"

#include <cmath>
#include <optional>
#include <string>

#include "microgpt/base/error.hpp"
#include "microgpt/nn/rmsnorm.hpp"

namespace microgpt::study {

namespace {

/// A mean that may have nothing to be taken over; then it is 0.
class Mean {
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

std::string range(int count) {
  return count == 1 ? "is only 0" : "are 0 to " + std::to_string(count - 1);
}

void check(const Model& model, int head, int position) {
  const ModelConfig& config = model.config;
  if (config.n_layer == 0) throw Error(Fault::usage, "no circuits: the model has no layers");
  if (head < 0 || head >= config.n_head) {
    throw Error(Fault::usage, "bad head: " + std::to_string(head) + ": there " + range(config.n_head));
  }
  if (position < 0 || position >= config.block_size) {
    throw Error(Fault::usage,
                "bad position: " + std::to_string(position) + ": there " + range(config.block_size));
  }
}

/// What layer 0 reads (V, C) if each token of the vocabulary stood at this position.
Matrix<double> read_by_layer0(const Model& model, int position) {
  const Index V = model.config.vocab_size;
  const Index C = model.config.n_embd;
  Matrix<double> x = model.parameters.wte().rowwise() + model.parameters.wpe().row(position);
  Matrix<double> once(V, C), twice(V, C), scale(V, 1);
  rmsnorm_forward<double>(once, scale, x);      // after the embedding
  rmsnorm_forward<double>(twice, scale, once);  // before attention
  return twice;
}

}  // namespace

std::vector<HeadScores> head_scores(const Trace& trace) {
  std::vector<HeadScores> all;
  const Batch& batch = trace.batch();
  for (int layer = 0; layer < trace.config().n_layer; ++layer) {
    for (int head = 0; head < trace.config().n_head; ++head) {
      Mean previous, first, self, duplicate, induction, entropy;
      for (std::size_t d = 0; d < batch.documents(); ++d) {
        const Matrix<double> pattern = trace.head(Site::pattern, layer, head, d);
        const int* token = &batch.token[static_cast<std::size_t>(batch.offsets[d])];
        for (Index i = 1; i < pattern.rows(); ++i) {
          previous.add(pattern(i, i - 1));
          first.add(pattern(i, 0));
          self.add(pattern(i, i));
          double nats = 0;
          for (Index j = 0; j <= i; ++j)
            nats -= pattern(i, j) > 0 ? pattern(i, j) * std::log(pattern(i, j)) : 0;
          entropy.add(nats);
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
                     induction.value(), entropy.value(), duplicate.count()});
    }
  }
  return all;
}

Matrix<double> qk_table(const Model& model, int head, int query, int key) {
  check(model, head, query);
  check(model, head, key);
  if (key > query) {
    throw Error(Fault::usage, "bad positions: position " + std::to_string(query) + " cannot see position "
                                  + std::to_string(key) + ", which comes later");
  }
  const Index D = model.config.head_size();
  const Matrix<double> q =
      read_by_layer0(model, query) * model.parameters.attn_wq(0).middleRows(head * D, D).transpose();
  const Matrix<double> k =
      read_by_layer0(model, key) * model.parameters.attn_wk(0).middleRows(head * D, D).transpose();
  return q * k.transpose() / std::sqrt(static_cast<double>(D));
}

Matrix<double> ov_table(const Model& model, int head, int position) {
  check(model, head, position);
  const Index D = model.config.head_size();
  const Matrix<double> v =
      read_by_layer0(model, position) * model.parameters.attn_wv(0).middleRows(head * D, D).transpose();
  return v * model.parameters.attn_wo(0).middleCols(head * D, D).transpose()
         * model.parameters.lm_head().transpose();
}

}  // namespace microgpt::study
