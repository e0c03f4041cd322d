#!/usr/bin/env node
/** What `npx doorbuster` runs: the command line, by the right Node. Plain JavaScript, for Node 20 and newer. */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { fail, handOver } from './hand-over.mjs';

handOver(fileURLToPath(new URL('../src/cli.js', import.meta.url)), process.argv.slice(2)).catch(fail);
