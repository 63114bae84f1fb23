// MICROGPT_SANITIZED where the address or thread sanitizer is in: it takes memory and file descriptors of its own, and
// tests that count them leave themselves out.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MICROGPT_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MICROGPT_SANITIZED
#endif
#endif
