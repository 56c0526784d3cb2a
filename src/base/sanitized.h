/* sanitized.h - HG_SANITIZED: built with AddressSanitizer, by gcc (which says so) or clang (which has to be asked) */
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define HG_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HG_SANITIZED 1
#endif
#endif
