/** Replaces a piece of a source file. The piece must stand in it exactly once. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A deliberate defect, and the test that must fail because of it. */
export interface Mutant {
  readonly name: string;
  /** What the defect would mean for somebody. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  readonly caughtBy: {
    readonly file: string;
    /** The whole name. */
    readonly test: string;
  };
}

const at = (file: string, find: string, replace: string): Edit => ({ file, find, replace });

const caughtBy = (file: string, test: string): Mutant['caughtBy'] => ({ file, test });

const REDIS_STORE = 'src/idempotency/redis-idempotency-store.test.ts';
const GATE = 'src/gate/redis-stock-gate.test.ts';
const SLOW_OWNER = 'a slow owner whose key was taken over changes nothing: not the claim, not the answer';

const CLAIMS: readonly Mutant[] = [
  {
    name: 'claim-without-nx',
    breaks: 'A key that somebody works on is claimed again.',
    edits: [
      at(
        'src/gate/scripts/claim-key.lua',
        `if lease_until and now_ms < tonumber(lease_until) then
  return {'in-progress', fingerprint}
end
`,
        '',
      ),
    ],
    caughtBy: caughtBy(REDIS_STORE, 'of 100 claims at once exactly one gets the key'),
  },
  {
    name: 'no-fencing-in-redis',
    breaks: 'An owner whose lease is over writes its answer over that of its successor.',
    edits: [
      at('src/gate/scripts/complete-key.lua', 'if kept[1] ~= ARGV[1] or not kept[2] then', 'if not kept[2] then'),
    ],
    caughtBy: caughtBy(REDIS_STORE, SLOW_OWNER),
  },
  {
    name: 'no-fencing-in-process',
    breaks: 'The same in an engine without Redis.',
    edits: [
      at(
        'src/idempotency/in-process-idempotency-store.ts',
        'if (claim?.token !== token) return false;',
        'if (claim === undefined) return false;',
      ),
    ],
    caughtBy: caughtBy('src/idempotency/in-process-idempotency-store.test.ts', SLOW_OWNER),
  },
  {
    name: 'job-ended-without-token',
    breaks: 'A worker that was taken for dead ends the job at which another is at work.',
    edits: [
      at(
        'src/ledger/payment-jobs.ts',
        `ended_at = clock_timestamp()
     WHERE id = $1 AND token = $2 AND status = 'due'
     RETURNING id`,
        `ended_at = clock_timestamp()
     WHERE id = $1 AND $2::int > 0 AND status = 'due'
     RETURNING id`,
      ),
    ],
    caughtBy: caughtBy(
      'src/ledger/payment-jobs.test.ts',
      'PAY-04 whoever has lost the lease of a payment job has no say about it any more',
    ),
  },
  {
    name: 'delivery-ended-without-token',
    breaks: 'A sender that was taken for dead gives up the webhook that another is sending.',
    edits: [
      at(
        'src/ledger/webhook-deliveries.ts',
        `ended_at = clock_timestamp()
   WHERE id = $1 AND token = $2 AND status = 'due'
   RETURNING id`,
        `ended_at = clock_timestamp()
   WHERE id = $1 AND $2::int > 0
   RETURNING id`,
      ),
    ],
    caughtBy: caughtBy(
      'src/actions/deliver-webhooks.test.ts',
      'WH-01 whoever dies leaves a delivery to the next, and has no say about it any more',
    ),
  },
];

const KEYS: readonly Mutant[] = [
  {
    name: 'key-without-its-user',
    breaks: 'One customer gets the order of another who took the same key.',
    edits: [
      at('src/ledger/orders.ts', `return \`\${placedBy}/\${idempotencyKey}\`;`, `return placedBy && idempotencyKey;`),
      at('src/ledger/orders.ts', 'orders.placed_by = asked.placed_by AND', ''),
    ],
    caughtBy: caughtBy(
      'test/acceptance/place-order.test.ts',
      "IK-08 another user's key and body make that user an own order",
    ),
  },
  {
    name: 'key-without-its-user-under-way',
    breaks: 'One customer waits for, and gets, the order that another places at the same moment under the same key.',
    edits: [
      at('src/ledger/orders.ts', `return \`\${placedBy}/\${idempotencyKey}\`;`, `return placedBy && idempotencyKey;`),
    ],
    caughtBy: caughtBy(
      'src/actions/place-order.test.ts',
      'IK-08 two customers with one key at the same moment have an order each',
    ),
  },
  {
    name: 'step-key-without-its-user',
    breaks: 'Somebody gets the stored answer to the step of another who took the same key.',
    edits: [
      at(
        'src/http/reply-keyed.ts',
        `\`\${callerId(callerOf(request))} \${operationOf(request)} \${keyed.idempotencyKey}\``,
        `\`\${callerId(callerOf(request)) && operationOf(request)} \${keyed.idempotencyKey}\``,
      ),
    ],
    caughtBy: caughtBy(
      'test/acceptance/step-idempotency.test.ts',
      "IK-08 another user's key is another key: two customers, and two people of one merchant on one order",
    ),
  },
  {
    name: 'refusal-pinned-to-its-key',
    breaks: 'Whoever was refused once is refused under that key for ever, whatever is left by then.',
    edits: [
      at(
        'src/actions/place-order.ts',
        '      // The twin had no effect, and its refusal may be older than this request: decide anew.',
        '      return outcome;',
      ),
      at('src/actions/place-order.ts', '      underWay.delete(key);\n', '      performance.now();\n'),
    ],
    caughtBy: caughtBy(
      'src/actions/place-order.test.ts',
      'IK-12 refusals of every kind leave the key free: limit, paused, not yet open',
    ),
  },
  {
    name: 'weak-tag-matches',
    breaks: 'A step is made on the word of a tag that does not promise the same version.',
    edits: [at('src/http/conditional-request.ts', '!weak && tag === current', '(weak || !weak) && tag === current')],
    caughtBy: caughtBy(
      'test/acceptance/step-preconditions.test.ts',
      'CR-03 a stale tag is 412 with the current status, a missing one 428, a weak one never matches, nonsense is 400; nothing changes',
    ),
  },
];

const LOCKS: readonly Mutant[] = [
  {
    name: 'limit-read-before-the-lock',
    breaks: 'Two orders of one customer at the same moment pass its limit.',
    edits: [
      at('src/actions/decide-placing.ts', 'const [sales, items, units, {', 'const [units, sales, items, {'),
      at(
        'src/actions/decide-placing.ts',
        `    lockSales(db, saleIds),
    lockItems(db, itemIds),
    findCustomerUnits(db, requests.flatMap(unitsAskedFor)),
`,
        `    findCustomerUnits(db, requests.flatMap(unitsAskedFor)),
    lockSales(db, saleIds),
    lockItems(db, itemIds),
`,
      ),
    ],
    caughtBy: caughtBy(
      'src/actions/write-orders.test.ts',
      'the limit and the keys are read after the lock: what waited for another process sees what that one committed',
    ),
  },
  {
    name: 'clock-and-keys-read-before-the-lock',
    breaks: 'An order is taken after closing time, because its batch began to wait before it.',
    edits: [
      at(
        'src/actions/decide-placing.ts',
        'const [sales, items, units, { decidedAt, repeats: known }]',
        'const [{ decidedAt, repeats: known }, sales, items, units]',
      ),
      at(
        'src/actions/decide-placing.ts',
        '    lockSales(db, saleIds),\n',
        '    findRepeats(db, requests),\n    lockSales(db, saleIds),\n',
      ),
      at(
        'src/actions/decide-placing.ts',
        '    findCustomerUnits(db, requests.flatMap(unitsAskedFor)),\n    findRepeats(db, requests),\n',
        '    findCustomerUnits(db, requests.flatMap(unitsAskedFor)),\n',
      ),
    ],
    caughtBy: caughtBy(
      'src/actions/write-orders.test.ts',
      'S-10 opening and closing are judged by the clock after the locks, not by the start of the transaction',
    ),
  },
  {
    name: 'arrival-counter-without-its-lock',
    breaks: 'Two processes number their orders at the same moment: one number twice, or a failure.',
    edits: [
      at(
        'src/ledger/sales.ts',
        'WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`',
        'WHERE id = ANY ($1::uuid[]) ORDER BY id`',
      ),
    ],
    caughtBy: caughtBy(
      'src/actions/write-orders.test.ts',
      'S-08 two processes that sell different items of one sale number their orders without a gap, none twice',
    ),
  },
  {
    name: 'sweeper-without-its-lock',
    breaks: 'A sweeper expires an order that is being cancelled or paid at that moment.',
    edits: [
      at(
        'src/ledger/order-facts.ts',
        "'SELECT id FROM orders WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE'",
        "'SELECT id FROM orders WHERE id = ANY ($1::uuid[]) ORDER BY id'",
      ),
      at(
        'src/ledger/order-steps.ts',
        'WHERE orders.id = step.id AND orders.version = step.version_before',
        'WHERE orders.id = step.id',
      ),
    ],
    caughtBy: caughtBy(
      'src/actions/pass-deadlines.test.ts',
      'S-06 a sweeper waits for whoever is at work on an order, and then one of them ends it',
    ),
  },
  {
    name: 'released-after-an-unknown-commit',
    breaks: 'A buyer whose order may exist is told that nothing was done.',
    edits: [
      at(
        'src/actions/commit-batch.ts',
        "const outcome = perhapsCommitted ? 'unknown' : 'unavailable';",
        "const outcome = perhapsCommitted ? 'unavailable' : 'unavailable';",
      ),
    ],
    caughtBy: caughtBy(
      'src/actions/write-orders-faults.test.ts',
      'the ledger stays away after a COMMIT of unknown outcome: the answer says unknown, and a retry tells',
    ),
  },
  {
    name: 'unknown-commit-taken-for-none',
    breaks: 'A COMMIT whose answer was lost is reported as a failure, though the orders are there.',
    edits: [
      at(
        'src/actions/commit-batch.ts',
        "if (fault === 'connection-lost' && !outOfTime) {",
        "if (fault === 'connection-lost' && !outOfTime && !perhapsCommitted) {",
      ),
    ],
    caughtBy: caughtBy(
      'src/actions/write-orders-faults.test.ts',
      'F-10 the connection is cut after COMMIT, before its answer: each order is found as its own, none is written twice',
    ),
  },
  {
    name: 'late-statement-not-fenced-off',
    breaks: 'A buyer who was refused gets an order, when the server finds the statement that everybody had given up.',
    edits: [
      at('src/ledger/optimistic-orders.ts', 'UPDATE sales SET fence = fence + 1', 'UPDATE sales SET fence = fence'),
    ],
    caughtBy: caughtBy(
      'src/actions/order-writer.test.ts',
      'F-10 a statement that the server gets after its orders were refused writes nothing',
    ),
  },
  {
    name: 'optimistic-in-a-paused-sale',
    breaks: 'A sale that was paused goes on selling.',
    edits: [at('src/ledger/optimistic-orders.ts', 'paused_at IS NULL AND ', '')],
    caughtBy: caughtBy(
      'src/actions/order-writer.test.ts',
      'what is remembered decides nothing: the sale was paused since',
    ),
  },
];

const STOCK_AND_MONEY: readonly Mutant[] = [
  {
    name: 'stock-given-back-twice',
    breaks: 'A cancellation puts the units of an order back on sale twice.',
    edits: [
      at(
        'src/ledger/order-steps.ts',
        'items.set(line.itemId, { held: item.held + held, sold: item.sold + sold });',
        'items.set(line.itemId, { held: item.held + 2 * held, sold: item.sold + sold });',
      ),
    ],
    caughtBy: caughtBy(
      'src/actions/pass-deadlines.test.ts',
      'S-01 what a cancelled or expired order held is back on sale once, beside others that hold',
    ),
  },
  {
    name: 'reservation-given-back-twice',
    breaks: 'The gate counts a reservation as returned each time that it hears of its end.',
    edits: [at('src/gate/scripts/settle.lua', "  redis.call('HDEL', KEYS[3], unpack(closed))\n", '  -- kept\n')],
    caughtBy: caughtBy(
      GATE,
      'an ended attempt gives its reservation back once; one that is not open gives nothing back',
    ),
  },
  {
    name: 'newest-pair-rule-dropped',
    breaks: 'A late message about an old commit makes the gate refuse what is left, or let through what is gone.',
    edits: [
      at(
        'src/gate/scripts/tell.lua',
        'tonumber(before) < tonumber(ARGV[at + 1])',
        'tonumber(before) ~= tonumber(ARGV[at + 1])',
      ),
    ],
    caughtBy: caughtBy(GATE, 'the newest version of an item wins, whatever comes last'),
  },
  {
    name: 'restock-more-than-sold',
    breaks: 'A refund puts more units back on sale than the order still has.',
    edits: [
      at('src/domain/take-intent.ts', '(restock && quantity > restockable)', '(restock && quantity > restockable + 9)'),
    ],
    caughtBy: caughtBy(
      'src/domain/take-intent.test.ts',
      'no unit is put back that was put back before, though its price was not given back then',
    ),
  },
  {
    name: 'late-money-refunded-twice',
    breaks: 'Money that comes too late is given back as often as the provider tells of it.',
    edits: [
      at(
        'src/domain/report-payment.ts',
        "if (payment.status === 'captured' || payment.status === status) return { outcome: 'unchanged' };",
        "if (payment.status === status && status !== 'captured') return { outcome: 'unchanged' };",
      ),
      at(
        'src/domain/step-effects.ts',
        "refund.paymentId === payment.id && refund.status !== 'failed'",
        "refund.paymentId === payment.id && refund.status === 'succeeded'",
      ),
    ],
    caughtBy: caughtBy(
      'src/domain/report-payment.test.ts',
      'PAY-08 late money (captured, direct, was processing) when nothing is left: given back, and once however often it is told',
    ),
  },
  {
    name: 'refund-forgets-what-is-on-its-way',
    breaks: 'A cancellation gives back what a refund that is not settled yet gives back already.',
    edits: [
      at(
        'src/domain/step-effects.ts',
        "refund.paymentId === payment.id && refund.status !== 'failed'",
        "refund.paymentId === payment.id && refund.status === 'succeeded'",
      ),
    ],
    caughtBy: caughtBy(
      'src/domain/step-effects.test.ts',
      'refundable is what was captured, less what went back or is on its way, of this payment',
    ),
  },
  {
    name: 'price-taken-from-the-client',
    breaks: 'A buyer pays what it likes.',
    edits: [
      at(
        'src/http/routes/orders/place-order.ts',
        '          quantity: Type.Integer({ minimum: 1, maximum: QUANTITY_MAX }),\n',
        `          quantity: Type.Integer({ minimum: 1, maximum: QUANTITY_MAX }),
          price: Type.Optional(Type.Integer()),
`,
      ),
      at(
        'src/http/routes/orders/place-order.ts',
        'map(({ itemId, quantity }) => ({ itemId: itemId.toLowerCase(), quantity }))',
        'map(({ itemId, quantity, price }) => ({ itemId: itemId.toLowerCase(), quantity, price }))',
      ),
      at(
        'src/domain/stock.ts',
        'const lines = request.lines.map(({ itemId, quantity }) => {',
        'const lines = request.lines.map(({ itemId, quantity, price }: { itemId: string; quantity: number; price?: number }) => {',
      ),
      at(
        'src/domain/stock.ts',
        'const unitPriceMinor = item.priceMinor;',
        'const unitPriceMinor = price ?? item.priceMinor;',
      ),
    ],
    caughtBy: caughtBy(
      'test/acceptance/bad-requests.test.ts',
      'SEC-05 unknown members, and members that only the engine decides, are 400',
    ),
  },
];

const OUTWARD: readonly Mutant[] = [
  {
    name: 'watermark-outbox',
    breaks: 'An event that was written before others and committed after them is never told of.',
    edits: [
      at(
        'src/ledger/outbox.ts',
        'WHERE event.version = (SELECT min(waiting.version) FROM outbox AS waiting WHERE waiting.order_id = event.order_id)',
        `WHERE event.version = (SELECT min(waiting.version) FROM outbox AS waiting WHERE waiting.order_id = event.order_id)
       AND event.occurred_at >= $2`,
      ),
      at(
        'src/ledger/outbox.ts',
        'const rows = await db.query(takeWaiting, [limit]);',
        'const rows = await db.query(takeWaiting, [limit, watermark]);\n  for (const row of rows) if (row.occurred_at > watermark) watermark = row.occurred_at;',
      ),
      at(
        'src/ledger/outbox.ts',
        'export async function takeEvents(',
        'let watermark = new Date(0);\nexport async function takeEvents(',
      ),
    ],
    caughtBy: caughtBy(
      'src/ledger/outbox.test.ts',
      'an event that was written before others and committed after them is taken when it is there',
    ),
  },
  {
    name: 'outbox-takes-any-of-its-order',
    breaks: 'Two relays tell of the steps of one order in whatever sequence.',
    edits: [
      at(
        'src/ledger/outbox.ts',
        'SELECT event.order_id FROM outbox AS event',
        'SELECT event.order_id, event.version FROM outbox AS event',
      ),
      at(
        'src/ledger/outbox.ts',
        'WHERE event.version = (SELECT min(waiting.version) FROM outbox AS waiting WHERE waiting.order_id = event.order_id)\n     ORDER BY event.order_id, event.version',
        'WHERE true\n     ORDER BY event.order_id, event.version',
      ),
      at(
        'src/ledger/outbox.ts',
        'USING first WHERE outbox.order_id = first.order_id',
        'USING first WHERE outbox.order_id = first.order_id AND outbox.version = first.version',
      ),
    ],
    caughtBy: caughtBy(
      'src/ledger/outbox.test.ts',
      'a first event that somebody has is passed over with all that follow it, and waited for by nobody',
    ),
  },
  {
    name: 'outbox-waits-for-other-relays',
    breaks: 'A relay that hangs holds up all others.',
    edits: [at('src/ledger/outbox.ts', 'FOR UPDATE OF event SKIP LOCKED', 'FOR UPDATE OF event')],
    caughtBy: caughtBy(
      'src/ledger/outbox.test.ts',
      'a first event that somebody has is passed over with all that follow it, and waited for by nobody',
    ),
  },
  {
    name: 'scripts-sent-again',
    breaks: 'A script whose reply was lost runs twice.',
    edits: [at('src/gate/redis.ts', 'autoResendUnfulfilledCommands: false', 'autoResendUnfulfilledCommands: true')],
    caughtBy: caughtBy('src/gate/redis.test.ts', 'F-06 a script whose reply was lost is not sent again, standalone'),
  },
  {
    name: 'signature-over-another-body',
    breaks: 'No receiver can verify a webhook.',
    edits: [
      at(
        'src/actions/deliver-webhooks.ts',
        'const signed = signWebhook({ ...message, timestamp',
        'const signed = signWebhook({ ...message, body: JSON.stringify(JSON.parse(message.body), null, 1), timestamp',
      ),
    ],
    caughtBy: caughtBy(
      'src/actions/deliver-webhooks.test.ts',
      'WH-01 each event goes once to each endpoint that wants its type, and is verified by its secret',
    ),
  },
  {
    name: 'redirect-followed',
    breaks: 'A receiver sends the engine to an address of its choice.',
    edits: [
      at(
        'src/webhooks/http-sender.ts',
        'Agent, buildConnector, type Dispatcher }',
        'Agent, buildConnector, type Dispatcher, interceptors }',
      ),
      at(
        'src/webhooks/http-sender.ts',
        '    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,\n  });',
        '    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,\n  }).compose(interceptors.redirect({ maxRedirections: 3, throwOnMaxRedirect: false }));',
      ),
    ],
    caughtBy: caughtBy('src/webhooks/http-sender.test.ts', 'WH-03 a redirect is not followed'),
  },
  {
    name: 'address-checked-beforehand-only',
    breaks: 'A name that was public when it was checked leads into the private network when it is used.',
    edits: [
      at(
        'src/webhooks/http-sender.ts',
        'lookup: publicLookup(resolve) }',
        'lookup: (resolve ?? publicLookup()) as never }',
      ),
      at('src/webhooks/http-sender.ts', "if (isPublicAddress(socket.remoteAddress ?? '')) return", 'return'),
    ],
    caughtBy: caughtBy(
      'src/webhooks/http-sender.test.ts',
      'WH-06 no connection is opened to an address that is not public, whatever the name was when it was checked',
    ),
  },
  {
    name: 'timestamp-not-signed',
    breaks: 'Whoever records a webhook can send it again under any time.',
    edits: [at('src/webhooks/sign-webhook.ts', `\`\${id}.\${seconds}.\${body}\``, `\`\${id}.0.\${body}\``)],
    caughtBy: caughtBy(
      'src/webhooks/sign-webhook.test.ts',
      'WH-02 the signature verifies with the specification’s own package, and with each secret of a rotation',
    ),
  },
];

const CALLS = 'client/src/client.test.ts';
const ONE_KEY = 'CL-01 an intent keeps its key over lost answers, 409, 425, 429, 503 and a proxy’s 502';

const CLIENT: readonly Mutant[] = [
  {
    name: 'client-key-per-try',
    breaks: 'A buyer whose answer got lost gets a second order.',
    edits: [
      at(
        'client/src/request.ts',
        "'idempotency-key': idempotencyKey,",
        "'idempotency-key': idempotencyKey && newIdempotencyKey(),",
      ),
    ],
    caughtBy: caughtBy(CALLS, ONE_KEY),
  },
  {
    name: 'client-repeats-bare-writes',
    breaks: 'A write without a key that may have arrived is sent again.',
    edits: [at('client/src/request.ts', "const repeatable = method === 'GET' ||", 'const repeatable = true ||')],
    caughtBy: caughtBy(CALLS, 'CL-02 what has no key is never sent again once it may have arrived'),
  },
  {
    name: 'client-believes-any-refusal',
    breaks: 'A page tells a buyer that there is no order, because the retry of a lost answer was rate-limited.',
    edits: [
      at('client/src/request.ts', "effect !== 'decided' && (before || effect === 'unknown')", "effect === 'unknown'"),
    ],
    caughtBy: caughtBy(
      CALLS,
      'CL-04 a refusal decides what a lost answer left open; what comes before the key is looked at does not',
    ),
  },
  {
    name: 'client-stream-from-the-start',
    breaks: 'Whoever follows an order is told everything again after each lost connection.',
    edits: [at('client/src/watch.ts', "lastEventId === '' ? {} : { 'last-event-id': lastEventId }", '{}')],
    caughtBy: caughtBy(
      'client/src/watch.test.ts',
      'CL-05 a stream is followed over ends, breaks and refusals, from the last event that came, until the engine says 204',
    ),
  },
  {
    name: 'client-webhook-of-any-time',
    breaks: 'A recorded webhook is believed again for ever.',
    edits: [at('client/src/webhooks.ts', '<= toleranceSeconds)', '<= Number.POSITIVE_INFINITY)')],
    caughtBy: caughtBy(
      'client/src/webhooks.test.ts',
      'CL-06 a recorded webhook is not believed later, nor one from the future',
    ),
  },
];

/** Every deliberate defect that a named test must catch. */
export const MUTANTS: readonly Mutant[] = [...CLAIMS, ...KEYS, ...LOCKS, ...STOCK_AND_MONEY, ...OUTWARD, ...CLIENT];
