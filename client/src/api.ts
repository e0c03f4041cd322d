/** Made from docs/openapi.json by npm run generate; do not edit. */

export interface paths {
    "/api/v1/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register as a customer
         * @description The e-mail is the natural key: no Idempotency-Key is needed.
         */
        post: operations["registerAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in
         * @description Gives an access token. Too many wrong passwords for one e-mail or from one address: 429.
         */
        post: operations["logIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the account that is signed in
         * @description An account that an outside issuer keeps has no e-mail here; what its token says is shown.
         */
        get: operations["getOwnAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/{accountId}/erasure": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase the personal data of an account
         * @description The account itself and operators. E-mail, name, password and memberships are gone, and so are reference and metadata of its orders; orders, money and history stay. It cannot be undone. Tokens stay good until they expire.
         */
        post: operations["eraseAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List merchants
         * @description Operators see all, staff and API keys their own, everybody else none.
         */
        get: operations["listMerchants"];
        put?: never;
        /**
         * Make a merchant
         * @description Operators only.
         */
        post: operations["createMerchant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a merchant's staff and couriers
         * @description Operators and the merchant's staff.
         */
        get: operations["listMembers"];
        put?: never;
        /**
         * Make an account a member of a merchant
         * @description Operators and the merchant's staff. A customer takes the role given; it signs in again to use it. An account has one role.
         */
        post: operations["addMember"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/members/{accountId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a membership
         * @description Operators and the merchant's staff. Its rights end at once. An account that works for no merchant any more is a customer again.
         */
        delete: operations["removeMember"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a merchant's API keys
         * @description Operators and the merchant's staff. Revoked ones stay in the list; secrets are in none.
         */
        get: operations["listApiKeys"];
        put?: never;
        /**
         * Make an API key for the shop's own back end
         * @description Operators and the merchant's staff. With it the back end orders on behalf of the shop's customers and runs its sales. The secret is shown once.
         */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/api-keys/{apiKeyId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke an API key
         * @description Operators and the merchant's staff. Every process refuses the key within 10 s. A revoked key stays revoked.
         */
        delete: operations["revokeApiKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/customer-erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase the personal data of a shop's customer
         * @description The merchant's staff, its API keys, and operators. The shop's own id of the customer is gone, and so are reference and metadata of its orders; orders, money and history stay. It cannot be undone.
         */
        post: operations["eraseCustomer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/webhook-endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a merchant's webhook endpoints
         * @description Operators and the merchant's staff. Deleted ones are not in the list; secrets are in none.
         */
        get: operations["listWebhookEndpoints"];
        put?: never;
        /**
         * Have events of the merchant’s orders sent to an address
         * @description Operators and the merchant's staff. A merchant has up to 20 endpoints. The secret is shown once.
         */
        post: operations["createWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a webhook endpoint
         * @description Operators and the merchant's staff.
         */
        get: operations["getWebhookEndpoint"];
        put?: never;
        post?: never;
        /**
         * Delete a webhook endpoint
         * @description Operators and the merchant's staff. What waits to be sent to it is discarded; a request that is under way may still arrive.
         */
        delete: operations["deleteWebhookEndpoint"];
        options?: never;
        head?: never;
        /**
         * Change a webhook endpoint
         * @description Operators and the merchant's staff. What waits to be sent goes to the new address. Other event types count from now on.
         */
        patch: operations["changeWebhookEndpoint"];
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/secret-rotation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a webhook endpoint a new secret
         * @description Operators and the merchant's staff. For overlapSeconds events carry two signatures, by the new secret and by the old one. A rotation within the overlap of another ends that one. The new secret is shown once.
         */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a webhook endpoint
         * @description Operators and the merchant's staff. Nothing is sent until it is resumed; events are kept for it. A request that is under way may still arrive. A paused endpoint stays as it is.
         */
        post: operations["pauseWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/resumption": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume a webhook endpoint
         * @description Operators and the merchant's staff. Of one that is paused, or was disabled by its receiver's 410: what was kept is sent. An endpoint that is neither stays as it is.
         */
        post: operations["resumeWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test event to a webhook endpoint
         * @description Operators and the merchant's staff. The event has the type webhook.test whatever types the endpoint wants, and is delivered like any other; read the delivery to see how it went.
         */
        post: operations["testWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what was sent to a webhook endpoint
         * @description Operators and the merchant's staff, newest first.
         */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a delivery with all its tries
         * @description Operators and the merchant's staff.
         */
        get: operations["getWebhookDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a delivery again
         * @description Operators and the merchant's staff. With the same webhook-id, a fresh timestamp and all its tries. One that is due stays as it is.
         */
        post: operations["redriveWebhookDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sales": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sales
         * @description Anyone, newest first. With test=true staff see their merchant's test sales and operators all, and a token or API key is needed.
         */
        get: operations["listSales"];
        put?: never;
        /**
         * Make a sale
         * @description The merchant's staff and operators. All of an item's capacity is available at first.
         */
        post: operations["createSale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sales/{saleId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a sale
         * @description Anyone. The header Server-Time tells the database's clock at the reading, by which the sale opens and closes.
         */
        get: operations["getSale"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change the terms of a sale
         * @description The merchant's staff and operators, also while the sale is open. A deadline that an order has already stays as it is; the next one is by the new terms. If-Match is stale when the definition has changed since, not when only stock has moved.
         */
        patch: operations["changeSale"];
        trace?: never;
    };
    "/api/v1/sales/{saleId}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a sale
         * @description The merchant's staff and operators. After the answer no order is taken until the sale is resumed. A paused sale stays as it is.
         */
        post: operations["pauseSale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sales/{saleId}/resumption": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume a paused sale
         * @description The merchant's staff and operators. A sale that is not paused stays as it is.
         */
        post: operations["resumeSale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sales/{saleId}/items": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add an item to a sale
         * @description The merchant's staff and operators, also while the sale is open. The ETag is the sale's.
         */
        post: operations["addItem"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sales/{saleId}/items/{itemId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an item of a sale
         * @description Anyone. The ETag is the sale's, which changes whenever an item does.
         */
        get: operations["getItem"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change name, price or limit of an item
         * @description The merchant's staff and operators, also while the sale is open. Orders keep what they were placed at; a new limit counts them. Stock is changed by POST /api/v1/admin/stock. ETag and If-Match are the sale's.
         */
        patch: operations["changeItem"];
        trace?: never;
    };
    "/api/v1/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List orders
         * @description Customers see their own, staff those of their merchant's sales, couriers those that are ready for pickup or in transit, operators all. All filters must fit. With saleId by arrival; else the newest first, and of a merchant's sales the newest sale first.
         */
        get: operations["listOrders"];
        put?: never;
        /**
         * Place an order
         * @description The first to come get the stock. The answer comes after the order is durable.
         */
        post: operations["placeOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an order
         * @description Its owner, the merchant's staff and operators see it, couriers while it is ready for pickup or in transit; to everybody else it does not exist. The ETag is the order's; with include=sale, which changes without the order, there is no 304.
         */
        get: operations["getOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export orders
         * @description All orders of the list with the same filters, as CSV (RFC 4180) with one row for each order. Text that a spreadsheet would take for a formula begins with an apostrophe.
         */
        get: operations["exportOrders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow an order
         * @description Server-sent events for who may read the order: every entry of its history after Last-Event-ID (all of it without one), then each new one within half a second, whichever process made the step. The id of an event is the version that it made. The stream ends when the caller's token does, or when the order is no longer the caller's to see.
         */
        get: operations["streamOrderEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read how sales and the engine get on
         * @description Operators; a merchant's staff with an own saleId or merchantId. Orders by status, the rate and what was refused are as late as the outbox (well under a second). Peak and money may be older, by 20 times what it takes to read them. Test sales are shown by saleId only.
         */
        get: operations["getStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/stats/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow how sales and the engine get on
         * @description Server-sent events for who may read the figures: once a second an event `stats` with what GET /api/v1/admin/stats shows, of at most 20 sales.
         */
        get: operations["streamStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/collection-code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the code by which an order is handed over
         * @description Only for the owner, who tells it to whoever hands the order over, once it is paid.
         */
        get: operations["getCollectionCode"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/payment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pay an order
         * @description Its owner, before payBy. 200: paid. 202: the outcome is open; read the order again, and send the customer to nextAction where there is one. 402: refused, with a declineCode; pay again with a new key.
         */
        post: operations["payOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/acceptance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept an order
         * @description The merchant's people, before acceptBy. Captures the money.
         */
        post: operations["acceptOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/rejection": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reject an order
         * @description The merchant's people. The money goes back, and so does the stock unless soldOut says otherwise.
         */
        post: operations["rejectOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/preparation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tell that an order is prepared
         * @description The merchant's people. It is ready for pickup from then on.
         */
        post: operations["prepareOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/pickup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hand a prepared order over
         * @description With the customer's collection code: the merchant's people hand it to the customer, and it is completed. Without: a courier takes it, and it is in transit.
         */
        post: operations["pickUpOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/delivery": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tell that an order is delivered
         * @description The courier. A collection code may be given; then it must be the one of this order.
         */
        post: operations["deliverOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/fulfillment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tell that an order is fulfilled
         * @description The merchant's people, for orders that need no preparation. A collection code may be given; then it must be the one of this order.
         */
        post: operations["fulfillOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/cancellation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel an order
         * @description The owner until it is prepared, the merchant's people until a courier has it, operators until it is delivered. What was paid goes back; what is held or sold goes back on sale, but for orders whose preparation has begun.
         */
        post: operations["cancelOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give money back
         * @description The merchant's people and operators, once the money is captured. The order keeps its status; the refund is carried out by the provider afterwards and stands in refunds.
         */
        post: operations["refundOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/reinstatement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hold the stock of an expired order again
         * @description Operators, if stock and limit allow it. The customer can pay then.
         */
        post: operations["reinstateOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List accounts
         * @description Operators only, oldest first. The buyers of rehearsals are left out.
         */
        get: operations["listAccounts"];
        put?: never;
        /**
         * Make an account in any role
         * @description Operators only. Staff and couriers work for a merchant once they are its members. A repeat is told by the key and everything but the password.
         */
        post: operations["createAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/stock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set or adjust the stock of an item
         * @description Operators all, merchants and shops their own, also while the sale is open. Never below what is held and sold: then 409 with the stock as it is.
         */
        post: operations["changeStock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/payment-discrepancies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List where the provider's books and the ledger differ
         * @description Operators. The books of the last three days are compared all the time; an entry goes when they agree.
         */
        get: operations["listPaymentDiscrepancies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/dlq": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List dead letters
         * @description Operators only: what used up its tries, newest first. Without a status those that are dead.
         */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/dlq/redrives": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List redrives of many dead letters
         * @description Operators only, newest first.
         */
        get: operations["listRedrives"];
        put?: never;
        /**
         * Try many dead letters anew
         * @description Operators only. Redrives the letters that are dead now and match, oldest first, so many a second over all processes. One redrive runs at a time; while it does: 409 with it.
         */
        post: operations["startRedrive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/dlq/redrives/{redriveId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read how far a redrive is
         * @description Operators only.
         */
        get: operations["getRedrive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/dlq/redrives/{redriveId}/cancellation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop a redrive
         * @description Operators only. What it has redriven stays so; the rest stays dead. One that does not run any more: 409 with its status.
         */
        post: operations["cancelRedrive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/dlq/{letterId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a dead letter with all its tries
         * @description Operators only.
         */
        get: operations["getDeadLetter"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/dlq/{letterId}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try a dead letter anew
         * @description Operators only. It has all its tries again; if they fail, it is dead again. One that is not dead: 409 with its status.
         */
        post: operations["redriveDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/dlq/{letterId}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a dead letter up
         * @description Operators only. It is not tried any more; the reason stands in the audit log. One that is not dead: 409 with its status.
         */
        post: operations["discardDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/audit-log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List who changed what
         * @description Operators only, newest first. What happens to orders stands in their own history instead, and is not repeated here.
         */
        get: operations["listAuditLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List incidents
         * @description Operators. What the engine found that somebody should know of, the newest first.
         */
        get: operations["listIncidents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/test-buyers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make buyers for a rehearsal
         * @description Operators, for test sales only. The tokens may order in that sale only and are shown once: a repeat has null in their place.
         */
        post: operations["makeTestBuyers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description RFC 9457 problem document */
        Problem: {
            /**
             * Format: uri
             * @description The page that tells how to fix it.
             */
            type: string;
            title: string;
            status: number;
            /** @enum {unknown} */
            code: "malformed-request" | "validation-failed" | "idempotency-key-missing" | "idempotency-key-invalid" | "precondition-invalid" | "cursor-invalid" | "webhook-rejected" | "unauthenticated" | "credentials-rejected" | "payment-declined" | "forbidden" | "not-found" | "method-not-allowed" | "request-timeout" | "sold-out" | "limit-reached" | "sale-not-open" | "order-step-not-allowed" | "payment-open" | "payment-attempts-exceeded" | "capture-pending" | "amount-exceeded" | "lines-exceeded" | "endpoints-exceeded" | "collection-code-wrong" | "request-in-progress" | "already-exists" | "other-role" | "not-erasable" | "stock-below-promised" | "wrong-status" | "redrive-running" | "not-a-test-sale" | "precondition-failed" | "payload-too-large" | "uri-too-long" | "unsupported-media-type" | "payment-mismatch" | "idempotency-key-reused" | "precondition-required" | "rate-limited" | "headers-too-large" | "internal-error" | "overloaded" | "unavailable" | "outcome-unknown";
            detail?: string;
            /** @description By which the log has the request. */
            requestId: string;
            /** @description Of the trace of the request, where it is sampled. */
            traceId?: string;
            /** @description What is wrong with the request, by JSON pointer (RFC 6901). */
            errors?: {
                in?: string;
                pointer: string;
                detail: string;
            }[];
        } & {
            [key: string]: unknown;
        };
        /** Account */
        Account: {
            /** Format: uuid */
            id: string;
            email: string;
            name: string | null;
            /** @enum {unknown} */
            role: "customer" | "merchant" | "courier" | "operator";
            /** Format: date-time */
            createdAt: string;
        };
        /** OutsideAccount */
        OutsideAccount: {
            /** Format: uuid */
            id: string;
            /** @enum {unknown} */
            role: "customer" | "merchant" | "courier" | "operator";
            /** @description Whom the person works for, as staff or courier. */
            merchantIds: string[];
        };
        /** Merchant */
        Merchant: {
            /** Format: uuid */
            id: string;
            name: string;
            /** Format: date-time */
            createdAt: string;
        };
        /** Member */
        Member: {
            /** Format: uuid */
            merchantId: string;
            /** Format: uuid */
            accountId: string;
            email: string;
            name: string | null;
            /**
             * @description Staff or courier.
             * @enum {unknown}
             */
            role: "merchant" | "courier";
            /** Format: date-time */
            createdAt: string;
        };
        /** API key */
        ApiKey: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            merchantId: string;
            name: string;
            /** Format: date-time */
            createdAt: string;
            /** @description Null while it is good. */
            revokedAt: string | null;
        };
        /** Webhook endpoint */
        WebhookEndpoint: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            merchantId: string;
            url: string;
            description: string | null;
            /** @description Null: all. */
            eventTypes: string[] | null;
            /** @description Since then nothing is sent. Null while it is not paused. */
            pausedAt: string | null;
            /** @description When its receiver answered 410: nothing is sent until it is resumed. Null otherwise. */
            disabledAt: string | null;
            /** @description Until then events are signed with the secret before, too. Null without one. */
            previousSecretUntil: string | null;
            /** @description Raised by one with every change; the ETag carries it. */
            version: number;
            /** Format: date-time */
            createdAt: string;
        };
        /** Webhook delivery */
        WebhookDelivery: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            endpointId: string;
            /** @description The webhook-id under which it is sent, at every try. */
            webhookId: string;
            eventType: string;
            /** @description Null for a test event. */
            orderId: string | null;
            /** @description The version of the order that it tells of. */
            version: number | null;
            /**
             * @description due: it will be tried, or is being tried. delivered: answered with 2xx. failed: out of tries. discarded: given up, because its endpoint was deleted or somebody said so.
             * @enum {unknown}
             */
            status: "due" | "delivered" | "failed" | "discarded";
            /** @description All tries so far. */
            attemptCount: number;
            /** @description When it is tried next, once its endpoint is not paused. Null unless it is due. */
            nextAttemptAt: string | null;
            /** @description HTTP status of the last answer, if there was one. */
            lastStatus: number | null;
            lastError: string | null;
            /** Format: date-time */
            createdAt: string;
            endedAt: string | null;
        };
        /** Item */
        Item: {
            /** Format: uuid */
            id: string;
            name: string;
            /** @description In minor units (cents) of the sale's currency. */
            priceMinor: number;
            limitPerCustomer: number | null;
            /** @description Raised by every change of the item, its stock included. */
            version: number;
            stock: components["schemas"]["Stock"];
        };
        /** Stock */
        Stock: {
            /** @description available + held + sold, always. */
            capacity: number;
            available: number;
            /** @description Kept for unpaid orders. */
            held: number;
            sold: number;
        };
        /** Sale */
        Sale: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            merchantId: string;
            name: string;
            /**
             * @description By the database's clock and the stock. It takes orders while it is open.
             * @enum {unknown}
             */
            status: "scheduled" | "open" | "paused" | "sold_out" | "closed";
            /** @description ISO 4217. */
            currency: string;
            /** Format: date-time */
            opensAt: string;
            /** Format: date-time */
            closesAt: string;
            pausedAt: string | null;
            /** @enum {unknown} */
            fulfillment: "direct" | "kitchen";
            /** @description How long an unpaid order keeps its stock. 300 in a sale that was made without it. */
            holdSeconds: number;
            /** @description What an unpaid order has left at least after a payment was refused. It is lengthened once only. 120 in a sale that was made without it. */
            retrySeconds: number;
            /** @description How long a payment under way may keep the stock. Then the payment is given up and the order expires. 600 in a sale that was made without it. */
            pinSeconds: number;
            /** @description How long a kitchen has to accept a paid order. Then the order is rejected by itself. 300 in a sale that was made without it. */
            acceptanceSeconds: number;
            /** @description A rehearsal: left out of the public list, open to test buyers. */
            test: boolean;
            /** @description Raised by every change of the sale's or its items' definition, not by stock that moves. */
            version: number;
            items: components["schemas"]["Item"][];
        };
        /** Payment */
        Payment: {
            /** Format: uuid */
            id: string;
            /** @enum {unknown} */
            status: "processing" | "requires_action" | "authorized" | "captured" | "failed" | "cancelled";
            /** @description In minor units (cents). */
            amountMinor: number;
            /** @description Nothing or all of it. Refunds are not deducted. */
            capturedMinor: number;
            currency: string;
            provider: string;
            /** @description What the customer must do at the provider. Shown to the owner of the order only. */
            nextAction: {
                /** @enum {unknown} */
                type: "redirect";
                url: string;
            } | null;
            declineCode: string | null;
            /** Format: date-time */
            createdAt: string;
            settledAt: string | null;
        };
        /** Refund */
        Refund: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            paymentId: string;
            /** @enum {unknown} */
            status: "pending" | "succeeded" | "failed";
            /** @description In minor units (cents). */
            amountMinor: number;
            /** @enum {unknown} */
            cause: "requested" | "cancellation" | "rejection" | "late_payment" | "duplicate_payment";
            reason: string | null;
            /** @description Empty where it is not for certain lines. */
            lines: {
                /** Format: uuid */
                itemId: string;
                quantity: number;
                /** @description Units that went back on sale with it. */
                restocked: number;
            }[];
            /** Format: date-time */
            createdAt: string;
            settledAt: string | null;
        };
        /** HistoryEntry */
        HistoryEntry: {
            /** @description The version of the order that it made. */
            version: number;
            type: string;
            /**
             * @description The order's status after it.
             * @enum {unknown}
             */
            status: "pending_payment" | "payment_processing" | "confirmed" | "pending_acceptance" | "preparing" | "ready_for_pickup" | "in_transit" | "completed" | "cancelled" | "rejected" | "expired";
            /** Format: date-time */
            occurredAt: string;
            /** @enum {unknown} */
            by: "customer" | "merchant" | "courier" | "operator" | "system";
            /** @description The intent, or what made the engine do it. */
            cause: string | null;
            /** @description What it was about (a payment, refunds, a reason), as it was then. */
            details: {
                [key: string]: unknown;
            } | null;
        };
        /** SaleSummary */
        SaleSummary: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            merchantId: string;
            name: string;
            currency: string;
            /** @enum {unknown} */
            fulfillment: "direct" | "kitchen";
            /** Format: date-time */
            opensAt: string;
            /** Format: date-time */
            closesAt: string;
        };
        /** Order */
        Order: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            saleId: string;
            /** Format: uuid */
            userId: string;
            /** @enum {unknown} */
            status: "pending_payment" | "payment_processing" | "confirmed" | "pending_acceptance" | "preparing" | "ready_for_pickup" | "in_transit" | "completed" | "cancelled" | "rejected" | "expired";
            /** @description Raised by one with every change; the ETag carries it. */
            version: number;
            /** @description The order's number among the accepted orders of its sale, in the order in which they were decided. */
            arrival: number;
            currency: string;
            /** @description In minor units (cents). */
            totalMinor: number;
            lines: {
                /** Format: uuid */
                itemId: string;
                name: string;
                quantity: number;
                unitPriceMinor: number;
                totalMinor: number;
            }[];
            reference: string | null;
            metadata: {
                [key: string]: unknown;
            } | null;
            /** Format: date-time */
            placedAt: string;
            /** @description Until then the stock is held for an unpaid order, or was. Null once it is paid or cancelled. */
            payBy: string | null;
            /** @description Until then the kitchen may accept it. Null while it does not wait for that. */
            acceptBy: string | null;
            /** @description With include=payments: the attempts, the oldest first. */
            payments?: components["schemas"]["Payment"][];
            /** @description With include=refunds: the oldest first. */
            refunds?: components["schemas"]["Refund"][];
            /** @description With include=history: one entry for each version. */
            history?: components["schemas"]["HistoryEntry"][];
            sale?: components["schemas"]["SaleSummary"];
        };
        /** SaleStats */
        SaleStats: {
            /** Format: uuid */
            saleId: string;
            /** Format: uuid */
            merchantId: string;
            name: string;
            /** @enum {unknown} */
            status: "scheduled" | "open" | "paused" | "sold_out" | "closed";
            test: boolean;
            currency: string;
            /** Format: date-time */
            opensAt: string;
            /** Format: date-time */
            closesAt: string;
            /** @description Statuses without any order are left out. */
            ordersByStatus: {
                pending_payment?: number;
                payment_processing?: number;
                confirmed?: number;
                pending_acceptance?: number;
                preparing?: number;
                ready_for_pickup?: number;
                in_transit?: number;
                completed?: number;
                cancelled?: number;
                rejected?: number;
                expired?: number;
            };
            ordersPerSecond: {
                /** @description The mean of the last five full seconds. */
                now: number;
                /** @description The busiest second: of a sale ever, of all together within the last day. */
                peak: {
                    perSecond: number;
                    /** Format: date-time */
                    at: string;
                } | null;
            };
            /** @description Requests for orders that were refused, by reason. */
            refused: {
                [key: string]: number;
            };
            /** @description Null until it was read for the first time, which may take long where there is much. */
            money: {
                currency: string;
                /** @description In minor units (cents). */
                capturedMinor: number;
                /** @description In minor units (cents). */
                refundedMinor: number;
            }[] | null;
            stock: {
                /** @description available + held + sold, always. */
                capacity: number;
                available: number;
                /** @description Kept for unpaid orders. */
                held: number;
                sold: number;
            };
            items: {
                /** Format: uuid */
                itemId: string;
                name: string;
                stock: {
                    /** @description available + held + sold, always. */
                    capacity: number;
                    available: number;
                    /** @description Kept for unpaid orders. */
                    held: number;
                    sold: number;
                };
            }[];
        };
        /** SystemStats */
        SystemStats: {
            deadLetters: {
                kind: string;
                letters: number;
            }[];
            outbox: {
                /** @description Events that nobody was told of yet; 100,000 means that or more. */
                events: number;
                oldestSeconds: number;
            };
            /**
             * @description The worst of all processes.
             * @enum {unknown}
             */
            breaker: "closed" | "open" | "half-open" | "none";
            /** @description The most of all processes. */
            gateDriftUnits: number;
            processes: {
                /** Format: uuid */
                id: string;
                role: string;
                version: string;
                /** Format: date-time */
                startedAt: string;
                /** Format: date-time */
                seenAt: string;
                /** @enum {unknown} */
                breaker: "closed" | "open" | "half-open" | "none";
                gateDriftUnits: number;
                waitingOrders: number;
                eventLoopLagMs: number;
                duties: {
                    name: string;
                    lastSuccessAt: string | null;
                    failing: boolean;
                }[];
            }[];
        };
        /** PaymentDiscrepancy */
        PaymentDiscrepancy: {
            provider: string;
            /** @description The provider's id of the payment; the ledger's where the provider has none. */
            subject: string;
            /** @enum {unknown} */
            kind: "unknown_payment" | "missing_payment" | "amount" | "status" | "captured" | "refunded";
            orderId: string | null;
            paymentId: string | null;
            ledgerSays: string | null;
            providerSays: string | null;
            /** Format: date-time */
            firstSeenAt: string;
            /** Format: date-time */
            lastSeenAt: string;
        };
        /** DeadLetter */
        DeadLetter: {
            /** Format: uuid */
            id: string;
            /**
             * @description What was given up: a webhook to a merchant, a notification to the operators, or what a payment provider is asked (how an attempt ended) or told (capture, cancel, refund).
             * @enum {unknown}
             */
            kind: "webhook" | "notification" | "settle" | "capture" | "cancel" | "refund";
            /**
             * @description dead: it waits. redriving: it is tried anew. resolved: it succeeded after all. discarded: given up.
             * @enum {unknown}
             */
            status: "dead" | "redriving" | "resolved" | "discarded";
            /**
             * Format: uuid
             * @description The delivery, notification or payment job.
             */
            dutyId: string;
            merchantId: string | null;
            endpointId: string | null;
            orderId: string | null;
            /** @description What the last try came to. */
            error: string;
            /** @description Tries altogether, also such as only asked again. */
            attemptCount: number;
            /** @description How often it was tried anew, by a person or by the schedule. */
            redrives: number;
            automaticRedrives: number;
            /** @description When it is tried anew by itself; null if never. */
            redriveAt: string | null;
            /**
             * Format: date-time
             * @description The last time.
             */
            diedAt: string;
            /** @description When it was resolved or discarded. */
            endedAt: string | null;
        };
        /** Redrive */
        Redrive: {
            /** Format: uuid */
            id: string;
            /** @enum {unknown} */
            status: "running" | "done" | "cancelled";
            /** @description Which letters; empty: all. */
            filter: {
                /**
                 * @description What was given up: a webhook to a merchant, a notification to the operators, or what a payment provider is asked (how an attempt ended) or told (capture, cancel, refund).
                 * @enum {unknown}
                 */
                kind?: "webhook" | "notification" | "settle" | "capture" | "cancel" | "refund";
                /** Format: uuid */
                merchantId?: string;
                /** Format: uuid */
                endpointId?: string;
                /** Format: uuid */
                orderId?: string;
            };
            perSecond: number;
            /** @description Letters that were dead when it was made. */
            matched: number;
            /** @description Letters that it has redriven. What came of each stands in the letter. */
            redriven: number;
            /** @description Letters that wait for it. They may become fewer by themselves, when one is redriven or discarded. */
            left: number;
            /** Format: uuid */
            requestedBy: string;
            /** Format: date-time */
            createdAt: string;
            endedAt: string | null;
        };
        /** AuditEntry */
        AuditEntry: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            occurredAt: string;
            /** @description An account, or the merchant whose API key it was (see details); null: the engine itself. */
            actorId: string | null;
            /** @description The operation's id in this description. */
            action: string;
            /** @description The address of what was made or changed. */
            target: string;
            merchantId: string | null;
            details: {
                [key: string]: unknown;
            };
            requestId: string | null;
        };
        /** Incident */
        Incident: {
            /** Format: uuid */
            id: string;
            /**
             * @description What happened; /runbook/{alert} tells what to do.
             * @example stock-low
             */
            alert: string;
            /** @description What it is about: the id of an item, a sale or a process, a kind of dead letter, a provider, or all. */
            subject: string;
            /** @enum {unknown} */
            status: "open" | "resolved";
            /**
             * @description As it was when the incident was opened.
             * @example 4 of 50 left: Poster (Drop).
             */
            summary: string;
            /** @description The figures of the summary; which ones depends on the alert. */
            details: {
                [key: string]: string | number;
            };
            /** Format: date-time */
            openedAt: string;
            resolvedAt: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    registerAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: email */
                    email: string;
                    /** @description At least 10 characters. */
                    password: string;
                    name?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    logIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    email: string;
                    password: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        accessToken: string;
                        /** @enum {string} */
                        tokenType: "Bearer";
                        expiresInSeconds: number;
                        account: components["schemas"]["Account"];
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOwnAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"] | components["schemas"]["OutsideAccount"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    eraseAccount: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                accountId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        id: string;
                        /** Format: date-time */
                        erasedAt: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listMerchants: {
        parameters: {
            query?: {
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Merchant"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createMerchant: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Merchant"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listMembers: {
        parameters: {
            query?: {
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                merchantId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Member"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    addMember: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                merchantId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: email */
                    email: string;
                    /**
                     * @description Staff or courier.
                     * @enum {unknown}
                     */
                    role: "merchant" | "courier";
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                merchantId: string;
                accountId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is no member any more. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listApiKeys: {
        parameters: {
            query?: {
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                merchantId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ApiKey"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                merchantId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        id: string;
                        /** Format: uuid */
                        merchantId: string;
                        name: string;
                        /** Format: date-time */
                        createdAt: string;
                        /** @description Null while it is good. */
                        revokedAt: string | null;
                        /** @description The key itself, for Authorization: Bearer. Shown this once: a repeat has null in its place. */
                        secret: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                merchantId: string;
                apiKeyId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is revoked. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    eraseCustomer: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                merchantId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The shop's own id of the customer: what `onBehalfOf` said in its orders. */
                    externalId: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        userId: string;
                        /** Format: date-time */
                        erasedAt: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listWebhookEndpoints: {
        parameters: {
            query?: {
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                merchantId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["WebhookEndpoint"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createWebhookEndpoint: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                merchantId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uri
                     * @description Where events are POSTed to: https, at a public address.
                     */
                    url: string;
                    /** @description For people. */
                    description?: string | null;
                    /** @description Which events are wanted; null for all, also those that later versions add. */
                    eventTypes?: ("order.placed" | "order.payment_started" | "order.payment_refused" | "order.paid" | "order.expired" | "order.accepted" | "order.rejected" | "order.prepared" | "order.picked_up" | "order.collected" | "order.delivered" | "order.fulfilled" | "order.cancelled" | "order.reinstated" | "order.refunded" | "payment.action_required" | "payment.captured" | "payment.failed" | "payment.cancelled" | "payment.late" | "refund.succeeded" | "refund.failed" | "refund.retried")[] | null;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        id: string;
                        /** Format: uuid */
                        merchantId: string;
                        url: string;
                        description: string | null;
                        /** @description Null: all. */
                        eventTypes: string[] | null;
                        /** @description Since then nothing is sent. Null while it is not paused. */
                        pausedAt: string | null;
                        /** @description When its receiver answered 410: nothing is sent until it is resumed. Null otherwise. */
                        disabledAt: string | null;
                        /** @description Until then events are signed with the secret before, too. Null without one. */
                        previousSecretUntil: string | null;
                        /** @description Raised by one with every change; the ETag carries it. */
                        version: number;
                        /** Format: date-time */
                        createdAt: string;
                        /** @description What events are verified with. Shown this once: a repeat has null in its place. */
                        secret: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                merchantId: string;
                endpointId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
            /** @description The client has this version. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                merchantId: string;
                endpointId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeWebhookEndpoint: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                merchantId: string;
                endpointId: string;
            };
            cookie?: never;
        };
        /** @description What is left out stays as it is. */
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uri
                     * @description Where events are POSTed to: https, at a public address.
                     */
                    url?: string;
                    /** @description For people. */
                    description?: string | null;
                    /** @description Which events are wanted; null for all, also those that later versions add. */
                    eventTypes?: ("order.placed" | "order.payment_started" | "order.payment_refused" | "order.paid" | "order.expired" | "order.accepted" | "order.rejected" | "order.prepared" | "order.picked_up" | "order.collected" | "order.delivered" | "order.fulfilled" | "order.cancelled" | "order.reinstated" | "order.refunded" | "payment.action_required" | "payment.captured" | "payment.failed" | "payment.cancelled" | "payment.late" | "refund.succeeded" | "refund.failed" | "refund.retried")[] | null;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                merchantId: string;
                endpointId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description How long the old secret signs, too; 0 where it has leaked. 86400 if left out. */
                    overlapSeconds?: number;
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        id: string;
                        /** Format: uuid */
                        merchantId: string;
                        url: string;
                        description: string | null;
                        /** @description Null: all. */
                        eventTypes: string[] | null;
                        /** @description Since then nothing is sent. Null while it is not paused. */
                        pausedAt: string | null;
                        /** @description When its receiver answered 410: nothing is sent until it is resumed. Null otherwise. */
                        disabledAt: string | null;
                        /** @description Until then events are signed with the secret before, too. Null without one. */
                        previousSecretUntil: string | null;
                        /** @description Raised by one with every change; the ETag carries it. */
                        version: number;
                        /** Format: date-time */
                        createdAt: string;
                        /** @description What events are verified with. Shown this once: a repeat has null in its place. */
                        secret: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pauseWebhookEndpoint: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                merchantId: string;
                endpointId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeWebhookEndpoint: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                merchantId: string;
                endpointId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpoint"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    testWebhookEndpoint: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                merchantId: string;
                endpointId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                status?: "due" | "delivered" | "failed" | "discarded";
                eventType?: "order.placed" | "order.payment_started" | "order.payment_refused" | "order.paid" | "order.expired" | "order.accepted" | "order.rejected" | "order.prepared" | "order.picked_up" | "order.collected" | "order.delivered" | "order.fulfilled" | "order.cancelled" | "order.reinstated" | "order.refunded" | "payment.action_required" | "payment.captured" | "payment.failed" | "payment.cancelled" | "payment.late" | "refund.succeeded" | "refund.failed" | "refund.retried" | "webhook.test";
                orderId?: string;
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path: {
                merchantId: string;
                endpointId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["WebhookDelivery"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                merchantId: string;
                endpointId: string;
                deliveryId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        id: string;
                        /** Format: uuid */
                        endpointId: string;
                        /** @description The webhook-id under which it is sent, at every try. */
                        webhookId: string;
                        eventType: string;
                        /** @description Null for a test event. */
                        orderId: string | null;
                        /** @description The version of the order that it tells of. */
                        version: number | null;
                        /**
                         * @description due: it will be tried, or is being tried. delivered: answered with 2xx. failed: out of tries. discarded: given up, because its endpoint was deleted or somebody said so.
                         * @enum {unknown}
                         */
                        status: "due" | "delivered" | "failed" | "discarded";
                        /** @description All tries so far. */
                        attemptCount: number;
                        /** @description When it is tried next, once its endpoint is not paused. Null unless it is due. */
                        nextAttemptAt: string | null;
                        /** @description HTTP status of the last answer, if there was one. */
                        lastStatus: number | null;
                        lastError: string | null;
                        /** Format: date-time */
                        createdAt: string;
                        endedAt: string | null;
                        /** @description The oldest first. */
                        attempts: {
                            number: number;
                            /** Format: date-time */
                            startedAt: string;
                            durationMs: number;
                            status: number | null;
                            error: string | null;
                            /** @description The beginning of the answer, up to 1,024 bytes. */
                            response: string | null;
                        }[];
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redriveWebhookDelivery: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                merchantId: string;
                endpointId: string;
                deliveryId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSales: {
        parameters: {
            query?: {
                merchantId?: string;
                /** @description Test sales instead of real ones. */
                test?: boolean;
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Sale"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createSale: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: uuid */
                    merchantId: string;
                    name: string;
                    /** @description ISO 4217. */
                    currency: string;
                    /**
                     * Format: date-time
                     * @description RFC 3339, kept to the millisecond.
                     */
                    opensAt: string;
                    /**
                     * Format: date-time
                     * @description RFC 3339, kept to the millisecond.
                     */
                    closesAt: string;
                    /**
                     * @description Handed out as it is, or accepted, prepared and handed over.
                     * @enum {unknown}
                     */
                    fulfillment: "direct" | "kitchen";
                    /** @description How long an unpaid order keeps its stock. 300 in a sale that was made without it. */
                    holdSeconds?: number;
                    /** @description What an unpaid order has left at least after a payment was refused. It is lengthened once only. 120 in a sale that was made without it. */
                    retrySeconds?: number;
                    /** @description How long a payment under way may keep the stock. Then the payment is given up and the order expires. 600 in a sale that was made without it. */
                    pinSeconds?: number;
                    /** @description How long a kitchen has to accept a paid order. Then the order is rejected by itself. 300 in a sale that was made without it. */
                    acceptanceSeconds?: number;
                    /** @description A rehearsal: left out of the public list, open to test buyers. False if not told. */
                    test?: boolean;
                    items: {
                        name: string;
                        /** @description In minor units (cents) of the sale's currency. */
                        priceMinor: number;
                        capacity: number;
                        /** @description Units that one customer may have, unpaid orders included; null for no limit. */
                        limitPerCustomer?: number | null;
                    }[];
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                saleId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            /** @description The client has this version. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeSale: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                saleId: string;
            };
            cookie?: never;
        };
        /** @description What is left out stays as it is. */
        requestBody: {
            content: {
                "application/json": {
                    name?: string;
                    /**
                     * Format: date-time
                     * @description RFC 3339, kept to the millisecond.
                     */
                    opensAt?: string;
                    /**
                     * Format: date-time
                     * @description RFC 3339, kept to the millisecond.
                     */
                    closesAt?: string;
                    /** @description How long an unpaid order keeps its stock. 300 in a sale that was made without it. */
                    holdSeconds?: number;
                    /** @description What an unpaid order has left at least after a payment was refused. It is lengthened once only. 120 in a sale that was made without it. */
                    retrySeconds?: number;
                    /** @description How long a payment under way may keep the stock. Then the payment is given up and the order expires. 600 in a sale that was made without it. */
                    pinSeconds?: number;
                    /** @description How long a kitchen has to accept a paid order. Then the order is rejected by itself. 300 in a sale that was made without it. */
                    acceptanceSeconds?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pauseSale: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                saleId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeSale: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                saleId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sale"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    addItem: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                saleId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** @description In minor units (cents) of the sale's currency. */
                    priceMinor: number;
                    capacity: number;
                    /** @description Units that one customer may have, unpaid orders included; null for no limit. */
                    limitPerCustomer?: number | null;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Item"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getItem: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                saleId: string;
                itemId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Item"];
                };
            };
            /** @description The client has this version. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeItem: {
        parameters: {
            query?: never;
            header: {
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                saleId: string;
                itemId: string;
            };
            cookie?: never;
        };
        /** @description What is left out stays as it is. */
        requestBody: {
            content: {
                "application/json": {
                    name?: string;
                    /** @description In minor units (cents) of the sale's currency. */
                    priceMinor?: number;
                    /** @description Units that one customer may have, unpaid orders included; null for no limit. */
                    limitPerCustomer?: number | null;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Item"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listOrders: {
        parameters: {
            query?: {
                userId?: string;
                saleId?: string;
                merchantId?: string;
                /** @description One or several, separated by commas: pending_payment, payment_processing, confirmed, pending_acceptance, preparing, ready_for_pickup, in_transit, completed, cancelled, rejected, expired. */
                status?: string;
                /** @description Exactly the shop's own number. */
                reference?: string;
                /** @description RFC 3339, kept to the millisecond. */
                placedFrom?: string;
                /** @description RFC 3339, kept to the millisecond. */
                placedUntil?: string;
                /** @description What to show with each order, separated by commas: lines, payments, refunds, history, sale. */
                include?: string;
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Order"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    placeOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: uuid */
                    saleId: string;
                    /** @description All of them or none. No item twice. */
                    lines: {
                        /** Format: uuid */
                        itemId: string;
                        quantity: number;
                    }[];
                    /** @description The shop's own number. */
                    reference?: string;
                    /** @description Anything the shop wants kept. */
                    metadata?: {
                        [key: string]: unknown;
                    };
                    /** @description With an API key, and only then: the shop's own id of the customer. */
                    onBehalfOf?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOrder: {
        parameters: {
            query?: {
                /** @description What to show with each order, separated by commas: lines, payments, refunds, history, sale. */
                include?: string;
            };
            header?: never;
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description The client has this version. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    exportOrders: {
        parameters: {
            query?: {
                userId?: string;
                saleId?: string;
                merchantId?: string;
                /** @description One or several, separated by commas: pending_payment, payment_processing, confirmed, pending_acceptance, preparing, ready_for_pickup, in_transit, completed, cancelled, rejected, expired. */
                status?: string;
                /** @description Exactly the shop's own number. */
                reference?: string;
                /** @description RFC 3339, kept to the millisecond. */
                placedFrom?: string;
                /** @description RFC 3339, kept to the millisecond. */
                placedUntil?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The columns: id, saleId, userId, status, version, arrival, currency, totalMinor, capturedMinor, refundedMinor, reference, placedAt, items. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    streamOrderEvents: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events named by type, like `order.placed`; the data of each is a HistoryEntry document. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getStats: {
        parameters: {
            query?: {
                saleId?: string;
                merchantId?: string;
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /**
                         * Format: date-time
                         * @description The ledger's clock.
                         */
                        at: string;
                        /** @description All real sales there ever were; with merchantId, those of the merchant; with saleId, that sale. */
                        totals: {
                            /** @description Statuses without any order are left out. */
                            ordersByStatus: {
                                pending_payment?: number;
                                payment_processing?: number;
                                confirmed?: number;
                                pending_acceptance?: number;
                                preparing?: number;
                                ready_for_pickup?: number;
                                in_transit?: number;
                                completed?: number;
                                cancelled?: number;
                                rejected?: number;
                                expired?: number;
                            };
                            ordersPerSecond: {
                                /** @description The mean of the last five full seconds. */
                                now: number;
                                /** @description The busiest second: of a sale ever, of all together within the last day. */
                                peak: {
                                    perSecond: number;
                                    /** Format: date-time */
                                    at: string;
                                } | null;
                            };
                            /** @description Requests for orders that were refused, by reason. */
                            refused: {
                                [key: string]: number;
                            };
                            /** @description Null until it was read for the first time, which may take long where there is much. */
                            money: {
                                currency: string;
                                /** @description In minor units (cents). */
                                capturedMinor: number;
                                /** @description In minor units (cents). */
                                refundedMinor: number;
                            }[] | null;
                            stock: {
                                /** @description available + held + sold, always. */
                                capacity: number;
                                available: number;
                                /** @description Kept for unpaid orders. */
                                held: number;
                                sold: number;
                            };
                        };
                        /** @description Real sales that are open or paused now or ended within the last day, the newest first. */
                        sales: components["schemas"]["SaleStats"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                        /** @description Operators only. */
                        system: components["schemas"]["SystemStats"] | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    streamStats: {
        parameters: {
            query?: {
                saleId?: string;
                merchantId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events `stats`; the data of each is a Stats document. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getCollectionCode: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        collectionCode: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    payOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description What the customer pays with: the payment provider's token, never a card number. */
                    paymentMethod: string;
                    /**
                     * Format: uri
                     * @description Where the provider sends the customer back after authenticating.
                     */
                    returnUrl?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    acceptOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rejectOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description For people; it is shown in the history. */
                    reason?: string;
                    /** @description There is nothing left in truth: the units do not go back on sale. */
                    soldOut?: boolean;
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    prepareOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pickUpOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What the customer shows, from GET /api/v1/orders/{orderId}/collection-code. */
                    collectionCode?: string;
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deliverOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What the customer shows, from GET /api/v1/orders/{orderId}/collection-code. */
                    collectionCode?: string;
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    fulfillOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What the customer shows, from GET /api/v1/orders/{orderId}/collection-code. */
                    collectionCode?: string;
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description For people; it is shown in the history. */
                    reason?: string;
                    /** @description Once preparation has begun: whether the units go back on sale all the same. */
                    restock?: boolean;
                    /** @description Once preparation has begun: what the merchant keeps of the money, in minor units (cents). */
                    retainMinor?: number;
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refundOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        /** @description Either lines or an amount. */
        requestBody: {
            content: {
                "application/json": {
                    /** @description In minor units (cents). */
                    amountMinor?: number;
                    /** @description Their price goes back. No item twice. */
                    lines?: {
                        /** Format: uuid */
                        itemId: string;
                        quantity: number;
                        /** @description Whether these units go back on sale. False if not told. */
                        restock?: boolean;
                    }[];
                    /** @description For people; it is shown in the history. */
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reinstateOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
                /** @description The ETag of what you read, or *. */
                "if-match": string;
            };
            path: {
                orderId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAccounts: {
        parameters: {
            query?: {
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Account"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createAccount: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: email */
                    email: string;
                    /** @description At least 10 characters. */
                    password: string;
                    name?: string;
                    /** @enum {unknown} */
                    role: "customer" | "merchant" | "courier" | "operator";
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeStock: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description Exactly one of capacity (what it shall be) and adjustBy (how many more or fewer than now). */
        requestBody: {
            content: {
                "application/json": {
                    /** Format: uuid */
                    itemId: string;
                    capacity?: number;
                    adjustBy?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        itemId: string;
                        /** Format: uuid */
                        saleId: string;
                        version: number;
                        stock: components["schemas"]["Stock"];
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listPaymentDiscrepancies: {
        parameters: {
            query?: {
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["PaymentDiscrepancy"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description What was given up: a webhook to a merchant, a notification to the operators, or what a payment provider is asked (how an attempt ended) or told (capture, cancel, refund). */
                kind?: "webhook" | "notification" | "settle" | "capture" | "cancel" | "refund";
                merchantId?: string;
                endpointId?: string;
                orderId?: string;
                /** @description dead: it waits. redriving: it is tried anew. resolved: it succeeded after all. discarded: given up. */
                status?: "dead" | "redriving" | "resolved" | "discarded";
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["DeadLetter"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRedrives: {
        parameters: {
            query?: {
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Redrive"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startRedrive: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description An empty object: all of them. */
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description What was given up: a webhook to a merchant, a notification to the operators, or what a payment provider is asked (how an attempt ended) or told (capture, cancel, refund).
                     * @enum {unknown}
                     */
                    kind?: "webhook" | "notification" | "settle" | "capture" | "cancel" | "refund";
                    /** Format: uuid */
                    merchantId?: string;
                    /** Format: uuid */
                    endpointId?: string;
                    /** Format: uuid */
                    orderId?: string;
                    /** @description 10 if not told. In no second is it more than a quarter above that. */
                    perSecond?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redrive"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRedrive: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                redriveId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redrive"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelRedrive: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                redriveId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redrive"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDeadLetter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                letterId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: uuid */
                        id: string;
                        /**
                         * @description What was given up: a webhook to a merchant, a notification to the operators, or what a payment provider is asked (how an attempt ended) or told (capture, cancel, refund).
                         * @enum {unknown}
                         */
                        kind: "webhook" | "notification" | "settle" | "capture" | "cancel" | "refund";
                        /**
                         * @description dead: it waits. redriving: it is tried anew. resolved: it succeeded after all. discarded: given up.
                         * @enum {unknown}
                         */
                        status: "dead" | "redriving" | "resolved" | "discarded";
                        /**
                         * Format: uuid
                         * @description The delivery, notification or payment job.
                         */
                        dutyId: string;
                        merchantId: string | null;
                        endpointId: string | null;
                        orderId: string | null;
                        /** @description What the last try came to. */
                        error: string;
                        /** @description Tries altogether, also such as only asked again. */
                        attemptCount: number;
                        /** @description How often it was tried anew, by a person or by the schedule. */
                        redrives: number;
                        automaticRedrives: number;
                        /** @description When it is tried anew by itself; null if never. */
                        redriveAt: string | null;
                        /**
                         * Format: date-time
                         * @description The last time.
                         */
                        diedAt: string;
                        /** @description When it was resolved or discarded. */
                        endedAt: string | null;
                        /** @description Oldest first. Tries that a payment provider answered with "not yet" are left out, and such as are past the retention of attempts. */
                        attempts: {
                            number: number;
                            /** Format: date-time */
                            startedAt: string;
                            durationMs: number;
                            /** @description The receiver's HTTP status, if it answered. */
                            status: number | null;
                            /** @description Null where it succeeded. */
                            error: string | null;
                            /** @description The beginning of the answer. */
                            response: string | null;
                        }[];
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redriveDeadLetter: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                letterId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    discardDeadLetter: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path: {
                letterId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description For the audit log, which keeps it: nothing about a person. */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAuditLog: {
        parameters: {
            query?: {
                actorId?: string;
                action?: string;
                target?: string;
                /** @description Included. */
                from?: string;
                /** @description Not included. */
                to?: string;
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["AuditEntry"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listIncidents: {
        parameters: {
            query?: {
                /** @description Without it: both. */
                status?: "open" | "resolved";
                /** @description nextCursor of the page before. */
                cursor?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["Incident"][];
                        /** @description Null on the last page. */
                        nextCursor: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    makeTestBuyers: {
        parameters: {
            query?: never;
            header: {
                /** @description Your own choice, new for each intent and the same for each retry. Visible ASCII. */
                "idempotency-key": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: uuid */
                    saleId: string;
                    count: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        buyers: {
                            /** Format: uuid */
                            userId: string;
                            accessToken: string | null;
                        }[];
                    };
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A problem document (RFC 9457). `code` is from a closed list; each has a page under /errors/. */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
