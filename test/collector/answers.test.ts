// OTLP's rules for answers: what is sent again, what is not, and what was refused of what was taken.
import { describe, expect, test } from 'vitest';
import { readAnswer } from '../../src/collector/answers.ts';
import type { Answer } from '../../src/collector/contract.ts';

const read = (httpStatus: number, text = '', retryAfter?: string): Answer =>
  readAnswer({ httpStatus, body: Buffer.from(text), retryAfter }, 0);

describe('readAnswer', () => {
  test.each([429, 502, 503, 504])('%i may be sent again, when the server says', (status) => {
    expect(read(status, 'busy', '3')).toEqual({
      status: 'away',
      reason: `HTTP ${status}: busy`,
      isAnswered: true,
      retryAfterMs: 3_000,
    });
  });

  test.each([400, 413, 415, 422, 500, 501])('%i is refused for good, with the server’s words', (status) => {
    const text = JSON.stringify({ code: 3, message: 'no\nsuch  field', details: [] });
    expect(read(status, text)).toEqual({
      status: 'rejected',
      reason: `HTTP ${status}: no such field`,
      httpStatus: status,
    });
  });

  test.each([301, 307, 401, 403, 404])('%i speaks of URL or credentials, and costs no record', (status) => {
    expect(read(status)).toEqual({ status: 'refused', reason: `HTTP ${status}`, httpStatus: status });
  });

  test.each([
    ['', 0, ''],
    ['{}', 0, ''],
    ['{"partialSuccess":{}}', 0, ''],
    ['{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}', 2, 'too old'],
    ['{"partialSuccess":{"rejectedSpans":3}}', 3, ''],
    ['{"partialSuccess":{"rejectedSpans":"-3","errorMessage":7}}', 0, ''],
    ['{"partialSuccess":null}', 0, ''],
    ['null', 0, ''],
    ['<html>', 0, ''],
  ])('a success with %s', (text, rejectedCount, message) => {
    expect(read(200, text)).toEqual({ status: 'sent', rejectedCount, message });
  });

  test('bounds the words that it keeps', () => {
    expect(read(400, 'x'.repeat(10_000))).toMatchObject({ reason: `HTTP 400: ${'x'.repeat(500)}` });
  });
});
