/**
 * Reads HTTP/1.1 answers that have a Content-Length, as a server sends them one after the other on a connection: feed it
 * what comes, and it calls back with each. No more than a client that must cost little has to know.
 */
export function createAnswerParser(onAnswer: (status: number, body: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    rest = rest === '' ? chunk : rest + chunk;
    for (let lengths = lengthsOf(rest); lengths !== undefined; lengths = lengthsOf(rest)) {
      const end = lengths.head + lengths.body;
      if (rest.length < end) return;
      const status = Number(rest.slice(9, 12));
      const body = rest.slice(lengths.head, end);
      rest = rest.slice(end);
      onAnswer(status, body);
    }
  };
}

/** Of the first answer in the text; undefined while its head is not all there. */
function lengthsOf(text: string): { head: number; body: number } | undefined {
  const head = text.indexOf('\r\n\r\n') + 4;
  if (head < 4) return undefined;
  const body = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
  if (body === undefined) throw new Error(`An answer has no Content-Length:\n${text.slice(0, head)}`);
  return { head, body: Number(body) };
}
