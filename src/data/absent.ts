/** Classes of `torch.utils.data` that are not here: making one is an error that says what to use. */
import { KindlingError } from "../core/errors";

const dataPipe = (name: string): (new (...given: readonly unknown[]) => never) =>
  class {
    /** @internal Tells the tests that the name alone is here. */
    static readonly isAbsent = true;

    constructor() {
      throw new KindlingError(
        `${name}: data pipes are not there, PyTorch gave them up; pass a DataLoader an IterableDataset, any iterable, an array or a Dataset, and transform items in there`,
      );
    }
  } as unknown as new () => never;

/** @see torch.utils.data.IterDataPipe @throws KindlingError always. */
export const IterDataPipe = dataPipe("IterDataPipe");
/** @see torch.utils.data.MapDataPipe @throws KindlingError always. */
export const MapDataPipe = dataPipe("MapDataPipe");
/** @see torch.utils.data.DFIterDataPipe @throws KindlingError always. */
export const DFIterDataPipe = dataPipe("DFIterDataPipe");
/** @see torch.utils.data.DataLoader2 @throws KindlingError always. */
export const DataLoader2 = dataPipe("DataLoader2");
