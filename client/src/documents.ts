import type { components, operations } from './api.ts';
import type { OPERATIONS } from './operations.ts';

/** What the engine speaks of, as the OpenAPI document describes it. Money is in minor units (cents), times are RFC 3339. */
type Documents = components['schemas'];

export type Account = Documents['Account'];
export type OutsideAccount = Documents['OutsideAccount'];
export type Merchant = Documents['Merchant'];
export type Member = Documents['Member'];
export type ApiKey = Documents['ApiKey'];
export type WebhookEndpoint = Documents['WebhookEndpoint'];
export type WebhookDelivery = Documents['WebhookDelivery'];
export type Item = Documents['Item'];
export type Stock = Documents['Stock'];
export type Sale = Documents['Sale'];
export type SaleStatus = Sale['status'];
export type SaleSummary = Documents['SaleSummary'];
export type Order = Documents['Order'];
export type OrderStatus = Order['status'];
export type OrderLine = Order['lines'][number];
export type HistoryEntry = Documents['HistoryEntry'];
export type Payment = Documents['Payment'];
export type Refund = Documents['Refund'];
export type SaleStats = Documents['SaleStats'];
export type SystemStats = Documents['SystemStats'];
export type PaymentDiscrepancy = Documents['PaymentDiscrepancy'];
export type DeadLetter = Documents['DeadLetter'];
export type Redrive = Documents['Redrive'];
export type AuditEntry = Documents['AuditEntry'];
export type Incident = Documents['Incident'];
/** A problem document (RFC 9457) as it goes over the wire. */
export type ProblemDocument = Documents['Problem'];
/** The closed list of what can go wrong; each code has a page under `/errors/` of the engine. */
export type ProblemCode = ProblemDocument['code'];

/** The name of an operation, as in the OpenAPI document. */
export type OperationId = keyof typeof OPERATIONS;

/** Operations that take an Idempotency-Key. */
export type KeyedOperationId = {
  [Id in OperationId]: operations[Id]['parameters'] extends { header: { 'idempotency-key': string } } ? Id : never;
}[OperationId];

/** Operations that want to know, by If-Match, on what the caller decided. */
export type ConditionalOperationId = {
  [Id in OperationId]: operations[Id]['parameters'] extends { header: { 'if-match': string } } ? Id : never;
}[OperationId];

/** The body of a request. */
export type Body<Id extends OperationId> = operations[Id] extends {
  requestBody?: { content: { 'application/json': infer Content } };
}
  ? NonNullable<Content>
  : undefined;

/** The query of a request. */
export type Query<Id extends OperationId> = NonNullable<operations[Id]['parameters']['query']>;

/** What stands in the path of a request. */
export type Path<Id extends OperationId> = operations[Id]['parameters'] extends { path: infer Names }
  ? Names
  : undefined;

type Responses<Id extends OperationId> = operations[Id]['responses'];
type ContentOf<Response> = Response extends { content: { 'application/json': infer Content } } ? Content : never;
/** The document of a success; undefined where the engine answers without one. */
export type Content<Id extends OperationId> = [AnyContent<Id>] extends [never] ? undefined : AnyContent<Id>;
type AnyContent<Id extends OperationId> = {
  [Status in keyof Responses<Id>]: Status extends 200 | 201 | 202 ? ContentOf<Responses<Id>[Status]> : never;
}[keyof Responses<Id>];

/** A document with the entity tag of the version that was read: steps and changes send it as If-Match. */
export type Tagged<Document> = Document & { readonly etag: string };

/** What a method resolves with: the document, and its `etag` where the engine gives one. */
export type Result<Id extends OperationId> =
  Content<Id> extends Order | Sale | Item | WebhookEndpoint ? Tagged<Content<Id>> : Content<Id>;

/** A page of a list. */
export interface Page<Document> {
  readonly data: readonly Document[];
  /** The `cursor` of the next page; null on the last. */
  readonly nextCursor: string | null;
}

/** Operations that answer by pages. */
export type ListOperationId = {
  [Id in OperationId]: Content<Id> extends Page<unknown> ? Id : never;
}[OperationId];

/** What a list is of. */
export type Listed<Id extends ListOperationId> = Content<Id> extends Page<infer Document> ? Document : never;

export type Session = Content<'logIn'>;
/** With its secret, which is shown once. */
export type NewApiKey = Content<'createApiKey'>;
/** With its secret, which is shown once. */
export type WebhookEndpointWithSecret = Content<'createWebhookEndpoint'>;
export type WebhookDeliveryWithAttempts = Content<'getWebhookDelivery'>;
export type DeadLetterWithAttempts = Content<'getDeadLetter'>;
/** How sales and the engine get on. */
export type Stats = Content<'getStats'>;
export type ChangedStock = Content<'changeStock'>;
export type TestBuyers = Content<'makeTestBuyers'>;
export type CollectionCode = Content<'getCollectionCode'>;
export type ErasedAccount = Content<'eraseAccount'>;
export type ErasedCustomer = Content<'eraseCustomer'>;
