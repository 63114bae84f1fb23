// The rows of wte and wpe as points: which are near each other, and how they lie.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "microgpt/base/matrix.hpp"

namespace microgpt::study {

/// The length of each row: (n) of x (n, C).
std::vector<double> row_lengths(In<double> x);

/// Another row, and the cosine of the angle to it.
struct NearRow {
  Index row = 0;
  double cosine = 0;
};

/// For each of these rows of x the `count` others that are nearest by cosine, nearest first, equally near ones in
/// their order. A row of zeros has a cosine of 0 with all others. Works in memory that does not grow with the number
/// of rows of x; `progress` is told the share of the work that is done.
std::vector<std::vector<NearRow>> neighbours(In<double> x, std::span<const Index> rows, std::size_t count,
                                             const std::function<void(double)>& progress = {});

/// Principal components of rows: the mean is taken off, then the rows are read along the directions in which
/// they vary most.
struct PrincipalComponents {
  Matrix<double> coordinates;  ///< (n, k), of the rows
  Matrix<double> directions;   ///< (k, C), of length 1; the entry largest in size is positive
  Eigen::VectorXd explained;   ///< (k) share of the variance
};

/// The first k <= C of them.
PrincipalComponents principal_components(In<double> x, Index k);

}  // namespace microgpt::study
