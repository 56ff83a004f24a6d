/** WAV files: those of scipy and Python are read, all that is written is read again, and none that is damaged is believed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";
import { bytesFrom, expected } from "./expected";

const { audio } = torch;
const folder = mkdtempSync(join(tmpdir(), "kindling-audio-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("files of other programs", () => {
  test.each([
    ["uint8", "PCM_U", 8, (x: number) => (x - 128) / 128],
    ["int16", "PCM_S", 16, (x: number) => x / 2 ** 15],
    ["int24", "PCM_S", 24, (x: number) => x / 2 ** 23],
    ["int32", "PCM_S", 32, (x: number) => x / 2 ** 31],
    ["float32", "PCM_F", 32, (x: number) => x],
    ["float64", "PCM_F", 64, (x: number) => x],
  ] as const)("%s", async (kind, encoding, bits, scale) => {
    const [base64, values] = expected.files[kind] as [string, number[][]];
    const file = bytesFrom(base64);
    const rate = kind === "int24" ? 22050 : 11025;
    const [waveform, sampleRate] = await audio.load(file);
    expect([waveform.dtype, waveform.shape, sampleRate]).toEqual(["float32", [2, 9], rate]);
    expectClose(
      waveform,
      values.map((row) => row.map(scale)),
      1e-7,
    );
    const meta = await audio.info(file);
    expect({ ...meta }).toEqual({ sampleRate: rate, numFrames: 9, numChannels: 2, bitsPerSample: bits, encoding });
    const [raw] = await audio.load(file, { normalize: false });
    const shift = kind === "int24" ? 256 : 1;
    expect([raw.dtype, raw.tolist()]).toEqual([
      kind === "int24" ? "int32" : kind,
      values.map((row) => row.map((x) => x * shift)),
    ]);
    const [part] = await audio.load(file, { frameOffset: 2, numFrames: 3, channelsFirst: false });
    expectClose(part, waveform.narrow(1, 2, 3).t().tolist(), 0);
  });
});

describe("the laws of telephony", () => {
  const every = Int16Array.from({ length: Math.ceil(65536 / 7) }, (_, i) => -32768 + 7 * i);
  const wav = (codes: Uint8Array, format: number): Uint8Array => {
    const file = Buffer.from(audio.encode(torch.zeros(1, codes.length), 8000, { encoding: "ULAW" }));
    file.writeUInt16LE(format, 20);
    file.set(codes, file.length - codes.length);
    return file;
  };

  test.each([
    ["ULAW", 7, "mu"],
    ["ALAW", 6, "a"],
  ] as const)("%s is that of Python's audioop", async (encoding, format, name) => {
    const codes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const [decoded] = await audio.load(wav(codes, format), { normalize: false });
    expect([decoded.dtype, decoded.at(0).tolist()]).toEqual(["int16", expected.laws[`${name}Decode`]]);
    const file = audio.encode(torch.tensor(every).unsqueeze(0), 8000, { encoding });
    expect((await audio.info(file)).encoding).toBe(encoding);
    const written = file.subarray(58, 58 + every.length);
    expect(Buffer.from(written).toString("base64")).toBe(expected.laws[`${name}Encode`]);
  });
});

describe("save", () => {
  const signal = torch.tensor([
    [0, 0.5, -1, 0.999, 2],
    [0.25, -0.25, 1, -2, Number.NaN],
  ]);
  test.each([
    [undefined, undefined, 0],
    ["PCM_S", 16, 1 / 2 ** 15],
    ["PCM_S", 24, 1 / 2 ** 23],
    ["PCM_S", 32, 1 / 2 ** 24],
    ["PCM_U", 8, 1 / 2 ** 7],
    ["PCM_F", 64, 0],
    ["ULAW", 8, 0.04],
    ["ALAW", 8, 0.04],
  ] as const)("%s with %s bits", async (encoding, bitsPerSample, error) => {
    const path = join(folder, `${encoding}${bitsPerSample}.wav`);
    await audio.save(path, signal, 16000, { ...(encoding && { encoding, bitsPerSample }) });
    const [back, rate] = await audio.load(path);
    expect(rate).toBe(16000);
    const isExact = encoding === undefined || encoding === "PCM_F";
    const want = isExact ? signal : signal.nanToNum(0).clamp({ min: -1, max: 1 });
    const difference = back.sub(want).abs().nanToNum(0).max().item();
    expect(difference).toBeLessThanOrEqual(error);
    expect(await audio.load(readFileSync(path)).then(([x]) => x.shape)).toEqual([2, 5]);
  });

  test.each(["uint8", "int16", "int32", "float32", "float64"] as const)("%s comes back as it was", async (dtype) => {
    const values = dtype.startsWith("float") ? torch.randn([3, 7]).to(dtype) : torch.randint(0, 200, [3, 7]).to(dtype);
    const file = audio.encode(values.t(), 44100, { channelsFirst: false });
    const [back] = await audio.load(file, { normalize: false });
    expect([back.dtype, back.tolist()]).toEqual([dtype, values.tolist()]);
    // Three channels take the extensible format.
    expect(Buffer.from(file).readUInt16LE(20)).toBe(0xfffe);
  });

  test("an odd number of bytes is filled up, and no samples are a file too", async () => {
    const file = audio.encode(torch.zeros([1, 3], { dtype: "uint8" }), 8000);
    expect([file.length % 2, (await audio.info(file)).numFrames]).toEqual([0, 3]);
    const [empty] = await audio.load(audio.encode(torch.zeros(2, 0), 8000));
    expect(empty.shape).toEqual([2, 0]);
  });

  test("errors name what is wrong", async () => {
    const x = torch.zeros(1, 4);
    expect(() => audio.encode(torch.zeros(4), 8000)).toThrow(
      /audio.encode: src must be 2D, \[channels, time\], got \[4\]/,
    );
    expect(() => audio.encode(x.long(), 8000)).toThrow(
      /src must be float32, float64, int32, int16 or uint8, got int64/,
    );
    expect(() => audio.encode(x, 8000.5)).toThrow(/sampleRate must be an integer/);
    expect(() => audio.encode(x, 8000, { encoding: "PCM_F", bitsPerSample: 16 })).toThrow(
      /PCM_F has 32, 64 bits per sample/,
    );
    expect(() => (audio.encode as any)(x, 8000, { format: "mp3" })).toThrow(/format must be one of "wav"/);
    expect(() => audio.encode(torch.zeros(0, 4), 8000)).toThrow(/has 1 to .* channels/);
    await expect(audio.save(join(folder, "none", "x.wav"), x, 8000)).rejects.toThrow(
      /audio.save: cannot write .* no such file or folder/,
    );
    await expect((audio.save as any)(3, x, 8000)).rejects.toThrow(/filepath must be a path or a URL, got 3/);
    await expect(audio.load(join(folder, "nothing.wav"))).rejects.toThrow(
      /audio.load: cannot read .*there is no such file/,
    );
    await expect((audio.load as any)(17)).rejects.toThrow(
      /filepath must be a path, a URL or the bytes of a file, got 17/,
    );
    await expect(audio.load(new Uint8Array(3), { numFrames: 0 })).rejects.toThrow(/numFrames must be positive/);
  });
});

describe("damaged files", () => {
  const good = Buffer.from(audio.encode(torch.zeros([2, 10], { dtype: "int16" }), 8000));
  const changed = (at: number, ...bytes: number[]): Buffer => {
    const file = Buffer.from(good);
    file.set(bytes, at);
    return file;
  };
  test.each([
    ["an empty file", Buffer.alloc(0), /has only 0 bytes/],
    ["a truncated one", good.subarray(0, 60), /"data" claims 40 bytes, but 16 follow: it is truncated/],
    ["one without samples", good.subarray(0, 36), /no chunk "data"/],
    ["one without a format", good.subarray(0, 12), /no chunk "fmt "/],
    ["another format", changed(0, 0x4f, 0x67, 0x67, 0x53), /does not begin with RIFF/],
    ["RF64", changed(0, 0x52, 0x46, 0x36, 0x34), /RF64/],
    ["a huge chunk", changed(16, 255, 255, 255, 127), /claims 2147483647 bytes/],
    ["a short format", changed(16, 2, 0, 0, 0), /./],
    ["no channels", changed(22, 0, 0), /0 channels/],
    ["no rate", changed(24, 0, 0, 0, 0), /sample rate is 0/],
    ["a wrong frame", changed(32, 3, 0), /a frame has 3 bytes, but 2 channels of 16 bits have 4/],
    ["12 bits", changed(34, 12, 0), /format 1 with 12 bits/],
    ["MP3 in WAV", changed(20, 0x55, 0), /format 85/],
    ["a piece of a frame", changed(40, 39, 0, 0, 0), /end within a frame/],
  ])("%s", async (_, file, words) => {
    await expect(audio.load(file)).rejects.toThrow(words);
    await expect(audio.info(file)).rejects.toBeInstanceOf(torch.FormatError);
    const path = join(folder, "damaged.wav");
    writeFileSync(path, file);
    await expect(audio.load(path)).rejects.toThrow(/damaged\.wav" cannot be read as WAV/);
  });

  test("a size that was not known ends with the file, and other chunks are passed over", async () => {
    expect((await audio.info(changed(40, 255, 255, 255, 255))).numFrames).toBe(10);
    const list = Buffer.concat([good.subarray(0, 36), Buffer.from("LIST\x03\0\0\0abc\0", "latin1"), good.subarray(36)]);
    expect((await audio.load(list))[0].shape).toEqual([2, 10]);
  });
});
