/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arithmetic of the seal: a public chain of hashes, and beside it a chain of keys
 * that runs one way. Whoever takes the machine over finds the keys of now, and can
 * make none of those before. Nothing here reads or writes a file.
 *
 *   h(i)     = BLAKE2b-256(h(i-1) || sealed bytes of record i)
 *   mac(i)   = BLAKE2b-256 keyed with K(i), over h(i)
 *   K(n,0)   from E(n), the key of file n; K(n,j+1) = BLAKE2b-256(K(n,j)); E(n+1) from E(n)
 *   the Ed25519 pair that signs the checkpoints of file n, from E(n)
 *
 * E(0) is the verification key. The caller wipes what it no longer needs.
 */
#ifndef AGENT_RECORD_SEAL_KEY_H
#define AGENT_RECORD_SEAL_KEY_H

#include <stddef.h>
#include <stdint.h>

#define SEAL_SIZE	32u	/* of every hash, mac and key */
#define SEAL_HEX	64u	/* digits of one */
#define SEAL_SECRET	64u	/* an Ed25519 secret key of libsodium */
#define SEAL_SIGNATURE	64u
#define SEAL_SERIES	16u	/* digits of the name of a series of keys */

/* Once in a process, before the rest. 0 or -ENOSYS. */
int seal_key_init(void);

void seal_hash(const uint8_t before[SEAL_SIZE], const void *bytes, size_t length,
    uint8_t out[SEAL_SIZE]);
void seal_mac(const uint8_t key[SEAL_SIZE], const uint8_t hash[SEAL_SIZE],
    uint8_t out[SEAL_SIZE]);

/* E(n) -> K(n,0) */
void seal_record_key(const uint8_t epoch[SEAL_SIZE], uint8_t key[SEAL_SIZE]);
/* E(n) -> the pair that signs in file n. "secret" may be NULL. */
void seal_signer(const uint8_t epoch[SEAL_SIZE], uint8_t public[SEAL_SIZE],
    uint8_t secret[SEAL_SECRET]);
/* One step on, in place: K(n,j) -> K(n,j+1), E(n) -> E(n+1). */
void seal_record_step(uint8_t key[SEAL_SIZE]);
void seal_epoch_step(uint8_t epoch[SEAL_SIZE]);

/* E(0) -> the public name of the series, and a check of a key that was typed in. */
void seal_series(const uint8_t first[SEAL_SIZE], char name[SEAL_SERIES + 1]);

#endif /* AGENT_RECORD_SEAL_KEY_H */
