/** Trained weights that torchvision publishes: where they are, and what they need. */

/** What is known of published weights. */
export interface WeightsMeta {
  /** The number of parameters. */
  readonly numParams: number;
  /** The least height and width of images. */
  readonly minSize: readonly [height: number, width: number];
  /** The names of the classes. */
  readonly categories: readonly string[];
}

export class Weights {
  readonly url: string;
  readonly meta: WeightsMeta;
  constructor(url: string, meta: WeightsMeta) {
    this.url = url;
    this.meta = meta;
  }
  /** @internal */
  static named(_name: string): Weights | undefined {
    return undefined;
  }
}
