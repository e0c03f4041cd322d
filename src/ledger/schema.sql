-- The schema that the migrations make. Made by npm run generate; do not edit.
CREATE TYPE public.account_role AS ENUM (
    'customer',
    'merchant',
    'courier',
    'operator'
);
CREATE TYPE public.fulfillment AS ENUM (
    'direct',
    'kitchen'
);
CREATE TYPE public.job_status AS ENUM (
    'due',
    'done',
    'failed'
);
CREATE TYPE public.member_role AS ENUM (
    'merchant',
    'courier'
);
CREATE TYPE public.order_status AS ENUM (
    'pending_payment',
    'payment_processing',
    'confirmed',
    'pending_acceptance',
    'preparing',
    'ready_for_pickup',
    'in_transit',
    'completed',
    'cancelled',
    'rejected',
    'expired'
);
CREATE TYPE public.payment_job_kind AS ENUM (
    'settle',
    'capture',
    'cancel',
    'refund'
);
CREATE TYPE public.payment_status AS ENUM (
    'processing',
    'requires_action',
    'authorized',
    'captured',
    'failed',
    'cancelled'
);
CREATE TYPE public.refund_status AS ENUM (
    'pending',
    'succeeded',
    'failed'
);
CREATE FUNCTION public.put_into_outbox() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  INSERT INTO outbox (order_id, version, occurred_at) SELECT order_id, version, occurred_at FROM told;
  RETURN NULL;
END $$;
CREATE TABLE public.accounts (
    id uuid NOT NULL,
    email text,
    name text,
    password_hash text,
    role public.account_role NOT NULL,
    test_sale_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT accounts_check CHECK (((email IS NULL) = (password_hash IS NULL))),
    CONSTRAINT accounts_email_check CHECK ((email = lower(email))),
    CONSTRAINT accounts_erased_are_empty CHECK (((erased_at IS NULL) OR ((name IS NULL) AND (password_hash IS NULL)))),
    CONSTRAINT accounts_tell_who CHECK (((email IS NULL) = ((test_sale_id IS NOT NULL) OR (erased_at IS NOT NULL))))
);
CREATE TABLE public.alert_changes (
    alert text NOT NULL,
    subject text NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone
);
CREATE TABLE public.audit_log (
    id uuid NOT NULL,
    occurred_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    target text NOT NULL,
    merchant_id uuid,
    details json NOT NULL,
    request_id text
);
CREATE TABLE public.customer_units (
    item_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    units integer NOT NULL,
    CONSTRAINT customer_units_units_check CHECK ((units >= 0))
);
CREATE TABLE public.dead_letters (
    id uuid NOT NULL,
    kind text NOT NULL,
    duty_id uuid NOT NULL,
    merchant_id uuid,
    order_id uuid,
    endpoint_id uuid,
    status text NOT NULL,
    error text NOT NULL,
    attempts integer NOT NULL,
    redrives integer DEFAULT 0 NOT NULL,
    automatic_redrives integer DEFAULT 0 NOT NULL,
    died_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT dead_letters_kind_check CHECK ((kind = ANY (ARRAY['webhook'::text, 'notification'::text, 'settle'::text, 'capture'::text, 'cancel'::text, 'refund'::text]))),
    CONSTRAINT dead_letters_status_check CHECK ((status = ANY (ARRAY['dead'::text, 'redriving'::text, 'resolved'::text, 'discarded'::text])))
);
CREATE TABLE public.duty_attempts (
    duty_id uuid NOT NULL,
    number integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    status smallint,
    error text,
    response text
);
CREATE TABLE public.incidents (
    id uuid NOT NULL,
    alert text NOT NULL,
    subject text NOT NULL,
    summary text NOT NULL,
    details json NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone
);
CREATE TABLE public.items (
    id uuid NOT NULL,
    sale_id uuid NOT NULL,
    "position" integer NOT NULL,
    name text NOT NULL,
    price_minor bigint NOT NULL,
    limit_per_customer integer,
    capacity integer NOT NULL,
    available integer NOT NULL,
    held integer DEFAULT 0 NOT NULL,
    sold integer DEFAULT 0 NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT items_available_check CHECK ((available >= 0)),
    CONSTRAINT items_capacity_check CHECK ((capacity >= 0)),
    CONSTRAINT items_held_check CHECK ((held >= 0)),
    CONSTRAINT items_limit_per_customer_check CHECK ((limit_per_customer > 0)),
    CONSTRAINT items_price_minor_check CHECK (((price_minor >= 0) AND (price_minor <= '1000000000000'::bigint))),
    CONSTRAINT items_sold_check CHECK ((sold >= 0)),
    CONSTRAINT items_stock_is_conserved CHECK ((((available + held) + sold) = capacity))
)
WITH (fillfactor='50');
CREATE TABLE public.ledger (
    singleton boolean DEFAULT true NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    collection_secret bytea DEFAULT sha256(convert_to(((gen_random_uuid())::text || (gen_random_uuid())::text), 'UTF8'::name)) NOT NULL,
    CONSTRAINT ledger_singleton_check CHECK (singleton)
);
CREATE TABLE public.members (
    merchant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    role public.member_role NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.merchants (
    id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.notifications (
    id uuid NOT NULL,
    incident_id uuid NOT NULL,
    kind text NOT NULL,
    status text DEFAULT 'due'::text NOT NULL,
    run_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    token bigint DEFAULT 0 NOT NULL,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT notifications_kind_check CHECK ((kind = ANY (ARRAY['opened'::text, 'resolved'::text]))),
    CONSTRAINT notifications_status_check CHECK ((status = ANY (ARRAY['due'::text, 'delivered'::text, 'failed'::text, 'discarded'::text])))
);
CREATE TABLE public.order_events (
    order_id uuid NOT NULL,
    version integer NOT NULL,
    type text NOT NULL,
    status public.order_status NOT NULL,
    pay_by timestamp with time zone,
    occurred_at timestamp with time zone NOT NULL,
    actor_id uuid,
    request_id text,
    accept_by timestamp with time zone,
    actor_role text,
    cause text,
    operation text,
    idempotency_key text,
    fingerprint bytea,
    details json,
    trace_parent text,
    CONSTRAINT order_events_keys_are_whole CHECK ((((idempotency_key IS NULL) = (operation IS NULL)) AND ((idempotency_key IS NULL) = (fingerprint IS NULL)))),
    CONSTRAINT order_events_version_check CHECK ((version > 0))
);
CREATE TABLE public.order_lines (
    order_id uuid NOT NULL,
    item_id uuid NOT NULL,
    unit_price_minor bigint NOT NULL,
    "position" smallint NOT NULL,
    quantity integer NOT NULL,
    held integer NOT NULL,
    sold integer NOT NULL,
    returned integer DEFAULT 0 NOT NULL,
    name text NOT NULL,
    refunded integer DEFAULT 0 NOT NULL,
    CONSTRAINT order_lines_check CHECK (((held = 0) OR (held = quantity))),
    CONSTRAINT order_lines_check1 CHECK (((sold >= 0) AND (sold <= quantity))),
    CONSTRAINT order_lines_check2 CHECK (((returned >= 0) AND (returned <= quantity))),
    CONSTRAINT order_lines_check3 CHECK ((((held + sold) + returned) <= quantity)),
    CONSTRAINT order_lines_check4 CHECK (((refunded >= 0) AND (refunded <= quantity))),
    CONSTRAINT order_lines_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT order_lines_unit_price_minor_check CHECK ((unit_price_minor >= 0))
)
WITH (fillfactor='85');
CREATE TABLE public.orders (
    id uuid NOT NULL,
    sale_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    placed_by uuid NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    pay_by timestamp with time zone,
    arrival bigint NOT NULL,
    total_minor bigint NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    status public.order_status NOT NULL,
    fingerprint bytea NOT NULL,
    idempotency_key text NOT NULL,
    reference text,
    metadata json,
    settle_by timestamp with time zone,
    accept_by timestamp with time zone,
    hold_extended boolean DEFAULT false NOT NULL,
    CONSTRAINT orders_arrival_check CHECK ((arrival > 0)),
    CONSTRAINT orders_pending_have_pay_by CHECK (((status <> 'pending_payment'::public.order_status) OR (pay_by IS NOT NULL))),
    CONSTRAINT orders_to_accept_have_accept_by CHECK (((status <> 'pending_acceptance'::public.order_status) OR (accept_by IS NOT NULL))),
    CONSTRAINT orders_total_minor_check CHECK (((total_minor >= 0) AND (total_minor <= '9007199254740991'::bigint))),
    CONSTRAINT orders_under_payment_have_settle_by CHECK (((status <> 'payment_processing'::public.order_status) OR (settle_by IS NOT NULL))),
    CONSTRAINT orders_version_check CHECK ((version > 0))
)
WITH (fillfactor='85');
CREATE TABLE public.outbox (
    order_id uuid NOT NULL,
    version integer NOT NULL,
    occurred_at timestamp with time zone NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000');
CREATE TABLE public.payment_discrepancies (
    provider text NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    order_id uuid,
    payment_id uuid,
    ledger_says text,
    provider_says text,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL
);
CREATE TABLE public.payment_jobs (
    id uuid NOT NULL,
    kind public.payment_job_kind NOT NULL,
    order_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    refund_id uuid,
    status public.job_status NOT NULL,
    run_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    token bigint DEFAULT 0 NOT NULL,
    last_error text,
    created_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    tries integer DEFAULT 0 NOT NULL,
    CONSTRAINT payment_jobs_check CHECK (((kind = 'refund'::public.payment_job_kind) = (refund_id IS NOT NULL)))
)
WITH (fillfactor='85');
CREATE TABLE public.payments (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    provider text NOT NULL,
    provider_ref text,
    status public.payment_status NOT NULL,
    capture text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    captured_minor bigint DEFAULT 0 NOT NULL,
    next_action_url text,
    decline_code text,
    answer_status smallint,
    answer_version integer,
    created_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT payments_amount_minor_check CHECK (((amount_minor >= 1) AND (amount_minor <= '9007199254740991'::bigint))),
    CONSTRAINT payments_capture_check CHECK ((capture = ANY (ARRAY['automatic'::text, 'manual'::text]))),
    CONSTRAINT payments_check CHECK (((captured_minor = 0) OR (captured_minor = amount_minor))),
    CONSTRAINT payments_check1 CHECK (((answer_status IS NULL) = (answer_version IS NULL))),
    CONSTRAINT payments_check2 CHECK (((status = 'captured'::public.payment_status) = (captured_minor > 0))),
    CONSTRAINT payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
)
WITH (fillfactor='85');
CREATE TABLE public.processes (
    id uuid NOT NULL,
    role text NOT NULL,
    version text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    report json NOT NULL
);
CREATE TABLE public.provider_events (
    provider text NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    payment_id uuid,
    parked boolean NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.redrives (
    id uuid NOT NULL,
    filter json NOT NULL,
    per_second integer NOT NULL,
    status text NOT NULL,
    matched integer NOT NULL,
    redriven integer DEFAULT 0 NOT NULL,
    paced_at timestamp with time zone NOT NULL,
    requested_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT redrives_per_second_check CHECK ((per_second > 0)),
    CONSTRAINT redrives_status_check CHECK ((status = ANY (ARRAY['running'::text, 'done'::text, 'cancelled'::text])))
);
CREATE TABLE public.refunds (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    provider_ref text,
    status public.refund_status NOT NULL,
    amount_minor bigint NOT NULL,
    cause text NOT NULL,
    reason text,
    lines json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT refunds_amount_minor_check CHECK (((amount_minor >= 1) AND (amount_minor <= '9007199254740991'::bigint)))
);
CREATE TABLE public.retained_amounts (
    order_id uuid NOT NULL,
    version integer NOT NULL,
    amount_minor bigint NOT NULL,
    reason text,
    CONSTRAINT retained_amounts_amount_minor_check CHECK ((amount_minor > 0))
);
CREATE TABLE public.sale_order_counts (
    sale_id uuid NOT NULL,
    status public.order_status NOT NULL,
    orders bigint NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.sale_order_rates (
    sale_id uuid NOT NULL,
    second timestamp with time zone NOT NULL,
    orders integer NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.sale_refusals (
    sale_id uuid NOT NULL,
    reason text NOT NULL,
    refused bigint NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.sales (
    id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    opens_at timestamp with time zone NOT NULL,
    closes_at timestamp with time zone NOT NULL,
    paused_at timestamp with time zone,
    fulfillment public.fulfillment NOT NULL,
    hold_seconds integer NOT NULL,
    test boolean DEFAULT false NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    last_arrival bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retry_seconds integer DEFAULT 120 NOT NULL,
    pin_seconds integer DEFAULT 600 NOT NULL,
    acceptance_seconds integer DEFAULT 300 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    CONSTRAINT sales_acceptance_seconds_check CHECK (((acceptance_seconds >= 1) AND (acceptance_seconds <= 86400))),
    CONSTRAINT sales_check CHECK ((opens_at < closes_at)),
    CONSTRAINT sales_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT sales_hold_seconds_check CHECK (((hold_seconds >= 1) AND (hold_seconds <= 86400))),
    CONSTRAINT sales_last_arrival_check CHECK ((last_arrival >= 0)),
    CONSTRAINT sales_pin_seconds_check CHECK (((pin_seconds >= 1) AND (pin_seconds <= 86400))),
    CONSTRAINT sales_retry_seconds_check CHECK (((retry_seconds >= 1) AND (retry_seconds <= 86400)))
)
WITH (fillfactor='50');
CREATE TABLE public.sandbox_payments (
    payment_id uuid NOT NULL,
    provider_ref text NOT NULL,
    order_id uuid NOT NULL,
    payment_method text,
    status text NOT NULL,
    capture text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    captured_minor bigint DEFAULT 0 NOT NULL,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    decline_code text,
    return_url text,
    silent boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sandbox_payments_check CHECK (((refunded_minor >= 0) AND (refunded_minor <= captured_minor)))
);
CREATE TABLE public.sandbox_refunds (
    refund_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    status text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT sandbox_refunds_amount_minor_check CHECK ((amount_minor > 0))
);
CREATE TABLE public.schema_migrations (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    run_on timestamp without time zone NOT NULL
);
CREATE SEQUENCE public.schema_migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.schema_migrations_id_seq OWNED BY public.schema_migrations.id;
CREATE TABLE public.shop_customers (
    id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    external_id text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT shop_customers_tell_who CHECK (((external_id IS NULL) = (erased_at IS NOT NULL)))
);
CREATE TABLE public.stored_answers (
    caller_id uuid NOT NULL,
    operation text NOT NULL,
    idempotency_key text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.webhook_deliveries (
    id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    order_id uuid,
    version integer,
    event_type text NOT NULL,
    status text DEFAULT 'due'::text NOT NULL,
    run_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    token bigint DEFAULT 0 NOT NULL,
    last_status smallint,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT webhook_deliveries_check CHECK (((order_id IS NULL) = (version IS NULL))),
    CONSTRAINT webhook_deliveries_status_check CHECK ((status = ANY (ARRAY['due'::text, 'delivered'::text, 'failed'::text, 'discarded'::text])))
)
WITH (fillfactor='85');
CREATE TABLE public.webhook_endpoints (
    id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    url text NOT NULL,
    description text,
    event_types text[],
    secret text NOT NULL,
    previous_secret text,
    previous_secret_until timestamp with time zone,
    paused_at timestamp with time zone,
    disabled_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT webhook_endpoints_check CHECK (((previous_secret IS NULL) = (previous_secret_until IS NULL)))
);
ALTER TABLE ONLY public.schema_migrations ALTER COLUMN id SET DEFAULT nextval('public.schema_migrations_id_seq'::regclass);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_email_key UNIQUE (email);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.alert_changes
    ADD CONSTRAINT alert_changes_pkey PRIMARY KEY (alert, subject);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_secret_hash_key UNIQUE (secret_hash);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customer_units
    ADD CONSTRAINT customer_units_pkey PRIMARY KEY (item_id, customer_id);
ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_duty_id_key UNIQUE (duty_id);
ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.duty_attempts
    ADD CONSTRAINT duty_attempts_pkey PRIMARY KEY (duty_id, number);
ALTER TABLE ONLY public.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_sale_id_position_key UNIQUE (sale_id, "position");
ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (merchant_id, account_id);
ALTER TABLE ONLY public.merchants
    ADD CONSTRAINT merchants_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_incident_id_kind_key UNIQUE (incident_id, kind);
ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.order_events
    ADD CONSTRAINT order_events_pkey PRIMARY KEY (order_id, version);
ALTER TABLE ONLY public.order_lines
    ADD CONSTRAINT order_lines_pkey PRIMARY KEY (order_id, item_id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_arrival_once UNIQUE (sale_id, arrival);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_placed_once UNIQUE (placed_by, idempotency_key);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (order_id, version);
ALTER TABLE ONLY public.payment_discrepancies
    ADD CONSTRAINT payment_discrepancies_pkey PRIMARY KEY (provider, subject, kind);
ALTER TABLE ONLY public.payment_jobs
    ADD CONSTRAINT payment_jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.processes
    ADD CONSTRAINT processes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provider_events
    ADD CONSTRAINT provider_events_pkey PRIMARY KEY (provider, event_id);
ALTER TABLE ONLY public.redrives
    ADD CONSTRAINT redrives_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.retained_amounts
    ADD CONSTRAINT retained_amounts_pkey PRIMARY KEY (order_id, version);
ALTER TABLE ONLY public.sale_order_counts
    ADD CONSTRAINT sale_order_counts_pkey PRIMARY KEY (sale_id, status);
ALTER TABLE ONLY public.sale_order_rates
    ADD CONSTRAINT sale_order_rates_pkey PRIMARY KEY (sale_id, second);
ALTER TABLE ONLY public.sale_refusals
    ADD CONSTRAINT sale_refusals_pkey PRIMARY KEY (sale_id, reason);
ALTER TABLE ONLY public.sales
    ADD CONSTRAINT sales_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sandbox_payments
    ADD CONSTRAINT sandbox_payments_pkey PRIMARY KEY (payment_id);
ALTER TABLE ONLY public.sandbox_payments
    ADD CONSTRAINT sandbox_payments_provider_ref_key UNIQUE (provider_ref);
ALTER TABLE ONLY public.sandbox_refunds
    ADD CONSTRAINT sandbox_refunds_pkey PRIMARY KEY (refund_id);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.shop_customers
    ADD CONSTRAINT shop_customers_merchant_id_external_id_key UNIQUE (merchant_id, external_id);
ALTER TABLE ONLY public.shop_customers
    ADD CONSTRAINT shop_customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.stored_answers
    ADD CONSTRAINT stored_answers_pkey PRIMARY KEY (caller_id, operation, idempotency_key);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_once UNIQUE (endpoint_id, order_id, version);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);
CREATE INDEX api_keys_of_merchant ON public.api_keys USING btree (merchant_id, id);
CREATE INDEX audit_log_by_actor ON public.audit_log USING btree (actor_id, id);
CREATE INDEX audit_log_by_age ON public.audit_log USING btree (occurred_at);
CREATE INDEX audit_log_by_target ON public.audit_log USING btree (target, id);
CREATE INDEX dead_letters_by_status ON public.dead_letters USING btree (status, id);
CREATE INDEX dead_letters_ended ON public.dead_letters USING btree (ended_at) WHERE (status = ANY (ARRAY['resolved'::text, 'discarded'::text]));
CREATE INDEX dead_letters_to_redrive ON public.dead_letters USING btree (automatic_redrives, died_at) WHERE (status = 'dead'::text);
CREATE INDEX duty_attempts_by_age ON public.duty_attempts USING btree (started_at);
CREATE UNIQUE INDEX incidents_open ON public.incidents USING btree (alert, subject) WHERE (resolved_at IS NULL);
CREATE INDEX incidents_resolved ON public.incidents USING btree (resolved_at) WHERE (resolved_at IS NOT NULL);
CREATE INDEX members_of_account ON public.members USING btree (account_id);
CREATE INDEX notifications_due ON public.notifications USING btree (run_at) WHERE (status = 'due'::text);
CREATE UNIQUE INDEX order_events_stepped_once ON public.order_events USING btree (order_id, actor_id, operation, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX orders_at_work ON public.orders USING btree (sale_id, arrival) WHERE (status = ANY (ARRAY['pending_acceptance'::public.order_status, 'preparing'::public.order_status, 'ready_for_pickup'::public.order_status, 'in_transit'::public.order_status]));
CREATE INDEX orders_by_reference ON public.orders USING btree (reference, id) WHERE (reference IS NOT NULL);
CREATE INDEX orders_of_customer ON public.orders USING btree (customer_id, id);
CREATE INDEX orders_to_accept ON public.orders USING btree (accept_by) WHERE (status = 'pending_acceptance'::public.order_status);
CREATE INDEX orders_to_expire ON public.orders USING btree (pay_by) WHERE (status = 'pending_payment'::public.order_status);
CREATE INDEX orders_to_settle ON public.orders USING btree (settle_by) WHERE (status = 'payment_processing'::public.order_status);
CREATE INDEX payment_jobs_done ON public.payment_jobs USING btree (ended_at) WHERE (status = 'done'::public.job_status);
CREATE INDEX payment_jobs_due ON public.payment_jobs USING btree (run_at) WHERE (status = 'due'::public.job_status);
CREATE INDEX payment_jobs_failed ON public.payment_jobs USING btree (id) WHERE (status = 'failed'::public.job_status);
CREATE INDEX payment_jobs_of_payment ON public.payment_jobs USING btree (payment_id);
CREATE INDEX payments_by_age ON public.payments USING btree (created_at, id);
CREATE INDEX payments_of_order ON public.payments USING btree (order_id, id);
CREATE UNIQUE INDEX payments_one_open ON public.payments USING btree (order_id) WHERE (status = ANY (ARRAY['processing'::public.payment_status, 'requires_action'::public.payment_status]));
CREATE INDEX provider_events_by_age ON public.provider_events USING btree (received_at);
CREATE INDEX provider_events_parked ON public.provider_events USING btree (received_at) WHERE parked;
CREATE UNIQUE INDEX redrives_one_runs ON public.redrives USING btree ((true)) WHERE (status = 'running'::text);
CREATE INDEX refunds_of_order ON public.refunds USING btree (order_id, id);
CREATE INDEX refunds_of_payment ON public.refunds USING btree (payment_id);
CREATE INDEX sales_of_merchant ON public.sales USING btree (merchant_id, id);
CREATE INDEX sales_public ON public.sales USING btree (id) WHERE (NOT test);
CREATE INDEX sales_public_of_merchant ON public.sales USING btree (merchant_id, id) WHERE (NOT test);
CREATE INDEX sales_tests ON public.sales USING btree (id) WHERE test;
CREATE INDEX sandbox_payments_by_age ON public.sandbox_payments USING btree (created_at, payment_id);
CREATE INDEX sandbox_refunds_of_payment ON public.sandbox_refunds USING btree (payment_id);
CREATE INDEX stored_answers_by_age ON public.stored_answers USING btree (created_at);
CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (endpoint_id, run_at) WHERE (status = 'due'::text);
CREATE INDEX webhook_deliveries_ended ON public.webhook_deliveries USING btree (ended_at) WHERE (status = ANY (ARRAY['delivered'::text, 'discarded'::text]));
CREATE INDEX webhook_deliveries_failed ON public.webhook_deliveries USING btree (endpoint_id, id) WHERE (status = 'failed'::text);
CREATE INDEX webhook_deliveries_of_endpoint ON public.webhook_deliveries USING btree (endpoint_id, id);
CREATE INDEX webhook_endpoints_of_merchant ON public.webhook_endpoints USING btree (merchant_id, id) WHERE (deleted_at IS NULL);
CREATE TRIGGER order_events_go_out AFTER INSERT ON public.order_events REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION public.put_into_outbox();
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);
ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES public.sales(id);
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);
ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES public.incidents(id);
ALTER TABLE ONLY public.payment_jobs
    ADD CONSTRAINT payment_jobs_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.payment_jobs
    ADD CONSTRAINT payment_jobs_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payments(id);
ALTER TABLE ONLY public.payment_jobs
    ADD CONSTRAINT payment_jobs_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES public.refunds(id);
ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payments(id);
ALTER TABLE ONLY public.retained_amounts
    ADD CONSTRAINT retained_amounts_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.sales
    ADD CONSTRAINT sales_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);
ALTER TABLE ONLY public.sandbox_refunds
    ADD CONSTRAINT sandbox_refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.sandbox_payments(payment_id);
ALTER TABLE ONLY public.shop_customers
    ADD CONSTRAINT shop_customers_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id);
ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);
