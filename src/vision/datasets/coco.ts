/** Microsoft COCO (Lin and others, 2014). */

import { checkString } from "../../core/arguments";
import { argumentsOf, isPlainObject } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { FormatError } from "../../core/errors";
import { awaitable } from "../../data/awaitable";
import { absolute, expandHome, joinPath, readText } from "../../platform/dataFiles";
import type { AwaitableFiles, OpenedFiles } from "./common/awaitableTypes";
import { FilesDataset, openColors } from "./common/pictures";
import { transformsIn, type VisionDatasetArguments } from "./common/visionDataset";

const signature = "root, annFile; transform, targetTransform, transforms";

type CocoOptions = { root: string; annFile: string; transforms?: VisionDatasetArguments["transforms"] };

/** What is written of one object in a picture. */
export type CocoAnnotation = { readonly id: number; readonly [key: string]: unknown };

class CocoDetectionSet<I = any, T = any> extends FilesDataset<I, T> {
  static override readonly signature: string = signature;

  readonly annFile: string;
  /** The numbers of the pictures, sorted. */
  ids: readonly number[] = [];
  private names: Map<number, string> = new Map();
  private annotations: Map<number, CocoAnnotation[]> = new Map();

  constructor(...given: unknown[]) {
    const op = nameOf(new.target);
    const values = argumentsOf<CocoOptions & VisionDatasetArguments>(op, new.target.signature, given);
    super(checkString(op, "root", values.root), transformsIn(values));
    this.annFile = expandHome(checkString(op, "annFile", values.annFile));
  }

  get length(): number {
    return this.ids.length;
  }

  /** @internal */
  async read(): Promise<void> {
    const text = await readText(classNameOf(this), absolute(this.annFile));
    const fail = (why: string, cause?: unknown) =>
      new FormatError(`"${this.annFile}" ${why}: it is damaged, or no file of COCO`, { cause });
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch (error) {
      throw fail(`is no JSON (${(error as Error).message})`, error);
    }
    const { images, annotations = [] } = isPlainObject(content) ? content : {};
    if (!Array.isArray(images) || !Array.isArray(annotations)) throw fail("has no lists images and annotations");
    for (const image of images) {
      const { id, file_name: name } = isPlainObject(image) ? image : {};
      if (typeof id !== "number" || typeof name !== "string") throw fail("has an image without id and file_name");
      if (name.startsWith("/") || name.split(/[/\\]/).includes(".."))
        throw fail(`has a picture outside of its folder (${name})`);
      this.names.set(id, name);
    }
    for (const annotation of annotations) this.note(annotation, fail);
    this.ids = [...this.names.keys()].sort((a, b) => a - b);
  }

  private note(annotation: unknown, fail: (why: string) => FormatError): void {
    const { image_id: id } = isPlainObject(annotation) ? annotation : {};
    if (typeof id !== "number") throw fail("has an annotation without image_id");
    const list = this.annotations.get(id);
    if (list === undefined) this.annotations.set(id, [annotation as CocoAnnotation]);
    else list.push(annotation as CocoAnnotation);
  }

  protected imageOf(index: number): Promise<unknown> {
    return openColors(classNameOf(this), joinPath(this.folder, this.names.get(this.ids[index]!)!));
  }

  protected targetOf(index: number): readonly CocoAnnotation[] {
    return this.annotations.get(this.ids[index]!) ?? [];
  }
}

/** An opened {@link CocoDetection}. */
export type CocoDetection<I = any, T = any> = OpenedFiles<CocoDetectionSet, I, T>;

/**
 * COCO for detection: photographs, and lists of what is written of the objects in them, as it stands in the file of annotations.
 * @see torchvision.datasets.CocoDetection
 * @throws KindlingError if a file is missing, FormatError if one is damaged.
 * @example const set = await new vision.datasets.CocoDetection("val2017", "annotations/instances_val2017.json");
 */
export const CocoDetection: AwaitableFiles<
  CocoDetectionSet,
  typeof signature,
  CocoOptions,
  [root: string, annFile: string],
  readonly CocoAnnotation[]
> = awaitable("CocoDetection", CocoDetectionSet);
