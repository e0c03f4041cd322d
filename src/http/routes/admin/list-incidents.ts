import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { type Incident, listIncidents } from '../../../ledger/incidents.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { Uuid } from '../../uuid.ts';

const Timestamp = Type.String({ format: 'date-time' });

const IncidentResource = Type.Object(
  {
    id: Uuid,
    alert: Type.String({ description: 'What happened; /runbook/{alert} tells what to do.', examples: ['stock-low'] }),
    subject: Type.String({
      description:
        'What it is about: the id of an item, a sale or a process, a kind of dead letter, a provider, or all.',
    }),
    status: Type.Enum(['open', 'resolved']),
    summary: Type.String({
      description: 'As it was when the incident was opened.',
      examples: ['4 of 50 left: Poster (Drop).'],
    }),
    details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]), {
      description: 'The figures of the summary; which ones depends on the alert.',
    }),
    openedAt: Timestamp,
    resolvedAt: Type.Union([Timestamp, Type.Null()]),
  },
  { $id: 'Incident', title: 'Incident' },
);

function toResource({ openedAt, resolvedAt, details, ...rest }: Incident) {
  return {
    ...rest,
    status: resolvedAt === null ? ('open' as const) : ('resolved' as const),
    details: { ...details },
    openedAt: openedAt.toISOString(),
    resolvedAt: resolvedAt?.toISOString() ?? null,
  };
}

/** `GET /api/v1/admin/incidents` */
export function listIncidentsRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/admin/incidents',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listIncidents',
        tags: ['admin'],
        summary: 'List incidents',
        description: 'Operators. What the engine found that somebody should know of, the newest first.',
        querystring: Type.Object(
          {
            status: Type.Optional(Type.Enum(['open', 'resolved'], { description: 'Without it: both.' })),
            ...PAGE_QUERY,
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ data: Type.Array(IncidentResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      requireOperator(callerOf(request));
      const { cursor, limit, status } = request.query;
      const rows = await listIncidents(options.database, status ?? 'all', decodeIdCursor(cursor), limit + 1);
      return pageOf(rows, limit, toResource, ({ id }) => ({ id }));
    },
  );
}
