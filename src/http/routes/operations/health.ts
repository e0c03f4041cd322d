import { Type } from 'typebox';
import type { App } from '../../app.ts';

/** `GET /health/live` and `GET /health/ready` */
export function healthRoutes(
  app: App,
  options: {
    /** Whether the ledger answers a query. */
    ledgerAnswers: () => Promise<boolean>;
    /** False from the moment a stop was asked for. */
    accepting: () => boolean;
  },
): void {
  app.get(
    '/health/live',
    {
      config: { public: true },
      schema: {
        operationId: 'getLiveness',
        tags: ['operations'],
        summary: 'Is the process alive?',
        response: { 200: Type.Object({ service: Type.String(), status: Type.String() }) },
      },
    },
    async () => ({ service: 'doorbuster', status: 'live' }),
  );

  const Readiness = Type.Object({
    status: Type.Enum(['ready', 'not_ready']),
    parts: Type.Object({ ledger: Type.Enum(['up', 'down']), accepting: Type.Boolean() }),
  });
  app.get(
    '/health/ready',
    {
      config: { public: true },
      schema: {
        operationId: 'getReadiness',
        tags: ['operations'],
        summary: 'Should it get requests?',
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (_request, reply) => {
      const ledgerUp = await options.ledgerAnswers();
      const accepting = options.accepting();
      const ready = ledgerUp && accepting;
      return reply.code(ready ? 200 : 503).send({
        status: ready ? 'ready' : 'not_ready',
        parts: { ledger: ledgerUp ? 'up' : 'down', accepting },
      });
    },
  );
}
