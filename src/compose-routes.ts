import { createCollectionCodes } from './actions/collection-code.ts';
import type { RefusalCounts } from './actions/count-refusals.ts';
import { createFindShopCustomer } from './actions/find-shop-customer.ts';
import { createLogIn, LOG_IN_LIMITS } from './actions/log-in.ts';
import type { PlaceOrder } from './actions/place-order.ts';
import type { StepOrders } from './actions/step-orders.ts';
import { addDeadLetterRoutes } from './compose-dead-letters.ts';
import type { Limits } from './compose-limits.ts';
import { addLiveRoutes } from './compose-live.ts';
import type { Operations } from './compose-operations.ts';
import { composeOutsideTokens } from './compose-outside-tokens.ts';
import type { Payments } from './compose-payments.ts';
import type { Reads } from './compose-reads.ts';
import type { Webhooks } from './compose-webhooks.ts';
import type { Config } from './config/config.ts';
import { createAccessTokens } from './http/access-tokens.ts';
import { createFindApiKey } from './http/api-keys.ts';
import type { App } from './http/app.ts';
import { createAuthenticate, requireCaller } from './http/authentication.ts';
import { eraseAccountRoute } from './http/routes/accounts/erase-account.ts';
import { getOwnAccountRoute } from './http/routes/accounts/get-own-account.ts';
import { logInRoute } from './http/routes/accounts/log-in.ts';
import { registerRoute } from './http/routes/accounts/register.ts';
import { changeStockRoute } from './http/routes/admin/change-stock.ts';
import { createAccountRoute } from './http/routes/admin/create-account.ts';
import { listAccountsRoute } from './http/routes/admin/list-accounts.ts';
import { listAuditLogRoute } from './http/routes/admin/list-audit-log.ts';
import { listDiscrepanciesRoute } from './http/routes/admin/list-discrepancies.ts';
import { listIncidentsRoute } from './http/routes/admin/list-incidents.ts';
import { makeTestBuyersRoute } from './http/routes/admin/make-test-buyers.ts';
import { addMemberRoute } from './http/routes/merchants/add-member.ts';
import { createApiKeyRoute } from './http/routes/merchants/create-api-key.ts';
import { createMerchantRoute } from './http/routes/merchants/create-merchant.ts';
import { eraseCustomerRoute } from './http/routes/merchants/erase-customer.ts';
import { listApiKeysRoute } from './http/routes/merchants/list-api-keys.ts';
import { listMembersRoute } from './http/routes/merchants/list-members.ts';
import { listMerchantsRoute } from './http/routes/merchants/list-merchants.ts';
import { removeMemberRoute } from './http/routes/merchants/remove-member.ts';
import { revokeApiKeyRoute } from './http/routes/merchants/revoke-api-key.ts';
import { acceptOrderRoute } from './http/routes/orders/accept-order.ts';
import { cancelOrderRoute } from './http/routes/orders/cancel-order.ts';
import { deliverOrderRoute } from './http/routes/orders/deliver-order.ts';
import { exportOrdersRoute } from './http/routes/orders/export-orders.ts';
import { fulfillOrderRoute } from './http/routes/orders/fulfill-order.ts';
import { getCollectionCodeRoute } from './http/routes/orders/get-collection-code.ts';
import { getOrderRoute } from './http/routes/orders/get-order.ts';
import { listOrdersRoute } from './http/routes/orders/list-orders.ts';
import { payOrderRoute } from './http/routes/orders/pay-order.ts';
import { pickUpOrderRoute } from './http/routes/orders/pick-up-order.ts';
import { placeOrderRoute } from './http/routes/orders/place-order.ts';
import { prepareOrderRoute } from './http/routes/orders/prepare-order.ts';
import { refundOrderRoute } from './http/routes/orders/refund-order.ts';
import { reinstateOrderRoute } from './http/routes/orders/reinstate-order.ts';
import { rejectOrderRoute } from './http/routes/orders/reject-order.ts';
import { receiveWebhookRoute } from './http/routes/payments/receive-webhook.ts';
import { addItemRoute } from './http/routes/sales/add-item.ts';
import { changeItemRoute } from './http/routes/sales/change-item.ts';
import { changeSaleRoute } from './http/routes/sales/change-sale.ts';
import { createSaleRoute } from './http/routes/sales/create-sale.ts';
import { getItemRoute } from './http/routes/sales/get-item.ts';
import { getSaleRoute } from './http/routes/sales/get-sale.ts';
import { listSalesRoute } from './http/routes/sales/list-sales.ts';
import { pauseSaleRoute } from './http/routes/sales/pause-sale.ts';
import { resumeSaleRoute } from './http/routes/sales/resume-sale.ts';
import { answerAuthenticationRoute } from './http/routes/sandbox/answer-authentication.ts';
import { showAuthenticationRoute } from './http/routes/sandbox/show-authentication.ts';
import type { IdempotencyStore } from './idempotency/idempotency-store.ts';
import type { Ledger } from './ledger/open-ledger.ts';
import type { Metrics } from './operations/metrics.ts';
import { hashPassword, verifyPassword } from './operations/password.ts';

/** What the routes are made of. */
export interface Parts {
  readonly ledger: Ledger;
  readonly placeOrder: PlaceOrder;
  readonly stepOrders: StepOrders;
  readonly reads: Reads;
  readonly store: IdempotencyStore;
  readonly payments: Payments;
  readonly webhooks: Webhooks;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly operations: Operations;
  readonly refusals: RefusalCounts;
}

/** What payment providers and their customers call. */
export async function addPaymentRoutes(app: App, { ledger, payments }: Parts): Promise<void> {
  const { providers, sandbox } = payments;
  await receiveWebhookRoute(app, { database: ledger.database, findProvider: providers.byName });
  showAuthenticationRoute(app, { sandbox });
  await answerAuthenticationRoute(app, { sandbox });
}

/** The API, as its table of contents. */
export function addApiRoutes(app: App, config: Config, parts: Parts): void {
  const { ledger, placeOrder, stepOrders, reads, store, payments, limits, metrics } = parts;
  const { database } = ledger;
  const tokens = createAccessTokens({
    keys: config.TOKEN_KEYS,
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    ttlSeconds: config.TOKEN_TTL_SECONDS,
  });
  const outside = composeOutsideTokens(config, app.log);
  const authenticate = createAuthenticate({ tokens, findApiKey: createFindApiKey(database), outside });
  const authenticated = requireCaller(authenticate);

  registerRoute(app, { database, hashPassword });
  logInRoute(app, {
    logIn: createLogIn(database, verifyPassword, LOG_IN_LIMITS, limits.createFailureCounter),
    tokens,
    clientAddressOf: limits.rateLimits.clientAddressOf,
  });
  getOwnAccountRoute(app, { authenticated, database });
  eraseAccountRoute(app, { authenticated, database });

  createMerchantRoute(app, { authenticated, database });
  listMerchantsRoute(app, { authenticated, database });
  addMemberRoute(app, { authenticated, database });
  listMembersRoute(app, { authenticated, database });
  removeMemberRoute(app, { authenticated, database });
  createApiKeyRoute(app, { authenticated, database });
  listApiKeysRoute(app, { authenticated, database });
  revokeApiKeyRoute(app, { authenticated, database });
  eraseCustomerRoute(app, { authenticated, database });
  parts.webhooks.addRoutes(app, authenticated);

  createSaleRoute(app, { authenticated, database });
  listSalesRoute(app, { authenticated, database });
  getSaleRoute(app, { sales: reads.sales });
  changeSaleRoute(app, { authenticated, database });
  pauseSaleRoute(app, { authenticated, database });
  resumeSaleRoute(app, { authenticated, database });
  addItemRoute(app, { authenticated, database });
  getItemRoute(app, { sales: reads.sales });
  changeItemRoute(app, { authenticated, database });

  placeOrderRoute(app, {
    authenticated,
    placeOrder,
    findShopCustomer: createFindShopCustomer(database),
    observe: metrics.observePlacing,
    countRefusal: parts.refusals.count,
  });
  getOrderRoute(app, { authenticated, database, orders: reads.orders });
  listOrdersRoute(app, { authenticated, database });
  exportOrdersRoute(app, { authenticated, database });
  addLiveRoutes(app, { authenticate, authenticated, database });

  const steps = { authenticated, database, orders: reads.orders, store, stepOrders };
  const collectionCode = createCollectionCodes(database);
  const handovers = { ...steps, collectionCode };
  getCollectionCodeRoute(app, { authenticated, database, collectionCode });
  payOrderRoute(app, { ...steps, payOrder: payments.payOrder });
  acceptOrderRoute(app, steps);
  rejectOrderRoute(app, steps);
  prepareOrderRoute(app, steps);
  pickUpOrderRoute(app, handovers);
  deliverOrderRoute(app, handovers);
  fulfillOrderRoute(app, handovers);
  cancelOrderRoute(app, steps);
  refundOrderRoute(app, steps);
  reinstateOrderRoute(app, steps);

  createAccountRoute(app, { authenticated, database, hashPassword });
  listAccountsRoute(app, { authenticated, database });
  changeStockRoute(app, { authenticated, database });
  listDiscrepanciesRoute(app, { authenticated, database });
  addDeadLetterRoutes(app, { authenticated, database, schedule: config.DEAD_LETTER_REDRIVE_SECONDS });
  listAuditLogRoute(app, { authenticated, database });
  listIncidentsRoute(app, { authenticated, database });
  makeTestBuyersRoute(app, { authenticated, database, signToken: tokens.sign });
}
