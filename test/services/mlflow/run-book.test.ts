// What a service remembers of its runs and of the destination.
import { expect, test } from 'vitest';
import { RunBook } from '../../../src/services/mlflow/run-book.ts';
import { openTestRun } from '../../runs/test-run.ts';

function openBook(): { readonly book: RunBook; readonly warnings: string[] } {
  const warnings: string[] = [];
  return { book: new RunBook({ warn: (message) => warnings.push(message), makeRunUrl: () => undefined }), warnings };
}

/** Longer than any test may take: who waits this long fails by its deadline. */
const FOR_EVER_MS = 1e6;

test('after one wait in vain nobody waits again until the destination has answered', async () => {
  const { book } = openBook();
  await book.awaitAnswer(openTestRun().run, 1);
  for (let index = 0; index < 100; index++) await book.awaitAnswer(openTestRun().run, FOR_EVER_MS);
  book.noteAnswer(true);
  const { run } = openTestRun();
  let hasCome = false;
  const waiting = book.awaitAnswer(run, FOR_EVER_MS).then(() => (hasCome = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasCome).toBe(false);
  run.setCreated({ runId: 'r', experimentId: '1' });
  await waiting;
  expect(hasCome).toBe(true);
});

test('counts mends by reason beside refusals, adds what the outbox refused, and says each kind once', () => {
  const { book, warnings } = openBook();
  for (let index = 0; index < 3; index++) book.mend('step', `mended ${index}`);
  book.refuse('spool', 'refused');
  book.refuse('invalid', 'no number');
  const stats = {
    accepted: 0,
    delivered: 0,
    pending: 0,
    deadLettered: 0,
    runs: {},
    durability: 'os',
    directory: '',
    drainDeaths: 0,
  } as const;
  expect(book.addTo({ ...stats, refused: { spool: 2 } })).toMatchObject({
    mended: { step: 3 },
    refused: { spool: 3, invalid: 1 },
  });
  expect(warnings).toEqual(['mended 0', 'refused', 'no number']);
});
