/**
 * What about some Redis servers puts at risk what the engine keeps there, in sentences; `infos` is what INFO gives on
 * each master. None of it endangers an order: those are the ledger's.
 */
export function findServerRisks(infos: readonly string[]): string[] {
  const servers = infos.map(readInfo);
  const warnings = new Set<string>();
  for (const server of servers) {
    const policy = server.get('maxmemory_policy');
    if (policy !== undefined && policy !== 'noeviction') {
      warnings.add(
        `Redis has maxmemory-policy ${policy}: short of memory it drops claims on keys, reservations and counters ` +
          'without a word, and what they kept from happening twice is left to the ledger alone. Set it to noeviction.',
      );
    }
    const version = server.get('redis_version');
    if (version !== undefined && Number.parseInt(version, 10) < OLDEST_MAJOR) {
      warnings.add(`Redis is ${version}: the engine is tested with ${OLDEST_MAJOR} and newer, and with Valkey.`);
    }
    if (Number(server.get('connected_slaves') ?? 0) > 0) {
      warnings.add(
        'Redis has replicas, which it writes to later than it answers: a failover may forget the last claims and ' +
          'reservations. No order is lost or made twice by that; the gate is loaded from the ledger again.',
      );
    }
  }
  return [...warnings];
}

const OLDEST_MAJOR = 7;

/** https://redis.io/docs/latest/commands/info/ */
function readInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}
