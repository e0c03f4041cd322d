import process from 'node:process';
import { styleText } from 'node:util';
import { type ConfigDescription, describeConfig, type SettingState } from '../config/describe-config.ts';
import { type Command, say } from './command.ts';
import { readArguments } from './read-arguments.ts';

/** Shows what an engine would run with in this environment. */
export const checkConfig: Command = {
  help: `Usage: doorbuster check-config [--json]

Shows the settings that an engine started in this environment would have, those that are set and those by default, and
tells what is wrong with them and what is risky. Of secrets it shows only that they are set. It connects to nothing.

  --json   the same for programs: { settings: [{ name, value, from }], faults, warnings }

Exit code: 0 an engine could start with them, 1 it could not.
`,

  async run(args) {
    const { values } = readArguments(args, { options: { json: { type: 'boolean' } }, operands: [] });
    const description = describeConfig(process.env);
    say(values.json === true ? JSON.stringify(description, null, 2) : draw(description));
    return description.faults.length === 0 ? 0 : 1;
  },
};

function draw({ settings, faults, warnings }: ConfigDescription): string {
  const { environment = [], default: byDefault = [] } = Object.groupBy(settings, ({ from }) => from);
  const conclusion =
    faults.length > 0 ? 'An engine does not start with these settings.' : 'An engine can start with these settings.';
  return [
    ...section('Set in the environment', environment.map(row)),
    ...section('By default', byDefault.map(row)),
    ...section('Worth a thought', warnings.map(sentence)),
    ...section('Wrong', faults.map(sentence)),
    styleText(faults.length > 0 ? 'red' : 'green', conclusion),
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [styleText('bold', title), ...lines, ''];
}

const NAME_WIDTH = 32;

const row = ({ name, value }: SettingState) => `  ${name.padEnd(NAME_WIDTH)}${value ?? '–'}`;
const sentence = (text: string) => `  - ${text}`;
