// The demo's data and model: real, whole and the same on every machine.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DATA_FILE, loadData, shuffledIndexes, splitData } from '../../examples/load-data.ts';
import { buildModel, evaluate, trainEpochs } from '../../examples/model.ts';

const folder = mkdtempSync(join(tmpdir(), 'runspan-data-'));
afterAll(() => rmSync(folder, { recursive: true }));

function variant(name: string, change: (text: string) => string): string {
  const file = join(folder, name);
  writeFileSync(file, change(readFileSync(DATA_FILE, 'utf8')));
  return file;
}

describe('the data set', () => {
  it('holds the 442 patients of Efron et al. 2004', () => {
    const data = loadData();
    expect(data.inputs).toHaveLength(442);
    expect(data.inputs[0]).toEqual([59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]);
    expect(data.targets.slice(0, 3)).toEqual([151, 75, 141]);
    expect(data.targets.reduce((sum, value) => sum + value, 0) / 442).toBeCloseTo(152.1335, 4);
  });

  it('has its checksum in its README', () => {
    const readme = readFileSync(new URL('../../examples/data/README.md', import.meta.url), 'utf8');
    expect(readme).toContain(loadData().sha256);
  });

  it.each([
    ['another column', (text: string) => text.replace('bmi', 'weight'), /columns/],
    ['a missing row', (text: string) => text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1), /441 rows/],
    ['a cell that is no number', (text: string) => text.replace('32.1', 'n/a'), /:2: not 11 numbers/],
    ['an empty cell', (text: string) => text.replace('32.1', ''), /:2: not 11 numbers/],
    ['a changed value', (text: string) => text.replace('32.1', '32.2'), /checksum/],
  ])('is refused with %s', (name, change, message) => {
    expect(() => loadData(variant(`${name}.csv`, change))).toThrow(message);
  });
});

describe('the split', () => {
  it('keeps every row once and standardises by the training part', () => {
    expect(shuffledIndexes(442, 3).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 442 }, (_, index) => index));
    const { train, validation } = splitData(loadData(), { validationShare: 0.2, seed: 3 });
    expect([train.inputs.length, validation.inputs.length]).toEqual([354, 88]);
    for (let column = 0; column < 10; column++) {
      const values = train.inputs.map((row) => row[column] ?? Number.NaN);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean).toBeCloseTo(0, 10);
      expect(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length).toBeCloseTo(1, 10);
    }
  });

  it('is another one for another seed', () => {
    expect(shuffledIndexes(442, 1)).not.toEqual(shuffledIndexes(442, 2));
    expect(shuffledIndexes(442, 1)).toEqual(shuffledIndexes(442, 1));
  });
});

describe('the model', () => {
  async function train(seed: number): Promise<{ losses: number[]; r2: number }> {
    const data = splitData(loadData(), { validationShare: 0.2, seed: 7 });
    const model = buildModel({ inputCount: 10, units: 16, learningRate: 0.01, seed });
    const losses: number[] = [];

    await trainEpochs(model, data, {
      epochs: 8,
      batchSize: 32,
      seed,
      onEpoch: ({ valLoss }) => void losses.push(valLoss),
    });
    return { losses, r2: evaluate(model, data).r2 };
  }

  it('learns, and gives the same losses for the same seed', async () => {
    const first = await train(7);
    expect(first.losses).toHaveLength(8);
    expect(first.losses.at(-1)).toBeLessThan((first.losses[0] ?? 0) * 0.8);
    expect(first.r2).toBeGreaterThan(0.3);
    expect(await train(7)).toEqual(first);
    expect(await train(8)).not.toEqual(first);
  });
});
