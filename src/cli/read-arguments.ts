import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './command.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** An operand whose name ends with a question mark may be missing. */
type Operand<Name> = Name extends `${string}?` ? string | undefined : string;

/**
 * Reads the arguments of a command: its options, as `util.parseArgs` takes them, and what must stand beside them, by
 * the names that the help gives (`letter?` for one that may be left out).
 * @throws UsageError for one that is missing, unknown or too many.
 */
export function readArguments<const Known extends Options, const Names extends readonly string[]>(
  args: readonly string[],
  { options, operands: names }: { readonly options: Known; readonly operands: Names },
) {
  const { values, positionals } = parse(args, options);
  const missing = names.slice(positionals.length).filter((name) => !name.endsWith('?'));
  if (missing.length > 0) throw new UsageError(`${missing.map((name) => `<${name}>`).join(' and ')} is missing.`);
  const extra = positionals.slice(names.length);
  if (extra.length > 0) throw new UsageError(`"${extra.join(' ')}" is too much.`);
  return { values, operands: positionals as { -readonly [Index in keyof Names]: Operand<Names[Index]> } };
}

function parse<const Known extends Options>(args: readonly string[], options: Known) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // The first sentence; the rest is on arguments that begin with a minus sign.
    const [fault = ''] = String(error instanceof Error ? error.message : error).split('. ');
    throw new UsageError(`${fault.replace(/\.$/, '')}.`, { cause: error });
  }
}
