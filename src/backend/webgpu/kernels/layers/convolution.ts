/** The three maps of a convolution: as products whose factors are gathered where they lie, or sum by sum where groups are small. */
import type { Operand } from "../../../operand";
import type { ChannelSums, Convolution, ConvolutionGeometry, ConvPass } from "../../../ops";
import type { Gpu } from "../../gpu";
import { directSource } from "../products/direct";
import { tileWords } from "../products/matmul";
import { addParts, temporary } from "../products/splits";
import { tiledSource } from "../products/tiled";
import { cutOf } from "../products/tilings";
import { product } from "./axes";
import { ConvText } from "./convText";
import { ConvTextByTap } from "./convTextByTap";
import { convolveDirectly } from "./directConvolution";
import { type Phases, phasesOf } from "./phases";
import { sumSegments } from "./segments";

/** Groups with fewer results or channels than this leave most of a tile empty. */
const SMALL_GROUP = 8;

/** Runs a pass of a convolution. */
export function convolution(gpu: Gpu, work: Convolution): void {
  const { pass, x, w, y, geometry: g } = work;
  const to = pass === "forward" ? y : pass === "inputGrad" ? x : w;
  if (product(to.shape) === 0) return;
  if (isDirect(pass, g)) convolveDirectly(gpu, work);
  else convolveByTiles(gpu, work, to);
}

function isDirect(pass: ConvPass, { groups, c, o }: ConvolutionGeometry): boolean {
  if (groups === 1) return false;
  const [rows, columns] = [o / groups, c / groups];
  if (pass === "weightGrad") return rows * columns < SMALL_GROUP * SMALL_GROUP;
  return (pass === "forward" ? rows : columns) < SMALL_GROUP;
}

/** Rows, columns and terms of the product that a pass is, and how many of them there are. */
function sizesOf(pass: ConvPass, g: ConvolutionGeometry, { phases, phaseTaps, phasePositions }: Phases) {
  const { n, c, o, groups } = g;
  const [cg, og, taps] = [c / groups, o / groups, product(g.kernel)];
  if (pass === "forward") return { batch: groups, m: og, n: n * product(g.output), k: cg * taps };
  if (pass === "weightGrad") return { batch: groups, m: og, n: cg * taps, k: n * product(g.output) };
  return { batch: groups * phases, m: cg, n: n * phasePositions, k: og * phaseTaps };
}

function convolveByTiles(gpu: Gpu, { pass, x, w, y, bias, geometry: g }: Convolution, to: Operand): void {
  const program = gpu.begin();
  const phases = phasesOf(g);
  const sizes = sizesOf(pass, g, phases);
  const cut = cutOf(gpu.card, sizes.m, sizes.n, sizes.k, sizes.batch);
  const isDirect = cut.tiling.isDirect === true;
  const isByTap = isDirect && pass === "inputGrad";
  const text = new (isByTap ? ConvTextByTap : ConvText)(pass, g, phases, isDirect);
  const parts = cut.splits > 1 ? temporary(to.dtype, [cut.splits, product(to.shape)]) : undefined;
  text.declare(program, { x, w, y, bias: parts ? undefined : bias }, parts ?? to, product(to.shape));
  // Sections go along the channels.
  const k = isByTap ? g.o / g.groups : sizes.k;
  const chunk = isByTap ? Math.ceil(k / cut.splits) : cut.chunk;
  const words = tileWords(program, { ...sizes, k }, { ...cut, chunk });
  gpu.dispatch(`${text.key} ${cut.name}`, sizes.batch * cut.down * cut.across * cut.splits, () => {
    const [left, right] = [text.left(words), text.right()];
    return isDirect
      ? directSource(cut.tiling, "f32", words, left, right, text.target, {
          prelude: text.prelude,
          sections: text.sections,
          subgroup: gpu.subgroup,
        })
      : tiledSource(cut.tiling, "f32", words, left, right, text.target, text.prelude);
  });
  if (parts === undefined) return;
  addParts(gpu, to, parts, { bias, inner: product(g.output) });
  gpu.release(parts.storage.block);
}

/** Runs the sums of channels. */
export function channelSums(gpu: Gpu, { y, x }: ChannelSums): void {
  const [outer, segments] = [x.shape[0]!, x.shape[1]!];
  const inner = product(x.shape.slice(2));
  sumSegments(gpu, {
    name: "channelSums",
    outer,
    segments,
    inner,
    sums: 1,
    terms: (program) => {
      const source = program.read(x);
      return { terms: (at) => [source.loadAt(`${at}`)] };
    },
    finish: (program) => {
      const target = program.scatter(y);
      return { put: (segment, [sum]) => target.storeAt(`${segment}`, sum!) };
    },
  });
}
