// SHA-256 by the instructions that x86-64 processors have for it. Compiled with options of its own; sha256.cpp asks
// whether the processor has them.
#if defined(__SHA__) && defined(__SSE4_1__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace microgpt {

// Four rounds a turn by the processor's own instructions: each sha256rnds2 does two, and swaps the
// halves of the state by writing where the other half was read.
void absorb_by_instructions(std::uint32_t* state, const std::uint32_t* round, const unsigned char* data,
                            std::size_t blocks) {
  const auto vector = [](std::uint32_t w3, std::uint32_t w2, std::uint32_t w1, std::uint32_t w0) {
    return _mm_set_epi32(static_cast<int>(w3), static_cast<int>(w2), static_cast<int>(w1),
                         static_cast<int>(w0));
  };
  const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  __m128i abef = vector(state[0], state[1], state[4], state[5]);
  __m128i cdgh = vector(state[2], state[3], state[6], state[7]);
  for (; blocks > 0; --blocks, data += 64) {
    const __m128i abef_before = abef;
    const __m128i cdgh_before = cdgh;
    __m128i w[4];  // the last 16 words of the schedule, a ring
#pragma GCC unroll 16
    for (std::size_t t = 0; t < 16; ++t) {
      __m128i& now = w[t % 4];
      if (t < 4) {
        now = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + 16 * t));
        now = _mm_shuffle_epi8(now, big_endian);
      } else {
        const __m128i last = w[(t + 3) % 4];
        now = _mm_sha256msg1_epu32(now, w[(t + 1) % 4]);
        now = _mm_add_epi32(now, _mm_alignr_epi8(last, w[(t + 2) % 4], 4));
        now = _mm_sha256msg2_epu32(now, last);
      }
      const __m128i k = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&round[4 * t]));
      const __m128i sum = _mm_add_epi32(now, k);
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  std::uint32_t feba[4], hgdc[4];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(feba), abef);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(hgdc), cdgh);
  for (int i = 0; i < 2; ++i) {
    state[i] = feba[3 - i];
    state[i + 2] = hgdc[3 - i];
    state[i + 4] = feba[1 - i];
    state[i + 6] = hgdc[1 - i];
  }
}

}  // namespace microgpt

#endif
