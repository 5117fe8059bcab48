// A disk in memory that all processes of a world share: what a power cut takes of it, and what rots.
import path from 'node:path';
import type { Choices } from './random.ts';

/** A file or a folder. */
export interface Node {
  /** Undefined for a folder. */
  bytes: Buffer | undefined;
  modifiedMs: number;
  changedMs: number;
  /** The last write to it was not taken whole. */
  isCutOff?: boolean;
  /** What is on the disk itself; undefined where that is nothing yet. */
  synced?: Buffer | undefined;
  /** What a sync that failed has dropped: no later one brings these bytes to the disk. */
  dropped?: { readonly from: number; readonly to: number };
}

/** The files. */
export class SimDisk {
  readonly nodes: Map<string, Node> = new Map();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  put(file: string, bytes: Buffer | undefined): Node {
    const node = { bytes, modifiedMs: this.#nowMs(), changedMs: this.#nowMs() };
    this.nodes.set(file, node);
    const parent = this.nodes.get(path.dirname(file));
    if (parent !== undefined) parent.modifiedMs = this.#nowMs();
    return node;
  }

  makeFolder(folder: string): void {
    if (this.nodes.has(folder) || folder === '/') return;
    this.makeFolder(path.dirname(folder));
    this.put(folder, undefined);
  }

  list(folder: string): readonly string[] {
    const prefix = `${folder}/`;
    const names = [...this.nodes.keys()].filter(
      (file) => file.startsWith(prefix) && !file.includes('/', prefix.length),
    );
    return names.map((file) => file.slice(prefix.length)).toSorted();
  }

  rename(from: string, to: string): boolean {
    const node = this.nodes.get(from);
    if (node === undefined) return false;
    for (const [file, each] of Array.from(this.nodes)) {
      if (file !== from && !file.startsWith(`${from}/`)) continue;
      this.nodes.delete(file);
      this.nodes.set(to + file.slice(from.length), each);
    }
    node.changedMs = this.#nowMs();
    return true;
  }

  remove(file: string): void {
    for (const each of this.nodes.keys()) if (each === file || each.startsWith(`${file}/`)) this.nodes.delete(each);
  }

  /** What the system had not yet written back is lost: all of it, a part, or its bytes but not its length; file by file, in no order. */
  cutPower(choices: Choices): void {
    for (const [file, node] of Array.from(this.nodes)) {
      const { synced } = node;
      if (node.bytes === undefined || synced === node.bytes) continue;
      const bytes = withoutDropped(node, node.bytes);
      const kept = synced !== undefined && bytes.subarray(0, synced.byteLength).equals(synced) ? synced.byteLength : 0;
      const at = kept + choices.below(bytes.byteLength - kept + 1);
      const fate = choices.weighted({ whole: 2, old: 3, torn: 3, zeros: 1 });
      if (fate === 'whole') node.bytes = bytes;
      if (fate === 'old' && synced === undefined) this.nodes.delete(file);
      else if (fate === 'old') node.bytes = synced;
      else if (fate === 'torn') node.bytes = bytes.subarray(0, at);
      else if (fate === 'zeros')
        node.bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.byteLength - at)]);
      node.synced = node.bytes;
    }
  }

  /** A file loses its end, its bytes but not its length, or all; returns its name, undefined where there is none. */
  tear(folder: string, choices: Choices): string | undefined {
    const files = Array.from(this.nodes).filter(
      ([file, { bytes }]) => file.startsWith(`${folder}/`) && bytes !== undefined,
    );
    if (files.length === 0) return undefined;
    const [file, node] = choices.pick(files);
    const { bytes = Buffer.alloc(0) } = node;
    const at = choices.below(bytes.byteLength + 1);
    const fate = choices.weighted({ gone: 1, torn: 2, zeros: 1 });
    if (fate === 'gone') this.nodes.delete(file);
    else if (fate === 'torn') node.bytes = bytes.subarray(0, at);
    else node.bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.byteLength - at)]);
    node.synced = node.bytes;
    return file;
  }

  touch(node: Node): void {
    node.modifiedMs = this.#nowMs();
  }

  append(node: Node, bytes: Uint8Array): void {
    node.bytes = Buffer.concat([node.bytes ?? Buffer.alloc(0), bytes]);
    node.modifiedMs = this.#nowMs();
  }
}

/** What of a file's bytes can get to the disk. */
export function withoutDropped({ dropped }: Node, bytes: Buffer): Buffer {
  if (dropped === undefined) return bytes;
  const { from, to } = dropped;
  return Buffer.concat([bytes.subarray(0, from), Buffer.alloc(to - from), bytes.subarray(to)]);
}
