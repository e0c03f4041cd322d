/** One event of a stream. */
export interface StreamEvent {
  /** What to ask on from: the last id that the stream gave, with this event or before it; empty for none. */
  readonly lastEventId: string;
  /** `message` where the stream names none. */
  readonly type: string;
  readonly data: string;
}

export interface EventStreamParser {
  /** Takes text as it comes, cut anywhere; gives the events that it completes. */
  push(text: string): StreamEvent[];
  /** What the stream last asked for as the delay before reconnecting; undefined if it never did. */
  readonly retryMs: number | undefined;
}

/**
 * Parses an event stream as the WHATWG's HTML standard says (§ 9.2.6). The byte order mark is the decoder's to drop. An
 * event that is not finished by a blank line is dropped with the parser.
 */
export function createEventStreamParser(): EventStreamParser {
  let line = '';
  let afterCarriageReturn = false;
  let data: string[] = [];
  let type = '';
  let lastEventId = '';
  let retryMs: number | undefined;

  function endLine(events: StreamEvent[]): void {
    if (line !== '') {
      takeField(line);
      line = '';
      return;
    }
    if (data.length > 0) events.push({ lastEventId, type: type === '' ? 'message' : type, data: data.join('\n') });
    data = [];
    type = '';
  }

  function takeField(text: string): void {
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const name = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    else if (name === 'event') type = value;
    else if (name === 'id' && !value.includes('\0')) lastEventId = value;
    else if (name === 'retry' && /^\d+$/.test(value)) retryMs = Number(value);
  }

  return {
    push(text) {
      const events: StreamEvent[] = [];
      let from = 0;
      // A line ends with LF, CR or CRLF; a CR ends it at once, whatever comes next, perhaps much later.
      for (let at = 0; at < text.length; at += 1) {
        const char = text[at];
        if (char === '\n' && afterCarriageReturn && at === from && line === '') {
          from = at + 1;
        } else if (char === '\n' || char === '\r') {
          line += text.slice(from, at);
          from = at + 1;
          endLine(events);
        }
        afterCarriageReturn = char === '\r';
      }
      line += text.slice(from);
      return events;
    },
    get retryMs() {
      return retryMs;
    },
  };
}
