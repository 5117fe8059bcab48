// Telemetry on disk: kept line by line, sent in order, adopted once, buried with the Collector's words.
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Answer, OtlpTarget } from '../../../src/collector/contract.ts';
import { parseLetter } from '../../../src/outbox/folder/dead-letters.ts';
import { Counters } from '../../../src/outbox/delivery/counters.ts';
import { NodeDisk } from '../../../src/outbox/machine/node-system.ts';
import { countRecords } from '../../../src/outbox/telemetry/spill-folder.ts';
import { SpillLog } from '../../../src/outbox/telemetry/spill-log.ts';
import { TelemetryHost } from '../../../src/outbox/telemetry/telemetry-host.ts';
import type { TelemetryReply, TelemetrySettings } from '../../../src/outbox/telemetry/telemetry-messages.ts';
import { TelemetryOutbox } from '../../../src/outbox/telemetry/telemetry-outbox.ts';
import { fakeSystem, settle } from '../fake-system.ts';
import type { FakeSystem } from '../fake-system.ts';
import { tempFolder } from '../temp-folder.ts';

const SENT: Answer = { status: 'sent', rejectedCount: 0, message: '' };
const AWAY: Answer = { status: 'away', reason: 'connect ECONNREFUSED', isAnswered: false, retryAfterMs: undefined };
const DEAD = { pid: 2 ** 22 + 1, processStart: (): string => '1' };
const target = (signal: string): OtlpTarget => ({ url: `http://c/v1/${signal}`, headers: {}, timeoutMs: 1_000 });
const TARGETS = { traces: target('traces'), logs: target('logs') };

const logsLine = (...bodies: string[]): string =>
  JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: bodies.map((body) => ({ body })) }] }] });
const spansLine = (...names: string[]): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: names.map((name) => ({ name })) }] }] });

interface Running {
  readonly host: TelemetryHost;
  readonly system: FakeSystem;
  readonly counters: Counters;
  readonly sent: string[];
  readonly replies: TelemetryReply[];
}

function startHost(
  directory: string,
  answers: readonly Answer[],
  settings: Partial<TelemetrySettings> = {},
  system: FakeSystem = fakeSystem(),
): Running {
  const counters = new Counters();
  const sent: string[] = [];
  const replies: TelemetryReply[] = [];
  const left = [...answers];
  const host = new TelemetryHost({
    settings: {
      directory,
      folderName: undefined,
      targets: TARGETS,
      isInline: false,
      ...settings,
      counters: counters.buffer,
    },
    system,
    post: (reply) => replies.push(reply),
    send: async (signal, { body }) => {
      sent.push(`${signal} ${Buffer.from(body).toString()}`);
      return left.shift() ?? SENT;
    },
  });
  return { host, system, counters, sent, replies };
}

/** A folder as a dead process leaves it. */
function leave(directory: string, ...lines: string[]): SpillLog {
  const log = new SpillLog({ system: fakeSystem({ machine: DEAD }), directory });
  for (const line of lines) expect(log.append(line)).toBeUndefined();
  return log;
}

const folders = (directory: string): string[] => readdirSync(directory).filter((name) => !name.startsWith('.'));

describe('a spill log', () => {
  it('makes nothing before the first line, and then keeps lines that a reader of OTLP-JSON knows', () => {
    const directory = join(tempFolder(), 'telemetry');
    const log = new SpillLog({ system: fakeSystem(), directory });
    expect([existsSync(directory), log.paths]).toEqual([false, undefined]);
    log.append(logsLine('é', 'b'));
    const text = readFileSync(join(log.paths?.root ?? '', 'journal-000001.log'), 'utf8');
    expect(text.split('\n').filter((line) => line.startsWith('{'))).toEqual([logsLine('é', 'b')]);
    expect(readFileSync(log.paths?.header ?? '', 'utf8')).not.toContain('http');
  });

  it('goes to a new segment behind a write that was cut short, and says why where that fails too', async () => {
    let cuts = 1;
    class CuttingDisk extends NodeDisk {
      override write(descriptor: number, bytes: Uint8Array): number {
        if (cuts-- > 0) return super.write(descriptor, bytes.subarray(0, 20));
        return super.write(descriptor, bytes);
      }
    }
    const directory = tempFolder();
    const log = new SpillLog({ system: fakeSystem({ disk: new CuttingDisk(), machine: DEAD }), directory });
    expect(log.append(logsLine('a'))).toBeUndefined();
    cuts = 2;
    expect(log.append(logsLine('b'))).toMatch(/only 20 of \d+ bytes/);
    cuts = 0;
    expect(log.append(logsLine('c'))).toBeUndefined();
    expect(log.lastSequence).toBe(2);
    const { host, sent, system } = startHost(directory, []);
    host.start();
    await system.clock.runUntil(() => folders(directory).length === 0);
    expect(sent).toEqual([`logs ${logsLine('a')}`, `logs ${logsLine('c')}`]);
  });

  it('takes no more once all of a directory is as large as it may be', () => {
    const directory = tempFolder();
    leave(directory, logsLine('x'.repeat(500)));
    const log = new SpillLog({ system: fakeSystem(), directory, maxBytes: 400 });
    expect(log.append(logsLine('a'))).toContain('takes no more');
    expect(log.paths).toBeUndefined();
  });
});

describe('the sender', () => {
  it('sends what a dead process left, in order, each signal to its door, and removes the folder', async () => {
    const directory = tempFolder();
    leave(directory, spansLine('a'), logsLine('b'), spansLine('c'));
    const { host, system, sent } = startHost(directory, []);
    host.start();
    await system.clock.runUntil(() => folders(directory).length === 0);
    expect(sent).toEqual([`traces ${spansLine('a')}`, `logs ${logsLine('b')}`, `traces ${spansLine('c')}`]);
  });

  it('leaves what a living process writes to that process', async () => {
    const directory = tempFolder();
    const log = new SpillLog({ system: fakeSystem({ machine: { pid: process.ppid } }), directory });
    log.append(logsLine('a'));
    const { host, system, sent } = startHost(directory, []);
    host.start();
    await system.clock.runUntil(() => system.clock.monotonicMs() > 100_000, 1_000);
    expect([sent, folders(directory)]).toEqual([[], [log.paths?.name]]);
  });

  it('sends a folder once where two look for it at the same time', async () => {
    const directory = tempFolder();
    leave(directory, logsLine('a'), logsLine('b'));
    const [first, second] = [startHost(directory, []), startHost(directory, [])];
    first.host.start();
    second.host.start();
    await first.system.clock.runUntil(() => folders(directory).length === 0);
    await second.system.clock.runUntil(() => second.system.clock.monotonicMs() > 5_000, 500);
    expect([...first.sent, ...second.sent]).toEqual([`logs ${logsLine('a')}`, `logs ${logsLine('b')}`]);
  });

  it('adopts nothing where it could send only one of the signals', async () => {
    const directory = tempFolder();
    leave(directory, logsLine('a'));
    const { host, system, sent } = startHost(directory, [], { targets: { logs: TARGETS.logs } });
    host.start();
    await system.clock.runUntil(() => system.clock.monotonicMs() > 5_000, 500);
    expect([sent, folders(directory).length]).toEqual([[], 1]);
  });

  it('tries again, later and later, and not before the Collector wants it; new lines change nothing in that', async () => {
    const directory = tempFolder();
    leave(directory, logsLine('a'));
    const busy: Answer = { status: 'away', reason: 'HTTP 503', isAnswered: true, retryAfterMs: 20_000 };
    const { host, system, sent, replies } = startHost(directory, [AWAY, AWAY, busy]);
    host.start();
    await system.clock.runUntil(() => sent.length === 3);
    expect(system.clock.monotonicMs()).toBeLessThanOrEqual(1_000 + 500 + 1_000 + 100);
    const askedMs = system.clock.monotonicMs();
    host.wake();
    await system.clock.runUntil(() => sent.length === 4, 500);
    expect(system.clock.monotonicMs() - askedMs).toBeGreaterThanOrEqual(19_000);
    expect(replies.filter(({ kind }) => kind === 'warning')).toEqual([
      { kind: 'warning', message: expect.stringContaining('ECONNREFUSED') },
    ]);
  });

  it('is quick where somebody waits', async () => {
    const directory = tempFolder();
    leave(directory, logsLine('a'));
    const { host, system, sent } = startHost(directory, [{ status: 'refused', reason: 'HTTP 401', httpStatus: 401 }]);
    host.start();
    await settle();
    expect(sent).toHaveLength(1);
    host.receive({ kind: 'hurry' });
    await settle();
    expect(sent).toHaveLength(2);
    expect(system.clock.monotonicMs()).toBe(1_000);
  });

  it('buries what is refused for good, and what was refused of a batch that was taken', async () => {
    const directory = tempFolder();
    leave(directory, logsLine('a', 'b'), spansLine('c', 'd', 'e'), logsLine('f'));
    const { host, system } = startHost(directory, [
      { status: 'rejected', reason: 'HTTP 400: no such tenant', httpStatus: 400 },
      { status: 'sent', rejectedCount: 2, message: 'too old' },
    ]);
    host.start();
    await system.clock.runUntil(() => folders(directory).join() === 'dead-letters');
    const [name = ''] = readdirSync(join(directory, 'dead-letters')).filter((each) => each.endsWith('.jsonl'));
    const letters = readFileSync(join(directory, 'dead-letters', name), 'utf8')
      .trim()
      .split('\n');
    expect(letters.map((line) => parseLetter(line))).toEqual([
      {
        sequence: 1,
        count: 2,
        reason: 'HTTP 400: no such tenant',
        status: 400,
        record: JSON.parse(logsLine('a', 'b')),
      },
      { sequence: 2, count: 2, reason: 'too old', status: 200 },
    ]);
  });

  it('says what a cut-off write left, and goes on', async () => {
    const directory = tempFolder();
    const log = leave(directory, logsLine('a'));
    appendFileSync(join(log.paths?.root ?? '', 'journal-000001.log'), '#RSJ1 00000000');
    const { host, system, sent, replies } = startHost(directory, []);
    host.start();
    await system.clock.runUntil(() => folders(directory).length === 0);
    expect(sent).toEqual([`logs ${logsLine('a')}`]);
    expect(replies).toContainEqual({ kind: 'warning', message: expect.stringContaining('14 bytes') });
  });

  it('in an exit ends at once where nobody answers, and leaves the rest to the next one', async () => {
    const directory = tempFolder();
    const log = new SpillLog({ system: fakeSystem(), directory });
    log.append(logsLine('a'));
    log.append(logsLine('b'));
    const first = startHost(directory, [SENT, AWAY], { folderName: log.paths?.name });
    first.counters.accepted = 2;
    first.counters.requestExit();
    first.host.start();
    await settle();
    expect([first.counters.waitUntilDone(0), first.counters.settled]).toEqual([true, 1]);
    const second = startHost(directory, []);
    second.host.start();
    await second.system.clock.runUntil(() => folders(directory).length === 0);
    expect(second.sent).toEqual([`logs ${logsLine('b')}`]);
  });

  it('in an exit asks a Collector that answers again, until it takes it', async () => {
    const directory = tempFolder();
    const log = new SpillLog({ system: fakeSystem(), directory });
    log.append(logsLine('a'));
    const busy: Answer = { status: 'away', reason: 'HTTP 503', isAnswered: true, retryAfterMs: undefined };
    const { host, system, sent, counters } = startHost(directory, [busy, busy], { folderName: log.paths?.name });
    counters.accepted = 1;
    counters.requestExit();
    host.start();
    await system.clock.runUntil(() => counters.waitUntilDone(0));
    expect([sent.length, folders(directory)]).toEqual([3, []]);
  });

  it('tells when its folder is taken away', async () => {
    const directory = tempFolder();
    const log = new SpillLog({ system: fakeSystem(), directory });
    log.append(logsLine('a'));
    const { host, system, counters, replies } = startHost(directory, [], { folderName: log.paths?.name });
    host.start();
    await settle();
    new NodeDisk().removeFolder(log.paths?.root ?? '');
    counters.accepted = 2;
    await system.clock.runUntil(() => replies.some(({ kind }) => kind === 'folder-lost'));
  });
});

describe('a telemetry outbox', () => {
  it('sends from its thread, counts, and says of what is left once', async () => {
    const directory = tempFolder();
    const warnings: string[] = [];
    const targets = {
      traces: { ...TARGETS.traces, url: 'http://127.0.0.1:9/' },
      logs: { ...TARGETS.logs, url: 'http://127.0.0.1:9/' },
    };
    const outbox = new TelemetryOutbox({ directory, targets, onWarning: (message) => warnings.push(message) });
    expect(await outbox.flush()).toBe(true);
    expect(outbox.spill(logsLine('a', 'b'), 2)).toBe(true);
    expect(await outbox.flush()).toBe(false);
    expect(outbox.counts).toEqual({ spilledCount: 2, sentCount: 0, refusedCount: 0, lostCount: 0, leftCount: 2 });
    expect(outbox.describeWhatIsLeft()).toContain(
      `2 spans and log records did not reach the Collector and are kept in ${directory}`,
    );
    expect(outbox.describeWhatIsLeft()).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('ECONNREFUSED')]);
    outbox.beginExit();
    outbox.waitInExit(5_000);
    expect(folders(join(directory, 'telemetry'))).toHaveLength(1);
  });

  it('goes on from the job’s own thread where there is no file for a worker', async () => {
    const directory = tempFolder();
    const onWarning = (): void => undefined;
    const workerUrl = new URL('file:///nowhere/worker.js');
    const outbox = new TelemetryOutbox({ directory, targets: {}, onWarning }, { workerUrl });
    outbox.spill(logsLine('a'), 1);
    expect(await outbox.flush()).toBe(false);
    outbox.beginExit();
    outbox.waitInExit(0);
  });

  it('says once that the disk takes nothing, and takes no line for kept', () => {
    const directory = tempFolder();
    mkdirSync(join(directory, 'telemetry'), { mode: 0o700 });
    class FullDisk extends NodeDisk {
      override write(): number {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      }
    }
    const warnings: string[] = [];
    const outbox = new TelemetryOutbox(
      { directory, targets: TARGETS, onWarning: (message) => warnings.push(message) },
      { system: fakeSystem({ disk: new FullDisk() }) },
    );
    expect([outbox.spill(logsLine('a'), 1), outbox.spill(logsLine('b'), 1)]).toEqual([false, false]);
    expect(outbox.counts).toMatchObject({ spilledCount: 0, leftCount: 0 });
    expect(warnings).toEqual([expect.stringContaining('ENOSPC')]);
  });
});

it('counts the records of a line, whatever it holds', () => {
  expect([spansLine('a', 'b'), logsLine('c'), '{}'].map(countRecords)).toEqual([2, 1, 0]);
});
