/** The constants of the MPI implementations. Names are of data symbols, whose addresses are the values. */
import type { WireOp, WireType } from "../engine";

type Value = number | string;

/** What MPI's names stand for in one implementation. */
export interface Abi {
  /** Whether handles are pointers (`p`) or of type `int` (`i`). */
  readonly handle: "p" | "i";
  readonly world: Value;
  readonly errorsReturn: Value;
  readonly types: Readonly<Record<WireType, Value>>;
  readonly ops: Readonly<Record<WireOp, Value>>;
  readonly inPlace: number;
  readonly statusIgnore: number;
  readonly anySource: number;
  readonly undefinedColor: number;
  /** MPI_THREAD_SERIALIZED. */
  readonly serialized: number;
}

const openMpi: Abi = {
  handle: "p",
  world: "ompi_mpi_comm_world",
  errorsReturn: "ompi_mpi_errors_return",
  types: {
    float32: "ompi_mpi_float",
    float64: "ompi_mpi_double",
    int64: "ompi_mpi_int64_t",
    int32: "ompi_mpi_int32_t",
    int16: "ompi_mpi_int16_t",
    int8: "ompi_mpi_int8_t",
    uint8: "ompi_mpi_uint8_t",
  },
  ops: {
    sum: "ompi_mpi_op_sum",
    product: "ompi_mpi_op_prod",
    min: "ompi_mpi_op_min",
    max: "ompi_mpi_op_max",
    band: "ompi_mpi_op_band",
    bor: "ompi_mpi_op_bor",
    bxor: "ompi_mpi_op_bxor",
  },
  inPlace: 1,
  statusIgnore: 0,
  anySource: -1,
  undefinedColor: -32766,
  serialized: 2,
};

/** Also of Intel MPI, MVAPICH and Cray MPI, which have MPICH's binary interface. */
const mpich: Abi = {
  handle: "i",
  world: 0x44000000,
  errorsReturn: 0x54000001,
  types: {
    float32: 0x4c00040a,
    float64: 0x4c00080b,
    int64: 0x4c00083a,
    int32: 0x4c000439,
    int16: 0x4c000238,
    int8: 0x4c000137,
    uint8: 0x4c00013b,
  },
  ops: {
    max: 0x58000001,
    min: 0x58000002,
    sum: 0x58000003,
    product: 0x58000004,
    band: 0x58000006,
    bor: 0x58000008,
    bxor: 0x5800000a,
  },
  inPlace: -1,
  statusIgnore: 1,
  anySource: -2,
  undefinedColor: -32766,
  serialized: 2,
};

/** The binary interface of the MPI 5 standard, which libraries named `libmpi_abi` have, whoever made them. */
const standard: Abi = {
  handle: "p",
  world: 0x101,
  errorsReturn: 0x143,
  types: {
    float32: 0x210,
    float64: 0x214,
    int64: 0x258,
    int32: 0x250,
    int16: 0x248,
    int8: 0x240,
    uint8: 0x241,
  },
  ops: { sum: 0x21, min: 0x22, max: 0x23, product: 0x24, band: 0x28, bor: 0x29, bxor: 0x2a },
  inPlace: 1,
  statusIgnore: 0,
  anySource: -1,
  undefinedColor: -32766,
  serialized: 2048,
};

/** The implementations. */
export const abis = { openMpi, mpich, standard } as const;
export type AbiName = keyof typeof abis;
