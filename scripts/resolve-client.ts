import { registerHooks } from 'node:module';

/**
 * Imported first, it lets code of this repository import the client by the name that others install it under, from its
 * sources: nothing has to be built before an example runs, and nothing built can be out of date.
 */

const SOURCES: Readonly<Record<string, string>> = {
  'doorbuster-client': import.meta.resolve('../client/src/index.ts'),
  'doorbuster-client/webhooks': import.meta.resolve('../client/src/webhooks.ts'),
};

registerHooks({ resolve: (specifier, context, next) => next(SOURCES[specifier] ?? specifier, context) });
