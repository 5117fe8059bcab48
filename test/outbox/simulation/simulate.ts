// A night of histories: node test/outbox/simulation/simulate.ts [COUNT] [FIRST SEED]
import { liveThrough } from './histories.ts';

const [count = 1_000_000, firstSeed = 1] = process.argv.slice(2).map(Number);
const startMs = performance.now();
const accepted = await liveThrough(firstSeed, count, (seed) => {
  const lived = seed - firstSeed + 1;
  if (lived % 10_000 === 0) {
    const seconds = Math.round((performance.now() - startMs) / 1000);
    console.log(`${lived} of ${count} histories, ${seconds} s`);
  }
});
const seconds = (performance.now() - startMs) / 1000;
console.log(
  `${count} histories from seed ${firstSeed} ended as they must: ${accepted} accepted records, ${seconds.toFixed(1)} s.`,
);
