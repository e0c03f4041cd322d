import { Type } from 'typebox';
import type { App } from '../../app.ts';

/** `GET /health/live` and `GET /health/ready` */
export function healthRoutes(
  app: App,
  options: {
    /** Whether the ledger answers a query. */
    ledgerAnswers: () => Promise<boolean>;
    /** The state of the breaker before Redis, which the engine does without when it must; undefined where none is used. */
    redis: () => 'closed' | 'half-open' | 'open' | undefined;
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
    parts: Type.Object({
      ledger: Type.Enum(['up', 'down']),
      redis: Type.Enum(['up', 'away', 'none'], {
        description: 'Away: orders go on without it, slower. The process stays ready.',
      }),
      accepting: Type.Boolean(),
    }),
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
        parts: { ledger: ledgerUp ? 'up' : 'down', redis: redisPart(options.redis()), accepting },
      });
    },
  );
}

function redisPart(breaker: 'closed' | 'half-open' | 'open' | undefined): 'up' | 'away' | 'none' {
  if (breaker === undefined) return 'none';
  return breaker === 'closed' ? 'up' : 'away';
}
