/** What each call of a {@link SummaryWriter} writes. */
import { checkString } from "../core/arguments";
import { ArgumentError, describe, ValueError } from "../core/errors";
import type { Call, Op } from "./arguments";
import { curveOf, curveSummary } from "./curves";
import { graphOf } from "./graph";
import { histogramSummary } from "./histogram";
import { checkRecord, hparamsSummaries, layoutSummary } from "./hparams";
import { drawBoxes, figureOf, imageSummary, pixelsOf } from "./pictures";
import { addEmbedding } from "./projector";
import type { Sink } from "./sink";
import { audioSummary } from "./sounds";
import { rawHistogramSummary, scalarSummary, textSummary } from "./summaries";
import { doubles, isHeld, numbers, single } from "./values";
import { checkRate, framesOf, videoSummary } from "./videos";

type Command = (log: Sink, call: Call) => void;

const list = ({ op, values }: Call, name: string): Float64Array => doubles(numbers(op, name, values[name]).data);

function addHistogramRaw(log: Sink, call: Call): void {
  const { op, values } = call;
  const [limits, counts] = [list(call, "bucketLimits"), list(call, "bucketCounts")];
  if (limits.length !== counts.length)
    throw new ValueError("bucketLimits.length != bucketCounts.length, see the document.");
  const names = ["min", "max", "num", "sum", "sumSquares"] as const;
  const facts = names.map((name) => [name, single(op, name, values[name])] as const);
  log.summary(call, rawHistogramSummary(values.tag, Object.fromEntries(facts) as never, limits, counts));
}

function addHparams(log: Sink, { op, values, time }: Call): void {
  const { hparamDict, metricDict, hparamDomainDiscrete, runName } = values;
  const summaries = hparamsSummaries(hparamDict, metricDict, hparamDomainDiscrete);
  const metrics = Object.entries(checkRecord("metricDict", metricDict)).map(([tag, value]) =>
    scalarSummary(tag, single(op, `metricDict.${tag}`, value)),
  );
  const folder = `${log.folder}/${runName || time}`;
  for (const summary of [...summaries, ...metrics]) log.summary({ values: {}, time }, summary, folder);
  log.end(folder);
}

function addPicture(log: Sink, call: Call, fallback: string): void {
  const { tag, imgTensor, dataformats = fallback } = call.values;
  log.summary(call, imageSummary(tag, pixelsOf(numbers(call.op, "imgTensor", imgTensor), dataformats)));
}

/** One label for each box, or none, as in PyTorch. */
function labelsOf(labels: unknown, count: number): readonly string[] | undefined {
  if (labels === undefined) return undefined;
  const texts = typeof labels === "string" ? [labels] : labels;
  if (!Array.isArray(texts) || texts.some((text) => typeof text !== "string"))
    throw new ArgumentError(`labels must be a list of strings, got ${describe(labels)}`);
  return texts.length === count ? texts : undefined;
}

export const commands: Readonly<Partial<Record<Op, Command>>> = {
  addScalar(log, call) {
    const { tag, scalarValue, newStyle, doublePrecision } = call.values;
    log.summary(call, scalarSummary(tag, single(call.op, "scalarValue", scalarValue), newStyle, doublePrecision));
  },
  addScalars(log, call) {
    const { mainTag, tagScalarDict } = call.values;
    for (const [tag, value] of Object.entries(checkRecord("tagScalarDict", tagScalarDict))) {
      const summary = scalarSummary(mainTag, single(call.op, `tagScalarDict.${tag}`, value));
      log.summary(call, summary, `${log.folder}/${mainTag.replaceAll("/", "_")}_${tag}`);
    }
  },
  addHistogram(log, call) {
    const { tag, bins, maxBins } = call.values;
    const edges = isHeld(bins) || Array.isArray(bins) ? list(call, "bins") : bins;
    log.summary(call, histogramSummary(tag, list(call, "values"), edges, maxBins));
  },
  addHistogramRaw,
  addImage: (log, call) => addPicture(log, call, "CHW"),
  addImages: (log, call) => addPicture(log, call, "NCHW"),
  addImageWithBoxes(log, call) {
    const { tag, imgTensor, boxTensor, rescale, dataformats = "CHW", labels } = call.values;
    const pixels = pixelsOf(numbers(call.op, "imgTensor", imgTensor), dataformats);
    const boxes = numbers(call.op, "boxTensor", boxTensor);
    const drawn = drawBoxes(pixels, boxes, labelsOf(labels, boxes.shape[0] ?? 0));
    log.summary(call, imageSummary(tag, drawn, rescale));
  },
  addFigure(log, call) {
    log.summary(call, imageSummary(call.values.tag, figureOf(call.values.figure)));
  },
  addVideo(log, call) {
    const { tag, vidTensor, fps = 4 } = call.values;
    const rate = checkRate(fps);
    const frames = framesOf(numbers(call.op, "vidTensor", vidTensor));
    log.later(call.op, async () => {
      const { encodeGif } = await import("./lazyGif");
      log.summary(call, videoSummary(tag, frames, encodeGif(frames, rate)));
    });
  },
  addOnnxGraph(log, call) {
    const path = checkString(call.op, "prototxt", call.values.prototxt);
    log.later(call.op, async () => {
      const { onnxGraphOf } = await import("./lazyOnnxGraph");
      log.event(call, { case: "graphDef", value: await onnxGraphOf(call.op, path) });
    });
  },
  addAudio(log, call) {
    const { tag, sndTensor, sampleRate = 44100 } = call.values;
    log.summary(call, audioSummary(tag, numbers(call.op, "sndTensor", sndTensor), sampleRate));
  },
  addText(log, call) {
    log.summary(call, textSummary(call.values.tag, call.values.textString));
  },
  addGraph(log, call) {
    const { model, inputToModel, verbose = false } = call.values;
    const { graph, run } = graphOf(model, inputToModel, verbose);
    log.event(call, { case: "graphDef", value: graph });
    log.event(call, { case: "taggedRunMetadata", value: { tag: "step1", runMetadata: run } as never });
  },
  addEmbedding,
  addPrCurve(log, call) {
    const { tag, numThresholds, weights } = call.values;
    const held = weights === undefined ? undefined : numbers(call.op, "weights", weights);
    const labels = numbers(call.op, "labels", call.values.labels);
    const predictions = numbers(call.op, "predictions", call.values.predictions);
    log.summary(call, curveSummary(tag, curveOf(labels, predictions, numThresholds, held), numThresholds));
  },
  addPrCurveRaw(log, call) {
    const counts = ["truePositive", "falsePositive", "trueNegative", "falseNegative"].map((name) => `${name}Counts`);
    const rows = [...counts, "precision", "recall"].map((name) => list(call, name));
    log.summary(call, curveSummary(call.values.tag, rows, call.values.numThresholds));
  },
  addCustomScalarsMultilinechart(log, call) {
    const { tags, category = "default", title = "untitled" } = call.values;
    log.summary(call, layoutSummary({ [category]: { [title]: ["Multiline", tags] } }));
  },
  addCustomScalarsMarginchart(log, call) {
    const { tags, category = "default", title = "untitled" } = call.values;
    log.summary(call, layoutSummary({ [category]: { [title]: ["Margin", tags] } }));
  },
  addCustomScalars: (log, call) => log.summary(call, layoutSummary(call.values.layout)),
  addHparams,
};
