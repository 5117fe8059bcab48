// A run's images, tables and figures: made into files in the turn of the call, and kept like every other artifact.
import { encodeFigure, type FigureInput } from '../../artifacts/content/figure.ts';
import { encodeImage, encodeImageFor, type ImageInput } from '../../artifacts/content/image.ts';
import { imagePaths, tableImagePaths } from '../../artifacts/content/image-names.ts';
import { assertArtifactPath } from '../../artifacts/paths.ts';
import {
  addTableToTag,
  checkTableName,
  concatTables,
  serializeTable,
  takeImages,
  toTable,
  type Table,
  type TableInput,
} from '../../artifacts/content/table.ts';
import { mendText } from '../../model/mend-text.ts';
import { describeError } from '../../otel/error-type.ts';
import type { ImageOptions } from '../image-options.ts';
import { checkImageOptions } from '../image-options.ts';
import type { RunIntake } from '../intake/run-intake.ts';

/** What {@link RunMedia} stands on. */
export interface RunMediaOptions {
  readonly intake: RunIntake;
  readonly now: () => number;
}

/** The most values that the tables of one run hold in memory, all together. */
const MAX_TABLE_VALUES = 1_000_000;

/** The pictures and tables of one run; whatever is given, nothing is thrown but where strict. */
export class RunMedia {
  readonly #intake: RunIntake;
  readonly #now: () => number;
  readonly #tables = new Map<string, Table>();
  #tableTag: string | undefined;
  #valueCount = 0;

  constructor({ intake, now }: RunMediaOptions) {
    this.#intake = intake;
    this.#now = now;
  }

  /** Keeps an image under a name, or as one of a row of steps. */
  keepImage(image: unknown, options: unknown): void {
    this.#guard('Image', options, () => {
      // They say themselves what is no image and what are no options.
      const given = checkImageOptions(options as ImageOptions);
      if (given.artifactFile !== undefined) {
        const path = assertArtifactPath(given.artifactFile);
        this.#intake.acceptBytes(path, encodeImageFor(path, image as ImageInput));
        return;
      }
      const { key, step = 0, timestampMs = this.#now() } = given;
      const paths = imagePaths({ key, step, timestampMs });
      const { png, webp } = encodeImage(image as ImageInput);
      this.#intake.acceptBytes(paths.png, png);
      this.#intake.acceptBytes(paths.webp, webp);
      this.#intake.acceptTag('mlflow.loggedImages', 'True');
    });
  }

  /** Keeps a figure. */
  keepFigure(figure: unknown, artifactFile: unknown): void {
    this.#guard('Figure', artifactFile, () => {
      const path = assertArtifactPath(artifactFile as string);
      this.#intake.acceptBytes(path, encodeFigure(figure as FigureInput, path));
    });
  }

  /** Keeps a table after the rows that this run has logged to it. */
  keepTable(data: unknown, artifactFile: unknown): void {
    this.#guard('Table', artifactFile, () => {
      const path = assertArtifactPath(checkTableName(artifactFile as string));
      const { table, images } = takeImages(toTable(data as TableInput), () => tableImagePaths(path));
      const added = table.columns.length * table.data.length;
      if (this.#valueCount + added > MAX_TABLE_VALUES)
        throw new RangeError(
          `the tables of a run hold at most ${MAX_TABLE_VALUES} values, whose rows are kept to be added to`,
        );
      const before = this.#tables.get(path);
      const whole = before === undefined ? table : concatTables(before, table);
      const encoded = images.map(({ image, paths }) => ({ paths, ...encodeImage(image) }));
      const text = serializeTable(whole);
      for (const { paths, png, webp } of encoded) {
        this.#intake.acceptBytes(paths.png, png);
        this.#intake.acceptBytes(paths.webp, webp);
      }
      this.#intake.acceptBytes(path, Buffer.from(text));
      this.#tables.set(path, whole);
      this.#valueCount += added;
      const tag = addTableToTag(this.#tableTag, path);
      if (tag === undefined) return;
      this.#tableTag = tag;
      this.#intake.acceptTag('mlflow.loggedArtifacts', tag);
    });
  }

  #guard(what: string, named: unknown, keep: () => void): void {
    try {
      keep();
    } catch (error) {
      const name = typeof named === 'object' ? '' : ` '${mendText(named) ?? 'undefined'}'`;
      this.#intake.refuse('artifact', `${what}${name} was not kept: ${describeError(error).message}`, error);
    }
  }
}
