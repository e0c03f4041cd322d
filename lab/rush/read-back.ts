import type { FinalState, ReadOrdersRecord, ReadSaleRecord } from '../checker/history.ts';
import { type OrderState, readOrderState } from '../checker/order-state.ts';
import { readSaleState } from '../checker/sale-state.ts';
import { type Operator, OperatorError } from './operator.ts';
import { timed } from './timed.ts';

/** Looks at the sale and its stock. @throws OperatorError, DoorbusterError */
export async function lookAtSale(operator: Operator, saleId: string): Promise<ReadSaleRecord> {
  const { value, sentAtMs, answeredAtMs } = await timed(() => operator.sales.get(saleId));
  const sale = readSaleState(value);
  if (sale === undefined) throw new OperatorError(`the engine's answer is not a sale: ${JSON.stringify(value)}`);
  return { operation: 'read-sale', sentAtMs, answeredAtMs, sale };
}

/** Reads every order of the sale, a page at a time; `onPage` gets each page as a look at its orders. @throws OperatorError, DoorbusterError */
export async function readAllOrders(
  operator: Operator,
  saleId: string,
  onPage: (look: ReadOrdersRecord) => void,
): Promise<OrderState[]> {
  const orders: OrderState[] = [];
  const pages = operator.orders.list({ saleId, limit: 100 }).pages()[Symbol.asyncIterator]();
  for (;;) {
    const { value: next, sentAtMs, answeredAtMs } = await timed(() => pages.next());
    if (next.done) return orders;
    const read = next.value.data.map(expectOrder);
    orders.push(...read);
    const seen = read.map(({ id, status }) => ({ id, status }));
    onPage({ operation: 'read-orders', sentAtMs, answeredAtMs, orders: seen });
  }
}

function expectOrder(value: unknown): OrderState {
  const order = readOrderState(value);
  if (order === undefined)
    throw new OperatorError(`the list holds something that is no order: ${JSON.stringify(value)}`);
  return order;
}

const READS_MAX = 10;

/** Reads sale and orders that belong together: again, until the stock is the same before and after. @throws OperatorError, DoorbusterError */
export async function readFinalState(
  operator: Operator,
  saleId: string,
  onLook: (look: ReadSaleRecord | ReadOrdersRecord) => void,
): Promise<FinalState> {
  let before = await lookAtSale(operator, saleId);
  onLook(before);
  for (let read = 0; read < READS_MAX; read += 1) {
    const orders = await readAllOrders(operator, saleId, onLook);
    const after = await lookAtSale(operator, saleId);
    onLook(after);
    if (JSON.stringify(before.sale.items) === JSON.stringify(after.sale.items)) return { sale: after.sale, orders };
    before = after;
  }
  throw new OperatorError('the sale does not come to rest: its stock still changes');
}
