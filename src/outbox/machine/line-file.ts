// A file of JSON lines that is only appended to: half a line, left by a crash or a full disk, is never glued to the next one.
import type { Disk } from './system.ts';

/** One such file; several readers, one writer. */
export class LineFile {
  readonly #disk: Disk;
  readonly #path: string;
  /** The file ends in half a line; undefined until somebody looked. */
  #isTorn: boolean | undefined;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  /** Its lines, half ones among them; empty where there is no file. */
  read(): readonly string[] {
    const text = this.#disk.readText(this.#path) ?? '';
    this.#isTorn = text !== '' && !text.endsWith('\n');
    return text.split('\n').filter((line) => line !== '');
  }

  /** Appends a line; throws what the disk throws. */
  append(line: string): void {
    if (this.#isTorn === undefined) this.read();
    try {
      this.#disk.appendText(this.#path, `${this.#isTorn === true ? '\n' : ''}${line}\n`);
      this.#isTorn = false;
    } catch (error) {
      this.#isTorn = true;
      throw error;
    }
  }

  /** Replaces all of it as one step; throws what the disk throws. */
  replace(lines: readonly string[]): void {
    this.#disk.replaceText(this.#path, lines.map((line) => `${line}\n`).join(''));
    this.#isTorn = false;
  }
}
