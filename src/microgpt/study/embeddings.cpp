#include "microgpt/study/embeddings.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>

#include "microgpt/nn/product.hpp"
#include "microgpt/study/numbers.hpp"

namespace microgpt::study {

namespace {

/// Rows of x that are worked on at once.
constexpr Index kRowBlock = 256;

double length_of_row(In<double> x, Index row) {
  return norm({x.row(row).data(), static_cast<std::size_t>(x.cols())});
}

/// A row at length 1; zeros stay zeros.
void copy_unit_row(Out<double> to, Index at, In<double> x, Index row) {
  const double length = length_of_row(x, row);
  if (length > 0) {
    to.row(at) = x.row(row) / length;
  } else {
    to.row(at).setZero();
  }
}

/// Keeps the nearest so far, nearest first: rows come in their order, so that an equally near one goes behind.
void keep_nearest(std::vector<NearRow>& nearest, std::size_t count, NearRow row) {
  if (nearest.size() == count && (count == 0 || row.cosine <= nearest.back().cosine)) return;
  const auto after = std::upper_bound(nearest.begin(), nearest.end(), row,
                                      [](const NearRow& a, const NearRow& b) { return a.cosine > b.cosine; });
  nearest.insert(after, row);
  if (nearest.size() > count) nearest.pop_back();
}

}  // namespace

std::vector<double> row_lengths(In<double> x) {
  std::vector<double> lengths;
  for (Index row = 0; row < x.rows(); ++row) lengths.push_back(length_of_row(x, row));
  return lengths;
}

std::vector<std::vector<NearRow>> neighbours(In<double> x, std::span<const Index> rows, std::size_t count,
                                             const std::function<void(double)>& progress) {
  std::vector<std::vector<NearRow>> nearest(rows.size());
  const auto asked = static_cast<Index>(rows.size());
  const auto block = [](Index first, Index end) { return std::min(kRowBlock, end - first); };
  for (Index a = 0; a < asked; a += kRowBlock) {
    Matrix<double> from(block(a, asked), x.cols());
    for (Index i = 0; i < from.rows(); ++i) copy_unit_row(from, i, x, rows[static_cast<std::size_t>(a + i)]);
    for (Index b = 0; b < x.rows(); b += kRowBlock) {
      Matrix<double> to(block(b, x.rows()), x.cols());
      for (Index j = 0; j < to.rows(); ++j) copy_unit_row(to, j, x, b + j);
      Matrix<double> cosine(from.rows(), to.rows());
      multiply_abt<double>(cosine, from, to);
      for (Index i = 0; i < from.rows(); ++i) {
        const auto n = static_cast<std::size_t>(a + i);
        for (Index j = 0; j < to.rows(); ++j) {
          if (b + j != rows[n]) keep_nearest(nearest[n], count, {b + j, cosine(i, j)});
        }
      }
      const auto done = static_cast<double>(a * x.rows() + from.rows() * (b + to.rows()));
      if (progress) progress(done / static_cast<double>(asked * x.rows()));
    }
  }
  return nearest;
}

PrincipalComponents principal_components(In<double> x, Index k) {
  const Matrix<double> centred = x.rowwise() - x.colwise().mean();
  // Eigen gives ascending eigenvalues.
  const Index C = x.cols();
  Matrix<double> covariance(C, C);
  multiply_atb<double>(covariance, centred, centred);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
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
