// The page of microgpt bench.
#pragma once

#include "microgpt/bench/bench.hpp"
#include "microgpt/view/page.hpp"

namespace microgpt::view {

/// How fast training is with each setting, and where its time goes.
Page bench_report(const BenchReport& report);

}  // namespace microgpt::view
