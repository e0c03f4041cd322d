-- The whole life of an order: its deadlines, its money, and what is still due to be done about it.

ALTER TABLE sales
  -- What an unpaid order has left at least after a payment was refused, once.
  ADD COLUMN retry_seconds      integer NOT NULL DEFAULT 120 CHECK (retry_seconds BETWEEN 1 AND 86400),
  -- How long a payment under way may keep the stock.
  ADD COLUMN pin_seconds        integer NOT NULL DEFAULT 600 CHECK (pin_seconds BETWEEN 1 AND 86400),
  ADD COLUMN acceptance_seconds integer NOT NULL DEFAULT 300 CHECK (acceptance_seconds BETWEEN 1 AND 86400);

-- What shows a sale shows these, too.
UPDATE sales SET version = version + 1;

-- An order has one deadline in each status that has any: pay_by, settle_by, accept_by.
ALTER TABLE orders
  ADD COLUMN settle_by     timestamptz,
  ADD COLUMN accept_by     timestamptz,
  ADD COLUMN hold_extended boolean NOT NULL DEFAULT false;

UPDATE orders SET accept_by = clock_timestamp() + interval '5 minutes' WHERE status = 'pending_acceptance';

ALTER TABLE orders
  ADD CONSTRAINT orders_under_payment_have_settle_by CHECK (status <> 'payment_processing' OR settle_by IS NOT NULL),
  ADD CONSTRAINT orders_to_accept_have_accept_by CHECK (status <> 'pending_acceptance' OR accept_by IS NOT NULL);

CREATE INDEX orders_to_settle ON orders (settle_by) WHERE status = 'payment_processing';
CREATE INDEX orders_to_accept ON orders (accept_by) WHERE status = 'pending_acceptance';
CREATE INDEX orders_by_reference ON orders (reference, id) WHERE reference IS NOT NULL;
-- Orders that a kitchen or a courier is busy with: few, however many there were before.
CREATE INDEX orders_at_work ON orders (sale_id, arrival)
  WHERE status IN ('pending_acceptance', 'preparing', 'ready_for_pickup', 'in_transit');
-- Of columns that never change, so the row that every batch rewrites stays out of it.
CREATE INDEX sales_of_merchant ON sales (merchant_id, id);

ALTER TABLE order_lines
  -- Units whose price was given back.
  ADD COLUMN refunded integer NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND quantity);

-- Only the row that opens a step carries the key and the fingerprint. They make a repeated step harmless: it finds
-- the version that it made.
ALTER TABLE order_events
  ADD COLUMN accept_by       timestamptz,
  -- In which role the actor did it; null for placing and for the engine itself.
  ADD COLUMN actor_role      text,
  -- Why: the intent, or what made the engine do it.
  ADD COLUMN cause           text,
  ADD COLUMN operation       text,
  ADD COLUMN idempotency_key text,
  ADD COLUMN fingerprint     bytea,
  -- What the step was about (a payment, a refund, a reason), as it was then.
  ADD COLUMN details         json,
  ADD CONSTRAINT order_events_keys_are_whole
    CHECK ((idempotency_key IS NULL) = (operation IS NULL) AND (idempotency_key IS NULL) = (fingerprint IS NULL));
CREATE UNIQUE INDEX order_events_stepped_once ON order_events (order_id, actor_id, operation, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

CREATE TYPE payment_status AS ENUM (
  'processing', 'requires_action', 'authorized', 'captured', 'failed', 'cancelled'
);

-- Attempts to pay. The row is committed before the provider is called; what the customer pays with is not kept.
CREATE TABLE payments (
  id              uuid PRIMARY KEY,
  order_id        uuid NOT NULL REFERENCES orders,
  provider        text NOT NULL,
  -- The provider's own id, once it has told it.
  provider_ref    text,
  status          payment_status NOT NULL,
  capture         text NOT NULL CHECK (capture IN ('automatic', 'manual')),
  currency        text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  amount_minor    bigint NOT NULL CHECK (amount_minor BETWEEN 1 AND 9007199254740991),
  captured_minor  bigint NOT NULL DEFAULT 0 CHECK (captured_minor IN (0, amount_minor)),
  next_action_url text,
  decline_code    text,
  -- How the request that opened the attempt was answered: with which status, showing which version of the order.
  answer_status   smallint,
  answer_version  integer,
  created_at      timestamptz NOT NULL,
  settled_at      timestamptz,
  CHECK ((answer_status IS NULL) = (answer_version IS NULL)),
  CHECK ((status = 'captured') = (captured_minor > 0))
) WITH (fillfactor = 85);
CREATE INDEX payments_of_order ON payments (order_id, id);
CREATE INDEX payments_by_age ON payments (created_at, id);
-- No second charge while the outcome of one is open.
CREATE UNIQUE INDEX payments_one_open ON payments (order_id) WHERE status IN ('processing', 'requires_action');

CREATE TYPE refund_status AS ENUM ('pending', 'succeeded', 'failed');

CREATE TABLE refunds (
  id           uuid PRIMARY KEY,
  order_id     uuid NOT NULL REFERENCES orders,
  payment_id   uuid NOT NULL REFERENCES payments,
  provider_ref text,
  status       refund_status NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor BETWEEN 1 AND 9007199254740991),
  -- requested, cancellation, rejection, late_payment, duplicate_payment
  cause        text NOT NULL,
  reason       text,
  -- [{itemId, quantity, restocked}], for a refund of lines.
  lines        json NOT NULL,
  created_at   timestamptz NOT NULL,
  settled_at   timestamptz
);
CREATE INDEX refunds_of_order ON refunds (order_id, id);
CREATE INDEX refunds_of_payment ON refunds (payment_id);

-- What a merchant keeps of a cancelled order's money, so that the books add up.
CREATE TABLE retained_amounts (
  order_id     uuid NOT NULL REFERENCES orders,
  version      integer NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  reason       text,
  PRIMARY KEY (order_id, version)
);

CREATE TYPE payment_job_kind AS ENUM ('settle', 'capture', 'cancel', 'refund');
CREATE TYPE job_status AS ENUM ('due', 'done', 'failed');

-- What the provider is still to be asked or told, written in the transaction of the step that causes it. Whoever takes
-- a job moves run_at ahead by a lease and raises the token, by which a slow owner is told apart. `failed` waits for a
-- person.
CREATE TABLE payment_jobs (
  id         uuid PRIMARY KEY,
  kind       payment_job_kind NOT NULL,
  order_id   uuid NOT NULL REFERENCES orders,
  payment_id uuid NOT NULL REFERENCES payments,
  refund_id  uuid REFERENCES refunds,
  status     job_status NOT NULL,
  run_at     timestamptz NOT NULL,
  attempts   integer NOT NULL DEFAULT 0,
  token      bigint NOT NULL DEFAULT 0,
  last_error text,
  created_at timestamptz NOT NULL,
  ended_at   timestamptz,
  CHECK ((kind = 'refund') = (refund_id IS NOT NULL))
) WITH (fillfactor = 85);
CREATE INDEX payment_jobs_due ON payment_jobs (run_at) WHERE status = 'due';
CREATE INDEX payment_jobs_done ON payment_jobs (ended_at) WHERE status = 'done';
CREATE INDEX payment_jobs_of_payment ON payment_jobs (payment_id);
CREATE INDEX payment_jobs_failed ON payment_jobs (id) WHERE status = 'failed';

-- Webhooks of providers, once per event. One about a payment that is not there (yet) stays parked.
CREATE TABLE provider_events (
  provider    text NOT NULL,
  event_id    text NOT NULL,
  type        text NOT NULL,
  payment_id  uuid,
  parked      boolean NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (provider, event_id)
);
CREATE INDEX provider_events_parked ON provider_events (received_at) WHERE parked;
CREATE INDEX provider_events_by_age ON provider_events (received_at);

-- Where the provider's books and the ledger differ. A row stays until they agree again.
CREATE TABLE payment_discrepancies (
  provider      text NOT NULL,
  -- The provider's id, or the payment's where the provider does not know it.
  subject       text NOT NULL,
  -- unknown_payment: money at the provider that the ledger knows nothing of. missing_payment: the reverse.
  -- status, captured, refunded, amount: both know it, and differ.
  kind          text NOT NULL,
  order_id      uuid,
  payment_id    uuid,
  ledger_says   text,
  provider_says text,
  first_seen_at timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL,
  PRIMARY KEY (provider, subject, kind)
);

-- From this secret and an order's id follows the code by which its owner collects it.
ALTER TABLE ledger ADD COLUMN collection_secret bytea NOT NULL
  DEFAULT sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));

-- An erased account keeps its id, so that orders, money and history stay whole; nothing personal is left.
ALTER TABLE accounts
  ADD COLUMN erased_at timestamptz,
  DROP CONSTRAINT accounts_check1,
  ADD CONSTRAINT accounts_tell_who CHECK ((email IS NULL) = (test_sale_id IS NOT NULL OR erased_at IS NOT NULL)),
  ADD CONSTRAINT accounts_erased_are_empty CHECK (erased_at IS NULL OR (name IS NULL AND password_hash IS NULL));
ALTER TABLE shop_customers
  ADD COLUMN erased_at timestamptz,
  ALTER COLUMN external_id DROP NOT NULL,
  ADD CONSTRAINT shop_customers_tell_who CHECK ((external_id IS NULL) = (erased_at IS NOT NULL));

-- The sandbox provider's own books: what a payment provider would keep on its side. Written by its own connections,
-- never in a transaction of the engine, so that the two can differ as they can in the world.
CREATE TABLE sandbox_payments (
  payment_id      uuid PRIMARY KEY,
  provider_ref    text NOT NULL UNIQUE,
  order_id        uuid NOT NULL,
  payment_method  text,
  status          text NOT NULL,
  capture         text NOT NULL,
  currency        text NOT NULL,
  amount_minor    bigint NOT NULL,
  captured_minor  bigint NOT NULL DEFAULT 0,
  refunded_minor  bigint NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND captured_minor),
  decline_code    text,
  return_url      text,
  -- While set, the provider answers nothing about it.
  silent          boolean NOT NULL DEFAULT false,
  created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sandbox_payments_by_age ON sandbox_payments (created_at, payment_id);
CREATE TABLE sandbox_refunds (
  refund_id    uuid PRIMARY KEY,
  payment_id   uuid NOT NULL REFERENCES sandbox_payments,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  status       text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sandbox_refunds_of_payment ON sandbox_refunds (payment_id);
