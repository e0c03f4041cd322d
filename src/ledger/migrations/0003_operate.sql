-- What goes out of the ledger (events, webhooks, notifications), what went wrong with it, and what an operator sees.

-- Events that nobody has been told of yet, one row for each. A trigger writes them, so that no writer of history can
-- forget to. Whoever tells of an event deletes its row in the same transaction, and takes a row only if no earlier one
-- of its order is there; so each is told once and the versions of an order in turn. There is no position to be behind:
-- what commits late is found late.
CREATE TABLE outbox (
  order_id    uuid NOT NULL,
  version     integer NOT NULL,
  occurred_at timestamptz NOT NULL,
  PRIMARY KEY (order_id, version)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

CREATE FUNCTION put_into_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (order_id, version, occurred_at) SELECT order_id, version, occurred_at FROM told;
  RETURN NULL;
END $$;
CREATE TRIGGER order_events_go_out AFTER INSERT ON order_events REFERENCING NEW TABLE AS told
  FOR EACH STATEMENT EXECUTE FUNCTION put_into_outbox();

-- The W3C traceparent of the request that made the step, where it was sampled.
ALTER TABLE order_events ADD COLUMN trace_parent text;

-- Counted by whoever tells of the events, in the same transaction; so they are exact, and as late as the outbox.
CREATE TABLE sale_order_counts (
  sale_id uuid NOT NULL,
  status  order_status NOT NULL,
  orders  bigint NOT NULL,
  PRIMARY KEY (sale_id, status)
) WITH (fillfactor = 50);
INSERT INTO sale_order_counts SELECT sale_id, status, count(*) FROM orders GROUP BY sale_id, status;

-- Orders that a sale took in each second in which it took any.
CREATE TABLE sale_order_rates (
  sale_id uuid NOT NULL,
  second  timestamptz NOT NULL,
  orders  integer NOT NULL,
  PRIMARY KEY (sale_id, second)
) WITH (fillfactor = 50);
INSERT INTO sale_order_rates SELECT sale_id, date_trunc('second', placed_at), count(*) FROM orders GROUP BY 1, 2;

-- What the processes refused. Each adds its own counts from time to time; those of a process that dies are lost.
CREATE TABLE sale_refusals (
  sale_id uuid NOT NULL,
  reason  text NOT NULL,
  refused bigint NOT NULL,
  PRIMARY KEY (sale_id, reason)
) WITH (fillfactor = 50);

-- Engine processes, as each reports of itself every few seconds.
CREATE TABLE processes (
  id         uuid PRIMARY KEY,
  role       text NOT NULL,
  version    text NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at    timestamptz NOT NULL,
  report     json NOT NULL
);

-- Where merchants want to hear of their orders. Secrets sign what is sent; the one before is good until it is over.
CREATE TABLE webhook_endpoints (
  id                    uuid PRIMARY KEY,
  merchant_id           uuid NOT NULL REFERENCES merchants,
  url                   text NOT NULL,
  description           text,
  -- Null: all types.
  event_types           text[],
  secret                text NOT NULL,
  previous_secret       text,
  previous_secret_until timestamptz,
  paused_at             timestamptz,
  -- Set when the receiver answered 410; why, for a person.
  disabled_at           timestamptz,
  version               integer NOT NULL DEFAULT 1,
  created_by            uuid NOT NULL,
  created_at            timestamptz NOT NULL DEFAULT now(),
  -- A deleted endpoint gets nothing more; its deliveries stay in the log until their retention is over.
  deleted_at            timestamptz,
  CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL))
);
CREATE INDEX webhook_endpoints_of_merchant ON webhook_endpoints (merchant_id, id) WHERE deleted_at IS NULL;

-- One event to one endpoint. Whoever takes a delivery moves run_at ahead by a lease and raises the token, by which a
-- slow owner is told apart. `attempts` counts all tries, `tries` those since it was made or last redriven.
CREATE TABLE webhook_deliveries (
  id          uuid PRIMARY KEY,
  endpoint_id uuid NOT NULL REFERENCES webhook_endpoints,
  -- Null for a test event.
  order_id    uuid,
  version     integer,
  event_type  text NOT NULL,
  status      text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'delivered', 'failed', 'discarded')),
  run_at      timestamptz NOT NULL,
  attempts    integer NOT NULL DEFAULT 0,
  tries       integer NOT NULL DEFAULT 0,
  token       bigint NOT NULL DEFAULT 0,
  last_status smallint,
  last_error  text,
  created_at  timestamptz NOT NULL DEFAULT now(),
  ended_at    timestamptz,
  CONSTRAINT webhook_deliveries_once UNIQUE (endpoint_id, order_id, version),
  CHECK ((order_id IS NULL) = (version IS NULL))
) WITH (fillfactor = 85);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, run_at) WHERE status = 'due';
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (endpoint_id, id) WHERE status = 'failed';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE status IN ('delivered', 'discarded');

-- Something an operator should know of, from when it was seen until it was over.
CREATE TABLE incidents (
  id          uuid PRIMARY KEY,
  alert       text NOT NULL,
  -- What it is about: an item, a process, or all.
  subject     text NOT NULL,
  summary     text NOT NULL,
  details     json NOT NULL,
  opened_at   timestamptz NOT NULL,
  resolved_at timestamptz
);
-- Once per incident, however many processes see it.
CREATE UNIQUE INDEX incidents_open ON incidents (alert, subject) WHERE resolved_at IS NULL;
CREATE INDEX incidents_resolved ON incidents (resolved_at) WHERE resolved_at IS NOT NULL;

-- What was seen and does not count yet: a condition that is met without an open incident, or one that is over while its
-- incident is open. It counts when it has lasted; so nothing flaps, whichever process looks.
CREATE TABLE alert_changes (
  alert   text NOT NULL,
  subject text NOT NULL,
  since   timestamptz NOT NULL,
  PRIMARY KEY (alert, subject)
);

CREATE TABLE notifications (
  id          uuid PRIMARY KEY,
  incident_id uuid NOT NULL REFERENCES incidents,
  kind        text NOT NULL CHECK (kind IN ('opened', 'resolved')),
  status      text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'delivered', 'failed', 'discarded')),
  run_at      timestamptz NOT NULL,
  attempts    integer NOT NULL DEFAULT 0,
  tries       integer NOT NULL DEFAULT 0,
  token       bigint NOT NULL DEFAULT 0,
  last_error  text,
  created_at  timestamptz NOT NULL DEFAULT now(),
  ended_at    timestamptz,
  UNIQUE (incident_id, kind)
);
CREATE INDEX notifications_due ON notifications (run_at) WHERE status = 'due';

ALTER TABLE payment_jobs ADD COLUMN tries integer NOT NULL DEFAULT 0;
UPDATE payment_jobs SET tries = attempts;

-- Each try of a duty, with what came of it.
CREATE TABLE duty_attempts (
  duty_id     uuid NOT NULL,
  number      integer NOT NULL,
  started_at  timestamptz NOT NULL,
  duration_ms integer NOT NULL,
  -- The receiver's HTTP status, if there was an answer.
  status      smallint,
  -- Null where it succeeded.
  error       text,
  -- The beginning of the answer.
  response    text,
  PRIMARY KEY (duty_id, number)
);
CREATE INDEX duty_attempts_by_age ON duty_attempts (started_at);

-- Duties that used up their tries, one row for each, written in the transaction that gives the duty up. `redriving`
-- while it is tried anew; then `resolved`, or `dead` again.
CREATE TABLE dead_letters (
  id                 uuid PRIMARY KEY,
  kind               text NOT NULL CHECK (kind IN ('webhook', 'notification', 'settle', 'capture', 'cancel', 'refund')),
  duty_id            uuid NOT NULL UNIQUE,
  merchant_id        uuid,
  order_id           uuid,
  endpoint_id        uuid,
  status             text NOT NULL CHECK (status IN ('dead', 'redriving', 'resolved', 'discarded')),
  error              text NOT NULL,
  attempts           integer NOT NULL,
  -- All of them, and those that the engine made by itself.
  redrives           integer NOT NULL DEFAULT 0,
  automatic_redrives integer NOT NULL DEFAULT 0,
  died_at            timestamptz NOT NULL,
  ended_at           timestamptz
);
CREATE INDEX dead_letters_by_status ON dead_letters (status, id);
CREATE INDEX dead_letters_to_redrive ON dead_letters (automatic_redrives, died_at) WHERE status = 'dead';
CREATE INDEX dead_letters_ended ON dead_letters (ended_at) WHERE status IN ('resolved', 'discarded');
INSERT INTO dead_letters (id, kind, duty_id, merchant_id, order_id, status, error, attempts, died_at)
  SELECT gen_random_uuid(), payment_jobs.kind::text, payment_jobs.id, sales.merchant_id, order_id, 'dead',
         coalesce(last_error, 'It failed.'), payment_jobs.attempts, coalesce(ended_at, payment_jobs.created_at)
  FROM payment_jobs JOIN orders ON orders.id = order_id JOIN sales ON sales.id = sale_id
  WHERE payment_jobs.status = 'failed';

-- Redrives of many dead letters, so many a second. One runs at a time.
CREATE TABLE redrives (
  id           uuid PRIMARY KEY,
  -- The members of the request: which letters.
  filter       json NOT NULL,
  per_second   integer NOT NULL CHECK (per_second > 0),
  status       text NOT NULL CHECK (status IN ('running', 'done', 'cancelled')),
  -- Dead letters that it was to redrive when it was made, and what has become of them.
  matched      integer NOT NULL,
  redriven     integer NOT NULL DEFAULT 0,
  -- The moment until which what its rate allows has been used up.
  paced_at     timestamptz NOT NULL,
  requested_by uuid NOT NULL,
  -- Letters that died later are not meant.
  created_at   timestamptz NOT NULL,
  ended_at     timestamptz
);
CREATE UNIQUE INDEX redrives_one_runs ON redrives ((true)) WHERE status = 'running';

-- Who changed what, besides the history of orders. Written in the transaction of the change.
CREATE TABLE audit_log (
  id          uuid PRIMARY KEY,
  occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Null: the engine itself.
  actor_id    uuid,
  -- The operation's id in the API's description.
  action      text NOT NULL,
  -- The address of what was changed.
  target      text NOT NULL,
  merchant_id uuid,
  details     json NOT NULL,
  request_id  text
);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id);
CREATE INDEX audit_log_by_target ON audit_log (target, id);
CREATE INDEX audit_log_by_age ON audit_log (occurred_at);
