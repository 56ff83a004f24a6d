/** A bar on the terminal that says how far an epoch is; nothing where there is no terminal. */
import { Presets, SingleBar } from "cli-progress";

/** What one pass found. */
export interface Pass {
  /** The mean loss of a batch. */
  readonly loss: number;
  /** The share of targets that were met; undefined where they are no labels. */
  readonly accuracy: number | undefined;
  readonly seconds: number;
}

/** A share as text. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** What the bar says of accuracy, where there is one. */
const accuracyText = ({ accuracy }: Pass): string => (accuracy === undefined ? "" : `accuracy ${percent(accuracy)}  `);

/** The bar of one epoch. It is on stderr, so that what is printed can be read by programs. */
export class Progress {
  private readonly bar: SingleBar;

  constructor(epoch: number) {
    const format = `epoch ${epoch} [{bar}] {value}/{total} batches  {told}`;
    this.bar = new SingleBar({ format, hideCursor: true, fps: 5, noTTYOutput: false }, Presets.shades_classic);
  }

  /** @param batches How many there are; undefined if the loader does not know. */
  start(batches: number | undefined): void {
    this.bar.start(batches ?? 0, 0, { told: "" });
  }

  update(batches: number, samples: number, pass: Pass): void {
    if (batches > this.bar.getTotal()) this.bar.setTotal(batches);
    const speed = Math.round(samples / Math.max(pass.seconds, 1e-9));
    this.bar.update(batches, { told: `loss ${pass.loss.toFixed(3)}  ${accuracyText(pass)}${speed} samples/s` });
  }

  stop(): void {
    this.bar.stop();
  }
}
