import type { PaymentProvider } from './payment-provider.ts';

/** Tells what came of the calls to a provider: the status it answered, or `unknown`; and how long they took. */
export function measurePaymentProvider<Provider extends PaymentProvider>(
  provider: Provider,
  observe: (provider: string, call: string, outcome: string, seconds: number) => void,
): Provider {
  const measured =
    <Argument, Result extends { readonly status: string }>(
      name: string,
      call: (argument: Argument) => Promise<Result>,
    ) =>
    async (argument: Argument): Promise<Result> => {
      const startedAt = performance.now();
      let outcome = 'unknown';
      try {
        const result = await call(argument);
        outcome = result.status;
        return result;
      } finally {
        observe(provider.name, name, outcome, (performance.now() - startedAt) / 1_000);
      }
    };

  return {
    ...provider,
    charge: measured('charge', provider.charge),
    find: measured('find', provider.find),
    capture: measured('capture', provider.capture),
    cancel: measured('cancel', provider.cancel),
    refund: measured('refund', provider.refund),
  };
}
