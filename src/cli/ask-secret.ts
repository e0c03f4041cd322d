import process from 'node:process';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError } from './command.ts';

/** Asks the person at the terminal for something that is not shown. Standard output stays free for the result. */
export async function askSecret(question: string): Promise<string> {
  // The terminal itself is silent from here on, before anybody is asked; what readline would show in its stead is lost.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  process.stderr.write(question);
  try {
    return await new Promise((resolve, reject) => {
      prompt.once('line', resolve);
      prompt.once('SIGINT', () => reject(new CommandError('Broken off.')));
      prompt.once('close', () => reject(new CommandError('No password was given.')));
    });
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}
