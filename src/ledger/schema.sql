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
CREATE TABLE public.accounts (
    id uuid NOT NULL,
    email text,
    name text,
    password_hash text,
    role public.account_role NOT NULL,
    test_sale_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT accounts_check CHECK (((email IS NULL) = (password_hash IS NULL))),
    CONSTRAINT accounts_check1 CHECK (((email IS NULL) = (test_sale_id IS NOT NULL))),
    CONSTRAINT accounts_email_check CHECK ((email = lower(email)))
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
CREATE TABLE public.customer_units (
    item_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    units integer NOT NULL,
    CONSTRAINT customer_units_units_check CHECK ((units >= 0))
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
CREATE TABLE public.order_events (
    order_id uuid NOT NULL,
    version integer NOT NULL,
    type text NOT NULL,
    status public.order_status NOT NULL,
    pay_by timestamp with time zone,
    occurred_at timestamp with time zone NOT NULL,
    actor_id uuid,
    request_id text,
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
    CONSTRAINT order_lines_check CHECK (((held = 0) OR (held = quantity))),
    CONSTRAINT order_lines_check1 CHECK (((sold >= 0) AND (sold <= quantity))),
    CONSTRAINT order_lines_check2 CHECK (((returned >= 0) AND (returned <= quantity))),
    CONSTRAINT order_lines_check3 CHECK ((((held + sold) + returned) <= quantity)),
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
    CONSTRAINT orders_arrival_check CHECK ((arrival > 0)),
    CONSTRAINT orders_pending_have_pay_by CHECK (((status <> 'pending_payment'::public.order_status) OR (pay_by IS NOT NULL))),
    CONSTRAINT orders_total_minor_check CHECK (((total_minor >= 0) AND (total_minor <= '9007199254740991'::bigint))),
    CONSTRAINT orders_version_check CHECK ((version > 0))
)
WITH (fillfactor='85');
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
    CONSTRAINT sales_check CHECK ((opens_at < closes_at)),
    CONSTRAINT sales_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT sales_hold_seconds_check CHECK (((hold_seconds >= 1) AND (hold_seconds <= 86400))),
    CONSTRAINT sales_last_arrival_check CHECK ((last_arrival >= 0))
)
WITH (fillfactor='50');
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
    external_id text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
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
ALTER TABLE ONLY public.schema_migrations ALTER COLUMN id SET DEFAULT nextval('public.schema_migrations_id_seq'::regclass);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_email_key UNIQUE (email);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_secret_hash_key UNIQUE (secret_hash);
ALTER TABLE ONLY public.customer_units
    ADD CONSTRAINT customer_units_pkey PRIMARY KEY (item_id, customer_id);
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
ALTER TABLE ONLY public.sales
    ADD CONSTRAINT sales_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.shop_customers
    ADD CONSTRAINT shop_customers_merchant_id_external_id_key UNIQUE (merchant_id, external_id);
ALTER TABLE ONLY public.shop_customers
    ADD CONSTRAINT shop_customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.stored_answers
    ADD CONSTRAINT stored_answers_pkey PRIMARY KEY (caller_id, operation, idempotency_key);
CREATE INDEX api_keys_of_merchant ON public.api_keys USING btree (merchant_id, id);
CREATE INDEX members_of_account ON public.members USING btree (account_id);
CREATE INDEX orders_of_customer ON public.orders USING btree (customer_id, id);
CREATE INDEX orders_to_expire ON public.orders USING btree (pay_by) WHERE (status = 'pending_payment'::public.order_status);
CREATE INDEX sales_public ON public.sales USING btree (id) WHERE (NOT test);
CREATE INDEX sales_public_of_merchant ON public.sales USING btree (merchant_id, id) WHERE (NOT test);
CREATE INDEX sales_tests ON public.sales USING btree (id) WHERE test;
CREATE INDEX stored_answers_by_age ON public.stored_answers USING btree (created_at);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);
ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES public.sales(id);
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);
ALTER TABLE ONLY public.sales
    ADD CONSTRAINT sales_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);
ALTER TABLE ONLY public.shop_customers
    ADD CONSTRAINT shop_customers_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);
