import type Stripe from 'stripe';
import type { FormFields, FormValue } from './fake-stripe-form.ts';

/** An answer of Stripe's that is an error. */
export interface StripeFault {
  readonly status: number;
  readonly error: {
    readonly type: 'invalid_request_error' | 'idempotency_error' | 'card_error' | 'api_error';
    readonly message: string;
    readonly code?: string;
    readonly param?: string;
    readonly [more: string]: unknown;
  };
}

/** Thrown by whatever refuses a request. */
export class StripeFaultError extends Error {
  override readonly name = 'StripeFaultError';
  readonly fault: StripeFault;
  /** `request`: it breaks Stripe's published rules. `state`: it is well-formed, and does not fit how things are. */
  readonly kind: 'request' | 'state';

  constructor(kind: 'request' | 'state', fault: StripeFault) {
    super(fault.error.message);
    this.kind = kind;
    this.fault = fault;
  }
}

/** Says what is wrong with a value, or undefined. */
type Rule = (value: FormValue) => { code?: string; message: string } | undefined;

interface Shape {
  readonly required: readonly string[];
  readonly rules: Readonly<Record<string, Rule>>;
}

/** A parameter that Stripe has and this fake does not: whoever starts to send it adds it here. */
const notModelled: Rule = () => ({ code: 'fake_not_modelled', message: 'the fake does not model this parameter' });

function text(lengthMax: number, pattern = /^/): Rule {
  return (value) =>
    typeof value === 'string' && value !== '' && value.length <= lengthMax && pattern.test(value)
      ? undefined
      : { message: `must be a text of 1 to ${lengthMax} characters that matches ${pattern}` };
}

function integer(least: number, most: number): Rule {
  return (value) => {
    if (typeof value !== 'string' || !/^-?\d+$/.test(value)) {
      return { code: 'parameter_invalid_integer', message: 'Invalid integer' };
    }
    const number = Number(value);
    if (number < least) return { code: 'parameter_invalid_integer', message: `must be at least ${least}` };
    return number > most ? { code: 'amount_too_large', message: `must be no more than ${most}` } : undefined;
  };
}

function oneOf(...choices: readonly string[]): Rule {
  return (value) =>
    typeof value === 'string' && choices.includes(value) ? undefined : { message: `must be one of ${choices}` };
}

function listOf(rule: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value)) return { message: 'Invalid array' };
    return value.map((each) => rule(each)).find((fault) => fault !== undefined);
  };
}

const webAddress: Rule = (value) =>
  typeof value === 'string' && URL.canParse(value) ? undefined : { code: 'url_invalid', message: 'Not a valid URL' };

/** @see https://docs.stripe.com/api/metadata */
const metadata: Rule = (value) => {
  if (typeof value !== 'object' || Array.isArray(value)) return { message: 'Invalid object' };
  const entries = Object.entries(value);
  if (entries.length > 50) return { message: 'up to 50 keys' };
  const fits = entries.every(([name, each]) => name.length <= 40 && typeof each === 'string' && each.length <= 500);
  return fits ? undefined : { message: 'keys up to 40 characters, values texts up to 500' };
};

/** @see https://docs.stripe.com/currencies#presentment-currencies */
const CURRENCIES: ReadonlySet<string> = new Set(
  `usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp
   cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk
   jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn
   nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std
   szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw`.split(/\s+/),
);

const currency: Rule = (value) =>
  typeof value === 'string' && CURRENCIES.has(value) ? undefined : { message: 'Invalid currency, in lower case' };

const AMOUNT = integer(1, 99_999_999);
const FLAG = oneOf('true', 'false');
const ID = text(255);
const PAGE = { limit: integer(1, 100), starting_after: ID, ending_before: notModelled };
const expandOne = (...fields: readonly string[]) => listOf(oneOf(...fields));

/** Every parameter that the SDK's types know, so that none is forgotten when the SDK is raised. */
const CREATE: Record<keyof Stripe.PaymentIntentCreateParams, Rule> = {
  amount: AMOUNT,
  currency,
  allowed_payment_method_types: listOf(text(50, /^[a-z_0-9]+$/)),
  amount_details: notModelled,
  application_fee_amount: notModelled,
  automatic_payment_methods: notModelled,
  capture_method: oneOf('automatic', 'automatic_async', 'manual'),
  confirm: oneOf('false'),
  confirmation_method: notModelled,
  confirmation_token: notModelled,
  customer: notModelled,
  customer_account: notModelled,
  description: text(1_000),
  error_on_requires_action: notModelled,
  excluded_payment_method_types: notModelled,
  expand: expandOne('latest_charge'),
  hooks: notModelled,
  mandate: notModelled,
  mandate_data: notModelled,
  metadata,
  off_session: notModelled,
  on_behalf_of: notModelled,
  payment_details: notModelled,
  payment_method: notModelled,
  payment_method_configuration: notModelled,
  payment_method_data: notModelled,
  payment_method_options: notModelled,
  radar_options: notModelled,
  receipt_email: notModelled,
  return_url: notModelled,
  setup_future_usage: notModelled,
  shipping: notModelled,
  statement_descriptor: notModelled,
  statement_descriptor_suffix: notModelled,
  transfer_data: notModelled,
  transfer_group: notModelled,
  use_stripe_sdk: notModelled,
};

const CONFIRM: Record<keyof Stripe.PaymentIntentConfirmParams, Rule> = {
  allowed_payment_method_types: notModelled,
  amount_details: notModelled,
  amount_to_confirm: notModelled,
  capture_method: notModelled,
  confirmation_token: notModelled,
  error_on_requires_action: notModelled,
  excluded_payment_method_types: notModelled,
  expand: expandOne('latest_charge'),
  hooks: notModelled,
  mandate: notModelled,
  mandate_data: notModelled,
  off_session: notModelled,
  payment_details: notModelled,
  payment_method: ID,
  payment_method_data: notModelled,
  payment_method_options: notModelled,
  radar_options: notModelled,
  receipt_email: notModelled,
  return_url: webAddress,
  setup_future_usage: notModelled,
  shipping: notModelled,
  use_stripe_sdk: FLAG,
};

const CAPTURE: Record<keyof Stripe.PaymentIntentCaptureParams, Rule> = {
  amount_details: notModelled,
  amount_to_capture: AMOUNT,
  application_fee_amount: notModelled,
  expand: expandOne('latest_charge'),
  final_capture: notModelled,
  hooks: notModelled,
  metadata: notModelled,
  payment_details: notModelled,
  statement_descriptor: notModelled,
  statement_descriptor_suffix: notModelled,
  transfer_data: notModelled,
};

const CANCEL: Record<keyof Stripe.PaymentIntentCancelParams, Rule> = {
  cancellation_reason: oneOf('abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'),
  expand: expandOne('latest_charge'),
};

const RETRIEVE: Record<keyof Stripe.PaymentIntentRetrieveParams, Rule> = {
  client_secret: notModelled,
  expand: expandOne('latest_charge'),
};

const created: Rule = (value) => {
  if (typeof value === 'string') return integer(0, Number.MAX_SAFE_INTEGER)(value);
  if (Array.isArray(value)) return { message: 'Invalid object' };
  const fits = Object.entries(value).every(
    ([name, each]) => ['gt', 'gte', 'lt', 'lte'].includes(name) && typeof each === 'string' && /^\d+$/.test(each),
  );
  return fits ? undefined : { message: 'gt, gte, lt and lte with Unix seconds' };
};

const LIST: Record<keyof Stripe.PaymentIntentListParams, Rule> = {
  ...PAGE,
  created,
  customer: notModelled,
  customer_account: notModelled,
  expand: expandOne('data.latest_charge'),
};

const SEARCH: Record<keyof Stripe.PaymentIntentSearchParams, Rule> = {
  query: text(5_000, /^metadata\['\w{1,40}'\]:'[\w-]+'$/),
  expand: expandOne('data.latest_charge'),
  limit: PAGE.limit,
  page: notModelled,
};

const CREATE_REFUND: Record<keyof Stripe.RefundCreateParams, Rule> = {
  amount: AMOUNT,
  charge: notModelled,
  currency: notModelled,
  customer: notModelled,
  expand: notModelled,
  instructions_email: notModelled,
  metadata,
  origin: notModelled,
  payment_intent: ID,
  reason: oneOf('duplicate', 'fraudulent', 'requested_by_customer'),
  refund_application_fee: notModelled,
  reverse_transfer: notModelled,
};

const LIST_REFUNDS: Record<keyof Stripe.RefundListParams, Rule> = {
  ...PAGE,
  charge: notModelled,
  created: notModelled,
  expand: notModelled,
  payment_intent: ID,
};

/** What each operation takes. */
export const SHAPES = {
  create: { required: ['amount', 'currency'], rules: CREATE },
  confirm: { required: ['payment_method'], rules: CONFIRM },
  capture: { required: [], rules: CAPTURE },
  cancel: { required: [], rules: CANCEL },
  retrieve: { required: [], rules: RETRIEVE },
  list: { required: [], rules: LIST },
  search: { required: ['query'], rules: SEARCH },
  createRefund: { required: ['payment_intent'], rules: CREATE_REFUND },
  listRefunds: { required: [], rules: LIST_REFUNDS },
} satisfies Record<string, Shape>;

export type Operation = keyof typeof SHAPES;

/** Throws Stripe's error for the first parameter that is missing, unknown or wrong. */
export function checkParams(operation: Operation, params: FormFields): void {
  const { required, rules }: Shape = SHAPES[operation];
  for (const param of required) {
    if (params[param] === undefined) throw invalid('parameter_missing', `Missing required param: ${param}.`, param);
  }
  for (const [param, value] of Object.entries(params)) {
    const rule = rules[param];
    if (rule === undefined) throw invalid('parameter_unknown', `Received unknown parameter: ${param}`, param);
    const fault = rule(value);
    if (fault !== undefined) throw invalid(fault.code, `${param}: ${fault.message}`, param);
  }
  if (operation === 'create') checkAmount(params);
}

/** @see https://docs.stripe.com/currencies#special-cases */
function checkAmount(params: FormFields): void {
  const amount = Number(params['amount']);
  const code = String(params['currency']);
  if (['isk', 'ugx'].includes(code) && amount % 100 !== 0) {
    throw invalid('invalid_charge_amount_no_decimal_compatible', 'must be divisible by 100', 'amount');
  }
  if (['bhd', 'jod', 'kwd', 'omr', 'tnd'].includes(code) && amount % 10 !== 0) {
    throw invalid('invalid_charge_amount', 'the last digit must be 0', 'amount');
  }
}

function invalid(code: string | undefined, message: string, param: string): StripeFaultError {
  const error = { type: 'invalid_request_error' as const, message, param, ...(code === undefined ? {} : { code }) };
  return new StripeFaultError('request', { status: 400, error });
}
