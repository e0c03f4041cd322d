import { randomUUIDv7 } from 'node:crypto';
import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { callerId } from '../../../domain/caller.ts';
import type { Database } from '../../../ledger/database.ts';
import { findRunningRedrive, insertRedrive } from '../../../ledger/redrives.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { LETTER_FILTER_FIELDS, letterFilterOf } from './dead-letter-filter.ts';
import { RedriveResource, toRedriveResource } from './redrive-resource.ts';

/** Receivers that were down are not to be overrun when they are back. */
const PER_SECOND_DEFAULT = 10;
const PER_SECOND_MAX = 1_000;

/** `POST /api/v1/admin/dlq/redrives` */
export function startRedriveRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.post(
    '/api/v1/admin/dlq/redrives',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'startRedrive',
        tags: ['admin'],
        summary: 'Try many dead letters anew',
        description:
          'Operators only. Redrives the letters that are dead now and match, oldest first, so many a second over all processes. One redrive runs at a time; while it does: 409 with it.',
        body: Type.Object(
          {
            ...LETTER_FILTER_FIELDS,
            perSecond: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: PER_SECOND_MAX,
                description: `${PER_SECOND_DEFAULT} if not told. In no second is it more than a quarter above that.`,
              }),
            ),
          },
          { additionalProperties: false, description: 'An empty object: all of them.' },
        ),
        response: { 202: RedriveResource },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      requireOperator(caller);
      const { perSecond = PER_SECOND_DEFAULT, ...rest } = request.body;
      const filter = letterFilterOf(rest);
      return replyOnce(request, reply, options.database, async (transaction) => {
        const id = randomUUIDv7();
        const made = await insertRedrive(transaction, { id, filter, perSecond, requestedBy: callerId(caller) });
        if (made !== undefined) {
          const answer = jsonAnswer(202, toRedriveResource(made), { Location: `/api/v1/admin/dlq/redrives/${id}` });
          return { answer, audit: { details: { filter, perSecond, matched: made.matched } } };
        }
        const running = await findRunningRedrive(transaction);
        const detail = 'One redrive runs at a time: wait for it or cancel it.';
        const extras = running === undefined ? {} : { redrive: toRedriveResource(running) };
        return { refusal: { code: 'redrive-running', details: { detail, extras } } };
      });
    },
  );
}
