/* wire.h: integers as blocks and kept fields are written: little-endian, or as varints (groups of 7 bits, the
 * lowest first; the top bit says that another group follows), signed ones zigzag, so that what is near zero
 * stays short. Pure; any thread. */
#ifndef TRIBUTARY_STATE_WIRE_H
#define TRIBUTARY_STATE_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum { WIRE_VARINT_MAX = 10 };

static inline void wire_put_u32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static inline void wire_put_u64(uint8_t *at, uint64_t value) {
    for (int i = 0; i < 8; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static inline uint32_t wire_u32(const uint8_t *at) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value |= (uint32_t)at[i] << (8 * i);
    return value;
}

static inline uint64_t wire_u64(const uint8_t *at) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* Writes at most WIRE_VARINT_MAX bytes; the place behind them. */
static inline uint8_t *wire_put_varint(uint8_t *at, uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

/* The place behind the varint, or NULL if it goes on to `end` or beyond 64 bits. With no `end` (NULL) the
 * bytes must be whole. */
static inline const uint8_t *wire_varint(const uint8_t *at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (at == end) return NULL;
        uint8_t group = *at++;
        if (shift == 63 && group > 1) return NULL;
        *value |= (uint64_t)(group & 0x7f) << shift;
        if (!(group & 0x80)) return at;
    }
    return NULL;
}

/* From one number of a column to the next, zigzag. Any two 64-bit numbers have a difference: it wraps. */
static inline uint64_t wire_delta(int64_t before, int64_t value) {
    uint64_t delta = (uint64_t)value - (uint64_t)before;
    return delta << 1 ^ (0 - (delta >> 63));
}

static inline int64_t wire_undo_delta(int64_t before, uint64_t zigzag) {
    return (int64_t)((uint64_t)before + (zigzag >> 1 ^ (0 - (zigzag & 1))));
}

#endif
