import { describe, expect, test } from 'vitest';
import { toDataset } from '../../src/runs/dataset.ts';

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
    expect([dataset.name.length, dataset.digest.length]).toEqual([500, 36]);
  });

  test('writes schema and profile as JSON', () => {
    const dataset = toDataset({ name: 'd', source: 'a', schema: { mlflow_colspec: [] }, profile: { num_rows: 3 } });
    expect([dataset.schema, dataset.profile]).toEqual(['{"mlflow_colspec":[]}', '{"num_rows":3}']);
  });
});
