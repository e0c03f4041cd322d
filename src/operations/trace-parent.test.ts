import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTraceParent, parseTraceParent, traceIdOf } from './trace-parent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test('a traceparent of the W3C form is read, with its flag', () => {
  const ids = { traceId: TRACE, spanId: SPAN };
  assert.deepEqual(parseTraceParent(`00-${TRACE}-${SPAN}-01`), { ...ids, sampled: true });
  assert.deepEqual(parseTraceParent(`00-${TRACE}-${SPAN}-00`), { ...ids, sampled: false });
  assert.deepEqual(parseTraceParent(`00-${TRACE}-${SPAN}-03`), { ...ids, sampled: true });
  assert.deepEqual(parseTraceParent(`cc-${TRACE}-${SPAN}-01-what-later-versions-add`), { ...ids, sampled: true });
});

const MALFORMED: readonly string[] = [
  '',
  'nonsense',
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${TRACE}-${SPAN}-1`,
  `00-${TRACE}-${SPAN}-0x`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE}0-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
];

for (const header of MALFORMED) {
  test(`no traceparent: "${header}"`, () => {
    assert.equal(parseTraceParent(header), undefined);
  });
}

test('what is written can be read again, and names its trace', () => {
  const header = formatTraceParent(TRACE, SPAN);
  assert.deepEqual(parseTraceParent(header), { traceId: TRACE, spanId: SPAN, sampled: true });
  assert.equal(traceIdOf(header), TRACE);
  assert.equal(traceIdOf(null), undefined);
});
