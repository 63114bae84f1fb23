#include "microgpt/model/batch.hpp"

#include <doctest/doctest.h>

TEST_SUITE("model") {
  using microgpt::Batch;
  using List = std::vector<int>;

  TEST_CASE("batch: documents are packed one after the other") {
    Batch batch;
    CHECK(batch.positions() == 0);
    CHECK(batch.documents() == 0);
    batch.add(List{9, 3, 1, 9});
    batch.add(List{9, 9});
    batch.add(List{9, 4, 9});
    CHECK(batch.token == List{9, 3, 1, 9, 9, 4});
    CHECK(batch.target == List{3, 1, 9, 9, 4, 9});
    CHECK(batch.position == List{0, 1, 2, 0, 0, 1});
    CHECK(batch.offsets == List{0, 3, 4, 6});
    CHECK(batch.positions() == 6);
    CHECK(batch.documents() == 3);
  }

  TEST_CASE("batch: cleared it is as new") {
    Batch batch;
    batch.add(List{1, 2, 3});
    batch.clear();
    CHECK(batch.positions() == 0);
    CHECK(batch.documents() == 0);
    batch.add(List{5, 6});
    CHECK(batch.token == List{5});
    CHECK(batch.target == List{6});
    CHECK(batch.position == List{0});
    CHECK(batch.offsets == List{0, 1});
  }
}
