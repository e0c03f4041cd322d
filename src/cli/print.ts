import process from 'node:process';
import { say } from './command.ts';
import { type Column, drawTable } from './table.ts';

/** Prints a document for people, or as the API has it: its `etag` is the client's addition. */
export function printDocument(document: object, json: boolean | undefined, draw: () => string): void {
  const { etag: _, ...documentOfApi } = document as { readonly etag?: string };
  say(json ? JSON.stringify(documentOfApi, null, 2) : draw());
}

/** A table within the terminal, if there is one. */
export function tableOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  return drawTable(rows, columns, process.stdout.isTTY ? process.stdout.columns : undefined);
}

/** Prints a list as a table or as a JSON array, and says beside it what a person should know. */
export function printList<Row>(
  { rows, more }: { readonly rows: readonly Row[]; readonly more: boolean },
  columns: readonly Column<Row>[],
  { json, nothing }: { readonly json: boolean | undefined; readonly nothing: string },
): void {
  if (json) say(JSON.stringify(rows, null, 2));
  else if (rows.length > 0) say(tableOf(rows, columns));
  if (rows.length === 0) process.stderr.write(`${nothing}\n`);
  if (more) process.stderr.write(`These are the first ${rows.length}. --limit shows more.\n`);
}
