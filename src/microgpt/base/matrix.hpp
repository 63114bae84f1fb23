// The only Eigen aliases, and the legend of sizes used in every comment:
//
//   P positions of a batch   T block_size, the longest context   V vocab_size
//   C n_embd, channels       H n_head                            D = C / H, head size
//   L n_layer
//
// Matrices are row-major and a row is one position, so y = x Wᵀ for a weight W of shape (out, in),
// and an arena in microgpt.py's order maps onto them without a copy. A gradient has the name of its
// value with d before it. Backward functions set the gradients of activations and add (+=) into those of
// weights, which other documents share; the caller zeroes the latter. One exception: rmsnorm_backward adds
// into the gradient of its input, which the residual stream has set before.
#pragma once

#include <Eigen/Core>
#include <new>
#include <vector>

namespace microgpt {

using Eigen::Index;

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Column = Eigen::Matrix<T, Eigen::Dynamic, 1>;

/// Views into an arena; assigning to one copies numbers, it does not re-point the view.
template <class T>
using View = Eigen::Map<Matrix<T>>;
template <class T>
using ConstView = Eigen::Map<const Matrix<T>>;
/// Some columns of a wider matrix.
template <class T>
using ColumnsView = Eigen::Map<Matrix<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

/// Parameters of functions: any row-major matrix, view or block of columns, without a copy.
template <class T>
using In = const Eigen::Ref<const Matrix<T>>&;
template <class T>
using Out = Eigen::Ref<Matrix<T>>;

/// Memory on cache-line borders: Eigen then takes the same vector path, and gives the same bytes, on every
/// run. A line more than asked for belongs to it, so that vector code may touch whole vectors up to the end.
template <class T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::size_t kLineSize = 64;
  static constexpr std::align_val_t kLine{kLineSize};
  CacheLineAllocator() = default;
  template <class U>
  CacheLineAllocator(const CacheLineAllocator<U>& /*other*/) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T) + kLineSize, kLine)); }
  void deallocate(T* memory, std::size_t /*n*/) { ::operator delete(memory, kLine); }
  bool operator==(const CacheLineAllocator&) const = default;
};

/// One block of numbers that views are cut from.
template <class T>
using Arena = std::vector<T, CacheLineAllocator<T>>;

}  // namespace microgpt
