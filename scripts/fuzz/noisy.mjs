/** What `training.mjs` learns from, for its workers to import. */
import * as torch from "../../dist/kindling.js";

/** Samples with random augmentation, drawn anew for every read. */
export class Noisy {
  static module = import.meta.url;
  length = 48;

  at(i) {
    const x = torch
      .rand([6])
      .mul(0.1)
      .add(i / 48);
    return [x, i % 3];
  }
}

export class NoisyStream extends torch.utils.data.IterableDataset {
  static module = import.meta.url;

  *[Symbol.iterator]() {
    const info = torch.utils.data.getWorkerInfo();
    const noisy = new Noisy();
    for (let i = info?.id ?? 0; i < noisy.length; i += info?.numWorkers ?? 1) yield noisy.at(i);
  }
}
