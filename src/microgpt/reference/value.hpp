// A number that remembers how it was made (microgpt.py, "Let there be Autograd").
//
// Where Python leaves the nodes of the graph to its garbage collector, here they stand on a tape,
// one after the other in the order of their making, and a Value is a place on it. After each
// training step the tape is rewound to the parameters, so a step allocates nothing.
//
// Every node keeps its number, the gradient of the loss with respect to it, the nodes it was made
// of, and the slope of its number with respect to each of those:
//
//   c = a + b     dc/da = 1            dc/db = 1
//   c = a · b     dc/da = b            dc/db = a
//   c = a^n       dc/da = n a^(n-1)
//   c = log a     dc/da = 1/a
//   c = exp a     dc/da = exp a
//   c = relu a    dc/da = 1 if a > 0, else 0
//   c = t + a · b, one node for two, since a GPT is made of sums of products: Python's backward pass takes the
//                 product right after the sum, so nothing changes but the time
//
// A difference is a + b · (-1) and a quotient a · b^(-1), as in Python, so that every digit agrees.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace microgpt::reference {

class Value;

/// Python's a ** n. The compiler must not see through it: it would turn a ** 2 into a · a and a **
/// -1 into 1 / a, which is not always the double that pow gives.
double power(double a, double n);

class Tape {
 public:
  /// A number made of nothing: a parameter or a constant.
  Value leaf(double data);

  [[nodiscard]] std::size_t size() const { return size_; }

  /// Forgets every node from the given size on.
  void rewind(std::size_t size) { size_ = size; }

  /// Adds d(loss)/d(node) to the gradient of every node the loss was made of. Nodes are visited in
  /// the reverse of a depth-first post-order, Python's order, since the order of a sum decides its
  /// last digit.
  void backward(Value loss);

 private:
  friend class Value;

  /// The numbers of a node.
  struct Node {
    double data = 0;
    double grad = 0;
    double slope[3] = {0, 0, 0};  // of data, with respect to each operand's data
  };
  /// What a node was made of. Apart from the numbers: the walk of backward() needs nothing else, and so
  /// little memory stays close to the processor.
  struct Link {
    std::uint32_t operand[3] = {0, 0, 0};
    std::uint8_t operands = 0;
    bool made[3] = {false, false, false};  // whether the operand was itself made of others
    bool visited = false;                  // by the backward pass that is under way
  };

  std::uint32_t push(const Node& node, const Link& link) {
    if (size_ == nodes_.size()) grow();
    nodes_[size_] = node;
    links_[size_] = link;
    return static_cast<std::uint32_t>(size_++);
  }

  /// Makes room for twice as many. Throws std::length_error where 32 bits no longer tell places apart.
  void grow();

  std::size_t size_ = 0;  // nodes on the tape; there is room for more
  std::vector<Node> nodes_;
  std::vector<Link> links_;
  /// The walk of backward() stands at a node, and will look at its operand `next`.
  struct Step {
    std::uint32_t node = 0;
    std::uint32_t next = 0;
  };
  std::vector<std::uint32_t> order_;  // scratch of backward(): the post-order,
  std::vector<Step> path_;            // and the way from the loss to where the walk stands
};

class Value {
 public:
  [[nodiscard]] double data() const { return node().data; }
  [[nodiscard]] double grad() const { return node().grad; }
  void set_data(double data) { node().data = data; }
  void set_grad(double grad) { node().grad = grad; }

  friend Value operator+(Value a, Value b) { return a.make(a.data() + b.data(), 1.0, b, 1.0); }
  friend Value operator*(Value a, Value b) { return a.make(a.data() * b.data(), b.data(), b, a.data()); }
  /// t + a * b
  friend Value add_product(Value t, Value a, Value b) {
    const double product = a.data() * b.data();
    return t.make(t.data() + product, 1.0, a, b.data(), b, a.data());
  }
  friend Value operator+(Value a, double b) { return a.make(a.data() + b, 1.0); }
  friend Value operator*(Value a, double b) { return a.make(a.data() * b, b); }
  friend Value operator-(Value a) { return a * -1.0; }
  friend Value operator-(Value a, Value b) { return a + (-b); }
  friend Value operator-(Value a, double b) { return a + (-b); }
  friend Value operator/(Value a, Value b) { return a * pow(b, -1.0); }
  friend Value operator/(Value a, double b) { return a * power(b, -1.0); }

  friend Value pow(Value a, double n) { return a.make(power(a.data(), n), n * power(a.data(), n - 1)); }
  friend Value exp(Value a) {
    const double e = std::exp(a.data());
    return a.make(e, e);
  }
  friend Value log(Value a) { return a.make(std::log(a.data()), 1 / a.data()); }
  friend Value relu(Value a) { return a.data() > 0 ? a.make(a.data(), 1.0) : a.make(0.0, 0.0); }

 private:
  friend class Tape;
  Value(Tape* tape, std::uint32_t index) : tape_(tape), index_(index) {}

  [[nodiscard]] Tape::Node& node() const { return tape_->nodes_[index_]; }

  /// A node made of this one and up to two others, with the slopes of its number.
  [[nodiscard]] Value make(double data, double slope) const {
    return {tape_,
            tape_->push({.data = data, .slope = {slope, 0, 0}},
                        {.operand = {index_, 0, 0}, .operands = 1, .made = {is_made(), false, false}})};
  }
  [[nodiscard]] Value make(double data, double slope, Value b, double slope_b) const {
    return {tape_,
            tape_->push(
                {.data = data, .slope = {slope, slope_b, 0}},
                {.operand = {index_, b.index_, 0}, .operands = 2, .made = {is_made(), b.is_made(), false}})};
  }
  [[nodiscard]] Value make(double data, double slope, Value b, double slope_b, Value c,
                           double slope_c) const {
    return {tape_, tape_->push({.data = data, .slope = {slope, slope_b, slope_c}},
                               {.operand = {index_, b.index_, c.index_},
                                .operands = 3,
                                .made = {is_made(), b.is_made(), c.is_made()}})};
  }
  [[nodiscard]] bool is_made() const { return tape_->links_[index_].operands > 0; }

  Tape* tape_;
  std::uint32_t index_;
};

inline Value Tape::leaf(double data) {
  return {this, push({.data = data}, {})};
}

}  // namespace microgpt::reference
