// The rows of wte and wpe as points: which are near each other, and how they lie.
#pragma once

#include "microgpt/base/matrix.hpp"

namespace microgpt::study {

/// Cosines of the angles between rows: (n, n) of x (n, C). A row of zeros has 0 with all others.
Matrix<double> cosines(In<double> x);

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
