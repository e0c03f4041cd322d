import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTargetFault } from './find-target-fault.ts';
import { hostOf, isPublicAddress } from './public-address.ts';

/** As somebody may write them in a URL. */
const PRIVATE_HOSTS = [
  '127.0.0.1',
  '127.8.9.10',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '127.1',
  '127.0.0.1.',
  '0.0.0.0',
  '0',
  '0.1.2.3',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '2852039166',
  '100.64.0.1',
  '192.0.0.8',
  '192.0.2.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:10.0.0.1]',
  '[::7f00:1]',
  '[::ffff:0:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::169.254.169.254]',
  '[64:ff9b:1::808:808]',
  '[fc00::1]',
  '[fd12:3456::1]',
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[2002:7f00:1::]',
  '[2001:0:5ef5:79fb::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[5f00::1]',
  '１２７.0.0.1',
];

const PUBLIC_HOSTS = [
  '93.184.215.14',
  '8.8.8.8',
  '172.32.0.1',
  '[2606:2800:21f:cb07::1]',
  '[::ffff:8.8.8.8]',
  '[64:ff9b::8.8.8.8]',
];

test('WH-06 an address that is not public is refused however it is written', async () => {
  for (const host of PRIVATE_HOSTS) {
    assert.equal(isPublicAddress(hostOf(new URL(`https://${host}/`))), false, host);
    assert.equal(
      await findTargetFault(`https://${host}:8443/hook`, { allowPrivate: false }),
      'must have a public address',
      host,
    );
  }
});

test('a public address is taken', async () => {
  for (const host of PUBLIC_HOSTS) {
    assert.equal(await findTargetFault(`https://${host}/hook?a=1`, { allowPrivate: false }), undefined, host);
  }
});

test('WH-06 a name is refused when any of its addresses is not public, or it has none', async () => {
  const fault = (...addresses: string[]) =>
    findTargetFault('https://hooks.example.com/', {
      allowPrivate: false,
      resolve: async () => addresses.map((address) => ({ address })),
    });
  assert.equal(await fault('8.8.8.8', '2606:2800:21f:cb07::1'), undefined);
  assert.equal(await fault('8.8.8.8', '10.0.0.1'), 'must have a public address');
  assert.equal(await fault('::1'), 'must have a public address');
  assert.equal(await fault(), 'has a name that cannot be resolved');
  const unknown = findTargetFault('https://hooks.example.com/', {
    allowPrivate: false,
    resolve: () => Promise.reject(new Error('ENOTFOUND')),
  });
  assert.equal(await unknown, 'has a name that cannot be resolved');
  assert.equal(await findTargetFault('https://localhost/', { allowPrivate: false }), 'must have a public address');
});

test('only https without a password in it is taken, and plain http where private addresses are allowed', async () => {
  const cases: [string, string][] = [
    ['not a url', 'must be an absolute URL'],
    ['http://8.8.8.8/', 'must begin with https://'],
    ['ftp://8.8.8.8/', 'must begin with https://'],
    ['https://me:secret@8.8.8.8/', 'must not have a name or password in it'],
    ['https://8.8.8.8/#part', 'must not have a fragment'],
  ];
  for (const [target, fault] of cases)
    assert.equal(await findTargetFault(target, { allowPrivate: false }), fault, target);
  assert.equal(await findTargetFault('http://127.0.0.1:8080/hook', { allowPrivate: true }), undefined);
  assert.equal(
    await findTargetFault('file:///etc/passwd', { allowPrivate: true }),
    'must begin with https:// or http://',
  );
});
