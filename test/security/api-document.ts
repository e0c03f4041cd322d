import assert from 'node:assert/strict';
import { send } from '../support/client.ts';

/** A JSON Schema of the document, as far as the tests look into it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly $ref?: string;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

/** One operation of the OpenAPI document. */
export interface Operation {
  /** Method and path template: `GET /api/v1/orders/{orderId}`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** Wants credentials. */
  readonly secured: boolean;
  readonly parameters: readonly Parameter[];
  /** Of its JSON body, where it takes one. */
  readonly body: Schema | undefined;
  readonly bodyRequired: boolean;
  /** By status, or a class of them like `4XX`. */
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface ApiDocument {
  readonly operations: readonly Operation[];
  readonly schemas: Readonly<Record<string, Schema>>;
}

interface DocumentedOperation {
  readonly security: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Operation['responses'];
}

/** Reads the document that a running engine serves about itself. */
export async function readApiDocument(url: string): Promise<ApiDocument> {
  const { status, json } = await send('GET', `${url}/openapi.json`);
  assert.equal(status, 200);
  const paths = json.paths as Record<string, Record<string, DocumentedOperation>>;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, documented]): Operation => {
      const { security, parameters = [], requestBody, responses } = documented;
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        secured: security.length > 0,
        parameters,
        body: requestBody?.content['application/json']?.schema,
        bodyRequired: requestBody?.required === true,
        responses,
      };
    }),
  );
  assert.ok(operations.length > 60, 'the document names the operations');
  return { operations, schemas: json.components.schemas };
}

/** The names of the ids in an operation's path. */
export function pathParameters({ path }: Pick<Operation, 'path'>): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
}

/** The path of an operation with values in it, percent-encoded. */
export function pathWith({ path }: Pick<Operation, 'path'>, values: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    assert.ok(value !== undefined, `There is no fixture for {${name}} of ${path}: add one to test/security/world.ts.`);
    return encodeURIComponent(value);
  });
}

export function typesOf({ type }: Schema): readonly string[] {
  if (type === undefined) return [];
  return typeof type === 'string' ? [type] : type;
}
