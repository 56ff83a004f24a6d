/** Data sets of recordings in torchaudio's folders. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as torch from "kindling";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const { audio } = torch;
const { SPEECHCOMMANDS, YESNO } = audio.datasets;
const root = mkdtempSync(join(tmpdir(), "kindling-speech-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function put(name: string, content: string | Uint8Array): void {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
const wav = (value: number, rate: number) => audio.encode(torch.full([1, 4], value, { dtype: "float32" }), rate);

describe("SPEECHCOMMANDS", () => {
  const base = "SpeechCommands/speech_commands_v0.02";
  const names = ["down/aa11_nohash_0.wav", "up/bb22_nohash_1.wav", "up/aa11_nohash_3.wav", "yes/cc33_nohash_0.wav"];
  beforeAll(() => {
    names.forEach((name, i) => void put(`${base}/${name}`, wav(i / 8, 16000)));
    put(`${base}/_background_noise_/noise.wav`, wav(0, 16000));
    put(`${base}/README.md`, "x");
    put(`${base}/validation_list.txt`, "up/bb22_nohash_1.wav\n");
    put(`${base}/testing_list.txt`, "yes/cc33_nohash_0.wav\n");
  });

  test("gives waveform, rate, label, speaker and number", async () => {
    const set = await new SPEECHCOMMANDS(root);
    expect(set.length).toBe(4);
    const [waveform, ...rest] = await set.at(1);
    expect([waveform.tolist(), rest]).toEqual([[[0.25, 0.25, 0.25, 0.25]], [16000, "up", "aa11", 3]]);
    const labels: string[] = [];
    for await (const [, , label] of set) labels.push(label);
    expect(labels).toEqual(["down", "up", "up", "yes"]);
    await expect(set.at(4)).rejects.toThrow(/SPEECHCOMMANDS: index 4 is out of range for 4 samples/);
  });

  test("has subsets by lists", async () => {
    const lengths = async (subset: "training" | "validation" | "testing") =>
      (await SPEECHCOMMANDS(root, { subset })).length;
    expect([await lengths("training"), await lengths("validation"), await lengths("testing")]).toEqual([2, 1, 1]);
    const [, , label, speaker] = await (await SPEECHCOMMANDS(root, { subset: "testing" })).at(0);
    expect([label, speaker]).toEqual(["yes", "cc33"]);
    await expect(SPEECHCOMMANDS(root, { subset: "train" as never })).rejects.toThrow(
      /subset must be one of "training"/,
    );
  });

  test("refuses lists that lead elsewhere", async () => {
    put("SpeechCommands/mine/testing_list.txt", "../../x_nohash_0.wav\n");
    const set = SPEECHCOMMANDS(root, { url: "http://localhost/mine.tar.gz", subset: "testing" });
    await expect(set).rejects.toThrow(/has the line "\.\.\/\.\.\/x_nohash_0\.wav", which is no recording/);
  });

  test("goes through a loader", async () => {
    const loader = new torch.utils.data.DataLoader((await SPEECHCOMMANDS(root)) as any, { batchSize: 4 });
    for await (const [waveforms, rates, labels] of loader as AsyncIterable<any[]>)
      expect([waveforms.shape, rates.tolist(), labels]).toEqual([
        [4, 1, 4],
        [16000, 16000, 16000, 16000],
        ["down", "up", "up", "yes"],
      ]);
  });
});

describe("YESNO", () => {
  test("has eight labels in the name of each file", async () => {
    put("waves_yesno/0_1_0_1_0_0_1_1.wav", wav(0.5, 8000));
    put("waves_yesno/1_1_1_1_0_0_1_1.wav", wav(0.25, 8000));
    put("waves_yesno/README", "x");
    const set = await YESNO(root);
    expect(set.length).toBe(2);
    const [waveform, rate, labels] = await set.at(0);
    expect([waveform.shape, rate, labels]).toEqual([[1, 4], 8000, [0, 1, 0, 1, 0, 0, 1, 1]]);
    expect(String(set)).toBe(`Dataset YESNO\n    Number of datapoints: 2\n    Root location: ${root}`);
    await expect(YESNO(join(root, "none"))).rejects.toThrow(/YESNO: Dataset not found. Please use download: true/);
  });
});
