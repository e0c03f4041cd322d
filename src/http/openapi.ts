import swagger from '@fastify/swagger';
import { Type } from 'typebox';
import { VERSION } from '../version.ts';
import type { App } from './app.ts';
import { PROBLEMS } from './problems.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route changes something by POST and wants an Idempotency-Key. */
    idempotent?: boolean;
    /** The route wants If-Match. */
    ifMatch?: boolean;
    /** Anyone may call it. */
    public?: boolean;
  }
}

const Problem = Type.Object(
  {
    type: Type.String({ format: 'uri', description: 'The page that tells how to fix it.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.Enum(Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[]),
    detail: Type.Optional(Type.String()),
    requestId: Type.String({ description: 'By which the log has the request.' }),
    traceId: Type.Optional(
      Type.String({ pattern: '^[0-9a-f]{32}$', description: 'Of the trace of the request, where it is sampled.' }),
    ),
    errors: Type.Optional(
      Type.Array(Type.Object({ in: Type.Optional(Type.String()), pointer: Type.String(), detail: Type.String() }), {
        description: 'What is wrong with the request, by JSON pointer (RFC 6901).',
      }),
    ),
  },
  { $id: 'Problem', description: 'RFC 9457 problem document', additionalProperties: true },
);

const problemResponse = {
  description: 'A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/.',
  content: { 'application/problem+json': { schema: Type.Ref('Problem') } },
};

const IDEMPOTENCY_KEY = Type.String({
  minLength: 1,
  maxLength: 255,
  description: 'Your own choice, new for each intent and the same for each retry. Visible ASCII.',
});

const IF_MATCH = Type.String({ description: 'The ETag of what you read, or *.' });

/** An operation of the document, as far as it says what a request must have. */
interface DescribedOperation {
  readonly parameters?: { required?: boolean; readonly schema?: { readonly default?: unknown } }[];
  readonly requestBody?: {
    required: boolean;
    readonly content: Readonly<Record<string, { readonly schema?: { readonly type?: string | readonly string[] } }>>;
  };
}

type DescribedPaths = Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;

/** A member with a default may be left out, and so may a body that may be null: the plugin calls both required. */
function tellWhatMayBeLeftOut(paths: DescribedPaths): void {
  for (const { parameters = [], requestBody } of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const parameter of parameters) {
      if (parameter.schema?.default !== undefined) parameter.required = false;
    }
    if (requestBody === undefined) continue;
    const contents = Object.values(requestBody.content);
    if (contents.some(({ schema }) => schema?.type?.includes('null'))) requestBody.required = false;
  }
}

/** Describes the routes as OpenAPI 3.1. Call it before the first route. */
export async function describeRoutes(app: App): Promise<void> {
  app.addSchema(Problem);
  app.addHook('onRoute', ({ url, schema }) => {
    const described = schema?.hide || schema?.operationId !== undefined;
    if (url.startsWith('/api/') && !described) throw new Error(`The route ${url} is served but not described.`);
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Doorbuster',
        version: VERSION,
        description: 'First come, first served ordering for things that run out.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json['$id'] === 'string' ? json['$id'] : `def-${index}`,
    },
    transformObject: (made) => {
      if (!('openapiObject' in made)) return made.swaggerObject;
      tellWhatMayBeLeftOut((made.openapiObject.paths ?? {}) as DescribedPaths);
      return made.openapiObject;
    },
    transform: ({ schema, url, route }) => {
      if (schema === undefined || schema.hide) return { schema: { ...schema, hide: true }, url };
      const config = route.config ?? {};
      const headers = {
        ...(config.idempotent ? { 'idempotency-key': IDEMPOTENCY_KEY } : {}),
        ...(config.ifMatch ? { 'if-match': IF_MATCH } : {}),
      };
      return {
        url,
        schema: {
          ...schema,
          ...(Object.keys(headers).length > 0
            ? { headers: { type: 'object', properties: headers, required: Object.keys(headers) } }
            : {}),
          security: config.public ? [] : [{ bearer: [] }],
          response: { ...(schema.response as object), '4XX': problemResponse, '5XX': problemResponse },
        },
      };
    },
  });
}
