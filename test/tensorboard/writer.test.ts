/** Event files of `SummaryWriter`, read back by a reader written from the specification. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { decode } from "fast-png";
import * as torch from "kindling";
import { afterAll, describe, expect, it } from "vitest";
import { doubleOf, doublesOf, eventsOf, fieldsOf, floatOf, floatsOf, type SeenEvent, textOf } from "./eventReader";
import { decodeGif } from "./gifReader";

const { SummaryWriter } = torch.utils.tensorboard;
const root = mkdtempSync(join(tmpdir(), "kindling-board-"));
afterAll(() => rmSync(root, { recursive: true }));

let runs = 0;
const freshFolder = (): string => join(root, `run${runs++}`);

/** The events of a folder's files, in the order of their names. */
function eventsIn(folder: string): SeenEvent[] {
  const names = readdirSync(folder).filter((name) => name.includes("tfevents"));
  return names.sort().flatMap((name) => eventsOf(readFileSync(join(folder, name))));
}

/** What `add` makes a writer write. */
async function written(add: (writer: InstanceType<typeof SummaryWriter>) => void): Promise<SeenEvent[]> {
  const folder = freshFolder();
  const writer = new SummaryWriter(folder);
  add(writer);
  await writer.close();
  return eventsIn(folder).slice(1);
}

const tagOf = (event: SeenEvent): string => textOf(event.values[0]!.get(1)![0]);
const field = (event: SeenEvent, number: number) => fieldsOf(event.values[0]!.get(number)![0] as Uint8Array);

describe("files", () => {
  it("are named as PyTorch's, and begin with the version", async () => {
    const folder = freshFolder();
    const writer = new SummaryWriter(folder, { filenameSuffix: ".end" });
    await writer.flush();
    const [name] = readdirSync(folder);
    expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\..+\.\d+\.\d+\.end$/);
    expect(eventsIn(folder)).toMatchObject([{ step: 0, version: "brain.Event:2", values: [] }]);
    await writer.close();
  });

  it("hold what was added in order, with the time of the call", async () => {
    const before = Date.now() / 1000;
    const events = await written((writer) => {
      for (let i = 0; i < 100; i++) writer.addScalar("loss", 1 / (i + 1), i);
      writer.addScalar({ tag: "named", scalarValue: torch.tensor([[2.5]]), globalStep: 7, walltime: 12.5 });
    });
    expect(events.length).toBe(101);
    events.slice(0, 100).forEach((event, i) => {
      expect(event.step).toBe(i);
      expect(floatOf(event.values[0]!.get(2)![0])).toBe(Math.fround(1 / (i + 1)));
      expect(event.time).toBeGreaterThanOrEqual(before);
    });
    expect(events[100]).toMatchObject({ step: 7, time: 12.5 });
  });

  it("hide later steps of a run that goes on, and go on in a new file after close", async () => {
    const folder = freshFolder();
    const first = new SummaryWriter(folder);
    for (let i = 0; i < 5; i++) first.addScalar("x", i, i);
    await first.close();
    first.addScalar("x", 5, 5);
    await first.close();
    expect(readdirSync(folder).length).toBe(2);
    const second = new SummaryWriter(folder, { purgeStep: 3 });
    second.addScalar("x", 30, 3);
    await second.close();
    expect(readdirSync(folder).length).toBe(3);
    const events = eventsIn(folder).slice(-3);
    expect(events).toMatchObject([{ step: 3, version: "brain.Event:2" }, { step: 3, session: 1 }, { step: 3 }]);
  });

  it("keep what tensors held at the time of the call", async () => {
    const events = await written((writer) => {
      const x = torch.tensor([1]);
      writer.addScalar("x", x);
      x.fill_(2);
    });
    expect(floatOf(events[0]!.values[0]!.get(2)![0])).toBe(1);
  });

  it("tell errors of the disk at the next flush, and keep what could not be written", async () => {
    const path = join(root, "file");
    writeFileSync(path, "");
    const writer = new SummaryWriter(join(path, "below"));
    writer.addScalar("x", 1);
    await expect(writer.flush()).rejects.toThrow(
      /SummaryWriter: cannot create ".*below.*": .*(not a folder|it is a file)/,
    );
    rmSync(path);
    await writer.close();
    expect(eventsIn(join(path, "below")).length).toBe(2);
  });

  it("survive a process that is killed after a flush, and are whole when it ends by itself", async () => {
    const program = (folder: string, end: string) => `
      import * as torch from ${JSON.stringify(resolve("dist/kindling.js"))};
      const writer = new torch.utils.tensorboard.SummaryWriter(${JSON.stringify(folder)});
      for (let i = 0; i < 50; i++) writer.addScalar("x", i, i);
      await writer.flush();
      for (let i = 50; i < 55; i++) writer.addScalar("x", i, i);
      ${end}`;
    const run = (code: string) =>
      new Promise((done) => {
        spawn(process.execPath, ["--input-type=module", "-e", code]).on("exit", (status, signal) =>
          done(signal ?? status),
        );
      });
    const [killed, ended, exited] = [freshFolder(), freshFolder(), freshFolder()];
    expect(await run(program(killed, 'process.kill(process.pid, "SIGKILL");'))).toBe("SIGKILL");
    expect(await run(program(ended, ""))).toBe(0);
    expect(await run(program(exited, "process.exit(3);"))).toBe(3);
    expect(eventsIn(killed).length).toBeGreaterThanOrEqual(51);
    expect(eventsIn(ended).length).toBe(56);
    expect(eventsIn(exited).length).toBe(56);
  });
});

describe("summaries", () => {
  it("of scalars: tensors of the new style, and runs of their own for several", async () => {
    const folder = freshFolder();
    const writer = new SummaryWriter(folder);
    writer.addScalar("f", 0.1, 1, undefined, true);
    writer.addScalar("d", 0.1, 1, undefined, true, true);
    writer.addScalars("loss/all", { train: 1, test: 2 }, 4);
    await writer.close();
    const [f, d] = eventsIn(folder).slice(1);
    expect(floatsOf(field(f!, 8).get(5)![0])).toEqual([Math.fround(0.1)]);
    expect(doublesOf(field(d!, 8).get(6)![0])).toEqual([0.1]);
    expect(textOf(fieldsOf(field(d!, 9).get(1)![0] as Uint8Array).get(1)![0])).toBe("scalars");
    const test = eventsIn(join(folder, "loss_all_test"));
    expect(tagOf(test[1]!)).toBe("loss/all");
    expect(floatOf(test[1]!.values[0]!.get(2)![0])).toBe(2);
  });

  it("of histograms have NumPy's bins", async () => {
    const values = [-1, 0, 0.5, 0.5, 2, 7];
    const events = await written((writer) => {
      writer.addHistogram("edges", values, 1, [-1, 0, 1, 8]);
      writer.addHistogram("count", torch.tensor(values), 1, 4);
      writer.addHistogram("most", values, 1, { bins: 9, maxBins: 4 });
      writer.addHistogram("tf", [0.1, -0.2]);
      writer.addHistogramRaw("raw", 0, 1, 3, 2, 1.5, [0.5, 1], [1, 2], 4);
    });
    const seen = events.map((event) => {
      const histo = field(event, 5);
      return {
        limits: doublesOf(histo.get(6)![0]),
        counts: doublesOf(histo.get(7)![0]),
        sum: doubleOf(histo.get(4)![0]),
      };
    });
    // numpy.histogram(values, bins): counts between the edges, the last of which counts too.
    expect(seen[0]).toEqual({ limits: [-1, 0, 1, 8], counts: [0, 1, 3, 2], sum: 9 });
    expect(seen[1]).toEqual({ limits: [-1, 1, 3, 5, 7], counts: [0, 4, 1, 0, 1], sum: 9 });
    expect(seen[2]!.counts).toEqual([0, 4, 1, 0, 0, 1]);
    expect(seen[3]!.counts.reduce((a, b) => a + b)).toBe(2);
    expect(seen[3]!.limits.every((x, i, all) => i === 0 || x > all[i - 1]!)).toBe(true);
    expect(seen[4]).toEqual({ limits: [0.5, 1], counts: [1, 2], sum: 2 });
  });

  it("of pictures are PNG files of the pixels", async () => {
    const pixels = torch.arange(24).to("uint8").view([3, 2, 4]);
    const events = await written((writer) => {
      writer.addImage("chw", pixels);
      writer.addImage("hwc", pixels.permute([1, 2, 0]), { dataformats: "HWC" });
      writer.addImage(
        "float",
        torch.tensor([
          [0, 0.5],
          [1, 0.25],
        ]),
        { dataformats: "HW" },
      );
      writer.addImages("n", pixels.unsqueeze(1), { dataformats: "NCHW" });
      writer.addFigure("figure", new torch.vision.Image("RGB", 1, 1, Uint8Array.of(1, 2, 3)));
    });
    const png = events.map((event) => decode(field(event, 4).get(4)![0] as Uint8Array));
    const expected = (pixels.permute([1, 2, 0]).contiguous().toTypedArray() as Uint8Array).join();
    expect([png[0]!.width, png[0]!.height, Array.from(png[0]!.data).join()]).toEqual([4, 2, expected]);
    expect(Array.from(png[1]!.data).join()).toBe(expected);
    expect(Array.from(png[2]!.data)).toEqual([0, 127, 255, 63].flatMap((v) => [v, v, v]));
    expect([png[3]!.width, png[3]!.height]).toEqual([12, 2]);
    expect(Array.from(png[4]!.data)).toEqual([1, 2, 3]);
  });

  it("of hyperparameters, texts, sounds and curves name their plugins", async () => {
    const folder = freshFolder();
    const writer = new SummaryWriter(folder);
    writer.addText("note", "hello");
    writer.addAudio("tone", torch.tensor([0, 0.5, -2]), 1, 8000);
    writer.addPrCurve("curve", torch.tensor([1, 0, 1]), torch.tensor([0.9, 0.2, 0.4]), 0, 5);
    writer.addCustomScalars({ all: { losses: ["Multiline", ["a", "b"]] } });
    writer.addHparams(
      { lr: 0.1, name: "sgd" },
      { accuracy: 0.5 },
      { hparamDomainDiscrete: { lr: [0.1, 1] }, runName: "one" },
    );
    await writer.close();
    const [text, sound, curve, layout] = eventsIn(folder).slice(1);
    expect([tagOf(text!), textOf(field(text!, 8).get(8)![0])]).toEqual(["note/text_summary", "hello"]);
    const wav = field(sound!, 6).get(4)![0] as Uint8Array;
    const samples = new Int16Array(Uint8Array.from(wav.subarray(44)).buffer);
    expect([...samples]).toEqual([0, 16383, -32767]);
    const rows = floatsOf(field(curve!, 8).get(5)![0]);
    // Thresholds 0, 1/4, …: true positives are the labels that are predicted at least so high.
    expect(rows.slice(0, 10)).toEqual([2, 2, 1, 1, 0, 1, 0, 0, 0, 0]);
    expect(tagOf(layout!)).toBe("custom_scalars__config__");
    const session = eventsIn(join(folder, "one")).slice(1);
    expect(session.map(tagOf)).toEqual([
      "_hparams_/experiment",
      "_hparams_/session_start_info",
      "_hparams_/session_end_info",
      "accuracy",
    ]);
    const experiment = fieldsOf(fieldsOf(field(session[0]!, 9).get(1)![0] as Uint8Array).get(2)![0] as Uint8Array);
    const info = fieldsOf(fieldsOf(experiment.get(2)![0] as Uint8Array).get(4)![0] as Uint8Array);
    expect([textOf(info.get(1)![0]), info.get(5)?.length]).toEqual(["lr", 1]);
  });

  it("of a module's graph have its modules as scopes, and leave the module as it was", async () => {
    const { nn } = torch;
    const model = new nn.Sequential(new nn.Linear(4, 3), new nn.BatchNorm1d(3), new nn.ReLU());
    const mean = () => (model.stateDict() as Record<string, torch.Tensor>)["1.runningMean"]?.tolist();
    const before = mean();
    const [event] = await written((writer) => writer.addGraph(model, torch.ones(2, 4)));
    const nodes = fieldsOf(event!.graph!)
      .get(1)!
      .map((node) => fieldsOf(node as Uint8Array));
    const names = nodes.map((node) => textOf(node.get(1)![0]));
    expect(names).toEqual(
      expect.arrayContaining([
        "input/input.1",
        "Sequential/Linear[0]/weight",
        "Sequential/Linear[0]/linear",
        "output/output.1",
      ]),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const node of nodes) for (const input of node.get(3) ?? []) expect(names).toContain(textOf(input));
    expect(model.training).toBe(true);
    expect(mean()).toEqual(before);
  });

  it("of embeddings are tables beside the events", async () => {
    const folder = freshFolder();
    const writer = new SummaryWriter(folder);
    const labelImg = torch.ones(2, 3, 2, 2);
    writer.addEmbedding(
      torch.tensor([
        [1, 2.5],
        [3, -4],
      ]),
      { metadata: ["a", "b"], labelImg, globalStep: 3, tag: "x/y" },
    );
    await writer.close();
    const read = (name: string) => readFileSync(join(folder, "00003/x%2fy", name), "utf8");
    expect(read("tensors.tsv")).toBe("1.0\t2.5\n3.0\t-4.0\n");
    expect(read("metadata.tsv")).toBe("a\nb\n");
    expect(readFileSync(join(folder, "projector_config.pbtxt"), "utf8")).toContain('tensor_name: "x/y:00003"');
  });
});

describe("videos", () => {
  it("are animated GIFs, side by side, with the colors that were given", async () => {
    const frames = torch.zeros([3, 2, 3, 2, 3], { dtype: "uint8" });
    // Video 1, frame 1: green; video 2, frame 0: one red pixel.
    frames.select(0, 1).select(0, 1).select(0, 1).fill_(255);
    frames.setAt([2, 0, 0, 1, 2], 200);
    const [event] = await written((writer) => writer.addVideo("v", frames, 4, 10));
    expect(event).toMatchObject({ step: 4 });
    const image = field(event!, 4);
    expect([1, 2, 3].map((n) => Number(image.get(n)![0]))).toEqual([2, 12, 3]);
    const { width, height, delays, pixels } = decodeGif(image.get(4)![0] as Uint8Array);
    // Three videos fill up to four, in one row.
    expect({ width, height, delays }).toEqual({ width: 12, height: 2, delays: [100, 100] });
    expect(pixels[0]!.filter(([r]) => r === 200)).toHaveLength(1);
    expect(pixels[0]![12 + 6 + 2]).toEqual([200, 0, 0]);
    expect(pixels[1]!.map(([, g]) => g)).toEqual(
      Array.from({ length: 24 }, (_, i) => (i % 12 >= 3 && i % 12 < 6 ? 255 : 0)),
    );
  });

  it("of more colors than the format has keep what they show", async () => {
    const ramp = torch
      .arange(32 * 32)
      .div(1023)
      .reshape([1, 1, 1, 32, 32])
      .expand([1, 1, 3, 32, 32])
      .clone();
    ramp.select(2, 1).copy_(ramp.select(2, 1).transpose(-1, -2).clone());
    const [event, wide] = await written((writer) => {
      writer.addVideo({ tag: "v", vidTensor: ramp });
      writer.addVideo({ tag: "five", vidTensor: torch.zeros(5, 1, 1, 2, 3) });
    });
    // Five fill up to eight, in two rows.
    expect([1, 2, 3].map((n) => Number(field(wide!, 4).get(n)![0]))).toEqual([4, 12, 1]);
    const { delays, pixels } = decodeGif(field(event!, 4).get(4)![0] as Uint8Array);
    expect(delays).toEqual([250]);
    const given = ramp.select(1, 0).reshape([3, -1]).mul(255).tolist() as number[][];
    const errors = pixels[0]!.map((rgb, i) => Math.max(...rgb.map((value, c) => Math.abs(value - given[c]![i]!))));
    expect(Math.max(...errors)).toBeLessThan(32);
  });
});

describe("graphs of ONNX files", () => {
  it("have a node for each of the graph's, by its output, and its inputs and outputs", async () => {
    const folder = freshFolder();
    const net = new torch.nn.Sequential(new torch.nn.Conv2d(1, 2, 3, { padding: 1 }), new torch.nn.ReLU());
    const path = `${folder}.onnx`;
    await torch.onnx.export(net, torch.ones(1, 1, 4, 4), path, { inputNames: ["image"], outputNames: ["result"] });
    const [event] = await written((writer) => writer.addOnnxGraph(path));
    const nodes = fieldsOf(event!.graph!)
      .get(1)!
      .map((bytes) => fieldsOf(bytes as Uint8Array));
    const texts = nodes.map((node) => [node.get(1)!, node.get(2)!].map(([text]) => textOf(text)));
    expect(texts).toEqual([
      ["image", "Variable"],
      ["result", "Variable"],
      [expect.any(String), "Conv"],
      ["result", "Relu"],
    ]);
    expect(textOf(nodes[2]!.get(3)![0])).toBe("image");
    expect(JSON.stringify(nodes[2]!.get(5)!.map((bytes) => textOf(bytes as never)))).toContain("kernel_shape = [3, 3]");
  });

  it("of files that are none are errors of the next flush", async () => {
    const writer = new SummaryWriter(freshFolder());
    writeFileSync(join(root, "none.onnx"), "hello, this is no model");
    writer.addOnnxGraph(join(root, "none.onnx"));
    await expect(writer.flush()).rejects.toThrow(/^addOnnxGraph: ".*none.onnx" is no ONNX file/);
    writer.addOnnxGraph(join(root, "missing.onnx"));
    await expect(writer.flush()).rejects.toThrow(/^addOnnxGraph: cannot read ".*missing.onnx"/);
    expect(() => (writer as any).addOnnxGraph(3)).toThrow(/^addOnnxGraph: prototxt must be a string/);
    await writer.close();
  });
});

describe("rotation", () => {
  it("goes on in files of a size, in the order of their names", async () => {
    const folder = freshFolder();
    const writer = new SummaryWriter(folder, { maxFileSize: 1000 });
    for (let i = 0; i < 300; i++) writer.addScalar("loss", i, i);
    await writer.close();
    const names = readdirSync(folder).sort();
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(readFileSync(join(folder, name)).length).toBeLessThan(1100);
    const steps = eventsIn(folder).flatMap(({ step, values }) => (values.length > 0 ? [step] : []));
    expect(steps).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it("lets a run that was cut off go on: what came after is hidden, whichever file it is in", async () => {
    const folder = freshFolder();
    const first = new SummaryWriter(folder, { maxFileSize: 500 });
    for (let i = 0; i < 50; i++) first.addScalar("loss", i, i);
    await first.close();
    const second = new SummaryWriter(folder, { maxFileSize: 500, purgeStep: 30 });
    for (let i = 30; i < 60; i++) second.addScalar("loss", 100 + i, i);
    await second.close();
    let seen = new Map<number, number>();
    for (const event of eventsIn(folder)) {
      if (event.session === 1) seen = new Map([...seen].filter(([step]) => step < event.step));
      if (event.values.length > 0) seen.set(event.step, floatOf(event.values[0]!.get(2)![0]));
    }
    expect([...seen]).toEqual(Array.from({ length: 60 }, (_, i) => [i, i < 30 ? i : 100 + i]));
    expect(() => new SummaryWriter(folder, { maxFileSize: 0 })).toThrow(
      /^SummaryWriter: maxFileSize must be an integer of at least 1/,
    );
  });
});

describe("calls that do not fit", () => {
  it("throw at once where the arguments alone show it", async () => {
    const writer = new SummaryWriter(freshFolder());
    const wrong = writer as any;
    expect(() => wrong.addScalar(1, 2)).toThrow(/^addScalar: tag must be a string/);
    expect(() => wrong.addScalar("x", 2, 1.5)).toThrow(/^addScalar: globalStep must be an integer/);
    expect(() => wrong.addScalar("x")).toThrow(/^addScalar: missing argument scalarValue/);
    expect(() => wrong.addMesh("x", torch.ones(1, 3, 3))).toThrow(/^addMesh: meshes are not supported/);
    expect(() => new (SummaryWriter as any)(3)).toThrow(/^SummaryWriter: logDir must be a string/);
    await writer.flush();
    expect(() => wrong.addVideo("x", torch.ones(1, 3, 2, 2))).toThrow(
      /^addVideo: vidTensor must have shape \[N, T, C, H, W\]/,
    );
    expect(() => wrong.addVideo("x", torch.ones(1, 1, 2, 2, 2))).toThrow(
      /^addVideo: videos have 1 or 3 channels, got 2/,
    );
    expect(() => wrong.addVideo("x", torch.ones(1, 0, 3, 2, 2))).toThrow(/^addVideo: there is no frame/);
    expect(() => wrong.addVideo("x", torch.ones(1, 1, 3, 2, 2), { fps: 0 })).toThrow(/^addVideo: fps must be above 0/);
    expect(() => wrong.addScalar("x", torch.ones(2))).toThrow(/^addScalar: Tensor should contain one element/);
    expect(() => wrong.addHistogram("x", [])).toThrow(/^addHistogram: The input has no element/);
    expect(() => wrong.addHistogram("x", [1], 0, "best")).toThrow(/^addHistogram: 'best' is not a valid estimator/);
    expect(() => wrong.addImage("x", torch.ones(2, 2))).toThrow(
      /^addImage: size of input tensor and input format are different/,
    );
    expect(() => wrong.addGraph(1)).toThrow(/^addGraph: model must be a module/);
    await writer.close();
  });

  it("throw at the next flush before the code is there", async () => {
    const writer = new SummaryWriter(freshFolder());
    writer.addScalar("x", torch.ones(2));
    await expect(writer.flush()).rejects.toThrow(/^addScalar: Tensor should contain one element/);
    await writer.close();
  });
});

/** Python with `tensorboard`, which TENSORBOARD_PYTHON names or the path has. */
function findTensorBoard(): string | undefined {
  for (const python of [process.env.TENSORBOARD_PYTHON, "python3"]) {
    if (python === undefined) continue;
    try {
      execFileSync(python, ["-c", "import tensorboard.backend.event_processing.event_accumulator"], {
        stdio: "ignore",
      });
      return python;
    } catch {
      // The next one may have it.
    }
  }
  return undefined;
}

describe("TensorBoard", () => {
  const python = findTensorBoard();
  if (python === undefined) {
    it.skip("is not installed: `pip install tensorboard`, or name a Python that has it in TENSORBOARD_PYTHON", () => {});
    return;
  }

  it("reads what was written", { timeout: 60_000 }, async () => {
    const folder = freshFolder();
    const writer = new SummaryWriter(folder);
    for (let i = 0; i < 20; i++) writer.addScalar("loss", 1 / (i + 1), i);
    writer.addHistogram("h", [1, 2, 3]);
    writer.addImage("i", torch.rand(3, 4, 4));
    writer.addGraph(new torch.nn.Linear(2, 2), torch.ones(1, 2));
    await writer.close();
    const code = `import sys, json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1]); a.Reload()
print(json.dumps([[s.step, s.value] for s in a.Scalars("loss")]), a.Histograms("h")[0].histogram_value.num, a.Images("i")[0].width, len(a.Graph().node))`;
    const printed = execFileSync(python, ["-c", code, folder], { stdio: ["ignore", "pipe", "ignore"] }).toString();
    const [scalars, rest] = printed.trim().split("]] ");
    expect(JSON.parse(`${scalars}]]`)).toEqual(Array.from({ length: 20 }, (_, i) => [i, Math.fround(1 / (i + 1))]));
    expect(rest).toBe("3.0 4 5");
  });
});
