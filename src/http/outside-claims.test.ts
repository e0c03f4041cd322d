import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Role } from '../domain/caller.ts';
import { type ClaimMapping, type Claims, callerFrom, outsideAccountId } from './outside-claims.ts';

const ISSUER = 'https://id.example/';

const mapping: ClaimMapping = {
  roleClaim: 'realm_access.roles',
  roles: [
    { value: 'admin', role: 'operator' },
    { value: 'staff', role: 'merchant' },
    { value: 'a=b', role: 'courier' },
  ],
  roleDefault: 'customer',
  merchantClaim: 'https://shop.example/merchants',
};

const caller = (claims: Claims, other: Partial<ClaimMapping> = {}) =>
  callerFrom(ISSUER, { sub: 'anna', ...claims }, { ...mapping, ...other });

function roleOf(claims: Claims, other: Partial<ClaimMapping> = {}): Role | 'no-role' | undefined {
  const found = caller(claims, other);
  return typeof found === 'object' && found.kind === 'account' ? found.role : (found as 'no-role' | undefined);
}

test('the account of a subject is the UUID of version 5 that anybody can compute', () => {
  // By another implementation: python3 -c 'from uuid import *; print(uuid5(uuid5(NAMESPACE_URL, "https://id.example/"), "anna"))'
  assert.equal(outsideAccountId(ISSUER, 'anna'), '669f9849-954b-547d-b16b-e6f6c2162778');
  assert.equal(outsideAccountId(ISSUER, 'Zoë|1'), 'a35047ec-b5ff-5e55-8537-75777cfe9b41');
  const others = [outsideAccountId(ISSUER, 'Anna'), outsideAccountId('https://id.example', 'anna')];
  assert.equal(new Set([...others, outsideAccountId(ISSUER, 'anna')]).size, 3);
});

test('a role is told by a list or a text, by the first pair of the map that fits', () => {
  assert.equal(roleOf({ realm_access: { roles: ['staff', 'admin'] } }), 'operator');
  assert.equal(roleOf({ realm_access: { roles: ['else', 'staff'] } }), 'merchant');
  assert.equal(roleOf({ realm_access: { roles: 'a=b' } }), 'courier');
  assert.equal(roleOf({ 'realm_access.roles': 'admin' }), 'operator', 'a claim whose name has dots');
  assert.equal(
    roleOf({ 'https://shop.example/role': 'staff' }, { roleClaim: 'https://shop.example/role' }),
    'merchant',
  );
});

test('anything else is a customer, or nobody where customers are not the default', () => {
  const unfit: Claims[] = [
    {},
    { realm_access: null },
    { realm_access: 'admin' },
    { realm_access: { roles: [] } },
    { realm_access: { roles: ['Admin', 'admin ', 'admin,staff', 1, null, ['admin']] } },
    { realm_access: { roles: { admin: true } } },
    { roles: ['admin'] },
    { role: 'operator' },
  ];
  for (const claims of unfit) {
    assert.equal(roleOf(claims), 'customer', JSON.stringify(claims));
    assert.equal(roleOf(claims, { roleDefault: 'none' }), 'no-role', JSON.stringify(claims));
  }
});

test('what every object has is no claim', () => {
  for (const roleClaim of ['constructor.name', '__proto__', 'toString.name', 'realm_access.constructor.name']) {
    const roles = [{ value: 'Object', role: 'operator' as const }];
    assert.equal(roleOf({ realm_access: {} }, { roleClaim, roles }), 'customer', roleClaim);
  }
});

test('merchants are told by ids, in any letter case, once each; what is no id is not there', () => {
  const id = randomUUID();
  const merchantsOf = (value: unknown) => {
    const found = caller({ 'https://shop.example/merchants': value });
    return typeof found === 'object' && found.kind === 'account' ? found.merchantIds : undefined;
  };
  assert.deepEqual(merchantsOf([id.toUpperCase(), id, 'all', '*', 1, null]), [id]);
  assert.deepEqual(merchantsOf(id), [id]);
  for (const value of [undefined, null, '', 'all', {}, `${id},${id}`]) assert.deepEqual(merchantsOf(value), []);
});

test('SEC-04 a token without a usable subject is nobody', () => {
  for (const sub of [undefined, null, '', 7, ['anna'], 'x'.repeat(256)]) {
    assert.equal(caller({ sub }), undefined, JSON.stringify(sub));
  }
});
