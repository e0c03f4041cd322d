import { test } from 'node:test';
import { scaled } from '../support/scale.ts';
import { type ClaimFault, claimedRequests } from './claimed-requests.ts';
import { assertBreaks, assertHolds } from './explore.ts';
import { type GateFault, gatePairs } from './gate-pairs.ts';
import { type JobLeaseFault, jobLeases } from './job-leases.ts';
import { type OutboxFault, outboxRelays } from './outbox-relays.ts';
import { assertWalkBreaks, assertWalks, seedOfRun } from './walk.ts';

// Small models of what several processes do to each other, in every sequence that there is, beside the tests of single
// parts. Each is shown to notice when its protocol is broken: else its silence would say nothing.

const full = scaled(0, 1) === 1;

test('IK-14 PAY-04 WH-01 claims with lease and token, in every sequence: money moves once, and who lost its lease has no say', (t) => {
  const bounds = full
    ? { workers: 4, crashes: 2, losses: 2, claims: 5 }
    : { workers: 3, crashes: 1, losses: 1, claims: 3 };
  assertHolds(jobLeases(bounds), (line) => t.diagnostic(line));
});

const JOB_FAULTS: readonly (readonly [JobLeaseFault, string])[] = [
  ['no fencing', 'who lost the lease has no say'],
  ['claim in two steps', 'nobody takes what is leased'],
  ['a new provider key for each try', 'money moves once'],
  ['no lease', 'nothing waits for the dead'],
  ['token not raised', 'no two owners have one token'],
];
for (const [fault, invariant] of JOB_FAULTS) {
  test(`claims with lease and token, broken (${fault}): noticed, because "${invariant}" fails`, (t) => {
    assertBreaks(jobLeases({ workers: 2, crashes: 1, losses: 1, claims: 3 }, fault), invariant, (line) =>
      t.diagnostic(line),
    );
  });
}

test('S-05 the gate’s pairs, in every sequence of commits, late and doubled messages, comparisons and FLUSHALL: never older, never made up', (t) => {
  const bounds = full
    ? { commits: 3, copies: 2, reservations: 1, reconcilers: 2, runs: 2, flushes: 1 }
    : { commits: 2, copies: 2, reservations: 1, reconcilers: 1, runs: 2, flushes: 1 };
  assertHolds(gatePairs(bounds), (line) => t.diagnostic(line));
});

const GATE_FAULTS: readonly (readonly [GateFault, string])[] = [
  ['the newest pair does not win', 'the gate never goes back to an older version'],
  ['reload writes what it read', 'the gate never goes back to an older version'],
  ['no second look', 'a commit is never taken for drift'],
  ['an end gives back twice', 'reserved is the number of open reservations'],
];
for (const [fault, invariant] of GATE_FAULTS) {
  test(`the gate’s pairs, broken (${fault}): noticed, because "${invariant}" fails`, (t) => {
    const bounds = { commits: 2, copies: 1, reservations: 1, reconcilers: 1, runs: 2, flushes: 0 };
    assertBreaks(gatePairs(bounds, fault), invariant, (line) => t.diagnostic(line));
  });
}

test('WH-01 WH-05 relays of the outbox, in every sequence with late commits and crashes: each event once, an order’s versions in turn', (t) => {
  const log = (line: string) => t.diagnostic(line);
  assertHolds(outboxRelays({ orders: 3, versions: 1, relays: 2, limit: 2, crashes: 1 }), log);
  assertHolds(outboxRelays({ orders: 1, versions: 3, relays: 3, limit: 1, crashes: 1 }), log);
  if (!full) return;
  assertHolds(outboxRelays({ orders: 2, versions: 2, relays: 2, limit: 2, crashes: 2 }), log);
  assertHolds(outboxRelays({ orders: 2, versions: 2, relays: 3, limit: 1, crashes: 0 }), log);
});

const OUTBOX_FAULTS: readonly (readonly [OutboxFault, string, versions?: number])[] = [
  ['watermark', 'every event is told', 1],
  ['any of its order', 'the versions of an order are told in turn'],
  ['no lock', 'each event is told once'],
  ['told before the commit', 'each event is told once'],
];
for (const [fault, invariant, versions = 2] of OUTBOX_FAULTS) {
  test(`relays of the outbox, broken (${fault}): noticed, because "${invariant}" fails`, (t) => {
    const bounds = { orders: 2, versions, relays: 2, limit: 1, crashes: 1 };
    assertBreaks(outboxRelays(bounds, fault), invariant, (line) => t.diagnostic(line));
  });
}

test('IK-05 IK-13 IK-14 IK-16 requests under one key by the real stores, in every sequence: one order, one answer, one live claim', async (t) => {
  const log = (line: string) => t.diagnostic(line);
  const two = { leases: 1, deaths: 1, away: 1, flushes: 1 };
  await assertWalks(() => claimedRequests({ ...two, requests: ['refusal', 'order'] }), 'all', log);
  await assertWalks(() => claimedRequests({ ...two, requests: ['order', 'order'], leases: 2, flushes: 0 }), 'all', log);
  const three = { requests: ['order', 'refusal', 'order'] as const, leases: 2, deaths: 1, away: 1, flushes: 0 };
  if (full) await assertWalks(() => claimedRequests(three), 'all', log);
  const many = { requests: ['order', 'refusal', 'order'] as const, leases: 4, deaths: 1, away: 2, flushes: 1 };
  await assertWalks(() => claimedRequests(many), { count: scaled(2_000, 20_000), seed: seedOfRun() }, log);
});

const CLAIM_FAULTS: readonly (readonly [ClaimFault, string])[] = [
  ['claim without NX', 'one live claim at a time'],
  ['no fencing', 'who was followed by another ends nothing'],
  ['lease shorter than agreed', 'one live claim at a time'],
  ['no key in the ledger', 'one order for a key'],
];
for (const [fault, invariant] of CLAIM_FAULTS) {
  test(`requests under one key, broken (${fault}): noticed, because "${invariant}" fails`, async (t) => {
    const bounds = { requests: ['order', 'order'] as const, leases: 2, deaths: 0, away: 0, flushes: 0 };
    await assertWalkBreaks(
      () => claimedRequests(bounds, fault),
      invariant,
      (line) => t.diagnostic(line),
    );
  });
}
