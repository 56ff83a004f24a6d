/** What of an event can be shown: numbers, buckets, pictures and texts. */
import {
  DataType,
  type Event,
  SessionLog_SessionStatus,
  type Summary_Value,
  type TensorProto,
} from "./proto/tensorboard_pb";

/** Something that a page shows of a run. */
export type Item =
  | { kind: "scalar"; tag: string; step: number; time: number; value: number }
  | { kind: "histogram"; tag: string; step: number; time: number; limits: number[]; counts: number[] }
  | { kind: "image"; tag: string; step: number; time: number; width: number; height: number; bytes: Uint8Array }
  | { kind: "text"; tag: string; step: number; time: number; text: string }
  /** The run goes on from `step`: what it had written of that and later ones no longer counts. */
  | { kind: "purge"; step: number };

/** The only number of a tensor. */
function numberIn(tensor: TensorProto): number | undefined {
  const { dtype, floatVal, doubleVal, intVal, int64Val, tensorContent } = tensor;
  const held = [...floatVal.slice(0, 1), ...doubleVal.slice(0, 1), ...intVal.slice(0, 1)];
  if (held.length > 0) return held[0];
  if (int64Val.length > 0) return Number(int64Val[0]);
  const view = new DataView(tensorContent.buffer, tensorContent.byteOffset, tensorContent.length);
  if (dtype === DataType.DT_FLOAT && view.byteLength === 4) return view.getFloat32(0, true);
  return dtype === DataType.DT_DOUBLE && view.byteLength === 8 ? view.getFloat64(0, true) : undefined;
}

function itemOf({ tag, value, metadata }: Summary_Value, step: number, time: number): Item | undefined {
  const at = { tag, step, time };
  switch (value.case) {
    case "simpleValue":
      return { kind: "scalar", ...at, value: value.value };
    case "histo":
      return { kind: "histogram", ...at, limits: value.value.bucketLimit, counts: value.value.bucket };
    case "image": {
      const { width, height, encodedImageString } = value.value;
      return { kind: "image", ...at, width, height, bytes: encodedImageString };
    }
    case "tensor": {
      const text = value.value.stringVal[0];
      if (metadata?.pluginData?.pluginName === "text" && text !== undefined)
        return { kind: "text", ...at, text: new TextDecoder().decode(text) };
      const number = metadata?.pluginData?.pluginName === "scalars" ? numberIn(value.value) : undefined;
      return number === undefined ? undefined : { kind: "scalar", ...at, value: number };
    }
  }
  return undefined;
}

/** What can be shown of an event. */
export function itemsOf({ step, wallTime, what }: Event): Item[] {
  if (what.case === "sessionLog" && what.value.status === SessionLog_SessionStatus.START)
    return [{ kind: "purge", step: Number(step) }];
  if (what.case !== "summary") return [];
  return what.value.value.flatMap((value) => itemOf(value, Number(step), wallTime) ?? []);
}
