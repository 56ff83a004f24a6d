/** 2,000 damaged WAV files. */
import * as torch from "kindling";
import { expect, test } from "vitest";
import { readDamaged } from "../helpers/mutate";

const { audio } = torch;

test("damaged WAV files are errors, or read as their headers say", async () => {
  const x = torch.randn([3, 40]);
  const files = [
    audio.encode(x, 8000),
    audio.encode(x.narrow(0, 0, 2), 44100, { encoding: "PCM_S", bitsPerSample: 24 }),
    audio.encode(x.narrow(0, 0, 1), 8000, { encoding: "ULAW" }),
    audio.encode(x.narrow(0, 0, 2), 16000, { encoding: "PCM_S" }),
    audio.encode(x.narrow(0, 0, 1), 16000, { encoding: "PCM_U" }),
  ];
  const accepted = await readDamaged(files, 2000, async (file) => {
    const [waveform, rate] = await audio.load(file);
    const { numChannels, numFrames, sampleRate, bitsPerSample } = await audio.info(file);
    expect([waveform.shape, rate]).toEqual([[numChannels, numFrames], sampleRate]);
    expect((numChannels * numFrames * bitsPerSample) / 8).toBeLessThanOrEqual(file.length - 44);
    const [raw] = await audio.load(file, { normalize: false, channelsFirst: false });
    expect(raw.shape).toEqual([numFrames, numChannels]);
    return [waveform, raw];
  });
  // Damage to samples is no damage to the file.
  expect(accepted).toBeGreaterThan(100);
  expect(accepted).toBeLessThan(1900);
}, 120_000);
