import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeConfig } from './describe-config.ts';
import { SETTINGS } from './settings.ts';

const shownValue = (environment: Record<string, string>, name: string) =>
  describeConfig(environment).settings.find((each) => each.name === name)?.value;

test('every setting is described, with its default where nothing is set', () => {
  const { settings, faults } = describeConfig({});
  assert.deepEqual(
    settings.map(({ name }) => name),
    Object.keys(SETTINGS),
  );
  assert.ok(settings.every(({ from }) => from === 'default'));
  assert.deepEqual(faults, []);
});

test('an empty variable is none', () => {
  const port = describeConfig({ PORT: '' }).settings.find(({ name }) => name === 'PORT');
  assert.deepEqual(port, { name: 'PORT', value: '3000', from: 'default' });
});

test('defaults that follow from other settings are worked out', () => {
  assert.equal(shownValue({ PORT: '8080' }, 'PUBLIC_URL'), 'http://127.0.0.1:8080');
  assert.equal(shownValue({}, 'RATE_LIMIT_PER_IP'), 'off');
  assert.equal(shownValue({}, 'SHUTDOWN_DRAIN_MS'), '0');
});

test('no secret is shown, be it a wrong one, and no password in an address', () => {
  const secret = 'hunter2hunter2hunter2hunter2hunter2';
  const secrets = Object.entries(SETTINGS).filter(([, setting]) => 'secret' in setting);
  assert.ok(secrets.length >= 10);
  const environment = {
    ...Object.fromEntries(secrets.map(([name]) => [name, secret])),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://anna:${secret}@collector:4318`,
  };
  const description = describeConfig(environment);
  assert.ok(description.faults.length > 0);
  assert.doesNotMatch(JSON.stringify(description), /hunter2/);
  assert.equal(shownValue(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT'), 'http://********@collector:4318');
});
