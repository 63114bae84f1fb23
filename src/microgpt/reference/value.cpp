#include "microgpt/reference/value.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace microgpt::reference {

double power(double a, double n) {
  return std::pow(a, n);
}

void Tape::grow() {
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (size_ >= kMost) throw std::length_error("the tape is full");
  const std::size_t room = std::min(std::max<std::size_t>(2 * size_, 1024), kMost);
  nodes_.resize(room);
  links_.resize(room);
}

void Tape::backward(Value loss) {
  // Python's build_topo(), with the recursion spelt out: a node is listed after all it was made of. Leaves
  // need no place in the list, since they pass nothing on; not looking at them at all saves half the time.
  order_.resize(links_.size());  // neither is longer than the tape
  path_.resize(links_.size());
  std::uint32_t* order_end = order_.data();
  Step* last = path_.data();
  *last = {loss.index_, 0};
  for (;;) {
    const Link& link = links_[last->node];
    if (last->next < link.operands) {
      const std::uint32_t i = last->next++;
      const std::uint32_t operand = link.operand[i];
      if (!link.made[i] || links_[operand].visited) continue;
      links_[operand].visited = true;
      *++last = {operand, 0};
    } else {
      *order_end++ = last->node;
      if (last == path_.data()) break;
      --last;
    }
  }

  nodes_[loss.index_].grad = 1;
  while (order_end != order_.data()) {
    const std::uint32_t index = *--order_end;
    const Node& node = nodes_[index];
    Link& link = links_[index];
    link.visited = false;
    for (std::uint32_t i = 0; i < link.operands; ++i) {
      nodes_[link.operand[i]].grad += node.slope[i] * node.grad;
    }
  }
}

}  // namespace microgpt::reference
