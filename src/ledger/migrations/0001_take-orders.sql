-- One row that says which ledger this is. Whatever is remembered outside the ledger (a cache, a gate)
-- carries this id; a restore from a backup gives the ledger a new one.
CREATE TABLE ledger (
  singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO ledger DEFAULT VALUES;

CREATE TYPE account_role AS ENUM ('customer', 'merchant', 'courier', 'operator');

-- People who sign in, and the buyers of a rehearsal, who cannot (they have no e-mail and no password
-- and may order in one test sale only).
CREATE TABLE accounts (
  id            uuid PRIMARY KEY,
  email         text UNIQUE,
  name          text,
  password_hash text,
  role          account_role NOT NULL,
  test_sale_id  uuid,
  created_at    timestamptz NOT NULL DEFAULT now(),
  CHECK (email = lower(email)),
  CHECK ((email IS NULL) = (password_hash IS NULL)),
  CHECK ((email IS NULL) = (test_sale_id IS NOT NULL))
);

CREATE TABLE merchants (
  id         uuid PRIMARY KEY,
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TYPE member_role AS ENUM ('merchant', 'courier');

CREATE TABLE members (
  merchant_id uuid NOT NULL REFERENCES merchants,
  account_id  uuid NOT NULL REFERENCES accounts,
  role        member_role NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (merchant_id, account_id)
);
CREATE INDEX members_of_account ON members (account_id);

-- Secrets of a shop's own back end. Only a hash is kept: the secret is long and random.
CREATE TABLE api_keys (
  id          uuid PRIMARY KEY,
  merchant_id uuid NOT NULL REFERENCES merchants,
  name        text NOT NULL,
  secret_hash bytea NOT NULL UNIQUE,
  created_by  uuid NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  revoked_at  timestamptz
);
CREATE INDEX api_keys_of_merchant ON api_keys (merchant_id, id);

-- Customers as a shop's back end names them. Limits count per such customer.
CREATE TABLE shop_customers (
  id          uuid PRIMARY KEY,
  merchant_id uuid NOT NULL REFERENCES merchants,
  external_id text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (merchant_id, external_id)
);

CREATE TYPE fulfillment AS ENUM ('direct', 'kitchen');

-- A sale is the unit of arrival order and of batching: every batch locks its row. The row is rewritten by
-- each batch (last_arrival), so no index may cover that column and the page keeps room for HOT updates.
CREATE TABLE sales (
  id           uuid PRIMARY KEY,
  merchant_id  uuid NOT NULL REFERENCES merchants,
  name         text NOT NULL,
  currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  opens_at     timestamptz NOT NULL,
  closes_at    timestamptz NOT NULL,
  paused_at    timestamptz,
  fulfillment  fulfillment NOT NULL,
  hold_seconds integer NOT NULL CHECK (hold_seconds BETWEEN 1 AND 86400),
  test         boolean NOT NULL DEFAULT false,
  version      integer NOT NULL DEFAULT 1,
  last_arrival bigint NOT NULL DEFAULT 0 CHECK (last_arrival >= 0),
  created_at   timestamptz NOT NULL DEFAULT now(),
  CHECK (opens_at < closes_at)
) WITH (fillfactor = 50);
CREATE INDEX sales_public ON sales (id) WHERE NOT test;
CREATE INDEX sales_public_of_merchant ON sales (merchant_id, id) WHERE NOT test;
CREATE INDEX sales_tests ON sales (id) WHERE test;

-- The stock. The first CHECK is the conservation law: no commit can break it.
CREATE TABLE items (
  id                 uuid PRIMARY KEY,
  sale_id            uuid NOT NULL REFERENCES sales,
  position           integer NOT NULL,
  name               text NOT NULL,
  price_minor        bigint NOT NULL CHECK (price_minor BETWEEN 0 AND 1000000000000),
  limit_per_customer integer CHECK (limit_per_customer > 0),
  capacity           integer NOT NULL CHECK (capacity >= 0),
  available          integer NOT NULL CHECK (available >= 0),
  held               integer NOT NULL DEFAULT 0 CHECK (held >= 0),
  sold               integer NOT NULL DEFAULT 0 CHECK (sold >= 0),
  version            bigint NOT NULL DEFAULT 1,
  created_at         timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT items_stock_is_conserved CHECK (available + held + sold = capacity),
  UNIQUE (sale_id, position)
) WITH (fillfactor = 50);

-- Units of a limited item that a customer holds or bought: the sum of held + sold over that customer's lines.
-- Rows exist only while the item has a limit; giving an item a limit counts them anew. Whoever changes them
-- holds the item's row lock.
CREATE TABLE customer_units (
  item_id     uuid NOT NULL,
  customer_id uuid NOT NULL,
  units       integer NOT NULL CHECK (units >= 0),
  PRIMARY KEY (item_id, customer_id)
);

CREATE TYPE order_status AS ENUM (
  'pending_payment', 'payment_processing', 'confirmed', 'pending_acceptance', 'preparing',
  'ready_for_pickup', 'in_transit', 'completed', 'cancelled', 'rejected', 'expired'
);

-- Orders carry no foreign keys: each would cost a look-up per row on the hottest path, and the one writer
-- takes every id from a row it has just locked. placed_by is who called (a customer, or the merchant whose
-- back end ordered for a customer); it scopes the idempotency key.
-- orders_placed_once is what makes a lost answer harmless: the retry finds its own order.
CREATE TABLE orders (
  id              uuid PRIMARY KEY,
  sale_id         uuid NOT NULL,
  customer_id     uuid NOT NULL,
  placed_by       uuid NOT NULL,
  placed_at       timestamptz NOT NULL,
  pay_by          timestamptz,
  arrival         bigint NOT NULL CHECK (arrival > 0),
  total_minor     bigint NOT NULL CHECK (total_minor BETWEEN 0 AND 9007199254740991),
  version         integer NOT NULL DEFAULT 1 CHECK (version > 0),
  status          order_status NOT NULL,
  fingerprint     bytea NOT NULL,
  idempotency_key text NOT NULL,
  reference       text,
  -- json, not jsonb: a replay must give the shop's members back in the order they came.
  metadata        json,
  CONSTRAINT orders_placed_once UNIQUE (placed_by, idempotency_key),
  CONSTRAINT orders_arrival_once UNIQUE (sale_id, arrival),
  CONSTRAINT orders_pending_have_pay_by CHECK (status <> 'pending_payment' OR pay_by IS NOT NULL)
) WITH (fillfactor = 85);
CREATE INDEX orders_of_customer ON orders (customer_id, id);
CREATE INDEX orders_to_expire ON orders (pay_by) WHERE status = 'pending_payment';

-- What an order was placed at: name and price stay as they were. held and sold say what the line has of
-- the item's stock; item totals are the sums over lines.
CREATE TABLE order_lines (
  order_id         uuid NOT NULL,
  item_id          uuid NOT NULL,
  unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
  position         smallint NOT NULL,
  quantity         integer NOT NULL CHECK (quantity > 0),
  held             integer NOT NULL CHECK (held IN (0, quantity)),
  sold             integer NOT NULL CHECK (sold BETWEEN 0 AND quantity),
  returned         integer NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND quantity),
  name             text NOT NULL,
  PRIMARY KEY (order_id, item_id),
  CHECK (held + sold + returned <= quantity)
) WITH (fillfactor = 85);

-- The history: one row for each version of an order, written in the transaction of the step it tells of.
-- It is immutable, and the outbox reads from it.
CREATE TABLE order_events (
  order_id    uuid NOT NULL,
  version     integer NOT NULL CHECK (version > 0),
  type        text NOT NULL,
  status      order_status NOT NULL,
  pay_by      timestamptz,
  occurred_at timestamptz NOT NULL,
  -- Null: the engine itself.
  actor_id    uuid,
  request_id  text,
  PRIMARY KEY (order_id, version)
);

-- Answers to the low-rate calls of merchants and operators, written in the transaction of their effect.
CREATE TABLE stored_answers (
  caller_id       uuid NOT NULL,
  operation       text NOT NULL,
  idempotency_key text NOT NULL,
  fingerprint     bytea NOT NULL,
  status          smallint NOT NULL,
  headers         jsonb NOT NULL,
  body            text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (caller_id, operation, idempotency_key)
);
CREATE INDEX stored_answers_by_age ON stored_answers (created_at);
