// The same promises where there is no Redis: the processes share nothing but the ledger.
process.env['TEST_REDIS_URL'] = '';
await import('../acceptance/step-idempotency.test.ts');
