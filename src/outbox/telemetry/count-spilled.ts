// What waits on disk for a Collector, looked at without touching it.
import path from 'node:path';
import { DEAD_LETTERS_FOLDER, folderPaths, readHeader, TELEMETRY_FOLDER } from '../folder/folder.ts';
import { FolderState } from '../folder/state.ts';
import { SegmentReader } from '../journal/segment-reader.ts';
import type { System } from '../machine/system.ts';
import { countRecords } from './spill-folder.ts';

/**
 * Counts the spans and log records of every process that no Collector has taken.
 *
 * @param directory RUNSPAN_DIR
 * @example
 * countSpilled(nodeSystem(), '/work/.runspan'); // 4
 */
export function countSpilled(system: System, directory: string): number {
  const root = path.join(directory, TELEMETRY_FOLDER);
  let count = 0;
  for (const name of system.disk.list(root)) {
    if (name.startsWith('.') || name === DEAD_LETTERS_FOLDER) continue;
    const paths = folderPaths(root, name);
    if (readHeader(system, paths) === undefined) continue;
    const { settledThrough } = new FolderState(system.disk, paths);
    const reader = new SegmentReader({ disk: system.disk, folder: paths.root, isLive: false });
    try {
      for (let step = reader.next(); step.kind !== 'end'; step = reader.next()) {
        if (step.kind !== 'frame') continue;
        const { firstSequence, lines } = step.frame;
        const waiting = lines.slice(Math.max(0, settledThrough - firstSequence + 1));
        for (const line of waiting) count += countRecords(line);
      }
    } finally {
      reader.close();
    }
  }
  return count;
}
