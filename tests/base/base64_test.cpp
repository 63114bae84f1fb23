// Base64 against the test vectors of RFC 4648, section 10, and every byte.
#include "microgpt/base/base64.hpp"

#include <doctest/doctest.h>

TEST_SUITE("base") {
  TEST_CASE("base64: as in RFC 4648") {
    const char* const texts[][2] = {{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : texts) CHECK(microgpt::base64(plain) == coded);
    CHECK(microgpt::base64(std::string_view("\0\xff\xfe\xfb\xef\xbe", 6)) == "AP/+++++");
  }
}
