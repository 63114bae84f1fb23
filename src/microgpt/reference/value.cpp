#include "microgpt/reference/value.hpp"

namespace microgpt::reference {

double power(double a, double n) {
  return std::pow(a, n);
}

void Tape::backward(Value loss) {
  // Python's build_topo(), with the recursion spelt out: a node is listed after all it was made of.
  // Leaves need no place in the list: they pass nothing on.
  ++visit_;
  order_.clear();
  path_.assign(1, {loss.index_, 0});
  nodes_[loss.index_].visit = visit_;
  while (!path_.empty()) {
    auto& [index, next] = path_.back();
    const Node& node = nodes_[index];
    if (next < node.operands) {
      const std::uint32_t operand = node.operand[next++];
      Node& made_of = nodes_[operand];
      if (made_of.operands > 0 && made_of.visit != visit_) {
        made_of.visit = visit_;
        path_.emplace_back(operand, 0);
      }
    } else {
      order_.push_back(index);
      path_.pop_back();
    }
  }

  nodes_[loss.index_].grad = 1;
  for (auto index = order_.rbegin(); index != order_.rend(); ++index) {
    const Node& node = nodes_[*index];
    for (std::uint32_t i = 0; i < node.operands; ++i) {
      nodes_[node.operand[i]].grad += node.slope[i] * node.grad;
    }
  }
}

}  // namespace microgpt::reference
