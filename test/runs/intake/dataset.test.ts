import { describe, expect, test } from 'vitest';
import type { Dataset } from '../../../src/model/entities.ts';
import { createRedactor } from '../../../src/model/redact.ts';
import * as dataset from '../../../src/runs/intake/dataset.ts';

let said: string[] = [];

function toDataset(given: unknown): Dataset {
  said = [];
  const entity = dataset.toDataset(given, {
    redactText: (text) => createRedactor().redactText(text),
    refuse: (message) => said.push(message),
    mend: (message) => said.push(message),
  });
  if (entity === undefined) throw new Error(`refused: ${said.join()}`);
  return entity;
}

describe('toDataset', () => {
  test.each([
    ['data/a.csv', 'local', '{"uri":"data/a.csv"}'],
    ['file:///data/a.csv', 'local', '{"uri":"file:///data/a.csv"}'],
    ['https://host/a.csv', 'http', '{"url":"https://host/a.csv"}'],
    ['s3://bucket/a.csv', 's3', '{"uri":"s3://bucket/a.csv"}'],
  ])('takes the source type of %s from its scheme', (source, sourceType, json) => {
    expect(toDataset({ name: 'd', source })).toMatchObject({ sourceType, source: json });
  });

  test('makes the same digest of the same data set and another of another', () => {
    const digest = toDataset({ name: 'd', source: 'a' }).digest;
    expect(digest).toMatch(/^[0-9a-f]{8}$/);
    expect(toDataset({ name: 'd', source: 'a' }).digest).toBe(digest);
    expect(toDataset({ name: 'd', source: 'b' }).digest).not.toBe(digest);
  });

  test('keeps name and digest within the limits of MLflow', () => {
    const dataset = toDataset({ name: 'n'.repeat(900), source: 'a', digest: 'd'.repeat(90) });
    expect([dataset.name.length, dataset.digest.length, said.length]).toEqual([500, 36, 2]);
    const long = toDataset({ name: 'd', source: 'a', schema: { long: 'x'.repeat(1_048_576) } });
    expect([long.schema, said]).toEqual([undefined, [expect.stringContaining('was left out')]]);
  });

  test.each([null, undefined, 5, {}, { name: 'd' }, { name: '', source: 'a' }, { name: 'd', source: 5 }])(
    'refuses %j, which has no name or source',
    (given) => {
      expect(() => toDataset(given)).toThrow('it needs a name and a source');
    },
  );

  test('says schema and profile of any values, and masks what is secret in every field', () => {
    const circular: Record<string, unknown> = { rows: 1n };
    circular['self'] = circular;
    const entity = toDataset({
      name: 'x://u:hunter2@h',
      source: new URL('http://u:hunter2@h/d?token=hunter2'),
      schema: { password: 'hunter2' },
      profile: circular,
    });
    expect(JSON.stringify(entity)).not.toContain('hunter2');
    expect(entity.profile).toBe('{"rows":"1","self":"[Circular]"}');
    expect(said).toEqual([expect.stringContaining('profile')]);
  });

  test('writes schema and profile as JSON', () => {
    const dataset = toDataset({ name: 'd', source: 'a', schema: { mlflow_colspec: [] }, profile: { num_rows: 3 } });
    expect([dataset.schema, dataset.profile]).toEqual(['{"mlflow_colspec":[]}', '{"num_rows":3}']);
  });
});
