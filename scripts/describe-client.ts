import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';

/** What the client is made of: types for the compiler, and the few facts that it needs while it runs. */
export interface ClientSource {
  /** `client/src/api.ts`: types only. */
  readonly types: string;
  /** `client/src/operations.ts`: method and path of each operation, and which headers it wants. */
  readonly operations: string;
}

interface Described {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
}

interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

/** Of no use to a client: probes, and what payment providers send. */
const TAGS_LEFT_OUT = ['operations', 'payments'];

const NOTICE = 'Made from docs/openapi.json by npm run generate; do not edit.';

/** Makes the client's generated sources from the JSON text of the OpenAPI document. */
export async function describeClient(openApi: string): Promise<ClientSource> {
  const document = withoutOthers(JSON.parse(openApi) as Document);
  const types = astToString(await openapiTS(withReferences(document) as unknown as OpenAPI3));
  return { types: `/** ${NOTICE} */\n\n${types}`, operations: describeOperations(document) };
}

function withoutOthers(document: Document): Document {
  const paths = Object.entries(document.paths).filter(([, methods]) =>
    Object.values(methods).every(({ tags }) => !tags.some((tag) => TAGS_LEFT_OUT.includes(tag))),
  );
  return { ...document, paths: Object.fromEntries(paths) };
}

/** Names a component wherever its schema is written out, so that all operations speak of one type. */
function withReferences(document: Document): Document {
  const names = new Map(Object.entries(document.components.schemas).map(([name, schema]) => [textOf(schema), name]));
  const named = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(named);
    const name = names.get(textOf(value));
    if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, named(member)]));
  };
  return { ...document, paths: named(document.paths) as Document['paths'] };
}

function textOf(schema: object): string {
  return JSON.stringify(schema);
}

function describeOperations({ paths }: Document): string {
  const lines = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, security, parameters = [] }]) => {
      const wants = (header: string) => parameters.some(({ in: place, name }) => place === 'header' && name === header);
      const anonymous = security.length === 0 && method !== 'get';
      const flags = (wants('idempotency-key') ? 'k' : '') + (wants('if-match') ? 'm' : '') + (anonymous ? 'a' : '');
      return `  ${operationId}: '${method.toUpperCase()} ${path}${flags === '' ? '' : ` ${flags}`}',`;
    }),
  );
  return `// ${NOTICE}

/** Method and path of each operation; \`k\`: it takes an Idempotency-Key; \`m\`: it takes If-Match; \`a\`: it takes no token. */
export const OPERATIONS = {
${lines.join('\n')}
} as const;
`;
}
