import type { MadeStep } from '../../../actions/decide-steps.ts';
import type { PaymentSnapshot, StepDetails } from '../../../domain/order-facts.ts';
import type { Payment, Refund } from '../../../domain/payment.ts';
import type { KeptAnswer } from '../../../idempotency/idempotency-store.ts';
import type { Database } from '../../../ledger/database.ts';
import { findOrderAtVersion, type StoredOrder } from '../../../ledger/read-orders.ts';
import { findStep } from '../../../ledger/read-steps.ts';
import { traceIdOf } from '../../../operations/trace-parent.ts';
import { versionTag } from '../../conditional-request.ts';
import { PROBLEMS, problemDocument } from '../../problems.ts';
import { toOrderResource } from './order-resource.ts';
import { toPaymentResource } from './payment-resource.ts';
import { toRefundResource } from './refund-resource.ts';

type AnswerStatus = 200 | 201 | 202 | 402;

/** What an answer shows of a step. */
interface ShownStep {
  readonly details: StepDetails;
  readonly requestId: string | null;
  readonly traceParent: string | null;
  readonly occurredAt: Date;
}

/**
 * The answer to a step: the order as it was at one of its versions, with the payment or the refunds that the step was
 * about. Read from facts that never change, so a repeat gets the same bytes whenever it comes.
 */
export async function stepAnswer(
  database: Database,
  publicUrl: string,
  orderId: string,
  version: number,
  status: AnswerStatus,
): Promise<KeptAnswer> {
  const [order, step] = await Promise.all([
    findOrderAtVersion(database, orderId, version),
    findStep(database, orderId, version),
  ]);
  if (order === undefined || step === undefined) throw new Error(`Order ${orderId} has no version ${version}.`);
  return answerFor(publicUrl, order, step, status);
}

/**
 * The same for a step that this very request has made. Nothing is read: `before` is the order as any version shows it,
 * but for what the step has decided.
 */
export function madeStepAnswer(
  publicUrl: string,
  before: StoredOrder,
  made: MadeStep,
  request: Pick<ShownStep, 'requestId' | 'traceParent'>,
  status: AnswerStatus,
): KeptAnswer {
  const { status: orderStatus, version, payBy, acceptBy } = made.order;
  const order = { ...before, status: orderStatus, version, payBy, acceptBy };
  const { details, occurredAt } = made;
  return answerFor(publicUrl, order, { ...request, details, occurredAt }, status);
}

function answerFor(publicUrl: string, order: StoredOrder, step: ShownStep, status: AnswerStatus): KeptAnswer {
  const { id: orderId, version } = order;
  const { payment, refunds } = step.details;
  const headers = { ETag: versionTag(version) };

  if (status === 402) {
    const details = {
      detail:
        payment?.declineCode === 'order_not_payable'
          ? 'The money came when the order could no longer be had. It goes back.'
          : 'Nothing was charged. Pay again with a new key, before payBy.',
      extras: {
        declineCode: payment?.declineCode ?? null,
        orderStatus: order.status,
        version,
        payBy: order.payBy?.toISOString() ?? null,
      },
    };
    const traceId = traceIdOf(step.traceParent);
    const body = problemDocument(publicUrl, 'payment-declined', step.requestId ?? '', details, traceId);
    return { status: PROBLEMS['payment-declined'].status, headers: { ...headers, ...PROBLEM }, body };
  }
  const resource = toOrderResource(order, {
    ...(payment === undefined ? {} : { payments: [toPaymentResource(paymentOf(payment, order.id))] }),
    ...(refunds === undefined
      ? {}
      : { refunds: refunds.map((refund) => toRefundResource(newRefundOf(refund, order.id, step.occurredAt))) }),
  });
  const location = status === 201 ? { Location: `/api/v1/orders/${orderId}?include=refunds` } : {};
  return { status, headers: { ...headers, ...location, ...JSON_TYPE }, body: JSON.stringify(resource) };
}

/** The payment as the step had it. */
function paymentOf(snapshot: PaymentSnapshot, orderId: string): Payment {
  return {
    ...snapshot,
    orderId,
    providerRef: null,
    capture: 'automatic',
    answer: null,
    createdAt: new Date(snapshot.createdAt),
    settledAt: snapshot.settledAt === null ? null : new Date(snapshot.settledAt),
  };
}

/** The refund as the step made it. */
function newRefundOf(made: NonNullable<StepDetails['refunds']>[number], orderId: string, createdAt: Date): Refund {
  return { ...made, orderId, providerRef: null, status: 'pending', createdAt, settledAt: null };
}

const PROBLEM = { 'Content-Type': 'application/problem+json' };
const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };
