/** Data sets of pictures and of costly samples, in a module of their own: workers import it. */
import * as torch from "kindling";

const { Image, transforms } = torch.vision;
type Image = InstanceType<typeof Image>;
type Transform = (image: Image) => torch.Tensor;

const normalize = () => new transforms.Normalize([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.201]);

/** What every small picture goes through. */
export const smallTransform = (): Transform =>
  new transforms.Compose([
    new transforms.RandomCrop(32, { padding: 4 }),
    new transforms.RandomHorizontalFlip(),
    new transforms.ToTensor(),
    normalize(),
  ]);

/** What every picture of a file goes through. */
export const largeTransform = (size: number): Transform =>
  new transforms.Compose([
    new transforms.RandomResizedCrop(size),
    new transforms.RandomHorizontalFlip(),
    new transforms.ToTensor(),
    normalize(),
  ]);

/** Pictures of 32×32 in memory, as CIFAR-10 has them. */
export class Small extends torch.utils.data.Dataset<[torch.Tensor, number]> {
  static module = import.meta.url;
  readonly data: torch.Tensor;

  constructor(
    readonly length: number,
    readonly transform: Transform,
  ) {
    super();
    this.data = torch.randint(0, 256, [length, 32, 32, 3], { dtype: torch.uint8 });
  }

  at(i: number): [torch.Tensor, number] {
    const row = this.data.select(0, i);
    const image = new Image("RGB", 32, 32, row.toTypedArray() as Uint8Array);
    row.dispose();
    return [this.transform(image), i % 10];
  }
}

/** Pictures in files. */
export class Files extends torch.utils.data.Dataset<[torch.Tensor, number]> {
  static module = import.meta.url;

  constructor(
    readonly paths: readonly string[],
    readonly transform: Transform,
  ) {
    super();
  }

  get length(): number {
    return this.paths.length;
  }

  async at(i: number): Promise<[torch.Tensor, number]> {
    const image = await Image.open(this.paths[i]!);
    return [this.transform(image.convert("RGB")), i % 10];
  }
}

/** Samples of 784 numbers that take `rounds` rounds of arithmetic each. */
export class Costly extends torch.utils.data.Dataset<[torch.Tensor, number]> {
  static module = import.meta.url;

  constructor(
    readonly length: number,
    readonly rounds: number,
  ) {
    super();
  }

  at(i: number): [torch.Tensor, number] {
    let x = i + 1;
    for (let round = 0; round < this.rounds; round++) x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return [torch.full([784], x / 2 ** 32), i % 10];
  }
}
