#include "microgpt/study/embeddings.hpp"

#include <Eigen/Eigenvalues>

namespace microgpt::study {

Matrix<double> cosines(In<double> x) {
  Matrix<double> unit = x;
  for (Index i = 0; i < unit.rows(); ++i) {
    const double length = unit.row(i).norm();
    if (length > 0) unit.row(i) /= length;
  }
  return unit * unit.transpose();
}

PrincipalComponents principal_components(In<double> x, Index k) {
  const Matrix<double> centred = x.rowwise() - x.colwise().mean();
  // Eigen gives ascending eigenvalues.
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(centred.transpose() * centred);
  const Index C = x.cols();
  PrincipalComponents result{Matrix<double>(x.rows(), k), Matrix<double>(k, C), Eigen::VectorXd(k)};
  const double total = std::max(solver.eigenvalues().sum(), 1e-300);
  for (Index i = 0; i < k; ++i) {
    Eigen::RowVectorXd direction = solver.eigenvectors().col(C - 1 - i).transpose();
    Index largest = 0;
    direction.cwiseAbs().maxCoeff(&largest);
    if (direction(largest) < 0) direction = -direction;
    result.directions.row(i) = direction;
    result.coordinates.col(i) = centred * direction.transpose();
    result.explained(i) = std::max(0.0, solver.eigenvalues()(C - 1 - i)) / total;
  }
  return result;
}

}  // namespace microgpt::study
