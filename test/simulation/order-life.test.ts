import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import { send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { assertHistoriesFollowTable } from '../support/order-table.ts';
import { createPeople, type People } from '../support/orders.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import { isAtRest, snapshotOf } from './explain.ts';
import {
  type Draw,
  keep,
  likelyWorld,
  MOVES,
  type Move,
  type MoveKind,
  make,
  observe,
  pin,
  pinOf,
  type Run,
  speech,
  speechOf,
  startRun,
} from './order-moves.ts';
import { orderAt, type Terms } from './order-world.ts';

// Random lives of orders in a sale of their own, lived by several people at once on two engines, beside a model of what
// the design says. The engine works on by itself meanwhile, so the model keeps every world that explains what was seen;
// when none is left, one of the two is wrong. A failure prints seed and path: give them to fc.assert to live it again.

/** Sales that live side by side. They wait more than they work. */
const LANES = 5;

const RUNS = scaled(30, 500);

/** Of a failing life, shorter ones are tried for so long. */
const SHRINK_MS = 60_000;

const stage = createStage({ after });
let database: TestDatabase;
let urls: readonly string[];
let shop: Shop;
let people: People;

before(async () => {
  database = await stage.database();
  const settings = { DATABASE_URL: database.url, PAYMENT_TIMEOUT_MS: '100' };
  const engines = await stage.engines(settings);
  urls = engines.urls;
  shop = await createShop(engines.url);
  people = await createPeople(shop);
});

/** How often each kind of move is drawn. */
const WEIGHTS: Readonly<Record<MoveKind, number>> = {
  placing: 3,
  allowedStep: 10,
  anyStep: 2,
  payment: 6,
  deadline: 3,
  authentication: 3,
  refusedPaid: 3,
};

const draw: fc.Arbitrary<Draw> = fc.record({ order: fc.nat(99), a: fc.nat(999), b: fc.nat(999), c: fc.nat(999) });

const drawnMove = fc.tuple(
  fc.oneof(...Object.entries(WEIGHTS).map(([kind, weight]) => ({ arbitrary: fc.constant(kind as MoveKind), weight }))),
  draw,
);

type Command = fc.AsyncCommand<Run, Run> & fc.WithToStringMethod;

/** Does what can be done of what was drawn, all at the same time. */
function command(name: string, movesOf: (run: Run) => readonly (Move | undefined)[]): Command {
  let text = name;
  return {
    check: () => true,
    async run(run) {
      const moves = movesOf(run).filter((move) => move !== undefined);
      text = `${name}: ${moves.map((move) => move.text).join(' | ') || 'nothing'}`;
      if (moves.length === 0) return;
      if (moves.length > 1) run.trace.push('at the same time:');
      await make(run, moves);
    },
    toString: () => text,
    [fc.toStringMethod]: () => text,
  };
}

/** What was drawn, or else something that can be done. */
const likelyMove = (kind: MoveKind, run: Run, drawn: Draw): Move | undefined =>
  MOVES[kind](run, drawn) ?? MOVES.allowedStep(run, drawn) ?? MOVES.placing(run, drawn);

const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 10,
    arbitrary: drawnMove.map(([kind, drawn]) => command(kind, (run) => [likelyMove(kind, run, drawn)])),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(fc.array(drawnMove, { minLength: 2, maxLength: 3 }), fc.nat(99)).map(([drawn, order]) =>
      // Mostly of the same order.
      command('race', (run) =>
        drawn.map(([kind, each], index) => likelyMove(kind, run, { ...each, order, c: each.c + index })),
      ),
    ),
  },
  { weight: 2, arbitrary: draw.map((drawn) => command('pin', (run) => [pin(run, drawn)])) },
  { weight: 1, arbitrary: draw.map((drawn) => command('speech', (run) => [speech(run, drawn)])) },
  { weight: 1, arbitrary: draw.map(repetition) },
  { weight: 1, arbitrary: fc.constant(rest()) },
);

/** IK-04: an earlier request comes again, whatever has become of the order. */
function repetition({ a, c }: Draw): Command {
  let text = 'repeat';
  return {
    check: () => true,
    async run(run) {
      const effect = run.effects[a % Math.max(1, run.effects.length)];
      if (effect === undefined) return;
      text = `repeat: ${effect.text}`;
      run.trace.push(text);
      const answer = await effect.again(run.urls[c % run.urls.length] ?? '');
      const trace = run.trace.join('\n');
      assert.deepEqual([answer.status, answer.text], [effect.answer.status, effect.answer.text], trace);
      assert.equal(answer.headers.get('etag'), effect.answer.headers.get('etag'), trace);
      assert.equal(answer.headers.get('idempotent-replayed'), 'true', trace);
      await observe(run);
    },
    toString: () => text,
    [fc.toStringMethod]: () => text,
  };
}

/** The engine carries out what the steps before have caused, as far as the provider lets it. */
function rest(): Command {
  return {
    check: () => true,
    async run(run) {
      run.trace.push('the engine comes to rest');
      await run.database.until(
        `SELECT 1 WHERE NOT EXISTS (
           SELECT FROM payment_jobs
           JOIN orders ON orders.id = order_id
           JOIN sandbox_payments USING (payment_id)
           WHERE sale_id = $1 AND payment_jobs.status = 'due' AND kind <> 'settle' AND NOT silent)`,
        [run.sale.id],
      );
      await observe(run);
    },
    toString: () => 'rest',
    [fc.toStringMethod]: () => 'rest',
  };
}

/** Whatever is open comes to its end, and then everything fits: the model, the books, and what is read over HTTP. */
async function comeToRest(run: Run): Promise<void> {
  for (const [place] of run.versions) {
    const { status, attempts } = orderAt(likelyWorld(run), place);
    if (attempts.some(({ silent }) => silent)) await make(run, [speechOf(run, place)]);
    if (status === 'payment_processing' && attempts.some(({ provider }) => provider === 'requires_action')) {
      await make(run, [pinOf(run, place)]);
    }
  }
  await run.database.until(
    `WITH hurried AS (
       UPDATE payment_jobs SET run_at = clock_timestamp() FROM orders
       WHERE orders.id = order_id AND sale_id = $1 AND payment_jobs.status = 'due' AND run_at > clock_timestamp()
     )
     SELECT 1 WHERE NOT EXISTS (
         SELECT FROM payment_jobs JOIN orders ON orders.id = order_id WHERE sale_id = $1 AND payment_jobs.status = 'due')
       AND NOT EXISTS (
         SELECT FROM orders WHERE sale_id = $1
           AND (status = 'pending_payment' AND pay_by <= now() OR status = 'pending_acceptance' AND accept_by <= now()))`,
    [run.sale.id],
  );
  await observe(run);
  const kept = await run.database.query<{ order_id: string; kept: string }>(
    `SELECT orders.id AS order_id, coalesce(sum(captured_minor - refunded_minor), 0) AS kept
     FROM orders LEFT JOIN sandbox_payments ON sandbox_payments.order_id = orders.id
     WHERE sale_id = $1 GROUP BY orders.id`,
    [run.sale.id],
  );
  const keptMinor = new Map(kept.map((row) => [run.ids.indexOf(row.order_id), Number(row.kept)]));
  run.trace.push(`  kept at the provider: ${JSON.stringify([...keptMinor])}`);
  keep(run, (world) => isAtRest(run.terms, world, keptMinor), 'this is no rest, or the money is wrong');
  await assertReadable(run);
}

async function assertReadable(run: Run): Promise<void> {
  for (const { place, status, version, history } of snapshotOf(likelyWorld(run)).orders) {
    const { owner } = orderAt(likelyWorld(run), place);
    const url = run.urls[place % run.urls.length];
    const read = await send('GET', `${url}/api/v1/orders/${run.ids[place]}?include=history`, {
      token: run.tokens[`customer${owner}`],
    });
    assert.deepEqual(
      [read.status, read.json.status, read.headers.get('etag')],
      [200, status, `"${version}"`],
      run.trace.join('\n'),
    );
    assert.deepEqual(
      read.json.history.map((entry: Record<string, unknown>) => [entry['version'], entry['type'], entry['status']]),
      history.map((entry, index) => [index + 1, entry.event, entry.status]),
    );
  }
}

const terms: fc.Arbitrary<Terms> = fc.record({
  fulfillment: fc.constantFrom('direct' as const, 'kitchen' as const, 'kitchen' as const),
  priceMinor: fc.oneof({ weight: 8, arbitrary: fc.constant(1_500) }, { weight: 1, arbitrary: fc.constant(0) }),
  limit: fc.constantFrom(null, 2, 3),
});

/** Lives as many lives, one after the other. */
async function live(runs: number): Promise<void> {
  let shrinkUntil = Number.POSITIVE_INFINITY;
  await fc.assert(
    fc.asyncProperty(
      terms,
      fc.integer({ min: 1, max: 4 }),
      fc.array(commands, { minLength: 1, maxLength: 40, size: 'max' }),
      async (drawnTerms, capacity, life) => {
        if (Date.now() > shrinkUntil) return;
        try {
          const run = await startRun(drawnTerms, capacity, { urls, database, shop, people });
          // Whoever draws an order first has one to go on with.
          await make(run, [MOVES.placing(run, { order: 0, a: 0, b: 0, c: 0 })]);
          await fc.asyncModelRun(() => ({ model: run, real: run }), life);
          await comeToRest(run);
          await assertLedgerSound(database);
        } catch (error) {
          shrinkUntil = Math.min(shrinkUntil, Date.now() + SHRINK_MS);
          throw error;
        }
      },
    ),
    // A life is as often long as short.
    { numRuns: runs, unbiased: true },
  );
}

test('S-11 PAY-10 whatever people, clock and provider do to orders, one after the other or at once: status, version, stock and money are as the design says', async (t) => {
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, () => live(RUNS / LANES)));
  const failure = lanes.find((lane) => lane.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  await untilMoneyRests(database);
  await assertLedgerSound(database);
  await assertBooksBalance(database);
  await assertHistoriesFollowTable(database);
  t.diagnostic(await lived());
});

/** What has happened, and how often: lives in which nothing happens prove nothing. */
async function lived(): Promise<string> {
  const rows = await database.query<{ event: string; count: number }>(
    `SELECT concat_ws(' by ', type, cause) AS event, count(*)::int FROM order_events GROUP BY 1 ORDER BY 2 DESC`,
  );
  return rows.map(({ event, count }) => `${event} ${count}`).join(', ');
}
