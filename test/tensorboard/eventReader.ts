/** Event files read field by field from the specification of protocol buffers and of TFRecord, without a library. */

/** CRC-32C bit by bit. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const masked = (bytes: Uint8Array): number => {
  const crc = BigInt(crc32c(bytes));
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
};

/** The data of each whole record. @throws Error where a checksum is wrong. */
export function recordsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at + 12 <= file.length; ) {
    if (view.getUint32(at + 8, true) !== masked(file.subarray(at, at + 8))) throw new Error(`length at ${at}`);
    const size = Number(view.getBigUint64(at, true));
    if (at + size + 16 > file.length) break;
    const data = file.subarray(at + 12, at + 12 + size);
    if (view.getUint32(at + 12 + size, true) !== masked(data)) throw new Error(`data at ${at}`);
    records.push(data);
    at += size + 16;
  }
  return records;
}

/** The fields of a message by number: varints as bigint, fixed ones as their bytes, the rest as bytes. */
export type Fields = Map<number, (bigint | Uint8Array)[]>;

export function fieldsOf(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (size: number): Uint8Array => {
    at += size;
    return bytes.subarray(at - size, at);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const wire = key & 7;
    const value = wire === 0 ? varint() : take(wire === 1 ? 8 : wire === 5 ? 4 : Number(varint()));
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
export const doubleOf = (bytes: unknown): number => viewOf(bytes as Uint8Array).getFloat64(0, true);
export const floatOf = (bytes: unknown): number => viewOf(bytes as Uint8Array).getFloat32(0, true);
export const textOf = (bytes: unknown): string => new TextDecoder().decode(bytes as Uint8Array);
export const doublesOf = (bytes: unknown): number[] => {
  const view = viewOf(bytes as Uint8Array);
  return Array.from({ length: view.byteLength / 8 }, (_, i) => view.getFloat64(8 * i, true));
};
export const floatsOf = (bytes: unknown): number[] => {
  const view = viewOf(bytes as Uint8Array);
  return Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
};

/** An event as far as tests look at it. */
export interface SeenEvent {
  readonly time: number;
  readonly step: number;
  readonly version?: string;
  /** SessionLog's status. */
  readonly session?: number;
  /** The fields of each Summary.Value. */
  readonly values: Fields[];
  readonly graph?: Uint8Array;
}

export function eventsOf(file: Uint8Array): SeenEvent[] {
  return recordsOf(file).map((record) => {
    const fields = fieldsOf(record);
    const one = (number: number) => fields.get(number)?.[0];
    const summary = one(5);
    const session = one(7);
    return {
      time: doubleOf(one(1)),
      step: Number(one(2) ?? 0n),
      ...(one(3) !== undefined && { version: textOf(one(3)) }),
      ...(session !== undefined && { session: Number(fieldsOf(session as Uint8Array).get(1)?.[0] ?? 0n) }),
      values:
        summary === undefined
          ? []
          : (fieldsOf(summary as Uint8Array).get(1) ?? []).map((v) => fieldsOf(v as Uint8Array)),
      ...(one(4) !== undefined && { graph: one(4) as Uint8Array }),
    };
  });
}
