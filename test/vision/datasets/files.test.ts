/** The data sets against torchvision's readings of small files that Python wrote (see write_expected.py), and on folders that are made here. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { encode } from "fast-png";
import * as torch from "kindling";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { FormatError } from "../../../src/core/errors";
import { bunzip2 } from "../../../src/io/bzip2";
import { readMatlab } from "../../../src/io/matlab";
import { type PickledArray, readPickle } from "../../../src/io/pickle";

const { datasets, Image } = torch.vision;
const { DataLoader } = torch.utils.data;

const files = JSON.parse(gunzipSync(readFileSync(join(import.meta.dirname, "files.json.gz"))).toString());
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

const base = mkdtempSync(join(tmpdir(), "kindling-sets-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let root = base;
beforeEach(() => {
  root = mkdtempSync(join(base, "case-"));
});

function put(name: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), bytes);
}

/** A PNG of 3×2 pixels of one color. */
const png = (r: number, g: number, b: number): Uint8Array =>
  encode({ width: 3, height: 2, channels: 3, data: Uint8Array.from({ length: 18 }, (_, i) => [r, g, b][i % 3]!) });

const pixelOf = (image: unknown): number[] => [...(image as InstanceType<typeof Image>).data.slice(0, 3)];

describe("pickles", () => {
  test.each<[number, string]>(files.pickles.map((text: string, i: number) => [i, text]))(
    "of protocol %i",
    (_, text) => {
      const value = readPickle("file", bytesOf(text as string)) as Record<string, unknown>;
      const { f4, i8, fortran, bytes, set, ...plain } = value;
      expect(plain).toEqual({
        none: null,
        flags: [true, false],
        ints: [0, 255, 65535, -1, 2 ** 31, 2 ** 53 - 1],
        float: 0.1,
        text: "ä😀",
        tuple: [1, [2, 3], []],
        nested: { a: { b: [1] } },
        "7": "seven",
        scalar: 2.5,
      });
      expect([...(bytes as Uint8Array)]).toEqual([0, 255]);
      expect([...(set as Set<number>)]).toEqual([1]);
      const array = f4 as PickledArray;
      expect([array.shape, array.dtype, [...new Float32Array(array.bytes.slice().buffer)]]).toEqual([
        [2, 3],
        "<f4",
        [0, 1, 2, 3, 4, 5],
      ]);
      expect([...new BigInt64Array((i8 as PickledArray).bytes.slice().buffer)]).toEqual([1n, -2n]);
      expect([...new Int16Array((fortran as PickledArray).bytes.slice().buffer)]).toEqual([0, 3, 1, 4, 2, 5]);
      expect((fortran as PickledArray).isFortran).toBe(true);
    },
  );

  test.each(Object.entries(files.refused as Record<string, string>))("that ask for %s are refused", (name, text) => {
    const read = () => readPickle("evil", bytesOf(text));
    expect(read).toThrow(FormatError);
    expect(read).toThrow(name.includes("object") ? /arrays of dtype "O8" are not read/ : `it asks for ${name}`);
  });

  test("that would fill the memory are refused at once", () => {
    const text = `\x80\x02${"]".repeat(5_000_000)}.`;
    expect(() => readPickle("lists", Buffer.from(text, "latin1"))).toThrow(/values wait to be used/);
    const long = `\x80\x02c_codecs\nencode\nq\x00X${"\x00\x00\x01\x00"}${"a".repeat(65536)}q\x01U\x06latin1q\x02`;
    const again = `h\x00h\x01h\x02\x86R0`.repeat(20_000);
    const before = performance.now();
    expect(() => readPickle("texts", Buffer.from(`${long}000${again}N.`, "latin1"))).toThrow(/far more than it holds/);
    expect(() => readPickle("nested", Buffer.from(`${"(".repeat(3000)}${"t".repeat(3000)}.`))).toThrow(/nested/);
    expect(performance.now() - before).toBeLessThan(2000);
  });
});

describe("bzip2", () => {
  test.each<[number, string, string]>(files.bzip2.map(([packed, gz]: [string, string], i: number) => [i, packed, gz]))(
    "file %i",
    (_, packed, gz) => {
      const want = gunzipSync(bytesOf(gz as string));
      expect(Buffer.compare(bunzip2("file", bytesOf(packed as string), 1 << 20), want)).toBe(0);
      if (want.length > 0)
        expect(() => bunzip2("file", bytesOf(packed as string), want.length - 1)).toThrow(/more than/);
    },
  );

  test("damage is seen", () => {
    const file = bytesOf(files.bzip2[3][0]);
    for (let i = 0; i < file.length - 1; i++) {
      const damaged = file.slice();
      damaged[i]! ^= 4;
      // A few bits change nothing: the size of blocks in the header, codes that no symbol has.
      let found: Uint8Array | undefined;
      try {
        found = bunzip2("file", damaged, 1 << 20);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
      if (found !== undefined) expect(Buffer.compare(found, gunzipSync(bytesOf(files.bzip2[3][1])))).toBe(0);
      expect(() => bunzip2("file", file.subarray(0, i), 1 << 20)).toThrow(FormatError);
    }
  });
});

describe("MATLAB files", () => {
  test.each(["plain", "packed"])("that are %s", async (kind) => {
    const { a, b, f, ...others } = await readMatlab("file", bytesOf(files.numbers[kind]));
    expect(others).toEqual({});
    expect([a!.shape, [...a!.values]]).toEqual([
      [1, 2],
      [1.5, -2],
    ]);
    expect([b!.shape, [...b!.values], b!.values.constructor]).toEqual([[2, 2], [1, 3, 2, 4], Int32Array]);
    expect([f!.shape, [...f!.values]]).toEqual([[1, 1], [0.5]]);
    for (const end of [10, 127, 131, 140, 150])
      await expect(readMatlab("cut", bytesOf(files.numbers[kind]).subarray(0, end))).rejects.toThrow(FormatError);
  });
});

describe("CIFAR10 from the Python version", () => {
  const { pixels, labels, batches, meta, python2 } = files.cifar;
  const all = [...batches, python2] as string[];

  test.each(all.map((text, i) => [i, text] as const))("pickle %i", async (_, text) => {
    for (let i = 1; i <= 5; i++) put(`cifar-10-batches-py/data_batch_${i}`, bytesOf(text));
    put("cifar-10-batches-py/batches.meta", bytesOf(meta));
    const set = await new datasets.CIFAR10(root, { train: true });
    expect([set.length, set.data.shape, set.targets.slice(0, 3)]).toEqual([15, [15, 32, 32, 3], labels]);
    const plane = bytesOf(pixels).subarray(3072, 6144);
    const [image, label] = set.at(1);
    expect([image.mode, image.size, label]).toEqual(["RGB", [32, 32], 0]);
    expect([...image.data]).toEqual(Array.from({ length: 3072 }, (_, k) => plane[(k % 3) * 1024 + Math.floor(k / 3)]));
    const [batch, y] = set.atMany([1, -14])!;
    expect([batch.shape, y.tolist()]).toEqual([
      [2, 3, 32, 32],
      [0, 0],
    ]);
    expect(Buffer.compare(batch.select(0, 0).toTypedArray() as Uint8Array, plane)).toBe(0);
    expect(String(set)).toBe(
      `Dataset CIFAR10\n    Number of datapoints: 15\n    Root location: ${root}\n    Split: Train`,
    );
    expect(set.classToIdx).toMatchObject({ airplane: 0, truck: 9 });
  });

  test("missing parts and damage are errors", async () => {
    put("cifar-10-batches-py/data_batch_1", bytesOf(batches[2]));
    await expect(new datasets.CIFAR10(root)).rejects.toThrow(
      /^CIFAR10: Dataset not found or corrupted\. You can use download: true to download it \(there is no ".*data_batch_2"\)/,
    );
    put("cifar-10-batches-py/test_batch", bytesOf(batches[2]).subarray(0, 5000));
    await expect(new datasets.CIFAR10(root, { train: false })).rejects.toThrow(
      /^CIFAR10: ".*test_batch" cannot be read as a pickle/,
    );
    put("cifar-10-batches-py/test_batch", bytesOf(meta));
    await expect(new datasets.CIFAR10(root, { train: false })).rejects.toThrow(/no array of bytes under the key data/);
  });
});

test("CIFAR100 in both versions", async () => {
  put("cifar-100-binary/test.bin", Buffer.concat([Buffer.from([3, 99]), Buffer.alloc(3072, 7)]));
  const binary = await datasets.CIFAR100(root, false);
  expect([binary.targets, binary.classes[99], binary.length]).toEqual([[99], "worm", 1]);
  await expect(new datasets.CIFAR100(root)).rejects.toThrow(/no train in/);
});

test("USPS", async () => {
  put("usps.bz2", bytesOf(files.usps.file));
  const set = await new datasets.USPS(root);
  expect(set.data.flatten().tolist()).toEqual(files.usps.data);
  expect(set.targets).toEqual(files.usps.targets);
  expect([set.at(0)[0].mode, set.at(0)[0].size]).toEqual(["L", [16, 16]]);
});

test.each(["plain", "packed"])("SVHN from a MATLAB file that is %s", async (kind) => {
  put("test_32x32.mat", bytesOf(files.svhn.files[kind]));
  const set = await new datasets.SVHN(root, { split: "test" });
  expect([set.labels, set.data.shape]).toEqual([
    [1, 0],
    [2, 3, 32, 32],
  ]);
  const images = [0, 1].map((i) => set.at(i)[0].data);
  expect(Buffer.compare(Buffer.concat(images as Uint8Array[]), bytesOf(files.svhn.pixels))).toBe(0);
  expect(String(set)).toContain("Split: test");
  await expect(new datasets.SVHN(root, { split: "valid" as never })).rejects.toThrow(
    "SVHN: Unknown value 'valid' for argument split. Valid values are {'train', 'test', 'extra'}.",
  );
});

test("STL10, with folds", async () => {
  const picture = (value: number) => Uint8Array.from({ length: 27648 }, (_, i) => (i % 96) + value);
  put("stl10_binary/train_X.bin", Buffer.concat([picture(1), picture(2), picture(3)]));
  put("stl10_binary/train_y.bin", Uint8Array.of(1, 2, 10));
  put("stl10_binary/unlabeled_X.bin", picture(9));
  put("stl10_binary/fold_indices.txt", "2 0 \n1 \n");
  put("stl10_binary/class_names.txt", "airplane\nbird\n");
  const set = await new datasets.STL10(root, { folds: 0 });
  expect([set.labels, set.classes, set.data.shape]).toEqual([
    [9, 0],
    ["airplane", "bird"],
    [2, 3, 96, 96],
  ]);
  // Columns of the file are rows of the picture.
  expect([...set.at(0)[0].data.subarray(0, 6)]).toEqual([3, 3, 3, 3, 3, 3]);
  expect(set.at(0)[0].data[3 * 96]).toBe(4);
  const more = await datasets.STL10(root, "train+unlabeled");
  expect([more.labels, more.length]).toEqual([[0, 1, 9, -1], 4]);
  await expect(new datasets.STL10(root, { folds: 10 })).rejects.toThrow(/should be in the range \[0, 10\), but got 10/);
  await expect(new datasets.STL10(root, { split: "test" })).rejects.toThrow(/Dataset not found or corrupted/);
});

/** An IDX file. */
function idx(shape: readonly number[], type: number, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.writeUInt8(type, 2);
  head.writeUInt8(shape.length, 3);
  shape.forEach((n, i) => void head.writeUInt32BE(n, 4 + 4 * i));
  return Buffer.concat([head, bytes]);
}

test("EMNIST and QMNIST", async () => {
  put(
    "EMNIST/raw/emnist-letters-test-images-idx3-ubyte",
    idx([2, 2, 3], 8, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)),
  );
  put("EMNIST/raw/emnist-letters-test-labels-idx1-ubyte", idx([2], 8, Uint8Array.of(26, 1)));
  const letters = await new datasets.EMNIST(root, "letters", { train: false });
  expect([letters.classes[26], letters.at(0)[1], letters.at(1)[0].size]).toEqual(["z", 26, [3, 2]]);
  await expect(new datasets.EMNIST(root, "words" as never)).rejects.toThrow(/Valid values are \{'byclass', 'bymerge'/);
  await expect(new datasets.EMNIST(root, "digits")).rejects.toThrow(/no emnist-digits-train-images-idx3-ubyte/);

  put("QMNIST/raw/qmnist-test-images-idx3-ubyte.gz", gzipSync(idx([2, 1, 2], 8, Uint8Array.of(1, 2, 3, 4))));
  const rows = Buffer.alloc(64);
  for (let i = 0; i < 16; i++) rows.writeInt32BE(i < 8 ? 5 : i - 8, 4 * i);
  put("QMNIST/raw/qmnist-test-labels-idx2-int", idx([2, 8], 12, rows));
  const plain = await new datasets.QMNIST(root, { what: "test" });
  expect([plain.at(0)[1], plain.at(1)[1], plain.atMany([1, 0])![1].tolist()]).toEqual([5, 0, [0, 5]]);
  const whole = await new datasets.QMNIST(root, { train: false, compat: false });
  expect((whole.at(1)[1] as unknown as torch.Tensor).tolist()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect((await new datasets.QMNIST(root, "test50k")).length).toBe(0);
  expect(String(plain)).toContain("Split: test");
});

test("FakeData draws torchvision's pictures", () => {
  const set = new datasets.FakeData({ size: 3, imageSize: [3, 5, 4], randomOffset: 2 });
  const found = [0, 1, 2].map((i) => {
    const [image, label] = set.at(i);
    const pixels = Array.from({ length: 20 }, (_, k) => [...image.data.subarray(3 * k, 3 * k + 3)]);
    return [pixels, label];
  });
  expect(found).toEqual(files.fake);
  expect(() => set.at(3)).toThrow(torch.IndexError);
  expect(String(set)).toBe("Dataset FakeData\n    Number of datapoints: 3");
});

describe("ImageFolder", () => {
  beforeEach(() => {
    put("dogs/b.png", png(1, 2, 3));
    put("dogs/a/z.PNG", png(4, 5, 6));
    put("cats/1.png", png(7, 8, 9));
    put("cats/notes.txt", "no picture");
  });

  test("finds classes and pictures in torchvision's order", async () => {
    const set = await new datasets.ImageFolder(root, { targetTransform: (label) => label + 10 });
    expect([set.classes, set.classToIdx, set.targets]).toEqual([["cats", "dogs"], { cats: 0, dogs: 1 }, [0, 1, 1]]);
    expect(set.imgs.map(([path]) => path.slice(root.length + 1))).toEqual(["cats/1.png", "dogs/b.png", "dogs/a/z.PNG"]);
    const [image, label] = await set.at(-1);
    expect([image.mode, image.size, pixelOf(image), label]).toEqual(["RGB", [3, 2], [4, 5, 6], 11]);
    await expect(set.at(3)).rejects.toThrow(/index 3 is out of range/);
    expect(String(set)).toBe(
      `Dataset ImageFolder\n    Number of datapoints: 3\n    Root location: ${root}\n    StandardTransform\nTarget transform: function targetTransform`,
    );
  });

  test("is read by workers", { timeout: 30_000 }, async () => {
    const set = await new datasets.ImageFolder(root);
    const loader = new DataLoader<any, any>(set, { batchSize: null, numWorkers: 1 });
    const found: unknown[] = [];
    for await (const [image, label] of loader) found.push([pixelOf(image), Number(label)]);
    expect(found).toEqual([
      [[7, 8, 9], 0],
      [[1, 2, 3], 1],
      [[4, 5, 6], 1],
    ]);
  });

  test("takes a loader, a choice of files, and other classes", async () => {
    const options = {
      loader: (path: string) => path.length - root.length,
      isValidFile: (path: string) => path.endsWith(".txt"),
    };
    await expect(new datasets.ImageFolder(root, options)).rejects.toThrow(/Found no valid file for the classes dogs/);
    put("dogs/x.txt", "");
    expect(await (await new datasets.ImageFolder(root, options)).at(1)).toEqual([11, 1]);
    class OnlyDogs extends (datasets.ImageFolder as any) {
      async findClasses() {
        return [["dogs"], { dogs: 0 }];
      }
    }
    const dogs = await new (OnlyDogs as any)(root);
    expect([dogs.length, dogs instanceof OnlyDogs, dogs instanceof datasets.DatasetFolder]).toEqual([2, true, true]);
    await expect(new datasets.DatasetFolder(root, async (path: string) => path)).rejects.toThrow(
      /^DatasetFolder: Both extensions and is_valid_file cannot be None/,
    );
  });

  test("says what is wrong with folders", async () => {
    await expect(new datasets.ImageFolder(join(root, "cats"))).rejects.toThrow(/Couldn't find any class folder in/);
    await expect(new datasets.ImageFolder(join(root, "nowhere"))).rejects.toThrow(/there is no such file or folder/);
    put("empty/readme.md", "");
    await expect(new datasets.ImageFolder(root)).rejects.toThrow(
      /Found no valid file for the classes empty\. Supported extensions are: \.jpg, \.jpeg, \.png/,
    );
    rmSync(join(root, "empty"), { recursive: true });
    symlinkSync("..", join(root, "dogs", "loop"));
    await expect(new datasets.ImageFolder(root)).rejects.toThrow(/do links go in a circle/);
  });

  test("a damaged picture is an error that names it", async () => {
    put("cats/1.png", png(7, 8, 9).subarray(0, 40));
    const set = await new datasets.ImageFolder(root);
    await expect(set.at(0)).rejects.toThrow(/cats\/1\.png/);
    await expect(set.at(0)).rejects.toThrow(torch.FormatError);
  });
});

test("Food101, OxfordIIITPet, Flowers102 and Caltech101", async () => {
  put("food-101/meta/train.json", JSON.stringify({ pizza: ["pizza/1"], apple_pie: ["apple_pie/2", "apple_pie/3"] }));
  put("food-101/images/apple_pie/2.jpg", png(1, 1, 1));
  const food = await new datasets.Food101(root);
  expect([food.classes, food.length, (await food.at(1))[1], String(food).split("\n").at(-1)]).toEqual([
    ["apple_pie", "pizza"],
    3,
    0,
    "    split=train",
  ]);
  await expect(new datasets.Food101(root, { split: "test" })).rejects.toThrow(/Dataset not found/);

  put("oxford-iiit-pet/annotations/trainval.txt", "Abyssinian_100 1 1 1\ngreat_pyrenees_7 2 2 1\n");
  put(
    "oxford-iiit-pet/annotations/trimaps/Abyssinian_100.png",
    encode({ width: 1, height: 1, channels: 1, data: Uint8Array.of(2) }),
  );
  put("oxford-iiit-pet/images/Abyssinian_100.jpg", png(9, 8, 7));
  const pets = await new datasets.OxfordIIITPet(root, { targetTypes: ["category", "segmentation"] });
  expect(pets.classes).toEqual(["Abyssinian", "Great Pyrenees"]);
  const [pet, [breed, trimap]] = (await pets.at(0)) as [any, any];
  expect([pixelOf(pet), breed, trimap.mode, [...trimap.data]]).toEqual([[9, 8, 7], 0, "L", [2]]);
  expect((await (await new datasets.OxfordIIITPet(root, { targetTypes: [] })).at(0))[1]).toBe(null);

  put("flowers-102/imagelabels.mat", bytesOf(files.imagelabels.packed));
  put("flowers-102/setid.mat", bytesOf(files.setid.plain));
  put("flowers-102/jpg/image_00001.jpg", png(3, 3, 3));
  const flowers = await new datasets.Flowers102(root, { split: "val" });
  expect([flowers.length, (await flowers.at(0))[1]]).toEqual([2, 76]);
  await expect(flowers.at(1)).rejects.toThrow(/image_00003\.jpg/);

  put("caltech101/101_ObjectCategories/Faces/image_0001.jpg", png(5, 5, 5));
  put("caltech101/101_ObjectCategories/BACKGROUND_Google/image_0001.jpg", png(0, 0, 0));
  put("caltech101/Annotations/Faces_2/annotation_0001.mat", bytesOf(files.outline.packed));
  const things = await new datasets.Caltech101(root, { targetType: ["category", "annotation"] });
  expect([things.length, things.categories]).toEqual([1, ["Faces"]]);
  const [, [category, outline]] = (await things.at(0)) as [any, any];
  expect([category, outline.dtype, outline.tolist()]).toEqual([
    0,
    "float64",
    [
      [1.5, 2, 3],
      [4, 5, 6.25],
    ],
  ]);
});

test("VOCDetection and CocoDetection", async () => {
  const voc = "VOCdevkit/VOC2012";
  put(`${voc}/ImageSets/Main/train.txt`, "2008_000001\n");
  put(`${voc}/JPEGImages/2008_000001.jpg`, png(1, 2, 3));
  put(
    `${voc}/Annotations/2008_000001.xml`,
    `<?xml version="1.0"?><!-- made up --><annotation>\n\t<folder>VOC2012</folder><size><width>3</width><height>2</height></size>
     <object><name>cat &amp; dog</name><part><name>head</name></part><part><name>tail</name></part><empty/></object></annotation>`,
  );
  const set = await new datasets.VOCDetection(root);
  const [image, target] = await set.at(0);
  expect(pixelOf(image)).toEqual([1, 2, 3]);
  expect(target).toEqual({
    annotation: {
      folder: "VOC2012",
      size: { width: "3", height: "2" },
      object: [{ name: "cat & dog", part: [{ name: "head" }, { name: "tail" }] }],
    },
  });
  put(`${voc}/Annotations/2008_000001.xml`, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>");
  await expect(set.at(0)).rejects.toThrow(/cannot be read as XML/);
  await expect(new datasets.VOCDetection(root, { imageSet: "test" })).rejects.toThrow(/argument image_set/);

  put("pictures/a.png", png(6, 6, 6));
  const annotations = [{ id: 5, image_id: 9, bbox: [0, 0, 1, 1], category_id: 3 }];
  put(
    "coco.json",
    JSON.stringify({
      images: [
        { id: 11, file_name: "b.png" },
        { id: 9, file_name: "a.png" },
      ],
      annotations,
    }),
  );
  const coco = await new datasets.CocoDetection(join(root, "pictures"), join(root, "coco.json"), {
    transforms: (picture: unknown, list: unknown) => [pixelOf(picture), list],
  });
  expect(coco.ids).toEqual([9, 11]);
  expect(await coco.at(0)).toEqual([[6, 6, 6], annotations]);
  put("coco.json", "{");
  await expect(new datasets.CocoDetection(root, join(root, "coco.json"))).rejects.toThrow(/is no JSON/);
});

test("a data set is a promise until it is awaited", async () => {
  put("MNIST/raw/t10k-images-idx3-ubyte", idx([1, 2, 2], 8, Uint8Array.of(1, 2, 3, 4)));
  put("MNIST/raw/t10k-labels-idx1-ubyte", idx([1], 8, Uint8Array.of(7)));
  const pending = new datasets.MNIST(root, { train: false });
  expect(pending).toBeInstanceOf(Promise);
  // @ts-expect-error A forgotten await is an error of the compiler as well.
  expect(() => new DataLoader(pending)).toThrow(/await the data set/);
  const set = await pending;
  expect([set instanceof datasets.MNIST, set instanceof datasets.FashionMNIST, set.constructor]).toEqual([
    true,
    false,
    datasets.MNIST,
  ]);
  // Fewer samples are a matter of indexing.
  set.data = set.data.narrow(0, 0, 0);
  expect(set.length).toBe(0);
  const printed = await datasets.MNIST(
    root,
    false,
    (image) => image.size,
    (label: number) => label + 1,
  );
  expect(printed.at(0)).toEqual([[2, 2], 8]);
  expect(String(printed)).toBe(
    `Dataset MNIST\n    Number of datapoints: 1\n    Root location: ${root}\n    Split: Test\n    StandardTransform\n` +
      "Transform: a function\nTarget transform: a function",
  );
});
