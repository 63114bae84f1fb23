// How a model is trained: the recipe, beside the blueprint of model/config.hpp.
#pragma once

namespace microgpt {

enum class Schedule { constant, linear, cosine };

enum class OptimizerKind {
  adam,  ///< of every weight (train/adam.hpp)
  muon,  ///< Muon of the matrices in the layers (train/muon.hpp), Adam of embeddings and lm_head
};

enum class LossMean {
  document,  ///< mean over documents of the mean over each one's positions (microgpt.py)
  token,     ///< mean over all positions of the batch (nanoGPT, makemore)
};

struct TrainConfig {
  int steps = 1000;
  int batch_size = 1;  ///< documents a step
  LossMean loss = LossMean::document;

  double learning_rate = 0.01;  ///< at its peak
  Schedule schedule = Schedule::linear;
  int warmup_steps = 0;  ///< of linear growth from 0 before the schedule starts

  OptimizerKind optimizer = OptimizerKind::adam;
  double beta1 = 0.85;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  double weight_decay = 0;           ///< decoupled (Loshchilov & Hutter 2019)
  double grad_clip = 0;              ///< largest norm of the whole gradient; 0 is off
  double muon_learning_rate = 0.02;  ///< Muon's at its peak; it follows the same schedule
  double muon_momentum = 0.95;
  int muon_iterations = 5;  ///< of Newton and Schulz

  double dropout = 0;  ///< probability (nn/dropout.hpp); 0 is off
};

}  // namespace microgpt
