import { type Queryable, statement } from './statement.ts';

const ping = statement<{ answer: number }>('ping', 'SELECT 1 AS answer');

/** Whether the ledger answers within `timeoutMs`. */
export async function ledgerAnswers(db: Queryable, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([db.query(ping).then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
