import { UsageError } from './command.ts';

/** Currencies whose minor unit is not a hundredth (ISO 4217). Intl has other, customary ones for some. */
const DIGITS: ReadonlyMap<string, number> = new Map([
  ...digits(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...digits(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...digits(4, 'CLF UYW'),
]);

function digits(count: number, codes: string): [code: string, count: number][] {
  return codes.split(' ').map((code) => [code, count]);
}

const digitsOf = (currency: string) => DIGITS.get(currency) ?? 2;

/** An amount in minor units for people: `EUR 1,234.50`. */
export function formatMoney(amountMinor: number, currency: string): string {
  const count = digitsOf(currency);
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
    minimumFractionDigits: count,
    maximumFractionDigits: count,
  });
  return format.format(amountMinor / 10 ** count).replaceAll('\u{a0}', ' ');
}

/**
 * A price as it stands on a price tag, in minor units. It needs all its decimals: "15" could mean cents.
 * @throws UsageError for anything that could be read in two ways
 */
export function parsePrice(text: string, currency: string): number {
  const count = digitsOf(currency);
  const example = count === 0 ? '1500' : `15.${'0'.repeat(count)}`;
  const written = count === 0 ? /^\d{1,15}$/ : new RegExp(`^\\d{1,15}\\.\\d{${count}}$`);
  if (written.test(text)) return Number(text.replace('.', ''));
  const rule = count === 0 ? 'no decimals' : `${count} decimals after a point`;
  throw new UsageError(`A price in ${currency} is written with ${rule}, like ${example}, not "${text}".`);
}
