// What each thing that the SDK, undici or the system can throw comes to, without a socket.
import { describe, expect, it } from 'vitest';
import { ProxySettingError } from '../../../src/clients/aws/dispatcher.ts';
import { refusal } from '../../../src/clients/aws/failure.ts';
import { CREDENTIALS } from '../../support/cloudwatch-server.ts';

const CONTEXT = { endpoint: 'https://monitoring.test/', credentials: CREDENTIALS, cutOff: false };

const coded = (code: string, extra: object = {}): Error =>
  Object.assign(new Error('some text'), { code }, extra);

describe('refusal', () => {
  it.each([
    ['ECONNREFUSED', 'network', 'refused', false],
    ['UND_ERR_CONNECT_TIMEOUT', 'network', 'connect-timeout', false],
    ['ENOTFOUND', 'network', 'unroutable', false],
    ['EAI_AGAIN', 'network', 'unroutable', false],
    ['ENETUNREACH', 'network', 'unroutable', false],
    ['EHOSTUNREACH', 'network', 'unroutable', false],
    ['ECONNRESET', 'network', 'reset', true],
    ['UND_ERR_SOCKET', 'network', 'reset', true],
    ['UND_ERR_BODY_TIMEOUT', 'network', 'response-timeout', true],
    ['HPE_INVALID_CONSTANT', 'answer', 'malformed', true],
    ['CERT_HAS_EXPIRED', 'network', 'CERT_HAS_EXPIRED', false],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'network', 'SELF_SIGNED_CERT_IN_CHAIN', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'network', 'ERR_TLS_CERT_ALTNAME_INVALID', false],
    ['ESOMETHINGNEW', 'network', 'reset', true],
  ])('%s is %s, %s', (code, reason, kind, mayHaveArrived) => {
    const found = refusal(coded(code), CONTEXT);
    expect(found).toMatchObject({ reason, code: kind, mayHaveArrived });
    expect(found.detail).toMatch(/monitoring\.test/);
    expect(found.detail).not.toContain('some text');
  });

  it.each([
    ['in a cause', new Error('outer', { cause: coded('ECONNREFUSED') })],
    ['in the first of several attempts', new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')])],
  ])('finds a code %s', (_name, error) => {
    expect(refusal(error, CONTEXT)).toMatchObject({ code: 'refused' });
  });

  it('does not follow causes for ever', () => {
    const error = new Error('round');
    error.cause = error;
    expect(refusal(error, CONTEXT)).toMatchObject({ reason: 'answer', code: 'crashed' });
  });

  it.each([
    ['our time-out', new DOMException('late', 'TimeoutError'), true],
    ['the deadline', new DOMException('stop', 'AbortError'), true],
    ["the SDK's own word for it", Object.assign(new Error('x'), { name: 'AbortError' }), true],
    ['a broken-off answer', coded('UND_ERR_ABORTED', { $metadata: { httpStatusCode: 200 } }), true],
  ])('reads %s as no answer in time', (_name, error, cutOff) => {
    expect(refusal(error, { ...CONTEXT, cutOff })).toMatchObject({
      reason: 'network',
      code: 'response-timeout',
      mayHaveArrived: true,
    });
  });

  it('tells what is wrong with a proxy variable', () => {
    expect(refusal(new ProxySettingError('the variable X cannot be used'), CONTEXT)).toMatchObject({
      reason: 'proxy',
      detail: 'the variable X cannot be used',
    });
  });

  it.each([
    ['our secret', 'wJalrXUtnFEMIxKxMDENG'],
    ['a key id', 'AKIAIOSFODNN7EXAMPLE'],
  ])('shows no code that is %s', (_name, name) => {
    const credentials = { ...CREDENTIALS, secretAccessKey: 'wJalrXUtnFEMIxKxMDENG' };
    const error = { $metadata: { httpStatusCode: 400 }, name, message: 'no' };
    const found = refusal(error, { ...CONTEXT, credentials });
    expect(found.code).toBe('http-status');
    expect(JSON.stringify(found)).not.toContain(name);
  });

  it.each([
    ['no object', null],
    ['a text', 'boom'],
    ['hostile fields', { $metadata: { httpStatusCode: '500' }, name: 5, message: {}, Error: { Code: [] } }],
    ['a hostile code', { $metadata: { httpStatusCode: 400 }, name: 'x\u001b[31m', message: 'm' }],
  ])('survives %s', (_name, error) => {
    const found = refusal(error, CONTEXT);
    expect(found.reason).toBe('answer');
    expect(JSON.stringify(found)).not.toContain('u001b');
  });
});
