import { Type } from 'typebox';
import type { Health } from '../../../operations/health.ts';
import type { App } from '../../app.ts';

const Readiness = Type.Object({
  status: Type.Enum(['ready', 'degraded', 'not_ready'], {
    description: 'Degraded: something needs a look, and requests are answered all the same.',
  }),
  parts: Type.Object({
    ledger: Type.Enum(['up', 'down']),
    redis: Type.Enum(['up', 'away', 'none'], {
      description: 'Away: orders go on without it, slower. The process stays ready.',
    }),
    outbox: Type.Union(
      [
        Type.Object({
          events: Type.Integer({ description: 'Events that nobody was told of yet.' }),
          oldestSeconds: Type.Number({ description: 'How long the oldest has waited.' }),
        }),
        Type.Null(),
      ],
      { description: 'Null while it cannot be read.' },
    ),
    gateDriftUnits: Type.Integer({
      description: "Units by which the gate differed from the ledger at this process's last comparison.",
    }),
    workers: Type.Object({
      role: Type.String(),
      failing: Type.Array(Type.String(), { description: 'Background duties of this process whose last run failed.' }),
    }),
    accepting: Type.Boolean({ description: 'False from the moment a stop was asked for.' }),
  }),
});

const Startup = Type.Object({ status: Type.Enum(['started', 'starting']) });

/** `GET /health/live`, `GET /health/startup` and `GET /health/ready` */
export function healthRoutes(app: App, health: Health): void {
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

  app.get(
    '/health/startup',
    {
      config: { public: true },
      schema: {
        operationId: 'getStartup',
        tags: ['operations'],
        summary: 'Has it started?',
        description: 'The listener of METRICS_PORT is open while the process starts; the public one opens last.',
        response: { 200: Startup, 503: Startup },
      },
    },
    async (_request, reply) => {
      const started = health.started();
      return reply.code(started ? 200 : 503).send({ status: started ? 'started' : 'starting' });
    },
  );

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
      const { status, parts } = await health.readiness();
      const { outbox, workers } = parts;
      return reply.code(status === 'not_ready' ? 503 : 200).send({
        status,
        parts: { ...parts, outbox: outbox && { ...outbox }, workers: { ...workers, failing: [...workers.failing] } },
      });
    },
  );
}
