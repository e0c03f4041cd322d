import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { requireNoBody } from './no-body.ts';
import { ProblemError } from './problems.ts';

const withBody = (body: unknown) => ({ body }) as FastifyRequest;

for (const body of [undefined, null, {}]) {
  test(`${JSON.stringify(body)} is no body`, () => requireNoBody(withBody(body)));
}

for (const [body, pointers] of [
  [{ now: true, 'a/b~c': 1 }, ['/now', '/a~1b~0c']],
  [[], ['']],
  ['pause', ['']],
  [1, ['']],
] as const) {
  test(`PD-02 ${JSON.stringify(body)} is refused, each member by its pointer`, () => {
    assert.throws(
      () => requireNoBody(withBody(body)),
      (error) => {
        assert.ok(error instanceof ProblemError);
        const errors = error.details.extras?.['errors'] as { pointer: string }[];
        assert.deepEqual(
          errors.map(({ pointer }) => pointer),
          pointers,
        );
        return error.code === 'validation-failed';
      },
    );
  });
}
