import { exec, execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findNotifier } from '../../../src/services/alerts/notifier.ts';
import type { NodeNotifier, Notifier } from '../../../src/services/alerts/notifier.ts';

const NOTIFICATION = { title: '-t', message: 'm'.repeat(2000), appName: 'churn', timeout: undefined };

function find(platform: NodeJS.Platform, nodeNotifier: NodeNotifier): Notifier {
  const notifier = findNotifier({ platform, path: '', load: () => nodeNotifier });
  if (notifier === undefined) throw new Error('there is none');
  return notifier;
}

/** A process that was ended stays as a zombie where nobody buries it. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z');
  } catch {
    return false; // it is gone
  }
}

describe('findNotifier', () => {
  it('finds none on a Linux machine without notify-send', () => {
    expect(findNotifier({ platform: 'linux', path: '/nowhere:/neither' })).toBeUndefined();
  });

  it.each<[NodeJS.Platform, Record<string, unknown>]>([
    ['darwin', { title: '-t', subtitle: 'churn' }],
    ['win32', { title: '-t', appName: 'churn' }],
    ['freebsd', { title: '\u2011t', 'app-name': 'churn' }],
  ])("speaks %s's own words, and cuts long messages", (platform, words) => {
    const options: unknown[] = [];
    find(platform, { notify: (given) => options.push(given) }).show(NOTIFICATION, () => undefined);
    expect(options).toEqual([{ ...words, message: 'm'.repeat(1000) }]);
  });

  it('lets what the notifier throws through', () => {
    const notifier = find('darwin', {
      notify: () => {
        throw new Error('no');
      },
    });
    expect(() => notifier.show(NOTIFICATION, () => undefined)).toThrow('no');
  });

  it('holds neither children nor servers, also those that are started later, and leaves those of others alone', async () => {
    let server: Server | undefined;
    const refs = (): string[] =>
      process
        .getActiveResourcesInfo()
        .filter((name) => /Process|TCPServer|Pipe/.test(name))
        .toSorted();
    const before = refs();
    let end = (): void => undefined;
    await new Promise<ReturnType<typeof execFile>>((resolve) => {
      const notify: NodeNotifier['notify'] = () => {
        server = createServer().listen(0, '127.0.0.1', () => resolve(execFile('sleep', ['20'])));
      };
      end = find('win32', { notify }).show(NOTIFICATION, () => undefined);
    });
    await Promise.resolve();
    expect(refs()).toEqual(before);
    const other = execFile('sleep', ['20']);
    expect(refs()).not.toEqual(before);
    other.kill();
    end();
    server?.close();
  });

  it.skipIf(process.platform !== 'linux')(
    'ends the children that still run, and what their shell has started',
    async () => {
      const children: ReturnType<typeof exec>[] = [];
      const notifier = find('darwin', { notify: () => children.push(exec('sleep 60 & echo $!; wait')) });
      const end = notifier.show(NOTIFICATION, () => undefined);
      const [child] = children;
      const pid = await new Promise<number>((resolve) => child?.stdout?.on('data', (text) => resolve(Number(text))));
      const exited = new Promise((resolve) => child?.once('exit', (_code, signal) => resolve(signal)));
      end();
      expect(await exited).toBe('SIGKILL');
      while (isRunning(pid)) await setImmediate();
    },
  );
});
