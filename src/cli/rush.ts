import process from 'node:process';
import { USAGE } from '../../lab/rush/options.ts';
import { rush as rehearse } from '../../lab/rush/rush.ts';
import type { Command } from './command.ts';

/** The rehearsal. It speaks HTTP to an engine, like every client. Its exit codes stand in its help. */
export const rush: Command = {
  help: USAGE,
  run: (args) => rehearse(args, process.env),
};
