/* uint128.h: whole numbers of 128 bits, which both compilers have and C11 does not. Plain data. */
#ifndef TRIBUTARY_BASE_UINT128_H
#define TRIBUTARY_BASE_UINT128_H

typedef unsigned __int128 uint128;

#endif
