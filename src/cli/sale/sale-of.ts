import type { Body } from '../../../client/src/index.ts';
import { UsageError } from '../command.ts';
import { isRelative, readMoment } from '../moments.ts';
import { parsePrice } from '../money.ts';
import { readInteger, readOptionalId, readWord } from '../read-values.ts';

/** The options that make a sale. */
export const SALE_OPTIONS = {
  name: { type: 'string' },
  currency: { type: 'string' },
  opens: { type: 'string' },
  closes: { type: 'string' },
  item: { type: 'string', multiple: true },
  merchant: { type: 'string' },
  fulfillment: { type: 'string' },
  test: { type: 'boolean' },
} as const;

/** What was given of them. */
export interface SaleValues {
  readonly name?: string | undefined;
  readonly currency?: string | undefined;
  readonly opens?: string | undefined;
  readonly closes?: string | undefined;
  readonly item?: readonly string[] | undefined;
  readonly merchant?: string | undefined;
  readonly fulfillment?: string | undefined;
  readonly test?: boolean | undefined;
  readonly key?: string | undefined;
}

/** A sale as the API takes it; its merchant may be still to be found. */
export type NewSale = Omit<Body<'createSale'>, 'merchantId'> & { readonly merchantId?: string | undefined };

const QUANTITY_MAX = 10_000_000;

/** Makes a sale of the options. @throws UsageError for what is missing, wrong, or could be read in two ways */
export function saleOf(values: SaleValues, now: Date): NewSale {
  const { name, currency, opens = 'now', closes, item: items = [], key } = values;
  if (name === undefined || currency === undefined || closes === undefined || items.length === 0) {
    throw new UsageError('--name, --currency, --closes and at least one --item must be given, or --file.');
  }
  if (!/^[A-Z]{3}$/.test(currency)) throw new UsageError(`--currency must be a code like EUR, not "${currency}".`);
  // The key stands for one content: a time that moves would make every repeat another one.
  if (key !== undefined && isRelative(opens)) {
    throw new UsageError('With --key, --opens must be given as a time: a repeat must say the same.');
  }
  if (key !== undefined && closes === 'now') {
    throw new UsageError('With --key, --closes must be a time or a while: a repeat must say the same.');
  }
  const opensAt = readMoment('--opens', opens, { now, start: now });
  return {
    merchantId: readOptionalId('--merchant', values.merchant),
    name,
    currency,
    opensAt,
    closesAt: readMoment('--closes', closes, { now, start: new Date(opensAt) }),
    fulfillment: readWord('--fulfillment', values.fulfillment, ['direct', 'kitchen']) ?? 'direct',
    ...(values.test === undefined ? {} : { test: values.test }),
    items: items.map((text) => itemOf(text, currency)),
  };
}

function itemOf(text: string, currency: string): NewSale['items'][number] {
  const [name, price, capacity, limit, ...others] = text.split(':');
  if (!name || price === undefined || capacity === undefined || others.length > 0) {
    throw new UsageError(
      `--item must be name:price:capacity or name:price:capacity:limit, not "${text}". A name with a colon needs --file.`,
    );
  }
  return {
    name,
    priceMinor: parsePrice(price, currency),
    capacity: readInteger('The capacity of an item', capacity, 0, QUANTITY_MAX),
    ...(limit === undefined ? {} : { limitPerCustomer: readInteger('The limit of an item', limit, 1, QUANTITY_MAX) }),
  };
}
