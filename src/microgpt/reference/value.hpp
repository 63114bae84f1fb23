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
//
// A difference is a + b · (-1) and a quotient a · b^(-1), as in Python, so that every digit agrees.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
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

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

  /// Forgets every node from the given size on.
  void rewind(std::size_t size) { nodes_.resize(size); }

  /// Adds d(loss)/d(node) to the gradient of every node the loss was made of. Nodes are visited in
  /// the reverse of a depth-first post-order, Python's order, since the order of a sum decides its
  /// last digit.
  void backward(Value loss);

 private:
  friend class Value;

  struct Node {
    double data = 0;
    double grad = 0;
    double slope[2] = {0, 0};  // of data, with respect to each operand's data
    std::uint32_t operand[2] = {0, 0};
    std::uint32_t operands = 0;
    std::uint32_t visit = 0;  // the last backward pass that came by
  };

  /// Places on the tape are 32 bits wide. Throws std::length_error when it is full.
  std::uint32_t push(const Node& node) {
    if (nodes_.size() > std::numeric_limits<std::uint32_t>::max())
      throw std::length_error("the tape is full");
    nodes_.push_back(node);
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }

  std::vector<Node> nodes_;
  std::uint32_t visit_ = 0;
  std::vector<std::uint32_t> order_;                           // scratch of backward(): the post-order,
  std::vector<std::pair<std::uint32_t, std::uint32_t>> path_;  // and the way from the loss to here
};

class Value {
 public:
  [[nodiscard]] double data() const { return node().data; }
  [[nodiscard]] double grad() const { return node().grad; }
  void set_data(double data) { node().data = data; }
  void set_grad(double grad) { node().grad = grad; }

  friend Value operator+(Value a, Value b) { return a.make(a.data() + b.data(), 1.0, b, 1.0); }
  friend Value operator*(Value a, Value b) { return a.make(a.data() * b.data(), b.data(), b, a.data()); }
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

  /// A node made of this one, or of this one and b.
  [[nodiscard]] Value make(double data, double slope) const {
    return push({.data = data, .slope = {slope, 0}, .operand = {index_, 0}, .operands = 1});
  }
  [[nodiscard]] Value make(double data, double slope, Value b, double slope_b) const {
    return push({.data = data, .slope = {slope, slope_b}, .operand = {index_, b.index_}, .operands = 2});
  }
  [[nodiscard]] Value push(const Tape::Node& node) const { return {tape_, tape_->push(node)}; }

  Tape* tape_;
  std::uint32_t index_;
};

inline Value Tape::leaf(double data) {
  return {this, push({.data = data})};
}

}  // namespace microgpt::reference
