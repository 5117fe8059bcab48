// What is made of everything a server, or a proxy before it, can answer.
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MlflowError } from '../../../src/errors.ts';
import { RestApi } from '../../../src/rest/api.ts';
import { explainAnswer } from '../../../src/rest/wire/answer-text.ts';
import type { ConnectionOptions } from '../../../src/rest/transport/connection.ts';
import { ENDPOINTS } from '../../../src/rest/endpoints/endpoints.ts';
import { answerError, noAnswerError } from '../../../src/rest/transport/errors.ts';
import { fakePace } from '../fake-pace.ts';
import { json, startServer, text, type Answer } from '../scripted-server.ts';
import { cpuMsOf } from '../../cpu-time.ts';

/** The error of one read that is answered so. */
async function refusal(answer: Answer, connection: ConnectionOptions = {}): Promise<MlflowError> {
  const server = await startServer(answer);
  const api = new RestApi(server.url, connection, { pace: fakePace() });
  onTestFinished(() => api.close());
  const error = await api.call(ENDPOINTS.getRun, 'r1').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(MlflowError);
  return error as MlflowError; // just asserted
}

const html = (title: string): string =>
  `<!doctype html><html><head><style>b{}</style><title>${title}</title></head><body><h1>${title}</h1></body></html>`;

describe('an answer that refuses', () => {
  it.each<[string, Answer, Partial<MlflowError>, RegExp]>([
    [
      "MLflow's JSON",
      json({ error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'Run with id=r1 not found', sqlstate: 'KAM00' }, 404),
      { errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404, isRetryable: false },
      /^Run with id=r1 not found \(GET runs\/get on http:\S+ answered 404 RESOURCE_DOES_NOT_EXIST\)$/,
    ],
    [
      'RESOURCE_ALREADY_EXISTS, which is 400',
      json({ error_code: 'RESOURCE_ALREADY_EXISTS', message: 'Experiment(name=a) already exists' }, 400),
      { errorCode: 'RESOURCE_ALREADY_EXISTS', status: 400, isRetryable: false },
      /already exists/,
    ],
    [
      'a locked database',
      json({ error_code: 'TEMPORARILY_UNAVAILABLE', message: 'database is locked' }, 503),
      { errorCode: 'TEMPORARILY_UNAVAILABLE', status: 503, isRetryable: true },
      /database is locked/,
    ],
    [
      'an artifact proxy that is switched off, which no retry mends',
      text('Endpoint: /x disabled due to the mlflow server running with `--no-serve-artifacts`. To enable it, …', 503),
      { errorCode: 'TEMPORARILY_UNAVAILABLE', status: 503, isRetryable: false },
      /--no-serve-artifacts/,
    ],
    [
      "a web server's HTML 500",
      text(html('Internal Server Error'), 500),
      { errorCode: 'INTERNAL_ERROR', isRetryable: true },
      /^Internal Server Error Internal Server Error \(/,
    ],
    [
      "a proxy's HTML 502",
      text(html('Bad Gateway'), 502),
      { errorCode: 'TEMPORARILY_UNAVAILABLE', isRetryable: true },
      /Bad Gateway/,
    ],
    [
      'HTML 404: no MLflow there',
      text(html('Not Found'), 404),
      { errorCode: 'ENDPOINT_NOT_FOUND', isRetryable: false },
      /MLFLOW_TRACKING_URI is the address of an MLflow server, its path included/,
    ],
    ['nothing at all', text('', 404), { errorCode: 'ENDPOINT_NOT_FOUND' }, /^No reason given/],
    [
      "FastAPI's detail",
      json({ detail: 'Artifact path refers to a directory' }, 400),
      { errorCode: 'BAD_REQUEST' },
      /^Artifact path refers to a directory \(/,
    ],
    [
      "FastAPI's list of details",
      json({ detail: [{ loc: ['header', 'x'], msg: 'field required' }, { a: 1 }] }, 422),
      { errorCode: 'INTERNAL_ERROR', isRetryable: false },
      /^field required; \{"a":1\} \(/,
    ],
    ["FastAPI's odd detail", json({ detail: { why: 'x' } }, 400), {}, /^\{"why":"x"\}/],
    [
      'a code without a message',
      json({ error_code: 'INVALID_STATE' }, 500),
      { errorCode: 'INVALID_STATE' },
      /^No reason given/,
    ],
    ["another service's JSON", json({ error: 'nope' }, 400), { errorCode: 'BAD_REQUEST' }, /^\{"error":"nope"\}/],
    ['half a JSON', text('{"error_code": "INV', 400), { errorCode: 'BAD_REQUEST' }, /\{"error_code": "INV/],
    [
      'too many requests',
      text('slow down', 429),
      { errorCode: 'REQUEST_LIMIT_EXCEEDED', isRetryable: true },
      /slow down/,
    ],
    ['a body too large for a proxy', text(html('413'), 413), { isRetryable: false }, /raise its limit/],
    ["a proxy's 407", text('', 407), { isRetryable: false }, /user and password into the URL of HTTP_PROXY:/],
    ['not implemented', json({ error_code: 'NOT_IMPLEMENTED', message: 'no' }, 501), { isRetryable: false }, /^no/],
  ])('is understood: %s', async (_, answer, fields, message) => {
    const error = await refusal(answer);
    expect(error).toMatchObject({ code: 'MLFLOW_ERROR', isAmbiguous: false, ...fields });
    expect(error.message).toMatch(message);
  });

  it('401 names what to set, and what to check where it was set', async () => {
    const answer = text('You are not authenticated', 401, { 'www-authenticate': 'Basic realm="mlflow"' });
    const without = await refusal(answer);
    expect(without).toMatchObject({ errorCode: 'UNAUTHENTICATED', status: 401, isRetryable: false });
    expect(without.message).toMatch(
      /Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN/,
    );
    const wrong = await refusal(answer, { username: 'ada', password: 'hunter2' });
    expect(wrong.message).toMatch(/refused: check MLFLOW_TRACKING_USERNAME/);
    expect(wrong.message).not.toContain('hunter2');
  });

  it('403 of the host check names the option of the server and the host to allow', async () => {
    const error = await refusal(text('Invalid Host header - possible DNS rebinding attack detected', 403));
    expect(error).toMatchObject({ errorCode: 'PERMISSION_DENIED', status: 403, isRetryable: false });
    expect(error.message).toMatch(/--allowed-hosts 127\.0\.0\.1:\d+ \(MLFLOW_SERVER_ALLOWED_HOSTS\)/);
  });

  it('403 of the origin check names the option of the server: we send no Origin, so somebody between adds it', async () => {
    const error = await refusal(text('Cross-origin request blocked', 403));
    expect(error).toMatchObject({ errorCode: 'PERMISSION_DENIED', status: 403, isRetryable: false });
    expect(error.message).toMatch(/proxy before the server adds an Origin.*--cors-allowed-origins/);
  });

  it('403 of a permission names the user', async () => {
    expect((await refusal(text('Permission denied', 403))).message).toMatch(
      /^Permission denied .*MLFLOW_TRACKING_USERNAME/,
    );
  });

  it('carries Retry-After', async () => {
    expect(await refusal(text('', 503, { 'retry-after': '120' }))).toMatchObject({ retryAfterMs: 120_000 });
    expect((await refusal(text('', 503))).retryAfterMs).toBeUndefined();
  });
});

describe('an answer with 200 that MLflow would not give', () => {
  it.each<[string, Answer, RegExp]>([
    ['a login page', text(html('Sign in'), 200, { 'content-type': 'text/html' }), /not JSON: 'Sign in Sign in'/],
    ['nothing', text(''), /an empty body/],
    ['nothing, with 204', text('', 204), /answered 204 with an empty body/],
    ['half a body', text('{"run": {"info'), /not JSON/],
    ['a bare NaN', text('{"run": NaN}'), /not JSON/],
    ["another service's JSON", json({ ok: true }), /JSON of another shape/],
    ['a list', json([]), /JSON of another shape/],
    ['a run without an id', json({ run: { info: {} } }), /JSON of another shape/],
  ])('is retryable and says what came: %s', async (_, answer, message) => {
    const error = await refusal(answer);
    expect(error).toMatchObject({ errorCode: 'INTERNAL_ERROR', isRetryable: true });
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/MLFLOW_TRACKING_URI/);
  });
});

describe('a message', () => {
  const context = {
    what: 'POST x',
    uri: 'http://h',
    effect: 'once',
    secrets: ['hunter2'],
    hasCredentials: true,
  } as const;

  it('shows no secret, no control character, and no more than about 500 characters of a body', () => {
    const body = `\u001b[31mat postgresql://mlflow:pgpass@db/x\nwith hunter2 ${'x'.repeat(5000)}`;
    const { message } = answerError({ status: 500, headers: {}, text: body }, context, 0);
    expect(message).not.toMatch(/hunter2|pgpass|\p{Cc}/u);
    expect(message.length).toBeLessThan(600);
  });

  it('holds whatever the body is: no throw, no secret, bounded', () => {
    const piece = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constant('hunter2'), fc.constant('<p>'));
    fc.assert(
      fc.property(
        fc.array(piece).map((all) => all.join('')),
        fc.integer({ min: 400, max: 599 }),
        (body, status) => {
          const error = answerError({ status, headers: {}, text: body }, context, 0);
          expect(error.message).not.toContain('hunter2');
          expect(error.message.length).toBeLessThan(1000);
          expect(error.errorCode).not.toBe('');
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is quick on a huge page', () => {
    const page = `<${'<a '.repeat(100_000)}`;
    expect(cpuMsOf(() => void explainAnswer(page))).toBeLessThan(500);
  });

  it.each([
    ['ENOTFOUND', /host not found/],
    ['UND_ERR_CONNECT_TIMEOUT', /no connection/],
    ['EHOSTUNREACH', /no connection/],
    ['CERT_HAS_EXPIRED', /TLS certificate refused/],
    ['EPROTO', /no TLS spoken/],
    ['UND_ERR_SOCKET', /connection lost/],
  ])('says what %s means', (code, message) => {
    const cause = Object.assign(new Error('low-level'), { code });
    expect(noAnswerError({ cause, wasSent: false }, context).message).toMatch(message);
  });

  it('finds the code within an error of several addresses, and within a cause', () => {
    const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    expect(noAnswerError({ cause: new AggregateError([refused]), wasSent: false }, context).message).toMatch(/refused/);
    expect(noAnswerError({ cause: new Error('x', { cause: refused }), wasSent: false }, context).message).toMatch(
      /refused/,
    );
    expect(noAnswerError({ cause: 'odd', wasSent: true }, context).message).toMatch(/connection lost: odd/);
  });
});
