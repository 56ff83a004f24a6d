/** Data sets of pictures and of costly samples, in a module of their own and plain JavaScript: workers import it without a build step. */
import * as torch from "kindling";

const { Image, transforms } = torch.vision;

const normalize = () => new transforms.Normalize([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.201]);

/** What every small picture goes through. */
export const smallTransform = () =>
  new transforms.Compose([
    new transforms.RandomCrop(32, { padding: 4 }),
    new transforms.RandomHorizontalFlip(),
    new transforms.ToTensor(),
    normalize(),
  ]);

/** What every picture of a file goes through. */
export const largeTransform = (size) =>
  new transforms.Compose([
    new transforms.RandomResizedCrop(size),
    new transforms.RandomHorizontalFlip(),
    new transforms.ToTensor(),
    normalize(),
  ]);

/** Pictures of 32×32 in memory, as CIFAR-10 has them. */
export class Small extends torch.utils.data.Dataset {
  static module = import.meta.url;

  constructor(length, transform) {
    super();
    this.length = length;
    this.transform = transform;
    this.data = torch.randint(0, 256, [length, 32, 32, 3], { dtype: torch.uint8 });
  }

  at(i) {
    const row = this.data.select(0, i);
    const image = new Image("RGB", 32, 32, /** @type {Uint8Array} */ (row.toTypedArray()));
    row.dispose();
    return [this.transform(image), i % 10];
  }
}

/** Pictures in files. */
export class Files extends torch.utils.data.Dataset {
  static module = import.meta.url;

  constructor(paths, transform) {
    super();
    this.paths = paths;
    this.transform = transform;
  }

  get length() {
    return this.paths.length;
  }

  async at(i) {
    const image = await Image.open(this.paths[i]);
    return [this.transform(image.convert("RGB")), i % 10];
  }
}

/** Samples of 784 numbers that take `rounds` rounds of arithmetic each. */
export class Costly extends torch.utils.data.Dataset {
  static module = import.meta.url;

  constructor(length, rounds) {
    super();
    this.length = length;
    this.rounds = rounds;
  }

  at(i) {
    let x = i + 1;
    for (let round = 0; round < this.rounds; round++) x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return [torch.full([784], x / 2 ** 32), i % 10];
  }
}
