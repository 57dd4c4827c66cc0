/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/record/seal_key.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

static_assert(SEAL_SIZE == crypto_generichash_BYTES, "BLAKE2b-256");
static_assert(SEAL_SIZE == crypto_generichash_KEYBYTES, "key of BLAKE2b");
static_assert(SEAL_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");
static_assert(SEAL_SIZE == crypto_sign_SEEDBYTES, "Ed25519");
static_assert(SEAL_SECRET == crypto_sign_SECRETKEYBYTES, "Ed25519");
static_assert(SEAL_SIGNATURE == crypto_sign_BYTES, "Ed25519");

int
seal_key_init(void)
{
	return sodium_init() < 0 ? -ENOSYS : 0;
}

void
seal_hash(const uint8_t before[SEAL_SIZE], const void *bytes, size_t length,
    uint8_t out[SEAL_SIZE])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, SEAL_SIZE);
	crypto_generichash_update(&state, before, SEAL_SIZE);
	crypto_generichash_update(&state, bytes, length);
	crypto_generichash_final(&state, out, SEAL_SIZE);
}

void
seal_mac(const uint8_t key[SEAL_SIZE], const uint8_t hash[SEAL_SIZE],
    uint8_t out[SEAL_SIZE])
{
	crypto_generichash(out, SEAL_SIZE, hash, SEAL_SIZE, key, SEAL_SIZE);
}

/* What is made from an epoch key differs by its word only; out may be the key. */
static void
derive(const uint8_t epoch[SEAL_SIZE], const char *word, uint8_t out[SEAL_SIZE])
{
	uint8_t made[SEAL_SIZE];

	crypto_generichash(made, sizeof(made), (const uint8_t *)word, strlen(word), epoch,
	    SEAL_SIZE);
	memcpy(out, made, sizeof(made));
	sodium_memzero(made, sizeof(made));
}

void
seal_record_key(const uint8_t epoch[SEAL_SIZE], uint8_t key[SEAL_SIZE])
{
	derive(epoch, "record", key);
}

void
seal_signer(const uint8_t epoch[SEAL_SIZE], uint8_t public[SEAL_SIZE],
    uint8_t secret[SEAL_SECRET])
{
	uint8_t seed[SEAL_SIZE], pair[SEAL_SECRET];

	derive(epoch, "sign", seed);
	crypto_sign_seed_keypair(public, pair, seed);
	if (secret != NULL)
		memcpy(secret, pair, sizeof(pair));
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(pair, sizeof(pair));
}

void
seal_record_step(uint8_t key[SEAL_SIZE])
{
	uint8_t next[SEAL_SIZE];

	crypto_generichash(next, sizeof(next), key, SEAL_SIZE, NULL, 0);
	memcpy(key, next, sizeof(next));
	sodium_memzero(next, sizeof(next));
}

void
seal_epoch_step(uint8_t epoch[SEAL_SIZE])
{
	derive(epoch, "epoch", epoch);
}

void
seal_series(const uint8_t first[SEAL_SIZE], char name[SEAL_SERIES + 1])
{
	uint8_t made[SEAL_SIZE];

	derive(first, "series", made);
	sodium_bin2hex(name, SEAL_SERIES + 1, made, SEAL_SERIES / 2);
	sodium_memzero(made, sizeof(made));
}
